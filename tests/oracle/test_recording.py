"""What is recorded reads in sysdig like the capture that it was recorded from."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from falco.capture.scap import blocks as kinds
from falco.capture.scap import path_records
from falco.capture.scap.rotate import Rotation
from falco.fields.path_tables import PathTables
from falco.state.fds import FdType
from tests.events import build, process, write_capture
from tests.oracle import sysdig
from tests.unit.capture.scap.recording import raw, record, split

FIELDS = "*%evt.time %evt.cpu %evt.dir %evt.type %proc.name %fd.name %user.name %container.id %container.name %evt.args"
FILES = ("open", "openat", "close", "read", "execve")
FILTERS = {
    "evt.type in (open,openat,close,read,execve)": lambda event: event.type.name in FILES,
    "evt.type=read and evt.dir=<": lambda event: event.type.name == "read" and not event.type.enter,
    "evt.is_io=true": lambda event: bool(event.type.flags & 24),
    "proc.name in (curl,cat,nginx)": lambda event: event.thread and event.thread.comm in ("curl", "cat", "nginx"),
    "fd.type=ipv4": lambda event: event.fd is not None and event.fd.type in (FdType.IPV4_SOCK, FdType.IPV4_SERVSOCK),
}


@pytest.fixture(autouse=True, scope="module")
def needs_sysdig() -> None:
    assert sysdig.available(), f"sysdig {sysdig.VERSION} is not installed; `make setup` installs it"


def lines(path: Path, *condition: str) -> list[str]:
    done = subprocess.run(["sysdig", "-r", str(path), "-p", FIELDS, *condition], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").splitlines()


def rotated(directory: Path) -> list[Path]:
    return sorted(directory.glob("x*"), key=lambda path: int(path.name[1:]))


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_a_copy(capture, tmp_path, compress):
    record(capture, str(tmp_path / "x"), compress=compress, codes=())
    assert lines(tmp_path / "x") == lines(capture)


@pytest.mark.parametrize("condition", FILTERS)
def test_a_filtered_copy_shows_what_passes(capture, tmp_path, condition):
    record(capture, str(tmp_path / "x"), event_filter=FILTERS[condition])
    assert lines(tmp_path / "x") == lines(capture, condition)


@pytest.mark.parametrize("rotation", [Rotation(events=101), Rotation(size_bytes=250_000), Rotation(seconds=1)], ids=str)
def test_rotated_files_show_the_same_together(capture, tmp_path, rotation):
    record(capture, str(tmp_path / "x"), rotation)
    assert [line for path in rotated(tmp_path) for line in lines(path)] == lines(capture)


def test_rotated_and_filtered(capture, tmp_path):
    condition = "evt.type in (open,openat,close,read,execve)"
    record(capture, str(tmp_path / "x"), Rotation(events=101), event_filter=FILTERS[condition])
    assert [line for path in rotated(tmp_path) for line in lines(path)] == lines(capture, condition)


def test_containers_in_rotated_files(tmp_path):
    """Told again where a file starts, shown where they came first: at a file's start, too, and in many words."""
    row = {"id": "3ad7b26ded6d", "type": 0, "name": "web", "image": "nginx", "labels": {}, "env": []}
    events = [
        build("SYSCALL_CLOSE_E", ts=1, tid=7, fd=3),
        build("SYSCALL_CLOSE_X", ts=2, tid=7, res=0),
        build("CONTAINER_JSON_E", ts=3, tid=-1, json=json.dumps({"container": row})),
        build("SYSCALL_CLOSE_E", ts=4, tid=7, fd=3),
        build("SYSCALL_CLOSE_X", ts=5, tid=7, res=0),
    ]
    cgroups = (("cpu", "/docker/3ad7b26ded6d" + "0" * 52),)
    source = write_capture(tmp_path / "source", events, [process(7, comm="cat", cgroups=cgroups)])
    record(source, str(tmp_path / "x"), Rotation(events=1))
    found = [line for path in rotated(tmp_path) for line in lines(path)]
    assert found == lines(source)
    assert sum("3ad7b26ded6d web" in line for line in found) == 3


def test_tables_of_paths_are_passed_over(capture, tmp_path):
    """Before the first event and between any two, in one part and in several."""
    large = PathTables({f"/{n}/" + "x" * 3000: "/y" for n in range(50)}, {(1, 2): ("/etc/shadow",)})
    blocks = split(raw(capture))
    events = [
        number for number, block in enumerate(blocks) if int.from_bytes(block[:4], "little") in kinds.EVENT_BLOCKS
    ]
    for number in (events[0], events[len(events) // 2], events[-1]):
        blocks[number] = b"".join(
            (*path_records.encode(PathTables(), 1), *path_records.encode(large, 1), blocks[number])
        )
    (tmp_path / "x").write_bytes(b"".join(blocks))
    assert lines(tmp_path / "x") == lines(capture)
