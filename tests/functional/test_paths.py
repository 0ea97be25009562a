"""Rules by other spellings and files by other names: a recording of a live host, made here, replayed by the command."""

from __future__ import annotations

import json
import re

import pytest

from falco.capture.scap import path_records
from falco.cli import main
from falco.fields.path_tables import PathTables
from falco.state.fds import FdType
from tests.events import Built, build, process, write_capture
from tests.facts import fd_fact, path_fact

SHADOW, OTHER = (0x801, 77), (0x801, 78)
TABLES = PathTables(
    {"/bin": "/usr/bin", "/var/run": "/run", "/bin/sh": "/usr/bin/dash", "/var/run/x.pid": "/run/x.pid"},
    {SHADOW: ("/etc/shadow",)},
)
REPLACED = PathTables(TABLES.resolved, {OTHER: ("/etc/shadow",)})
RULES = """
- macro: opened
  condition: evt.type = open and evt.dir = <
- rule: shadow
  condition: opened and fd.name = /etc/shadow
- rule: other than null
  condition: opened and proc.name = differs and fd.name != /etc/shadow
- rule: not shadow
  condition: opened and proc.name = negates and not fd.name in (/etc/shadow, /etc/gshadow)
- rule: run
  condition: opened and fd.name startswith /var/run/
- rule: pid files
  condition: opened and proc.name = glob and fd.name glob "/var/run/*.pid"
- rule: programs
  condition: opened and fd.directory = /bin
- rule: passed
  condition: opened and evt.arg.name contains /bin/
- rule: shell
  condition: evt.type = read and evt.dir = < and proc.exepath = /bin/sh
- rule: removed
  condition: evt.type = unlink and evt.dir = < and fs.path.name pmatch (/var/run)
"""
HEAD = '  desc: ""\n  priority: WARNING\n  output: "%fd.name|%proc.exepath|%fs.path.name"\n'


def opened(ts: int, path: str, file: tuple[int, int] = (0x801, 1), *, tid: int = 7, passed: str = "/x") -> Built:
    """An open whose file the kernel tells."""
    device, inode = file
    fact = fd_fact(3, FdType.FILE_V2, path, device=device, inode=inode)
    return build("SYSCALL_OPEN_X", ts=ts, tid=tid, fd=3, name=passed, flags=1, count=64, extra=[fact])


def as_passed(ts: int, path: str) -> Built:
    """An open that only tells what was passed."""
    return build("SYSCALL_OPEN_X", ts=ts, tid=7, fd=4, name=path)


THREADS = [
    process(7, comm="cat", exepath="/usr/bin/cat"),
    process(8, comm="differs"),
    process(9, comm="negates"),
    process(10, comm="glob"),
    process(11, comm="sh", exepath="/usr/bin/dash"),
]
EVENTS = [
    opened(1, "/etc/shadow", SHADOW),
    opened(2, "/tmp/link", SHADOW),
    opened(3, "/tmp/link", OTHER),
    opened(4, "/tmp/link", SHADOW, tid=8),
    opened(5, "/tmp/else", tid=8),
    opened(6, "/tmp/link", SHADOW, tid=9),
    opened(7, "/tmp/else", tid=9),
    opened(8, "/run/lock/x"),
    as_passed(9, "/run/lock/x"),
    as_passed(10, "/var/run/lock/x"),
    opened(11, "/run/x.pid", tid=10),
    opened(12, "/usr/bin/ls"),
    as_passed(13, "/usr/bin/ls"),
    opened(14, "/usr/sbin/ls", passed="/usr/bin/ls"),
    build("SYSCALL_READ_X", ts=15, tid=11, res=0, data=b""),
    build("SYSCALL_UNLINK_2_X", ts=16, tid=7, res=0, path="/x", extra=[path_fact("n", "/run/x")]),
    build("SYSCALL_UNLINK_2_X", ts=17, tid=7, res=0, path="/run/x"),
]
WRITTEN = {
    1: "shadow", 4: "other than null", 5: "other than null", 6: "not shadow", 7: "not shadow", 10: "run",
    13: "passed", 14: "passed",
}  # fmt: skip
"""Event -> rule, with rules as they are written."""
KNOWN = {
    **WRITTEN,
    2: "shadow", 4: "shadow", 6: "shadow", 8: "run", 11: "run", 12: "programs", 15: "shell", 16: "removed",
}  # fmt: skip
"""With the tables."""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(re.sub(r"(- rule: .*\n)", lambda found: found[1] + HEAD, RULES))
    return path


def capture(path, *parts):
    """A capture of these events and tables in this order."""
    write_capture(path, [], THREADS)
    blocks = [b"".join(path_records.encode(p, 1)) if isinstance(p, PathTables) else p.block() for p in parts]
    path.write_bytes(path.read_bytes() + b"".join(blocks))
    return path


def alerts(path, rules, capfd, *options):
    """What the command tells: timestamp of the event -> rule, fields."""
    status = main(["-A", "-e", str(path), "-r", str(rules), "-o", "json_output=true", *options])
    out, err = capfd.readouterr()
    assert status == 0, err
    found = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return {int(line["time"][-10:-1]): (line["rule"], line["output_fields"]) for line in found}


def told(found):
    return {ts: rule for ts, (rule, _) in found.items()}


def test_without_tables_rules_match_as_they_are_written(tmp_path, rules, capfd):
    assert told(alerts(capture(tmp_path / "x", *EVENTS), rules, capfd)) == WRITTEN


def test_tables_of_a_recording_are_in_force(tmp_path, rules, capfd):
    found = alerts(capture(tmp_path / "x", TABLES, *EVENTS), rules, capfd)
    assert told(found) == KNOWN
    # The output shows what was used, not what the rule has for it.
    assert found[2][1]["fd.name"] == "/tmp/link"
    assert found[12][1]["fd.name"] == "/usr/bin/ls"
    assert found[15][1]["proc.exepath"] == "/usr/bin/dash"
    assert found[16][1]["fs.path.name"] == "/run/x"


def test_tables_change_between_two_events(tmp_path, rules, capfd):
    path = capture(tmp_path / "x", TABLES, *EVENTS[:2], REPLACED, *EVENTS[2:])
    wanted = {**KNOWN, 3: "shadow", 4: "other than null", 6: "not shadow"}
    assert told(alerts(path, rules, capfd)) == wanted


@pytest.mark.parametrize("options", [(), ("--rotate-events", "4"), ("--filter", "evt.num > 0")], ids=str)
def test_a_copy_of_a_recording_means_the_same(tmp_path, rules, capfd, options):
    path = capture(tmp_path / "x", TABLES, *EVENTS[:2], REPLACED, *EVENTS[2:])
    whole = told(alerts(path, rules, capfd, "-w", str(tmp_path / "copy"), *options))
    copies = sorted(tmp_path.glob("copy*"), key=lambda each: int(each.name[4:] or 0))
    assert len(copies) == (5 if options[:1] == ("--rotate-events",) else 1)
    found: dict[int, str] = {}
    for copy in copies:
        found.update(told(alerts(copy, rules, capfd)))
    assert found == whole
