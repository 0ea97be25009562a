import json
import os
import sys
from pathlib import Path

import pytest

from falco.appliance import entry, place, preflight, render
from falco.commands.parser import UsageError
from falco.errors import ConfigError, FalcoError

ROOTFS = Path(__file__).resolve().parents[3] / "rootfs"


class BecameError(Exception):
    """Stands for a process that is another one now."""


@pytest.fixture
def container(tmp_path, monkeypatch):
    """This host made to look like the container. Returns the directory of what is rendered."""
    directory = tmp_path / "run/falco"
    monkeypatch.setattr(place, "make", lambda: directory.mkdir(parents=True, exist_ok=True) or directory)
    files = [str(ROOTFS / "etc/falco/falco.yaml"), str(ROOTFS / "usr/share/falco/image.yaml")]
    monkeypatch.setattr("falco.config_layers.container_files", lambda: files)
    monkeypatch.setattr(render, "TEMPLATES", ROOTFS / "usr/share/falco/templates")
    monkeypatch.setattr(preflight, "check", lambda _place: ())

    def become(command, environ):
        raise BecameError(list(command), environ)

    monkeypatch.setattr(entry, "_become", become)
    return directory


def start(*argv, **environ):
    with pytest.raises(BecameError) as caught:
        entry.start(argv, environ)
    return caught.value.args


@pytest.mark.parametrize(
    ("argv", "watches", "command"),
    [
        ((), True, ()),
        (("-A",), True, ("-A",)),
        (("/usr/bin/falco", "--cri", "/s", "-pk"), True, ("--cri", "/s", "-pk")),
        (("falco",), True, ()),
        (("-e", "-"), False, ("-e", "-")),
        (("-L",), False, ("-L",)),
        (("--version",), False, ("--version",)),
        (("config", "--show-origin"), False, (entry.FALCO, "config", "--show-origin")),
        (("falco", "alerts"), False, (entry.FALCO, "alerts")),
        (("sh", "-c", "true"), False, ("sh", "-c", "true")),
    ],
)
def test_what_stands_behind_the_name_of_the_image(argv, watches, command):
    request = entry.understand(argv, {})
    assert (request.watches, request.command) == (watches, command)


def test_a_wrong_option_is_told():
    with pytest.raises(UsageError):
        entry.understand(["--nonsense"], {})


def test_watching_is_supervised(container):
    command, environ = start("-A", FALCO_DISABLE="x", FALCO_FORWARDERS__PROGRAM__ENABLED="true",
                             FALCO_FORWARDERS__PROGRAM__PROGRAM="cat", HOST_ROOT="/h")  # fmt: skip
    assert command[1:] == ["-P", "-m", "falco.appliance.init", str(container)]
    assert environ["HOST_ROOT"] == "/h"
    detector = json.loads((container / place.DETECTOR).read_text())
    assert detector == {
        "arguments": ["-c", str(container / place.FALCO_YAML), "-Dx", "-A"],
        "watches": True,
        "health_file": str(container / place.HEALTH),
    }
    assert "[program:forwarder-program]" in (container / place.SUPERVISORD_CONF).read_text()


def test_a_replay_is_the_command_itself_with_the_settings_of_the_container(container):
    command, _ = start("-e", "-", FALCO_JSON_OUTPUT="true")
    assert command == [entry.FALCO, "-c", str(container / place.FALCO_YAML), "-e", "-"]
    text = (container / place.FALCO_YAML).read_text()
    assert "json_output: true" in text and "time_format_iso_8601: true" in text and "log_syslog: false" in text
    assert not (container / place.SUPERVISORD_CONF).exists()


def test_a_configuration_of_the_users_own_is_left_to_him(container, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("stdout_output: {enabled: true}\nforwarders: {program: {enabled: true, program: cat}}\n")
    start("-c", str(own))
    assert json.loads((container / place.DETECTOR).read_text())["arguments"] == ["-c", str(own)]
    assert "[program:forwarder-program]" in (container / place.SUPERVISORD_CONF).read_text()


def test_alerts_are_looked_up_where_they_are_kept(container):
    command, _ = start("alerts", "--follow")
    assert command == [entry.FALCO, "alerts", "--follow", "-c", str(container / place.FALCO_YAML)]
    assert start("sh")[0] == ["sh"]


def test_audit_events_alone_need_no_host(container, monkeypatch):
    monkeypatch.setattr(preflight, "check", lambda _place: 1 / 0)
    start(FALCO_DISABLE_SOURCE="syscall")
    assert json.loads((container / place.DETECTOR).read_text())["watches"] is False


def test_what_cannot_be_lived_with_ends_the_start(container, monkeypatch):
    findings = (preflight.Finding("no BPF", "--privileged", fatal=True), preflight.Finding("no socket", "-v x"))
    monkeypatch.setattr(preflight, "check", lambda _place: findings)
    with pytest.raises(FalcoError, match="no BPF; to mend it: --privileged"):
        entry.start([], {})


def test_every_bad_variable_is_told_at_once(container):
    with pytest.raises(ConfigError) as caught:
        entry.start([], {"FALCO_LOGLEVEL": "info", "FALCO_PRIORITY": "x", "FALCO_SERVICE_PORT": "1"})
    text = str(caught.value)
    assert "did you mean: FALCO_LOG_LEVEL" in text and "FALCO_PRIORITY" in text and "SERVICE" not in text


def test_settings_that_do_not_go_together_are_told(container):
    with pytest.raises(ConfigError, match="forwarder slack enabled but no url"):
        entry.start([], {"FALCO_FORWARDERS__SLACK__ENABLED": "true"})


def test_a_reload_renders_anew_and_keeps_what_is_in_force_when_that_is_bad(container, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["entry", entry.PREPARE])
    monkeypatch.setattr(os, "environ", {"FALCO_PRIORITY": "warning"})
    assert entry.main() == 0
    good = (container / place.FALCO_YAML).read_text()
    assert "priority: warning" in good
    monkeypatch.setattr(os, "environ", {"FALCO_FORWARDERS__SLACK__ENABLED": "true"})
    assert entry.main() == 1
    assert "forwarder slack enabled but no url" in capsys.readouterr().err
    assert (container / place.FALCO_YAML).read_text() == good


def test_a_command_that_is_not_there_is_told():
    with pytest.raises(FalcoError, match="no command 'nonsense-of-ours'"):
        entry._become(["nonsense-of-ours"], {})
