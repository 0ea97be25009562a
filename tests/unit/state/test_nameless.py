import pytest

from falco.state.fds import FdType
from tests.events import build


def fds(box, tid=7):
    return box.state.threads[tid].main.fds


@pytest.mark.parametrize("call", ["SYSCALL_PIPE", "SYSCALL_PIPE2"])
def test_pipe(box, call):
    event = box.call(call, res=0, fd1=3, fd2=4, ino=99)
    assert [(fd.type, fd.name, fd.ino) for fd in (fds(box)[3], fds(box)[4])] == [(FdType.FIFO, "", 99)] * 2
    assert (event.fd_num, event.fd_name_changed) == (4, False)
    box.call(call, res=-24, fd1=5, fd2=6)
    assert fds(box).keys() == {3, 4}


NAMELESS = {
    "SYSCALL_EVENTFD": FdType.EVENT,
    "SYSCALL_EVENTFD2": FdType.EVENT,
    "SYSCALL_SIGNALFD": FdType.SIGNALFD,
    "SYSCALL_SIGNALFD4": FdType.SIGNALFD,
    "SYSCALL_TIMERFD_CREATE": FdType.TIMERFD,
    "SYSCALL_INOTIFY_INIT": FdType.INOTIFY,
    "SYSCALL_INOTIFY_INIT1": FdType.INOTIFY,
    "SYSCALL_EPOLL_CREATE": FdType.EVENTPOLL,
    "SYSCALL_EPOLL_CREATE1": FdType.EVENTPOLL,
    "SYSCALL_PIDFD_OPEN": FdType.PIDFD,
    "SYSCALL_USERFAULTFD": FdType.USERFAULTFD,
    "SYSCALL_IO_URING_SETUP": FdType.IOURING,
}


@pytest.mark.parametrize("call", NAMELESS)
def test_calls_that_create_a_nameless_fd(box, call):
    result = build(f"{call}_X").type.params[0].name
    event = box.call(call, **{result: 3})
    assert (event.fd.type, event.fd.name, event.fd_num) == (NAMELESS[call], "", 3)
    box.call(call, **{result: -24})
    assert fds(box).keys() == {3}


def test_memfd_create(box):
    fd = box.call("SYSCALL_MEMFD_CREATE", fd=3, name="payload").fd
    assert (fd.type, fd.name) == (FdType.MEMFD, "payload")


def test_pidfd_getfd(box):
    assert box.call("SYSCALL_PIDFD_GETFD", fd=3, pid_fd=4, target_fd=5).fd.type == FdType.UNKNOWN


@pytest.mark.parametrize(("cmd", "created"), [(0, True), (5, True), (1, False)])
def test_bpf(box, cmd, created):
    box.call("SYSCALL_BPF_2", fd=3, cmd=cmd)
    assert [fd.type for fd in fds(box).values()] == [FdType.BPF] * created
