import pytest

from falco.state.fds import FdInfo, FdType
from falco.state.threads import PIPE_DST, PIPE_SRC


def fds(box, tid=7):
    return box.state.threads[tid].main.fds


@pytest.mark.parametrize(
    ("call", "values", "name", "kind"),
    [
        ("SYSCALL_OPEN", {"name": "/etc/passwd", "flags": "O_RDONLY"}, "/etc/passwd", FdType.FILE_V2),
        ("SYSCALL_OPEN", {"name": "x/../y"}, "/home/u/y", FdType.FILE_V2),
        ("SYSCALL_OPEN", {"name": "/etc", "flags": "O_RDONLY|O_DIRECTORY"}, "/etc", FdType.DIRECTORY),
        ("SYSCALL_CREAT", {"name": "x"}, "/home/u/x", FdType.FILE_V2),
        ("SYSCALL_OPENAT_2", {"dirfd": -100, "name": "x"}, "/home/u/x", FdType.FILE_V2),
        ("SYSCALL_OPENAT_2", {"dirfd": 9, "name": "x"}, "/var/x", FdType.FILE_V2),
        ("SYSCALL_OPENAT_2", {"dirfd": 9, "name": "/x"}, "/x", FdType.FILE_V2),
        ("SYSCALL_OPENAT_2", {"dirfd": 10, "name": "x"}, "/x", FdType.FILE_V2),
        ("SYSCALL_OPENAT_2", {"dirfd": 99, "name": "unk"}, "<UNKNOWN>unk", FdType.FILE_V2),
        ("SYSCALL_OPENAT2", {"dirfd": 9, "name": "x", "flags": "O_DIRECTORY"}, "/var/x", FdType.DIRECTORY),
        ("SYSCALL_OPEN_BY_HANDLE_AT", {"path": "/var/log/x"}, "/var/log/x", FdType.FILE_V2),
    ],
)
def test_open(box, call, values, name, kind):
    fds(box)[9] = FdInfo(FdType.DIRECTORY, "/var")
    fds(box)[10] = FdInfo(FdType.DIRECTORY, "/")
    event = box.call(call, fd=3, **values)
    assert event.fd is fds(box)[3]
    assert (event.fd.name, event.fd.type) == (name, kind)
    assert event.fd_num == 3
    assert event.fd_name_changed
    assert event.path is None
    assert not event.error


def test_open_keeps_flags_device_and_inode(box):
    box.call("SYSCALL_OPEN", fd=3, name="/x", flags="O_WRONLY|O_TRUNC", dev=0x801, ino=77)
    fd = fds(box)[3]
    assert (fd.open_flags, fd.dev, fd.ino) == (2 | 256, 0x801, 77)


def test_open_needs_no_enter(box):
    assert box.event("SYSCALL_OPEN_X", fd=3, name="/x").fd.name == "/x"


def test_an_older_open_has_no_device(box):
    assert box.call("SYSCALL_OPEN", fd=3, name="/x", count=4).fd.dev == 0


@pytest.mark.parametrize(
    ("call", "values", "path"),
    [
        ("SYSCALL_OPEN", {"name": "x"}, "/home/u/x"),
        ("SYSCALL_CREAT", {"name": "/x"}, "/x"),
        ("SYSCALL_OPENAT_2", {"dirfd": 9, "name": "x"}, "/var/x"),
        ("SYSCALL_OPEN_BY_HANDLE_AT", {"path": "/x"}, "/x"),
    ],
)
def test_failed_open_only_tells_what_was_tried(box, call, values, path):
    fds(box)[9] = FdInfo(FdType.DIRECTORY, "/var")
    event = box.call(call, fd=-2, **values)
    assert (event.fd, event.fd_num, event.path, event.error) == (None, -1, path, 2)
    assert fds(box).keys() == {9}


def test_open_replaces_what_had_the_number(box):
    box.call("SYSCALL_OPEN", fd=3, name="/old")
    box.call("SYSCALL_OPEN", fd=3, name="/new")
    assert fds(box)[3].name == "/new"


def test_threads_share_their_process_fds(box):
    box.call("SYSCALL_OPEN", tid=101, fd=3, name="x")
    assert fds(box, 100)[3].name == "/srv/x"
    assert not box.state.threads[101].fds
    assert box.event("SYSCALL_READ_E", tid=100, fd=3).fd.name == "/srv/x"


def test_close_removes_after_the_rules_have_looked(box):
    box.call("SYSCALL_OPEN", fd=3, name="/x")
    event = box.call("SYSCALL_CLOSE", {"fd": 3}, res=0)
    assert event.fd is fds(box)[3]
    assert box.state.unsettled
    box.state.settle()
    assert 3 not in fds(box)
    assert not box.state.unsettled


def test_failed_close_keeps(box):
    box.call("SYSCALL_OPEN", fd=3, name="/x")
    box.call("SYSCALL_CLOSE", {"fd": 3}, res=-5)
    box.state.settle()
    assert 3 in fds(box)
    assert box.state.threads[7].closing is None


def test_close_of_an_unknown_fd_is_nothing(box):
    event = box.call("SYSCALL_CLOSE", {"fd": 3}, res=0)
    assert (event.fd, event.fd_num, box.state.unsettled) == (None, 3, False)


def test_close_spares_what_was_opened_meanwhile(box):
    box.call("SYSCALL_OPEN", tid=100, fd=3, name="/old")
    box.event("SYSCALL_CLOSE_E", tid=100, fd=3)
    box.call("SYSCALL_OPEN", tid=101, fd=3, name="/new")
    box.event("SYSCALL_CLOSE_X", tid=100, res=0)
    box.state.settle()
    assert fds(box, 100)[3].name == "/new"


def test_two_threads_that_close_the_same_fd(box):
    box.call("SYSCALL_OPEN", tid=100, fd=3, name="/x")
    for symbol, tid, values in (
        ("SYSCALL_CLOSE_E", 100, {"fd": 3}),
        ("SYSCALL_CLOSE_E", 101, {"fd": 3}),
        ("SYSCALL_CLOSE_X", 100, {"res": -9}),
        ("SYSCALL_CLOSE_X", 101, {"res": 0}),
    ):
        box.event(symbol, tid=tid, **values)
    box.state.settle()
    assert 3 not in fds(box, 100)


def test_close_spares_what_is_opened_right_after(box):
    box.call("SYSCALL_OPEN", fd=3, name="/old")
    box.call("SYSCALL_CLOSE", {"fd": 3}, res=0)
    fds(box)[3] = FdInfo(FdType.FILE_V2, "/new")
    box.state.settle()
    assert fds(box)[3].name == "/new"


def test_close_without_enter_closes_what_it_names(box):
    box.call("SYSCALL_OPEN", fd=3, name="/x")
    box.event("SYSCALL_CLOSE_X", res=0, fd=3)
    box.state.settle()
    assert 3 not in fds(box)


@pytest.mark.parametrize(
    ("first", "last", "flags", "left"),
    [(4, 5, 0, {3, 6}), (5, 0xFFFFFFFF, 0, {3, 4}), (3, 6, 4, {3, 4, 5, 6}), (0, 2, 0, {3, 4, 5, 6})],
)
def test_close_range(box, first, last, flags, left):
    for number in (3, 4, 5, 6):
        box.call("SYSCALL_OPEN", fd=number, name="/x")
    box.event("SYSCALL_CLOSE_RANGE_X", res=0, first=first, last=last, flags=flags)
    assert fds(box).keys() == left


def test_failed_close_range(box):
    box.call("SYSCALL_OPEN", fd=3, name="/x")
    box.event("SYSCALL_CLOSE_RANGE_X", res=-22, first=0, last=9)
    assert fds(box).keys() == {3}


@pytest.mark.parametrize(
    ("call", "exit_values"),
    [
        ("SYSCALL_DUP", {}),
        ("SYSCALL_DUP_1", {"oldfd": 3}),
        ("SYSCALL_DUP2", {"oldfd": 3, "newfd": 5}),
        ("SYSCALL_DUP3", {"oldfd": 3, "newfd": 5}),
    ],
)
def test_dup_copies(box, call, exit_values):
    box.call("SYSCALL_OPEN", fd=3, name="/x", dev=5)
    box.call("SYSCALL_OPEN", fd=5, name="/old")
    event = box.call(call, {"fd": 3}, res=5, **exit_values)
    assert (event.fd.name, event.fd.dev, event.fd_num, event.fd_name_changed) == ("/x", 5, 5, False)
    assert fds(box)[5] is event.fd
    assert fds(box)[5] is not fds(box)[3]


@pytest.mark.parametrize(("number", "flag"), [(0, PIPE_DST), (1, PIPE_SRC), (2, 0)])
def test_dup_to_the_standard_streams_marks_a_pipe(box, number, flag):
    box.call("SYSCALL_DUP", {"fd": 99}, res=number)
    assert box.state.threads[7].flags & (PIPE_DST | PIPE_SRC) == flag


def test_dup_of_an_unknown_fd_shows_the_old_number(box):
    event = box.call("SYSCALL_DUP", {"fd": 99}, res=5)
    assert (event.fd, event.fd_num) == (None, 99)
    assert not fds(box)


def test_failed_dup(box):
    box.call("SYSCALL_OPEN", fd=3, name="/x")
    box.call("SYSCALL_DUP", {"fd": 3}, res=-24)
    assert fds(box).keys() == {3}


@pytest.mark.parametrize(
    ("cmd", "res", "copied"),
    [("F_DUPFD", 5, True), ("F_DUPFD_CLOEXEC", 5, True), ("F_GETFD", 5, False), ("F_DUPFD", -1, False)],
)
def test_fcntl(box, cmd, res, copied):
    box.call("SYSCALL_OPEN", fd=3, name="/x")
    box.call("SYSCALL_FCNTL", {"fd": 3, "cmd": cmd}, res=res)
    assert (5 in fds(box)) is copied
    # Unlike dup, fcntl does not tell of pipes.
    box.call("SYSCALL_FCNTL", {"fd": 3, "cmd": cmd}, res=0)
    assert not box.state.threads[7].flags & (PIPE_DST | PIPE_SRC)
