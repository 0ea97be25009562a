"""A capture whose events carry facts: the command's alerts show what the kernel told, not what calls were given."""

from __future__ import annotations

import json

import pytest

from falco.capture.scap import writer
from falco.cli import main
from falco.events.syscalls import SYSCALL_NAMES
from falco.state.fds import FdType
from falco.state.snapshot import Snapshot
from tests.events import Built, build, ends, process
from tests.facts import attribute_fact, base_fact, fd_fact, marks_fact, name_fact, path_fact

SHADOW = fd_fact(3, FdType.FILE_V2, "/etc/shadow", device=0x801, inode=42)
SERVED = ends("10.0.0.9:5000->10.0.0.5:80")
SOCKET = fd_fact(5, FdType.IPV4_SOCK, SERVED, role=2, l4proto=2, connected=True, inode=77)
OPENED = ends("10.0.0.5:4000->10.0.0.9:443")
CLIENT = fd_fact(6, FdType.IPV4_SOCK, OPENED, role=1, l4proto=2, connected=True, inode=78)
CAP_SETUID = (0x02000000).to_bytes(4, "little") + (1 << 7).to_bytes(4, "little") + bytes(12)
EVENTS = {
    "an open by a link": [
        build("SYSCALL_OPENAT_2_X", fd=3, dirfd=-100, name="innocent", flags="O_RDONLY", dev=0, ino=0,
              extra=[base_fact("n", "/home/u"), SHADOW, marks_fact(2)])
    ],
    "a read of what was never opened": [
        build("SYSCALL_READ_E", fd=3, size=9, extra=[SHADOW]),
        build("SYSCALL_READ_X", res=9, data=b"root:x:0:", fd=3, size=9, extra=[SHADOW]),
    ],
    "a connection that was there before": [
        build("SOCKET_RECVFROM_X", res=2, data=b"ok", fd=5, size=2, count=5, extra=[SOCKET]),
    ],
    "a close": [
        build("SYSCALL_CLOSE_E", fd=3, extra=[SHADOW]),
        build("SYSCALL_CLOSE_X", res=0, fd=3),
    ],
    "a failed open below a directory": [
        build("SYSCALL_OPENAT_2_X", fd=-2, dirfd=9, name="../x", dev=0, ino=0, extra=[base_fact("n", "/srv/d")])
    ],
    "a removal through a link": [
        build("SYSCALL_UNLINK_2_X", path="l/x", extra=[base_fact("n", "/home/u"), path_fact("n", "/etc/x")])
    ],
    "a rename": [
        build("SYSCALL_RENAME_X", oldpath="a", newpath="/b", extra=[base_fact("s", "/new/cwd"), base_fact("t", "/")])
    ],
    "a call without an event of its own": [
        build("GENERIC_X", ID=SYSCALL_NAMES.index("truncate"), nativeID=76, count=2,
              extra=[base_fact("n", "/d"), name_fact("n", "x")])
    ],
    "a connection made by sending": [
        build("SOCKET_SENDTO_X", res=1, data=b"x", fd=6, size=1, tuple=OPENED, extra=[CLIENT, marks_fact(8)]),
        build("SOCKET_SENDTO_X", res=1, data=b"x", fd=6, size=1, tuple=OPENED, extra=[CLIENT]),
    ],
    "capabilities that are given": [
        build("GENERIC_X", ID=SYSCALL_NAMES.index("setxattr"), nativeID=188, count=2,
              extra=[attribute_fact("security.capability", CAP_SETUID), base_fact("n", "/d"), name_fact("n", "y")])
    ],
}  # fmt: skip
OUTPUT = (
    "%evt.num|%evt.type|%fd.name|%fd.ino|%fd.sip|%fs.path.name|%fs.path.source|%fs.path.target|%evt.marks|%proc.cwd"
)
NA = "<NA>"


def numbered(events: list[Built]) -> list[Built]:
    return [build_at(event, number) for number, event in enumerate(events, 1)]


def build_at(event: Built, number: int) -> Built:
    return Built(event.type, event.params, 1_700_000_000_000_000_000 + number * 1000, 7, 0)


@pytest.fixture
def recording(tmp_path):
    """The events, in a capture by the product's own writer."""
    path = tmp_path / "facts.scap"
    shell = process(7, comm="sh", cwd="/old/")
    events = numbered([event for part in EVENTS.values() for event in part])
    with path.open("wb") as out:
        out.writelines(writer.section(Snapshot(threads={7: shell})))
        out.writelines(writer.event(e.type.code, e.ts, e.tid, e.params) for e in events)
    return path


def alerts(recording, tmp_path, condition, capsys) -> list[list[str]]:
    rule = {"rule": "r", "desc": "d", "condition": condition, "output": OUTPUT, "priority": "INFO"}
    (tmp_path / "rules.yaml").write_text(json.dumps([rule]))
    (tmp_path / "falco.yaml").write_text("stdout_output: {enabled: true}\njson_output: true\nlog_stderr: false\n")
    argv = ["-c", str(tmp_path / "falco.yaml"), "-r", str(tmp_path / "rules.yaml"), "-A", "-e", str(recording)]
    assert main(argv) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    return [json.loads(line)["output"].split(": Informational ", 1)[1].split("|") for line in lines]


CASES = [
    ("evt.type=openat", [
        ["1", "openat", "/etc/shadow", "42", NA, "/etc/shadow", NA, NA, "io_uring", "/home/u/"],
        ["7", "openat", "/srv/x", NA, NA, NA, NA, NA, NA, "/home/u/"],
    ]),
    ("fd.name=/etc/shadow and evt.type in (read, close)", [
        [number, name, "/etc/shadow", "42", NA, NA, NA, NA, NA, "/home/u/"]
        for number, name in (("2", "read"), ("3", "read"), ("5", "close"), ("6", "close"))
    ]),
    ("fd.sip=10.0.0.5 and fd.cport=5000 and fd.l4proto=tcp", [
        ["4", "recvfrom", "10.0.0.9:5000->10.0.0.5:80", "77", "10.0.0.5", NA, NA, NA, NA, "/home/u/"]
    ]),
    ("fs.path.name startswith /etc/x", [["8", "unlink", NA, NA, NA, "/etc/x", NA, NA, NA, "/home/u/"]]),
    ("fs.path.target=/b", [["9", "rename", NA, NA, NA, NA, "/new/cwd/a", "/b", NA, "/new/cwd/"]]),
    ("fs.path.name=/d/x", [["10", "truncate", NA, NA, NA, "/d/x", NA, NA, NA, "/home/u/"]]),
    ("fd.name_changed=true and fd.typechar=4 and evt.dir=< and evt.type in (sendto, sendmsg)", [
        ["11", "sendto", "10.0.0.5:4000->10.0.0.9:443", "78", "10.0.0.9", NA, NA, NA, "fast_open", "/home/u/"]
    ]),
    ("fs.capabilities contains CAP_SETUID", [
        ["13", "setxattr", NA, NA, NA, "/d/y", NA, NA, NA, "/home/u/"]
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "expected"), CASES, ids=[condition for condition, _ in CASES])
def test_alerts_show_what_facts_tell(recording, tmp_path, capsys, condition, expected):
    assert alerts(recording, tmp_path, condition, capsys) == expected
