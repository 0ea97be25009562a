"""Requests through io_uring that try not to be seen: with files of the ring's own, and such that tell of no success."""

from __future__ import annotations

import ctypes
import os
import select
import socket
import struct
import time

import pytest

from falco.capture.live import drops
from falco.events import facts
from falco.events.table import CODES
from falco.state.fds import FdType
from tests.live.uring import AT_FDCWD, CONNECT, FIXED_FILE, LINKED, OPENAT, POLL, SILENT, UNLINKAT, Uring
from tests.live.watching import Watching

OPENAT_X, UNLINKAT_X, CONNECT_X = (
    CODES[f"{name}_X"] for name in ("SYSCALL_OPENAT_2", "SYSCALL_UNLINKAT_2", "SOCKET_CONNECT")
)


@pytest.fixture
def uring():
    with Uring() as uring:
        yield uring


def by_ring(watching, act, code):
    """The exits of a code that came in by io_uring."""
    return [event for event in watching.seen(act) if event.code == code and event.fact(facts.MARKS)]


def address_of(server):
    """The struct sockaddr_in of a listening socket."""
    host, port = server.getsockname()
    packed = struct.pack("=H", 2) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)
    return ctypes.create_string_buffer(packed, len(packed))


def number(raw):
    """Of a count of one CPU."""
    return int.from_bytes(raw, "little")


def becomes(holds):
    """Wait for what a worker of the kernel's is doing."""
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.01)
    return False


def test_a_request_that_tells_of_no_success_is_seen(watching, uring, tmp_path):
    path = tmp_path / "made in silence"
    name = ctypes.create_string_buffer(bytes(path))

    def opens():
        uring.submit(OPENAT, AT_FDCWD, 0, ctypes.addressof(name), 0o600, os.O_CREAT | os.O_WRONLY, SILENT)

    (event,) = by_ring(watching, opens, OPENAT_X)
    assert becomes(path.exists)
    assert (event.values["name"], event.fact(facts.MARKS)[1]) == (str(path), facts.IO_URING)
    assert event.values["fd"] >= 0

    def unlinks():
        uring.submit(UNLINKAT, AT_FDCWD, 0, ctypes.addressof(name), 0, 0, SILENT)

    (event,) = by_ring(watching, unlinks, UNLINKAT_X)
    assert becomes(lambda: not path.exists())
    assert (event.values["res"], event.values["name"]) == (0, str(path))


def test_a_connect_that_tells_of_no_success_is_seen(watching, uring):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        address = address_of(server)
        (event,) = by_ring(
            watching,
            lambda: uring.submit(CONNECT, client.fileno(), len(address), ctypes.addressof(address), 0, 0, SILENT),
            CONNECT_X,
        )
        assert event.fd.inode == os.fstat(client.fileno()).st_ino
        assert event.values["tuple"].destination_port == server.getsockname()[1]


def test_a_socket_of_the_rings_own_table_is_the_one_that_is_told(watching, uring):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        uring.register_files(client.fileno())
        address = address_of(server)
        (event,) = by_ring(
            watching,
            lambda: uring.run(CONNECT, 0, len(address), ctypes.addressof(address), 0, 0, how=FIXED_FILE),
            CONNECT_X,
        )
        assert (event.fd.type, event.fd.inode) == (FdType.IPV4_SOCK, os.fstat(client.fileno()).st_ino)
        assert (event.fd.connected, event.fd.ends.destination_port) == (True, server.getsockname()[1])


@pytest.mark.parametrize("opcode", [OPENAT, UNLINKAT])
def test_a_request_that_was_not_noted_is_seen_when_it_is_done(everything, uring, tmp_path, opcode):
    """One from before the probe stands for those that more others than are kept have come after."""
    path = tmp_path / "file"
    path.write_text("")
    name, (there, here) = ctypes.create_string_buffer(bytes(path)), os.pipe()
    uring.put(POLL, there, 0, 0, 0, select.POLLIN, LINKED)
    uring.put(opcode, AT_FDCWD, 0, ctypes.addressof(name), 0, 0)
    uring.enter(2, 0)

    def goes_on():
        os.write(here, b"x")
        uring.enter(0, 2)

    with Watching(everything) as watching:
        (event,) = by_ring(watching, goes_on, OPENAT_X if opcode == OPENAT else UNLINKAT_X)
        nameless = sum(map(number, watching.loaded.maps["counts"].lookup_cpus(drops.NAMELESS)))
    if opcode == OPENAT:
        assert (event.fd.path, nameless) == (str(path), 0)
        os.close(event.fd.number)
    else:
        assert (event.values["res"], event.values["name"], nameless) == (0, None, 1)
        assert not path.exists()
    os.close(here)
    os.close(there)


def test_links_and_directories_are_the_ordinary_calls(watching, uring, tmp_path):
    (tmp_path / "old").write_text("x")
    old, made, link, directory = (bytes(tmp_path / name) for name in ("old", "made", "link", "directory"))
    (event,) = by_ring(watching, lambda: uring.link(old, made), CODES["SYSCALL_LINKAT_2_X"])
    assert (event.values["oldpath"], event.values["newpath"], event.values["res"]) == (old.decode(), made.decode(), 0)
    (event,) = by_ring(watching, lambda: uring.symlink(b"old", link), CODES["SYSCALL_SYMLINKAT_X"])
    assert (event.values["target"], event.values["linkpath"], event.values["res"]) == ("old", link.decode(), 0)
    (event,) = by_ring(watching, lambda: uring.mkdir(directory, 0o700), CODES["SYSCALL_MKDIRAT_X"])
    assert (event.values["path"], event.values["mode"], event.values["res"]) == (directory.decode(), 0o700, 0)
