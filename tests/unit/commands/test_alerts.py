from __future__ import annotations

import argparse
import json
import signal
import subprocess
import time

import pytest

from falco.alert import INTERNAL, Alert
from falco.cli import main
from falco.commands.alerts import since_ns
from falco.outputs.format import Formatter
from falco.priority import Priority
from falco.store.retention import Limits
from falco.store.store import AlertStore, Hooks
from tests.unit.conftest import CAT_WRITE, FALCO, falco

pytestmark = pytest.mark.usefixtures("away_from_any_configuration")

HOUR = 3600 * 10**9
NOW_S = 1_470_327_477
AT = NOW_S * 10**9


def alert(rule, priority, ago_h, source="syscall", tags=()):
    return Alert(AT - ago_h * HOUR, rule, priority, source, f"{rule} seen", {"a.b": ago_h}, tags)


def store(path, *alerts):
    made = AlertStore(path, Limits(0), Hooks(Formatter(json_output=True, iso_8601=True).line, lambda _: None))
    for each in alerts:
        made.put(each)
    made.close()


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "alerts.db"
    store(
        made,
        alert("old", Priority.ERROR, 48),
        alert("rule a", Priority.NOTICE, 2, tags=("t",)),
        alert("rule b", Priority.WARNING, 1),
        alert("Falco internal: x", Priority.CRITICAL, 0, INTERNAL),
    )
    return made


def printed(capsys, path, *options):
    assert main(["alerts", "-o", f"alert_store.path={path}", *options]) == 0
    return capsys.readouterr().out.splitlines()


def test_alerts_are_printed_as_they_were(capsys, path):
    assert printed(capsys, path) == [
        "2016-08-02T16:17:57.000000000+0000: Error old seen",
        "2016-08-04T14:17:57.000000000+0000: Notice rule a seen",
        "2016-08-04T15:17:57.000000000+0000: Warning rule b seen",
        "2016-08-04T16:17:57.000000000Z: Critical Falco internal: x seen",
    ]


def test_json_is_one_object_a_line(capsys, path):
    found = [json.loads(line) for line in printed(capsys, path, "--json")]
    assert [each["rule"] for each in found] == ["old", "rule a", "rule b", "Falco internal: x"]
    assert found[1]["output_fields"]["a.b"] == 2


def test_ids_stand_before(capsys, path):
    ids = [line.split(" ", 1)[0] for line in printed(capsys, path, "--ids")]
    assert {len(name) for name in ids} == {26}
    assert ids == sorted(set(ids))


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        (["--rule", "rule *"], ["rule a", "rule b"]),
        (["--rule", "old", "--rule", "rule b"], ["old", "rule b"]),
        (["--priority", "warning"], ["old", "rule b", "Falco internal: x"]),
        (["--tag", "t"], ["rule a"]),
        (["--since", "2016-08-04T15:00:00+00:00"], ["rule b", "Falco internal: x"]),
        (["--since", "2016-08-04", "--priority", "error"], ["Falco internal: x"]),
    ],
)
def test_selections(capsys, path, options, rules):
    assert [json.loads(line)["rule"] for line in printed(capsys, path, "--json", *options)] == rules


@pytest.mark.parametrize(("text", "ago_s"), [("10s", 10), ("1.5m", 90), ("2h", 7200), ("3d", 259200)])
def test_so_long_ago(text, ago_s):
    assert since_ns(text, NOW_S) == (NOW_S - ago_s) * 10**9


@pytest.mark.parametrize("text", ["", "10", "x", "10y", "2016-13-01", "-1m", "9" * 20 + "d"])
def test_what_is_no_time(text):
    with pytest.raises(argparse.ArgumentTypeError, match="neither"):
        since_ns(text, NOW_S)


@pytest.mark.parametrize("options", [["--since", "x"], ["--priority", "warn"], ["--nonsense"]])
def test_a_command_line_that_is_not_understood(capsys, path, options):
    assert main(["alerts", *options]) == 1
    assert capsys.readouterr().err.startswith("falco: ")


def test_no_store_is_told(capsys, tmp_path):
    assert main(["alerts", "-o", f"alert_store.path={tmp_path}/none.db"]) == 1
    assert "none.db: unable to open database file" in capsys.readouterr().err


def test_help(capsys):
    assert main(["alerts", "--help"]) == 0
    assert "--follow" in capsys.readouterr().out


def test_following_a_store_that_does_not_exist_yet(tmp_path):
    path = tmp_path / "alerts.db"
    process = subprocess.Popen(
        [*FALCO, "alerts", "--follow", "--json", "-o", f"alert_store.path={path}"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    time.sleep(0.3)
    for turn in range(2):
        store(path, alert(f"rule {turn}", Priority.ERROR, 0))
        assert json.loads(process.stdout.readline())["rule"] == f"rule {turn}"
    # A store that is begun anew counts from 1 again.
    for file in tmp_path.glob("alerts.db*"):
        file.unlink()
    store(path, alert("new", Priority.ERROR, 0))
    assert json.loads(process.stdout.readline())["rule"] == "new"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    process.stdout.close()


def test_a_replay_is_stored_when_it_is_asked_for(config_file, rules_file, tmp_path):
    path = tmp_path / "s" / "alerts.db"
    given = ("-c", config_file, "-r", rules_file, "-e", CAT_WRITE, "-o", f"alert_store.path={path}")
    assert falco(*given).returncode == 0
    assert not path.exists()
    done = falco(*given, "-o", "alert_store.enabled=true")
    assert done.returncode == 0
    assert "Warning An open was seen /dev/null" in done.stdout
    found = falco("alerts", "-o", f"alert_store.path={path}", "--json")
    assert json.loads(found.stdout)["output"] == "16:17:57.882054739: Warning An open was seen /dev/null"


def test_a_store_that_cannot_be_opened_does_not_keep_alerts_from_the_outputs(config_file, rules_file):
    done = falco(
        *("-c", config_file, "-r", rules_file, "-e", CAT_WRITE),
        *("-o", "alert_store.enabled=true", "-o", "alert_store.path=/proc/none/alerts.db"),
    )
    assert done.returncode == 0
    assert "Warning An open was seen /dev/null" in done.stdout
    assert "alert store: /proc/none/alerts.db cannot be written" in done.stderr
    assert "Critical Falco internal: alert store. /proc/none/alerts.db cannot be written" in done.stdout


def test_a_store_that_is_being_made_is_waited_for_only_by_who_follows(capsys, tmp_path):
    path = tmp_path / "alerts.db"
    path.touch()
    assert main(["alerts", "-o", f"alert_store.path={path}"]) == 1
    assert "not yet a store" in capsys.readouterr().err
    process = subprocess.Popen(
        [*FALCO, "alerts", "--follow", "--json", "-o", f"alert_store.path={path}"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    time.sleep(0.3)
    store(path, alert("first", Priority.ERROR, 0))
    assert json.loads(process.stdout.readline())["rule"] == "first"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    process.stdout.close()
