from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from falco.forwarders.cli import main
from falco.store.schema import open_writing
from tests.unit.conftest import ROOT
from tests.unit.forwarders.samples import stored


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # No falco.yaml lies about here.
    path = tmp_path / "alerts.db"
    database = open_writing(path)
    for seq in (1, 2, 3):
        alert = stored(seq)
        row = (
            seq,
            alert.id,
            alert.time_ns,
            alert.stored_ns,
            alert.rule,
            int(alert.priority),
            "syscall",
            "",
            alert.json,
        )
        database.execute("INSERT INTO alerts VALUES (?,?,?,?,?,?,?,?,?)", row)
    database.close()
    return path


def options(store, **settings):
    given = [f"alert_store.path={store}", *(f"forwarders.{key.replace('__', '.')}={settings[key]}" for key in settings)]
    return [word for setting in given for word in ("-o", setting)]


def test_delivering_what_there_is(store, server, capsys):
    given = options(store, webhook__url=server.url, webhook__enabled="true")
    assert main(["webhook", "--drain", *given]) == 0
    assert [request.headers["X-Falco-Alert-Id"] for request in server.requests] == [stored(n).id for n in (1, 2, 3)]
    capsys.readouterr()
    assert main(["webhook", "--health", *given]) == 0
    health = json.loads(capsys.readouterr().out)
    assert (health["delivered"], health["up"], health["backlog"]) == (3, 1, 0)
    assert main(["webhook", "--metrics", *given]) == 0
    assert 'falco_forwarder_delivered_total{destination="webhook"} 3' in capsys.readouterr().out


def test_dead_letters_are_listed_and_sent_again(store, server, capsys):
    given = options(store, webhook__url=server.url, webhook__refusals=1)
    bad = stored(2).id
    server.judge = lambda request: (422 if request.headers["X-Falco-Alert-Id"] == bad else 200, {}, b"")
    assert main(["webhook", "--drain", *given]) == 0
    capsys.readouterr()
    assert main(["webhook", "--dead-letters", *given]) == 0
    letter = json.loads(capsys.readouterr().out)
    assert (letter["id"], letter["refusals"], letter["alert"]) == (bad, 1, json.loads(stored(2).json))
    assert "422" in letter["reason"]
    assert main(["webhook", "--resend", "nonsense", *given]) == 1
    assert main(["webhook", "--resend", bad, *given]) == 0
    server.judge = None
    assert main(["webhook", "--drain", *given]) == 0
    assert server.requests[-1].headers["X-Falco-Alert-Id"] == bad
    capsys.readouterr()
    assert main(["webhook", "--dead-letters", *given]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["webhok"], "no destination 'webhok', did you mean webhook?"),
        ([], "required"),
        (["webhook", "--nonsense"], "unrecognized"),
        (["webhook", "-o", "forwarders.webhok.url=x"], "did you mean: forwarders.webhook\n"),
        (["syslog", "-o", "forwarders.syslog.url=x"], "expected udp://HOST"),
        (["webhook", "--health", "-o", "alert_store.path=/none/a.db"], "has not run yet"),
        (["webhook", "--dead-letters", "-o", "alert_store.path=/none/a.db"], "has not run yet"),
    ],
)
def test_mistakes(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("name", "key"), [("kafka", "brokers"), ("webhook", "url"), ("program", "program")])
def test_what_a_started_forwarder_lacks_is_named_with_its_place_and_an_example(name, key, store, capsys):
    assert main([name, *options(store)]) == 1
    first, expected = capsys.readouterr().err.splitlines()
    assert first.startswith(f"falco-forwarder: error: forwarder {name} started but no {key}: ")
    assert "falco.yaml (there is none)" in first
    assert expected.startswith(f"  expected: forwarders.{name}.{key}: ")


def test_the_file_that_lacks_it_is_named(store, capsys):
    (store.parent / "falco.yaml").write_text("stdout_output: {enabled: true}\nforwarders:\n  kafka: {brokers: []}\n")
    assert main(["kafka", *options(store)]) == 1
    assert "give it in forwarders.kafka in ./falco.yaml, or -o" in capsys.readouterr().err


def test_a_question_needs_no_destination(store, capsys):
    assert main(["kafka", "--dead-letters", *options(store)]) == 1
    assert "has no dead letters" in capsys.readouterr().err


def test_help(capsys):
    assert main(["--help"]) == 0
    assert "elasticsearch" in capsys.readouterr().out


def running(store, *args):
    return subprocess.Popen(
        [sys.executable, "-m", "falco.forwarders.cli", *args], cwd=store.parent, stderr=subprocess.PIPE, text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_a_forwarder_is_small_alone_and_ends_when_told(store, server):
    given = options(store, webhook__url=server.url, webhook__enabled="true")
    process = running(store, "webhook", *given)
    deadline = time.monotonic() + 20
    while len(server.requests) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    second = running(store, "webhook", *given)
    assert second.wait(20) == 1
    assert second.stderr is not None
    assert "another falco-forwarder works in" in second.stderr.read()
    second.stderr.close()
    status = Path(f"/proc/{process.pid}/status").read_text()
    peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    assert peak_kb < 35_000
    assert re.findall(r"^Cap(?:Eff|Prm|Amb):\t(\S+)$", status, re.MULTILINE) == ["0000000000000000"] * 3
    process.terminate()
    assert process.wait(20) == 0
    assert process.stderr is not None
    process.stderr.close()


@pytest.mark.parametrize(("keep", "kept"), [("false", "none"), ("true", "all")])
def test_a_program_has_capabilities_only_where_a_setting_says_so(store, keep, kept):
    seen = store.parent / "seen"
    status = "grep CapEff /proc/self/status"
    given = options(store, program__program=f"{status} >>{seen}; cat >/dev/null", program__keep_capabilities=keep)
    process = running(store, "program", "--drain", *given)
    assert process.wait(20) == 0
    assert process.stderr is not None
    process.stderr.close()
    own = subprocess.run(["/bin/sh", "-c", status], capture_output=True, text=True, check=True).stdout
    assert seen.read_text() == 3 * ("CapEff:\t0000000000000000\n" if kept == "none" else own)
