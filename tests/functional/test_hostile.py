"""Hostile captures through the whole command: an alert or an error with its byte, and never an internal error."""

from __future__ import annotations

import json
import struct

import pytest

from falco.capture.scap import blocks
from falco.cli import main
from falco.events.table import CODES
from falco.state import limits
from falco.state.fds import FdInfo, FdType
from tests.events import build, process, write_capture

TIME = 1_500_000_000_000_000_000


def container(text):
    return build("CONTAINER_JSON_E", ts=TIME + 1, tid=-1, json=f'{{"container":{{"id":"abc",{text}}}}}')


def connection(l4proto):
    owner, fd = process(7, comm="cat"), FdInfo(FdType.IPV4_SOCK)
    fd.source, fd.destination, fd.l4proto = b"\x0a\0\0\1", b"\x0a\0\0\2", l4proto
    owner.fds[3] = fd
    return owner


OPENED = build("SYSCALL_OPEN_X", ts=TIME, tid=7, fd=3, name="/etc/x")
WIDE = b"\x7f" * 3000
CASES = {
    "a result of 3000 bytes": ([build("SYSCALL_READ_X", ts=TIME, tid=7, res=WIDE, data=b"x")], "%evt.args", 1),
    "an fd of 3000 bytes": ([build("SYSCALL_READ_E", ts=TIME, tid=7, fd=WIDE)], "%fd.num", 1),
    "an opened fd of 3000 bytes": ([build("SYSCALL_OPEN_X", ts=TIME, tid=7, fd=WIDE, name="/x")], "%fd.num", 1),
    "a terminal of 3000 bytes": (
        [build("SYSCALL_EXECVE_19_X", ts=TIME, tid=7, res=0, exe="ls", pid=7, comm="ls", tty=WIDE)], "%proc.tty", 1,
    ),
    "an infinite type of container": ([OPENED, container('"type":Infinity')], "%container.type", 1),
    "a type of container beyond all numbers": ([OPENED, container('"type":1e999')], "%container.type", 1),
    "a lone surrogate": ([OPENED, container('"type":0,"name":"\\ud800x"')], "%evt.type %container.name", 0),
    "an unknown transport": ([build("SYSCALL_READ_E", ts=TIME, tid=7, fd=3)], "%fd.l4proto %evt.args", 0),
}  # fmt: skip


@pytest.fixture
def replay(tmp_path, monkeypatch, capfd):
    """Replay a file with a rule that matches everything; the exit status, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(path, output, *options, condition="evt.num>0"):
        rule = {"rule": "r", "desc": "d", "priority": "WARNING", "condition": condition, "output": output}
        (tmp_path / "rules.yaml").write_text(json.dumps([rule]))
        status = main(["-A", "-e", str(path), "-r", "rules.yaml", *options])
        return status, *capfd.readouterr()

    return run


@pytest.mark.parametrize("form", ["json_output=true", "json_output=false"])
@pytest.mark.parametrize("name", CASES)
def test_what_makes_no_sense_is_an_alert_or_an_error_with_its_byte(name, form, replay, tmp_path):
    events, output, expected = CASES[name]
    path = write_capture(tmp_path / "hostile.scap", events, [connection(77)])
    status, out, err = replay(path, output, "-o", form)
    assert status == expected
    assert "Internal error" not in err
    assert ("hostile.scap: byte " in err) == bool(expected)
    assert bool(expected) or "Warning" in out


@pytest.mark.parametrize("symbol", ["CONTAINER_JSON_2_E", "PLUGINEVENT_E", "ASYNCEVENT_E"])
def test_long_lengths_that_do_not_fit(symbol, replay, tmp_path):
    path = write_capture(tmp_path / "hostile.scap", [OPENED], [process(7, comm="cat")])
    count = 63
    head = struct.pack("<HQqIHI", 0, TIME, 7, 26 + 2 * count, CODES[symbol], count)
    body = head + bytes(2 * count) + bytes(-(len(head) + 2 * count) % 4)
    size = struct.pack("<I", len(body) + 12)
    path.write_bytes(path.read_bytes() + struct.pack("<I", blocks.EVENT_V2) + size + body + size)
    status, _, err = replay(path, "%evt.args")
    assert status == 1
    assert "does not fit its block" in err


def test_the_place_of_damage_inside_an_entry(replay, tmp_path):
    path = write_capture(tmp_path / "hostile.scap", [OPENED], [process(7, comm="first"), process(8, comm="second")])
    raw = bytearray(path.read_bytes())
    at = raw.index(b"second") - 2
    raw[at : at + 2] = b"\xff\xff"
    path.write_bytes(raw)
    status, _, err = replay(path, "%evt.num")
    assert (status, f"byte {at + 2}: " in err) == (1, True)


def test_a_full_table_hides_nothing_that_is_opened(replay, tmp_path):
    owner = process(7, comm="cat")
    for number in range(limits.MAX_FDS + 1):
        owner.fds[number] = FdInfo(FdType.FIFO)
    opened = build("SYSCALL_OPEN_X", ts=TIME, tid=7, fd=9000, name="/etc/shadow")
    path = write_capture(tmp_path / "full.scap", [opened], [owner])
    status, out, err = replay(path, "found %fd.name", condition="fd.name=/etc/shadow and fd.directory=/etc")
    assert (status, "found /etc/shadow" in out) == (0, True)
    assert "The tables of the state were full: 2 fds not kept" in err


def test_a_socket_bound_before_the_capture_has_its_port_and_transport(replay, tmp_path):
    owner, fd = process(7, comm="sshd"), FdInfo(FdType.IPV4_SERVSOCK)
    fd.destination, fd.destination_port, fd.l4proto = bytes(4), 22, 2
    owner.fds[3] = fd
    path = write_capture(tmp_path / "bound.scap", [build("SYSCALL_READ_E", ts=TIME, tid=7, fd=3)], [owner])
    _, out, _ = replay(path, "port %fd.sport ip %fd.sip %evt.args", condition="fd.sport=22 and fd.l4proto=tcp")
    assert "port 22 ip <NA> fd=3(<4t>0.0.0.0:22)" in out


def test_clones_of_a_process_with_many_fds_do_not_multiply_them(replay, tmp_path):
    owner = process(7, comm="cat")
    for number in range(limits.MAX_FDS):
        owner.fds[number] = FdInfo(FdType.FIFO)
    count = 2 * limits.MAX_ALL_FDS // limits.MAX_FDS
    clones = [
        build("SYSCALL_CLONE_20_X", ts=TIME + tid, tid=tid, res=0, exe="cat", comm="cat", ptid=7)
        for tid in range(100, 100 + count)
    ]
    path = write_capture(tmp_path / "clones.scap", clones, [owner])
    status, out, err = replay(path, "clone", condition="evt.type=clone and proc.pid=100")
    assert (status, "Warning clone" in out) == (0, True)
    refused = limits.MAX_FDS * (count - limits.MAX_ALL_FDS // limits.MAX_FDS + 1)
    assert f"The tables of the state were full: {refused} fds not kept" in err


def told(name, rows):
    return build("CONTAINER_JSON_2_E", ts=TIME, tid=-1, json=f'{{"container":{{"id":"{name}","Mounts":[{rows}{{}}]}}}}')


def test_containers_that_together_take_too_much_are_not_kept(replay, tmp_path):
    ids = [f"{number:012x}{0:052x}" for number in range(6)]
    # Of those that no process is in, room is made.
    inside = [process(8 + n, cgroups=(("cpu", f"/docker/{name}"),)) for n, name in enumerate(ids)]
    containers = [told(name[:12], "{}," * 60_000) for name in ids]
    path = write_capture(tmp_path / "containers.scap", [OPENED, *containers], [process(7, comm="cat"), *inside])
    status, _, err = replay(path, "%evt.num")
    assert status == 0
    assert "The tables of the state were full: 2 containers not kept" in err


def test_a_container_that_is_told_of_at_great_length_is_not_kept(replay, tmp_path):
    events = [told("long", "{}," * (limits.MAX_CONTAINER_JSON // 3)), told("short", ""), OPENED]
    path = write_capture(tmp_path / "container.scap", events, [process(7, comm="cat")])
    status, _, err = replay(path, "%evt.num")
    assert status == 0
    assert "The tables of the state were full: 1 containers not kept" in err
