from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from falco import config
from falco.config import load
from falco.config_schema import Config, StdoutOutput
from falco.config_values import settings
from falco.errors import ConfigError
from falco.priority import Priority

SHIPPED = Path(__file__).resolve().parents[2] / "rootfs/etc/falco/falco.yaml"


@pytest.fixture
def write(tmp_path):
    def write_file(text):
        path = tmp_path / "falco.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write_file


def problems(path, options=()):
    with pytest.raises(ConfigError) as error:
        load(path, options)
    return error.value.problems


def test_the_shipped_file_has_every_key_and_no_other():
    loaded = load(str(SHIPPED))
    assert loaded.warnings == ()
    assert loaded.config.rules_file[0] == "/etc/falco/falco_rules.yaml"
    assert loaded.config.syscall_event_drops.actions == ("log", "alert")
    assert loaded.config.syslog_output.enabled
    assert loaded.config.webserver.enabled
    assert loaded.config.stdout_output.enabled
    assert loaded.config.log_stderr


def test_the_shipped_file_shows_every_setting_of_the_top_level_and_what_is_commented_out_is_the_default(write):
    text = SHIPPED.read_text(encoding="utf-8")
    # An entry that is commented out is one line `# key: value`, or `# key:` with indented lines below.
    entry = re.compile(r"^# (?=[a-z_]+:(?: \S+)?$)|^# (?= {2}[a-z_]+: )", re.MULTILINE)
    whole = entry.sub("", text)
    assert set(yaml.safe_load(text)) < set(yaml.safe_load(whole)) == set(settings(Config))
    loaded = load(write(whole))
    assert loaded.warnings == ()
    assert loaded.config == load(str(SHIPPED)).config


def test_without_a_file_nothing_leaves_the_terminal():
    found = load(None).config
    assert found.stdout_output.enabled
    assert found.log_stderr
    assert not found.log_syslog
    assert not found.syslog_output.enabled
    assert not found.webserver.enabled


def test_a_file_that_leaves_keys_out_gets_0_15s_defaults(write):
    found = load(write("stdout_output: {enabled: true}")).config
    assert found == Config(stdout_output=StdoutOutput(enabled=True))
    assert (found.log_stderr, found.log_syslog) == (False, True)


def test_a_lone_scalar_is_a_list_of_one(write):
    assert load(write("rules_file: a.yaml\nstdout_output: {enabled: yes}")).config.rules_file == ("a.yaml",)


def test_null_means_not_given(write):
    found = load(write("rules_file:\nwebserver:\njson_output: ~\nstdout_output: {enabled: yes}")).config
    assert (found.rules_file, found.json_output) == ((), False)


def test_every_mistake_of_file_and_options_in_one_run(write):
    text = "json_output: maybe\noutputs: 3\nrules_file: [a, [b]]\nwebserver: {listen_port: 99999}\npriority: {}\n"
    found = problems(write(text), ["nothing", "file_output=x", "log_level=loud"])
    places = [(p.location.line, p.location.column) for p in found]
    assert places == [(1, 14), (2, 10), (3, 17), (4, 26), (5, 11), (1, 1), (2, 1), (3, 11)]
    assert found[0].expected == ("true", "false")
    assert found[5].message.startswith('Error parsing config option "nothing". Must be of the form key=val')
    assert found[7].snippet == "log_level=loud"


def test_unknown_and_repeated_keys_are_warnings(write):
    text = "stdout_output: {enabled: true, enabeld: 1}\njson_ouput: true\nlog_level: debug\nlog_level: error\n"
    loaded = load(write(text), ["json_outptu=true", "webserver.listenport=1", "a.b.c=1"])
    assert loaded.config.log_level is Priority.DEBUG
    assert [(w.code, w.nearest) for w in loaded.warnings] == [
        ("unknown-key", "stdout_output.enabled"),
        ("unknown-key", "json_output"),
        ("duplicate-key", ""),
        ("unknown-key", "json_output"),
        ("unknown-key", "webserver.listen_port"),
        ("unknown-key", ""),
    ]
    assert str(loaded.warnings[4].location) == "-o:2:11"


@pytest.mark.parametrize(
    ("option", "read"),
    [
        ("json_output=True", lambda c: c.json_output is True),
        ("stderr_output.enabled=yes", lambda c: c.stderr_output.enabled),
        ("priority=WARNING", lambda c: c.priority is Priority.WARNING),
        ("rules_file=a.yaml", lambda c: c.rules_file == ("a.yaml",)),
        ('rules_file=["a, b", c]', lambda c: c.rules_file == ("a, b", "c")),
        ("rules_file=a #1.yaml", lambda c: c.rules_file == ("a #1.yaml",)),
        ("http_output.url='http://x/?a=b'", lambda c: c.http_output.url == "http://x/?a=b"),
        ("program_output.program=jq '{text: .output}' | cat", lambda c: "{text: .output}" in c.program_output.program),
        ('program_output.program="a" "b"', lambda c: c.program_output.program == '"a" "b"'),
        ("syscall_event_drops.actions=[log, exit]", lambda c: c.syscall_event_drops.actions == ("log", "exit")),
    ],
)
def test_options(option, read):
    assert read(load(None, [option]).config)


def test_a_later_option_wins():
    assert load(None, ["outputs.rate=2", "outputs.rate=.5"]).config.outputs.rate == 0.5


def test_a_file_that_is_no_mapping(write):
    (problem,) = problems(write("- a\n"))
    assert problem.expected == ("key: value",)


def test_options_are_checked_although_the_file_is_missing(tmp_path):
    found = problems(str(tmp_path / "none.yaml"), ["json_output=x"])
    assert len(found) == 2
    assert found[0].message == f"Could not find configuration file at {tmp_path}/none.yaml"


def test_search_order(tmp_path):
    (tmp_path / "b").touch()
    assert config.find("explicit", []) == "explicit"
    assert config.find(None, [str(tmp_path / "a"), str(tmp_path / "b")]) == str(tmp_path / "b")
    assert config.find(None, [str(tmp_path / "a")]) is None


def test_in_the_container_the_settings_in_force_go_first(tmp_path):
    image, rendered, mounted = (tmp_path / name for name in ("image.yaml", "rendered.yaml", "falco.yaml"))
    rendered.touch()
    mounted.touch()
    places = ([str(mounted)], [str(tmp_path / "none"), str(rendered)], str(image))
    assert config.find(None, *places) == str(mounted)
    image.touch()
    assert config.find(None, *places) == str(rendered)
    assert config.find("explicit", *places) == "explicit"
    rendered.unlink()
    assert config.find(None, *places) == str(mounted)
