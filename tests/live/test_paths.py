"""Whatever name a file is opened by, the event tells the kernel's path, and the file itself by device and inode."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import threading
from pathlib import Path

import pytest

from falco.capture.probe import calls
from falco.events import facts
from falco.events.table import CODES
from falco.state.fds import FdType
from tests.live.entry32 import call_32, socketcall_32
from tests.live.uring import Uring

X32 = 0x40000000
"""In the number of a call by the x32 entry."""

OPENAT, OPEN = CODES["SYSCALL_OPENAT_2_X"], CODES["SYSCALL_OPEN_X"]
FLIPS, ROUNDS = 10_000, 50


def opened(watching, act, code=OPENAT):
    """The exits of successful opens that a function leads to."""
    return [event for event in watching.seen(act) if event.code == code and event.values["fd"] >= 0]


def names(place):
    """Ways to name the file `real/file` below a place, by what each is called."""
    (place / "real").mkdir()
    (place / "real/file").write_text("x")
    (place / "symlink").symlink_to("real/file")
    (place / "directory").symlink_to("real")
    (place / "chain").symlink_to("symlink")
    (place / "absolute").symlink_to(place / "real/file")
    return {
        "plain": place / "real/file",
        "symlink": place / "symlink",
        "chain": place / "chain",
        "absolute symlink": place / "absolute",
        "symlinked directory": place / "directory/file",
        "parent": f"{place}/directory/../real/file",
        "dots and slashes": f"{place}//./real/.//file",
        "root of the process": f"/proc/self/root{place}/real/file",
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("place").resolve()


@pytest.fixture(scope="module")
def ways(place):
    return names(place)


def is_the_file(event, path):
    status = Path(path).stat()
    return (event.fd.path, event.fd.device, event.fd.inode) == (str(path), status.st_dev, status.st_ino)


@pytest.mark.parametrize(
    "way",
    ["plain", "symlink", "chain", "absolute symlink", "symlinked directory", "parent", "dots and slashes",
     "root of the process"],
)  # fmt: skip
def test_every_spelling_gives_the_kernels_path(watching, place, ways, way):
    (event,) = opened(watching, lambda: os.close(os.open(ways[way], os.O_RDONLY)))
    assert is_the_file(event, place / "real/file")
    assert event.values["name"] == str(ways[way])


def test_a_path_from_a_directory_fd(watching, place, ways):
    with contextlib.ExitStack() as stack:
        directory = os.open(place / "directory", os.O_DIRECTORY)
        stack.callback(os.close, directory)
        (event,) = opened(watching, lambda: os.close(os.open("../symlink", os.O_RDONLY, dir_fd=directory)))
    assert is_the_file(event, place / "real/file")
    assert event.values["dirfd"] == directory


def test_a_path_through_an_fd_of_proc(watching, place, ways):
    fd = os.open(place / "real/file", os.O_RDONLY)
    try:
        (event,) = opened(watching, lambda: os.close(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)))
    finally:
        os.close(fd)
    assert is_the_file(event, place / "real/file")


@pytest.mark.parametrize("change", ["chdir", "fchdir"])
def test_a_relative_path_after_the_directory_changed(watching, place, ways, change):
    before = os.open(".", os.O_DIRECTORY)
    fd = os.open(place / "real", os.O_DIRECTORY)
    try:
        os.chdir(fd) if change == "fchdir" else os.chdir(place / "real")
        (event,) = opened(watching, lambda: os.close(os.open("file", os.O_RDONLY)))
    finally:
        os.fchdir(before)
        os.close(fd)
        os.close(before)
    assert is_the_file(event, place / "real/file")
    assert event.fact(facts.BASE)[2:-1].decode() == str(place / "real")


@pytest.mark.parametrize("name", [b"with\nnewline", b"not \xff utf-8", b"x" * 255, "ümläut".encode()])
def test_any_name_is_told(watching, place, name):
    path = bytes(place) + b"/" + name
    (event,) = opened(watching, lambda: os.close(os.open(path, os.O_CREAT | os.O_WRONLY)))
    assert event.fd.path.encode("utf-8", "surrogateescape") == path


def test_a_deep_path_is_told(watching, place):
    deep = place.joinpath(*[f"level{i:02}" for i in range(40)])
    deep.mkdir(parents=True)
    (event,) = opened(watching, lambda: os.close(os.open(deep / "file", os.O_CREAT | os.O_WRONLY)))
    assert event.fd.path == str(deep / "file")


def test_a_chroot_is_seen_from_the_host(watching, place, ways):
    script = f"import os; os.chroot({str(place / 'real')!r}); os.close(os.open('/file', os.O_RDONLY))"
    events = watching.seen(
        lambda: subprocess.run(["/usr/bin/python3", "-S", "-c", script], check=True), of=lambda event: True
    )
    found = [e for e in events if e.code == OPENAT and e.values["name"] == "/file" and e.values["fd"] >= 0]
    assert [is_the_file(event, place / "real/file") for event in found] == [True]


def test_a_hard_link_is_the_same_file(watching, place, ways):
    (place / "hard").hardlink_to(place / "real/file")
    (event,) = opened(watching, lambda: os.close(os.open(place / "hard", os.O_RDONLY)))
    status = (place / "real/file").stat()
    assert (event.fd.path, event.fd.device, event.fd.inode) == (str(place / "hard"), status.st_dev, status.st_ino)


def test_a_bind_mount_is_the_same_file(watching, place, ways):
    bound = place / "bound"
    bound.mkdir()
    subprocess.run(["mount", "--bind", place / "real", bound], check=True)
    try:
        (event,) = opened(watching, lambda: os.close(os.open(bound / "file", os.O_RDONLY)))
    finally:
        subprocess.run(["umount", bound], check=True)
    status = (place / "real/file").stat()
    assert (event.fd.path, event.fd.device, event.fd.inode) == (str(bound / "file"), status.st_dev, status.st_ino)


def test_a_buffer_that_another_thread_rewrites_deceives_nobody(watching, place):
    """What is told is the file that the kernel opened, whichever name stood in the buffer when it was read."""
    choices = [place / "flip_a", place / "flip_b"]
    for choice in choices:
        choice.write_text("x")
    buffer = ctypes.create_string_buffer(bytes(choices[0]))
    at, end, letters = ctypes.addressof(buffer), len(bytes(choices[0])) - 1, (ord("a"), ord("b"))
    libc = ctypes.CDLL(None)
    stop = threading.Event()

    def flip():
        while not stop.is_set():
            for letter in letters:
                ctypes.memset(at + end, letter, 1)

    results = []

    def act():
        for _ in range(FLIPS // ROUNDS):
            fd = libc.open(buffer, os.O_RDONLY)
            results.append(os.fstat(fd).st_ino)
            os.close(fd)

    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        events = [event for _ in range(ROUNDS) for event in opened(watching, act)]
    finally:
        stop.set()
        flipper.join()
    by_inode = {choice.stat().st_ino: str(choice) for choice in choices}
    ours = [event for event in events if event.values["name"].startswith(f"{place}/flip_")]
    assert len(ours) == FLIPS
    assert [event.fd.inode for event in ours] == results
    assert [event.fd.path for event in ours] == [by_inode[inode] for inode in results]
    assert len(set(results)) == 2, "the name was never flipped: the test has shown nothing"


def test_an_open_by_the_32_bit_entry_is_an_open(watching, place, ways):
    (event,) = opened(watching, lambda: os.close(call_32(5, bytes(ways["symlink"]), 0)), code=OPEN)
    assert is_the_file(event, place / "real/file")
    assert (event.values["name"], event.fact(facts.MARKS)[1]) == (str(ways["symlink"]), facts.COMPAT)


def test_a_socket_by_i386s_call_for_all_of_them_is_a_socket(watching):
    """socketcall, whose first argument says which call is meant, here socket, and whose second has that one's own."""
    family, kind = 2, 2
    act = lambda: os.close(socketcall_32(1, family, kind, 0))  # noqa: E731
    (event,) = [event for event in watching.seen(act) if event.code == CODES["SOCKET_SOCKET_X"]]
    assert (event.values["domain"], event.values["type"], event.fd.type) == (family, kind, FdType.IPV4_SOCK)
    assert event.fact(facts.MARKS)[1] == facts.COMPAT


def test_a_call_with_a_number_that_only_x32_has_is_that_call(watching):
    """A kernel without x32 refuses it, and passes it to those who look at calls all the same."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        number = datagrams.fileno()
        act = lambda: ctypes.CDLL(None).syscall(X32 | 512 + calls.X32.index("sendmsg"), number, 0, 0)  # noqa: E731
        (event,) = [event for event in watching.seen(act) if event.code == CODES["SOCKET_SENDMSG_X"]]
    assert event.values["res"] < 0
    assert (event.fd.number, event.fd.type, event.fact(facts.MARKS)[1]) == (number, FdType.IPV4_SOCK, facts.COMPAT)


@pytest.fixture(scope="module")
def uring():
    with Uring() as uring:
        yield uring


@pytest.mark.parametrize("by_worker", [False, True])
def test_an_open_through_io_uring_is_an_open(watching, place, ways, uring, by_worker):
    (event,) = opened(watching, lambda: os.close(uring.open(bytes(ways["symlink"]), os.O_RDONLY, by_worker)))
    assert is_the_file(event, place / "real/file")
    assert (event.values["name"], event.fact(facts.MARKS)[1]) == (str(ways["symlink"]), facts.IO_URING)


def test_a_connect_rename_and_unlink_through_io_uring(watching, place, uring):
    (place / "to rename").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        host, port = server.getsockname()
        address = struct.pack("=H", 2) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)

        def act():
            assert uring.rename(bytes(place / "to rename"), bytes(place / "renamed")) == 0
            assert uring.unlink(bytes(place / "renamed")) == 0
            assert uring.connect(client.fileno(), address) == 0

        seen = [event for event in watching.seen(act) if event.fact(facts.MARKS) and event.code & 1]
        rename, unlink, connect = seen
        assert rename.type.name == "renameat2"
        assert (rename.values["oldpath"], rename.values["newpath"]) == (f"{place}/to rename", f"{place}/renamed")
        assert (unlink.type.name, unlink.values["name"]) == ("unlinkat", f"{place}/renamed")
        assert (connect.type.name, connect.values["fd"], connect.fd.connected) == ("connect", client.fileno(), True)
        assert connect.fd.ends.destination_port == port


def test_a_memory_file_has_its_name(watching):
    events = watching.seen(lambda: os.close(os.memfd_create("secret")))
    (made,) = [event for event in events if event.code == CODES["SYSCALL_MEMFD_CREATE_X"]]
    assert (made.fd.path, made.fd.type) == ("/memfd:secret", FdType.UNKNOWN)


def test_what_stands_for_a_namespace_or_a_process_has_no_path(watching):
    """What it was called by is all that there is to tell: the kernel's path of both would be that of the root."""
    (event,) = opened(watching, lambda: os.close(os.open("/proc/self/ns/net", os.O_RDONLY)))
    assert (event.values["name"], event.fact(facts.FD)) == ("/proc/self/ns/net", b"")
    events = watching.seen(lambda: os.close(os.pidfd_open(os.getpid())))
    (made,) = [event for event in events if event.code == CODES["SYSCALL_PIDFD_OPEN_X"]]
    assert b"/\0" not in made.fact(facts.FD)


def test_a_file_in_the_root_that_is_called_like_a_memory_file_is_a_file(watching):
    path = Path("/memfd:secret")
    try:
        (event,) = opened(watching, path.touch)
    finally:
        path.unlink()
    assert (event.fd.path, event.fd.type) == (str(path), FdType.FILE_V2)


def test_openat2_tells_what_the_file_was_opened_for_whatever_its_caller_says_later(watching, place):
    path = place / "what for"
    path.write_text("x")
    how, name = ctypes.create_string_buffer(struct.pack("=QQQ", os.O_RDONLY, 0, 0)), bytes(path)
    libc, stop, results = ctypes.CDLL(None), threading.Event(), []

    def flip():
        while not stop.is_set():
            for access in (os.O_RDONLY, os.O_WRONLY):
                ctypes.memset(how, access, 1)

    def act():
        for _ in range(2000):
            fd = libc.syscall(437, -100, name, how, 24)
            results.append(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE)
            os.close(fd)

    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        events = opened(watching, act, code=CODES["SYSCALL_OPENAT2_X"])
    finally:
        stop.set()
        flipper.join()
    assert set(results) == {os.O_RDONLY, os.O_WRONLY}, "the flags were never flipped: the test has shown nothing"
    assert [int.from_bytes(event.raw[3][:1], "little") & 3 for event in events] == [access + 1 for access in results]
