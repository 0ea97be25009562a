from falco.state.fds import FdInfo, FdType


def fds(box, tid=7):
    return box.state.threads[tid].main.fds


def test_old_openat_needs_its_enter(box):
    fds(box)[9] = FdInfo(FdType.DIRECTORY, "/var")
    enter = {"dirfd": 9, "name": "log/x", "flags": "O_DIRECTORY"}
    assert box.call("SYSCALL_OPENAT", enter, fd=3).fd.name == "/var/log/x"
    assert fds(box)[3].type == FdType.DIRECTORY
    assert box.call("SYSCALL_OPENAT", enter, fd=-13).path == "/var/log/x"
    assert box.event("SYSCALL_OPENAT_X", fd=4).fd is None
    box.event("SYSCALL_OPENAT_E", **enter)
    box.event("SYSCALL_MKDIR_E", path="between")
    box.event("SYSCALL_OPENAT_X", fd=4)
    assert 4 not in fds(box)


def test_fcntl_without_enter(box):
    box.call("SYSCALL_OPEN", fd=3, name="/x")
    box.event("SYSCALL_FCNTL_X", res=5, fd=3, cmd="F_DUPFD")
    assert fds(box)[5].name == "/x"
