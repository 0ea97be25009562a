"""Events that carry what the kernel knows: the tables follow it, whatever was seen before."""

from __future__ import annotations

import pytest

from falco.events.decode import EventError
from falco.state import facts, sockets
from falco.state.fds import L4, FdInfo, FdType, Role
from tests.events import Builder, addr, ends
from tests.facts import base_fact, fd_fact

FILE = fd_fact(3, FdType.FILE_V2, "/real/file", device=0x802, inode=99, flags=0o102001)
SERVED = ends("10.0.0.9:5000->10.0.0.5:80")
READ = {"res": 5, "fd": 3, "size": 10}


def connection(number=3, tail=SERVED, role=Role.SERVER, kind=FdType.IPV4_SOCK, **known):
    known = {"l4proto": L4.TCP, "connected": True, "device": 9, "inode": 500, **known}
    return fd_fact(number, kind, tail, role=role, **known)


def fds(box: Builder, tid: int = 7) -> dict[int, FdInfo]:
    assert box.state is not None
    return box.state.threads[tid].main.fds


def test_an_fd_needs_no_open_to_be_known(box):
    event = box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE])
    fd = fds(box)[3]
    assert event.fd is fd
    assert event.fd_num == 3
    assert (fd.type, fd.name, fd.dev, fd.ino, fd.kernel_path) == (FdType.FILE_V2, "/real/file", 0x802, 99, True)
    assert fd.open_flags == 2 | 8 | 2048


def test_a_thread_shares_what_it_is_told_with_its_process(box):
    box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE], tid=101)
    assert fds(box, 100)[3].name == "/real/file"


def test_the_same_fact_keeps_the_entry_and_another_replaces_it(box):
    first = box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE]).fd
    assert box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE]).fd is first
    other = fd_fact(3, FdType.FILE_V2, "/other")
    assert box.event("SYSCALL_READ_X", **READ, count=4, extra=[other]).fd.name == "/other"
    assert first.name == "/real/file"


def test_a_file_that_several_are_told_of_is_one_entry_until_somebody_changes_it(box):
    box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE], tid=100)
    event = box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE])
    shared = fds(box, 100)[3]
    assert event.fd is shared
    changed = sockets.changing(event, event.fd)
    assert changed is fds(box)[3]
    assert changed is not shared
    assert fds(box, 100)[3] is shared


def test_few_files_are_kept_to_be_told_of_again(box, monkeypatch):
    monkeypatch.setattr(facts, "_MOST_TOLD_FILES", 3)
    for number in range(10):
        box.event("SYSCALL_READ_X", **READ, count=4, extra=[fd_fact(3, FdType.FILE_V2, f"/{number}")])
    assert 1 <= len(box.state.told_files) <= 3
    assert fds(box)[3].name == "/9"


def test_what_state_believed_is_corrected(box):
    box.call("SYSCALL_OPEN", fd=3, name="link/file", flags="O_RDONLY")
    assert fds(box)[3].name == "/home/u/link/file"
    box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE])
    assert fds(box)[3].name == "/real/file"


@pytest.mark.parametrize("symbol", ["SYSCALL_OPEN_X", "SYSCALL_CREAT_X", "SYSCALL_OPENAT_2_X", "SYSCALL_OPENAT2_X"])
def test_an_open_is_named_by_the_kernel(box, symbol):
    event = box.event(symbol, fd=3, name="/tmp/link", dev=0, ino=0, count=99, extra=[base_fact("n", "/"), FILE])
    assert (event.fd.name, event.fd.kernel_path, event.fd.ino) == ("/real/file", True, 99)
    assert event.fd_num == 3
    assert event.fd_name_changed
    assert event.fd is fds(box)[3]


def test_the_flags_of_an_open_that_the_kernel_forgets_are_kept(box):
    event = box.event("SYSCALL_OPEN_X", fd=3, name="x", flags="O_CREAT|O_WRONLY|O_F_CREATED", count=6, extra=[FILE])
    assert event.fd.open_flags == 4 | 2 | 16384 | 8 | 2048
    assert box.event("SYSCALL_WRITE_X", **READ, count=4, extra=[FILE]).fd is event.fd


@pytest.mark.parametrize(
    ("base", "name", "path"),
    [
        ("/srv/dir", "x", "/srv/dir/x"),
        ("/srv/dir", "../../x//./y", "/x/y"),
        ("/srv/dir", "../../../..", "/"),
        ("/", "/etc//x/..", "/etc"),
        ("/jail", "/../../etc/x", "/jail/etc/x"),
        ("/a\nb", "c\nd", "/a\nb/c\nd"),
        ("/srv/dir", "", "/srv/dir"),
    ],
)
def test_a_failed_open_is_named_below_its_base(box, base, name, path):
    event = box.event("SYSCALL_OPENAT_2_X", fd=-2, dirfd=9, name=name, count=7, extra=[base_fact("n", base)])
    assert event.fd is None
    assert event.path == path
    assert fds(box) == {}


def test_a_relative_name_tells_the_working_directory(box):
    thread = box.state.threads[7]
    before = thread.generation
    box.event("SYSCALL_UNLINK_2_X", path="x", extra=[base_fact("n", "/elsewhere")])
    assert thread.cwd == "/elsewhere/"
    assert thread.generation > before
    box.event("SYSCALL_RENAMEAT_X", olddirfd=4, oldpath="a", newdirfd=-100, newpath="b",
              extra=[base_fact("s", "/four"), base_fact("t", "/here")])  # fmt: skip
    assert thread.cwd == "/here/"


@pytest.mark.parametrize("passed", ["/x", ""])
def test_an_absolute_or_empty_name_does_not(box, passed):
    box.event("SYSCALL_UNLINK_2_X", path=passed, extra=[base_fact("n", "/")])
    box.event("SYSCALL_UNLINKAT_2_X", dirfd=5, name="x", extra=[base_fact("n", "/five")])
    assert box.state.threads[7].cwd == "/home/u/"


def test_fchdir_goes_where_the_kernel_says(box):
    box.event("SYSCALL_FCHDIR_X", res=0, fd=4, count=2, extra=[fd_fact(4, FdType.DIRECTORY, "/real/dir")])
    assert box.state.threads[7].cwd == "/real/dir/"


def test_a_close_takes_the_entry_away(box):
    enter = box.event("SYSCALL_CLOSE_E", fd=3, extra=[FILE])
    assert enter.fd.name == "/real/file"
    assert box.event("SYSCALL_CLOSE_X", res=0, fd=3, count=2).fd is enter.fd
    box.state.settle()
    assert fds(box) == {}


def test_a_close_without_enter_does_too(box):
    box.event("SYSCALL_CLOSE_X", res=0, fd=3, count=2, extra=[FILE])
    box.state.settle()
    assert fds(box) == {}


def test_a_dup_is_told_of_by_its_new_number(box):
    box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE])
    copy = fd_fact(10, FdType.FILE_V2, "/real/file", device=0x802, inode=99, flags=0o102001)
    event = box.event("SYSCALL_DUP_X", res=10, extra=[copy])
    assert event.fd is fds(box)[10]
    assert event.fd_num == 10
    assert (event.fd.name, event.fd_name_changed) == ("/real/file", False)


def test_a_server_has_its_own_end_second(box):
    event = box.event("SOCKET_ACCEPT4_5_X", fd=3, tuple=SERVED, count=5, extra=[connection()])
    fd = event.fd
    assert (fd.name, fd.type, fd.role, fd.l4proto) == ("10.0.0.9:5000->10.0.0.5:80", 3, Role.SERVER, L4.TCP)
    assert (fd.destination, fd.destination_port) == (bytes((10, 0, 0, 5)), 80)
    assert fd.connected
    assert (fd.ino, event.path) == (500, None)


def test_a_connection_needs_no_connect_to_be_known(box):
    mapped = ends("::ffff:10.0.0.5:4000->::ffff:1.2.3.4:443")
    fact = connection(3, mapped, Role.CLIENT, FdType.IPV6_SOCK)
    fd = box.event("SYSCALL_WRITE_X", **READ, count=4, extra=[fact]).fd
    assert (fd.type, fd.name, fd.role) == (FdType.IPV4_SOCK, "10.0.0.5:4000->1.2.3.4:443", Role.CLIENT)


def test_a_connect_finds_the_fact_in_its_place(box):
    tried = ends("10.0.0.5:4000->1.2.3.4:443")
    fact = connection(3, tried, Role.CLIENT)
    event = box.event("SOCKET_CONNECT_X", res=0, tuple=tried, fd=3, addr=addr("1.2.3.4:443"), count=4, extra=[fact])
    assert (event.fd.name, event.fd.role, event.fd.ino) == ("10.0.0.5:4000->1.2.3.4:443", Role.CLIENT, 500)


@pytest.mark.parametrize(
    ("kind", "tail", "name", "typed"),
    [
        (FdType.IPV4_SERVSOCK, "0.0.0.0:0->10.0.0.5:80", "10.0.0.5:80", FdType.IPV4_SERVSOCK),
        (FdType.IPV6_SERVSOCK, "::0:0->2001:db8::5:80", "2001:db8::5:80", FdType.IPV6_SERVSOCK),
        (FdType.IPV6_SERVSOCK, "::0:0->::0:80", ":::80", FdType.IPV4_SERVSOCK),
    ],
)
def test_a_bound_socket_is_named_by_its_own_end(box, kind, tail, name, typed):
    fact = connection(3, ends(tail), kind=kind, connected=False)
    own = tail.partition("->")[2]
    event = box.event("SOCKET_BIND_X", res=0, addr=addr(own), fd=3, count=3, extra=[fact])
    assert (event.fd.name, event.fd.type, event.fd.role) == (name, typed, Role.SERVER)


def test_datagrams_name_a_socket_until_its_fact_changes(box):
    fact = connection(3, ends("0.0.0.0:0->0.0.0.0:0"), 0, l4proto=L4.UDP, connected=False)
    new = box.event("SOCKET_SOCKET_X", fd=3, domain=2, type=2, proto=0, count=5, extra=[fact])
    assert (new.fd.name, new.fd.l4proto, new.fd.source) == ("", L4.UDP, bytes(4))
    to = ends("10.0.0.5:4000->8.8.8.8:53")
    sent = box.event("SOCKET_SENDTO_X", res=5, fd=3, size=5, tuple=to, count=5, extra=[fact]).fd
    assert sent.name == "10.0.0.5:4000->8.8.8.8:53"
    changed = connection(3, ends("0.0.0.0:4000->0.0.0.0:0"), 0, l4proto=L4.UDP, connected=False)
    again = box.event("SYSCALL_READ_X", **READ, count=4, extra=[changed]).fd
    assert again.name == "10.0.0.5:4000->8.8.8.8:53"
    assert again.role == sent.role == Role.CLIENT
    other = connection(3, ends("0.0.0.0:0->0.0.0.0:0"), 0, l4proto=L4.UDP, connected=False, inode=501)
    assert box.event("SYSCALL_READ_X", **READ, count=4, extra=[other]).fd.name == ""


@pytest.mark.parametrize(
    ("connected", "tail", "name"),
    [(True, "1f->2e /run/x", "1f->2e /run/x"), (False, "1f->0 /run/x", "/run/x"), (False, "1f->0 ", "")],
)
def test_unix_sockets(box, connected, tail, name):
    fact = connection(3, ends(tail), 0, FdType.UNIX_SOCK, l4proto=0, connected=connected)
    fd = box.event("SYSCALL_READ_X", **READ, count=4, extra=[fact]).fd
    assert (fd.type, fd.name, fd.source_pointer, fd.connected) == (FdType.UNIX_SOCK, name, 0x1F, connected)


@pytest.mark.parametrize(
    ("kind", "family", "typed"), [(FdType.NETLINK, 16, FdType.NETLINK), (FdType.UNSUPPORTED, 17, FdType.UNKNOWN)]
)
def test_sockets_of_other_families_have_no_ends(box, kind, family, typed):
    fact = fd_fact(3, kind, "")[:-1] + bytes((family,))
    fd = box.event("SYSCALL_READ_X", **READ, count=4, extra=[fact]).fd
    assert (fd.type, fd.name) == (typed, "")


@pytest.mark.parametrize(
    ("kind", "path", "typed", "name"),
    [
        (0, "anon_inode:[eventpoll]", FdType.EVENTPOLL, ""),
        (0, "/[eventfd]", FdType.EVENT, ""),
        (0, "[timerfd]", FdType.TIMERFD, ""),
        (0, "/anon_inode:inotify", FdType.INOTIFY, ""),
        (0, "anon_inode:bpf-map", FdType.BPF, ""),
        (0, "anon_inode:[perf_event]", FdType.UNSUPPORTED, ""),
        (0, "/[signalfd]", FdType.SIGNALFD, ""),
        (FdType.FILE_V2, "/[signalfd]", FdType.FILE_V2, "/[signalfd]"),
        (FdType.FILE_V2, "/tmp/[signalfd]", FdType.FILE_V2, "/tmp/[signalfd]"),
        (FdType.FILE_V2, "/inotify", FdType.FILE_V2, "/inotify"),
        (0, "/memfd:x", FdType.MEMFD, "/memfd:x"),
        (FdType.FILE_V2, "/memfd:x", FdType.FILE_V2, "/memfd:x"),
        (0, "/pidfd:[12]", FdType.PIDFD, ""),
        (FdType.FILE_V2, "/pidfd:[12]", FdType.FILE_V2, "/pidfd:[12]"),
        (FdType.FIFO, "/", FdType.FIFO, ""),
        (FdType.FIFO, "pipe:[12]", FdType.FIFO, ""),
        (FdType.FIFO, "/run/fifo", FdType.FIFO, "/run/fifo"),
        (FdType.DIRECTORY, "/", FdType.DIRECTORY, "/"),
    ],
)
def test_files_without_a_path(box, kind, path, typed, name):
    fd = box.event("SYSCALL_READ_X", **READ, count=4, extra=[fd_fact(3, kind, path)]).fd
    assert (fd.type, fd.name, fd.kernel_path) == (typed, name, bool(name))


def test_a_full_table_still_shows_what_is_told(box, monkeypatch):
    monkeypatch.setattr("falco.state.tables.MAX_FDS", 0)
    event = box.event("SYSCALL_READ_X", **READ, count=4, extra=[FILE])
    assert event.fd.name == "/real/file"
    assert box.state.refused["fds"] == 1
    event = box.event("SYSCALL_OPEN_X", fd=3, name="link", flags="O_CREAT", count=6, extra=[FILE])
    assert (event.fd.name, event.fd.open_flags & 4) == ("/real/file", 4)
    assert fds(box) == {}


def test_a_negative_number_is_shown_and_not_kept(box):
    event = box.event("SYSCALL_READ_X", **READ, count=4, extra=[fd_fact(-1, FdType.FILE_V2, "/fixed")])
    assert event.fd.name == "/fixed"
    assert fds(box) == {}
    assert box.state.refused["fds"] == 0


def test_a_broken_tuple_is_an_error_of_the_event(box):
    with pytest.raises(EventError, match="socket tuple"):
        box.event("SYSCALL_READ_X", **READ, count=4, extra=[connection()[:-3]])
