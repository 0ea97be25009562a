"""A falco that cannot keep up says what it lost, and knows the processes of this host all the same."""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

DROP = "Falco internal: syscall event drop"
RULES = """
- rule: Own file
  desc: A file of this test is opened.
  condition: evt.type=openat and evt.dir=< and fd.name startswith "{folder}/own"
  output: "%proc.name %proc.cmdline %proc.pname %proc.pcmdline %proc.exepath %proc.cwd"
  priority: INFO

- rule: Everything
  desc: Much has to be sent and nothing is told.
  condition: evt.type=openat and evt.dir=< and fd.name startswith /dev/ and proc.pcmdline contains nobody
  output: ""
  priority: INFO
"""
CHILD = "import sys; sys.stdin.readline(); open(sys.argv[1], 'w'); sys.stdin.readline()"
OPENS = 20_000
AGREE_S = 15


@pytest.fixture
def falco(tmp_path):
    """One with a ring of a megabyte, and a thread that writes down which threads it knows (sabotage.py)."""
    (tmp_path / "rules.yaml").write_text(RULES.format(folder=tmp_path))
    program = [sys.executable, "-m", "tests.live.sabotage", str(tmp_path / "orders")]
    config = "syscall_buf_mb: 1\nsyscall_event_drops: {actions: [log, alert], rate: 1, max_burst: 10}\n"
    with Product(tmp_path / "falco", [tmp_path / "rules.yaml"], config=config, program=program) as falco:
        yield falco


def flood():
    for _ in range(OPENS):
        os.close(os.open("/dev/null", os.O_RDONLY))


def seconds(alert):
    return datetime.datetime.fromisoformat(f"{alert['time'][:26]}+00:00").timestamp()


def tids():
    """All threads of programs: the kernel's own have no memory, and nobody looks at them."""
    return {int(task.name) for process in Path("/proc").glob("[0-9]*") for task in tasks(process)}


def tasks(process):
    try:
        return list((process / "task").iterdir()) if "VmSize:" in (process / "status").read_text() else ()
    except (FileNotFoundError, ProcessLookupError):
        return ()


def known(falco, folder):
    """The threads that falco knows."""
    (folder / "orders.done").unlink(missing_ok=True)
    (folder / "threads").unlink(missing_ok=True)
    (folder / "orders").write_text(f"threads {folder / 'threads'}\n")
    falco.wait_for((folder / "orders.done").exists)
    return {int(word) for word in (folder / "threads").read_text().split()}


@pytest.fixture
def clean():
    with contextlib.ExitStack() as stack:
        yield stack


@contextlib.contextmanager
def ended(command, **how):
    """A process that ends with the test, however that ends."""
    with subprocess.Popen(command, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_loss_is_told_by_cause_and_the_threads_are_found_again(falco, tmp_path, clean):
    before = clean.enter_context(ended(["sleep", "60"]))
    falco.process.send_signal(signal.SIGSTOP)
    try:
        flood()
        command = [sys.executable, "-S", "-c", CHILD, str(tmp_path / "own")]
        child = clean.enter_context(ended(command, stdin=subprocess.PIPE, cwd=tmp_path, text=True))
        before.kill()
        before.wait()
        flood()
    finally:
        falco.process.send_signal(signal.SIGCONT)
    going_on = time.time()
    (drop, *_) = falco.wait_for_alerts(1, DROP)
    assert seconds(drop) - going_on < 2
    fields = drop["output_fields"]
    assert fields["causes"] == f"the ring buffer was full: {fields['n_drops']}"
    assert int(fields["n_drops"]) > OPENS
    assert "Own file" in fields["blind_rules"]
    assert falco.said(rf"{DROP}\. \d+ system calls dropped in last second\. \(.*blind_rules=.*Own file")
    falco.wait_for(lambda: falco.said(r"Threads brought up to date: \d+ new, \d+ changed, \d+ gone$"))

    def disagreement():
        earliest = tids()
        mine = known(falco, tmp_path)
        latest = tids()
        return {"unknown": (earliest & latest) - mine, "vanished": mine - (earliest | latest)}

    until = time.monotonic() + AGREE_S
    while any((differences := disagreement()).values()):
        assert time.monotonic() < until, f"{differences}\n{falco.errors}"
        time.sleep(0.1)
    assert before.pid not in known(falco, tmp_path)
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()
    (alert,) = falco.wait_for_alerts(1, "Own file")
    child.communicate("\n")
    shown = alert["output_fields"]
    assert shown["proc.cmdline"] == f"{Path(sys.executable).name} -S -c {CHILD} {tmp_path / 'own'}"
    assert shown["proc.pcmdline"].startswith(Path("/proc/self/comm").read_text().strip())
    assert (shown["proc.cwd"], shown["proc.exepath"]) == (f"{tmp_path}/", str(Path(sys.executable).resolve()))
