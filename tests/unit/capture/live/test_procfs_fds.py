from __future__ import annotations

import os

import pytest

from falco.capture.live.procfs_fds import FdReader
from falco.capture.live.procfs_reading import Unread, directory
from falco.state.fds import FdType
from falco.state.snapshot import Snapshot
from falco.state.threads import ThreadInfo

UNIX = "Num\n0000563a: 00000003 00000000 00000000 0001 03  1266 /run/x\n"


def fds(tree, place):
    thread = ThreadInfo(7, 7)
    with directory(str(tree.root / place), Unread()) as process:
        assert process is not None
        FdReader(Snapshot()).read(process, thread)
    return thread.fds


@pytest.fixture
def place(tree):
    return tree.process(7)


def test_a_file_has_its_path_flags_device_and_inode(tree, place):
    file = tree.write("data/x y", "")
    tree.fd(place, 3, str(file), os.O_WRONLY | os.O_APPEND)
    found, status = fds(tree, place)[3], file.stat()
    assert (found.type, found.name, found.open_flags, found.ino) == (FdType.FILE_V2, str(file), 2 | 8, status.st_ino)
    major, minor = os.major(status.st_dev), os.minor(status.st_dev)
    assert found.kernel_path
    assert found.dev == (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12


def test_directories_and_named_pipes(tree, place):
    (tree.root / "data").mkdir()
    os.mkfifo(tree.root / "pipe")
    tree.fd(place, 3, str(tree.root / "data"))
    tree.fd(place, 4, str(tree.root / "pipe"))
    assert [fd.type for _, fd in sorted(fds(tree, place).items())] == [FdType.DIRECTORY, FdType.FIFO]


@pytest.mark.parametrize(
    ("target", "kind", "name", "ino"),
    [
        ("pipe:[42]", FdType.FIFO, "pipe:[42]", 42),
        ("anon_inode:[eventfd]", FdType.EVENT, "", 0),
        ("anon_inode:[eventpoll]", FdType.EVENTPOLL, "", 0),
        ("anon_inode:inotify", FdType.INOTIFY, "", 0),
        ("anon_inode:[signalfd]", FdType.SIGNALFD, "", 0),
        ("anon_inode:[timerfd]", FdType.TIMERFD, "", 0),
        ("anon_inode:[perf_event]", FdType.UNSUPPORTED, "", 0),
        ("anon_inode:bpf-map", FdType.BPF, "", 0),
        ("anon_inode:[io_uring]", FdType.IOURING, "", 0),
        ("pidfd:[8]", FdType.PIDFD, "", 8),
        ("mnt:[4026531841]", FdType.UNSUPPORTED, "", 0),
        ("[eventfd]", FdType.UNSUPPORTED, "", 0),
        ("/memfd:x (deleted)", FdType.MEMFD, "/memfd:x", 0),
        ("/gone (deleted)", FdType.FILE_V2, "/gone", 0),
        ("/there/\udcff\n(deleted)", FdType.FILE_V2, "/there/\udcff\n(deleted)", 0),
        ("socket:[99]", FdType.UNKNOWN, "", 99),
        ("socket:[1266]", FdType.UNIX_SOCK, "/run/x", 1266),
        ("socket:[x]", FdType.UNKNOWN, "", 0),
    ],
)
def test_what_a_link_tells(tree, place, target, kind, name, ino):
    tree.write(f"{place}/net/unix", UNIX)
    tree.fd(place, 3, target)
    found = fds(tree, place)[3]
    assert (found.type, found.name, found.ino) == (kind, name, ino)


def test_each_fd_of_a_socket_is_an_entry_of_its_own(tree, place):
    tree.write(f"{place}/net/unix", UNIX)
    tree.fd(place, 3, "socket:[1266]")
    tree.fd(place, 4, "socket:[1266]")
    found = fds(tree, place)
    assert found[3] is not found[4]
    assert found[3].name == found[4].name


def test_sockets_are_those_of_the_process_s_namespace(tree):
    snapshot, found = Snapshot(), []
    reader = FdReader(snapshot)
    for pid, name in ((7, "/run/a"), (8, "/run/b"), (9, "/run/c")):
        place = tree.process(pid)
        tree.write(f"{place}/net/unix", UNIX.replace("/run/x", name))
        # 7 and 9 are in the same one, which is read once.
        tree.write("ns/8" if pid == 8 else "ns/7", "")
        tree.link(f"{place}/ns/net", str(tree.root / ("ns/8" if pid == 8 else "ns/7")))
        tree.fd(place, 3, "socket:[1266]")
        thread = ThreadInfo(pid, pid)
        with directory(str(tree.root / place), Unread()) as process:
            assert process is not None
            reader.read(process, thread)
        found.append(thread.fds[3].name)
    assert found == ["/run/a", "/run/b", "/run/a"]


def test_what_is_no_fd_is_passed_over(tree, place):
    tree.link(f"{place}/fd/x", "/etc")
    (tree.root / place / "fd/5").write_text("no link")
    tree.fd(place, 3, "pipe:[1]")
    assert set(fds(tree, place)) == {3}


def test_flags_that_make_no_sense_are_none(tree, place):
    tree.fd(place, 3, "/gone")
    tree.write(f"{place}/fdinfo/3", "flags:\t" + "7" * 30 + "\n")
    assert fds(tree, place)[3].open_flags == 0


def test_tables_are_bounded(tree, place, monkeypatch):
    monkeypatch.setattr("falco.state.limits.MAX_FDS", 2)
    for number in range(3):
        tree.fd(place, number, "pipe:[1]")
    assert len(fds(tree, place)) == 2
