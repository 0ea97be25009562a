"""A real program under strace while falco watches: every open and every exec is seen by both, and is the same."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.live.product import Alert, Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

RULES = """
- rule: Open
  desc: Every open.
  condition: evt.type in (open, openat, openat2, creat) and evt.dir=<
  output: "%thread.tid %evt.rawres %evt.arg.name %fd.name"
  priority: DEBUG

- rule: Exec
  desc: Every program that is started, or was to be.
  condition: evt.type=execve and evt.dir=<
  output: "%thread.tid %evt.rawres %proc.exepath"
  priority: DEBUG
"""
CALLS = "open,openat,openat2,creat,execve"
_TEXT = r'"((?:[^"\\]|\\.)*)"'
OPENED = re.compile(rf"(?:open|openat|openat2|creat)\((?:(?:AT_FDCWD|\d+)<[^>]*>, )?{_TEXT}.* = (\d+)<(.*)>")
REFUSED = re.compile(rf"(?:open|openat|openat2|creat)\((?:(?:AT_FDCWD|\d+)<[^>]*>, )?{_TEXT}.* = -1 (E\w+) .*")
STARTED = re.compile(rf"execve\({_TEXT}, .* = 0")
NOT_STARTED = re.compile(rf"execve\({_TEXT}, .* = -1 (E\w+) .*")
PROGRAM = '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { puts("hello"); return 0; }\n'
WORK = """
set -e
cd "$1"
gcc -O1 -o program program.c
./program
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init -q origin
cd origin
mkdir -p a/b; echo text > a/b/file; echo more > other
git add .
git -c user.name=x -c user.email=x@y commit -q -m first
cd ..
git clone -q origin clone
cat clone/a/../a/b/file clone/other
"""


class Both(NamedTuple):
    """Where it happened, strace's lines by thread, and the alerts by thread."""

    work: Path
    traces: dict[int, list[str]]
    seen: dict[int, list[Alert]]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strace").resolve()
    work = folder / "work"
    work.mkdir()
    (work / "program.c").write_text(PROGRAM)
    (folder / "rules.yaml").write_text(RULES)
    command = ["strace", "-ff", "-y", "-s", "4096", "-e", f"trace={CALLS}", "-o", str(folder / "trace")]
    with Product(folder / "falco", [folder / "rules.yaml"]) as falco:
        subprocess.run([*command, "sh", "-c", WORK, "sh", str(work)], check=True, capture_output=True)
        falco.catch_up()
        alerts = falco.alerts()
        assert falco.stop() == 0
    assert "event drop detected: 0" in falco.errors
    traces = {int(path.suffix[1:]): path.read_text().splitlines() for path in folder.glob("trace.*")}
    seen = {tid: [alert for alert in alerts if alert["output_fields"]["thread.tid"] == tid] for tid in traces}
    return Both(work, traces, seen)


def opens_of(lines):
    """What strace says of a thread's opens: the name, the fd or error, and the path behind the fd (or None)."""
    for line in lines:
        if match := OPENED.fullmatch(line):
            yield match[1], int(match[2]), match[3]
        elif match := REFUSED.fullmatch(line):
            yield match[1], -getattr(errno, match[2]), None
        else:
            assert not line.startswith(("open", "creat")), line


def execs_of(lines, work):
    """The same of its execs: the result, and the program, where there is one."""
    for line in lines:
        if match := STARTED.fullmatch(line):
            yield 0, str((work / match[1]).resolve())
        elif match := NOT_STARTED.fullmatch(line):
            yield -getattr(errno, match[2]), None
        else:
            assert not line.startswith("exec"), line


def told(alerts, rule, *names):
    return [tuple(alert["output_fields"][name] for name in names) for alert in alerts if alert["rule"] == rule]


def test_every_open_is_there_and_none_is_wrong(both):
    _, traces, seen = both
    count = 0
    for tid, lines in traces.items():
        mine = told(seen[tid], "Open", "evt.arg.name", "evt.rawres", "fd.name")
        theirs = list(opens_of(lines))
        assert [(name, result, path if result >= 0 else None) for name, result, path in mine] == theirs
        count += len(theirs)
    assert count > 500


def test_every_exec_is_there_and_none_is_wrong(both):
    work, traces, seen = both
    count = 0
    for tid, lines in traces.items():
        mine = told(seen[tid], "Exec", "evt.rawres", "proc.exepath")
        theirs = list(execs_of(lines, work))
        assert [(result, path if result == 0 else None) for result, path in mine] == theirs
        count += len(theirs)
    assert count > 10
