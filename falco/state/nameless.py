"""What calls do to the fd table whose result is an fd that no path leads to: pipes, timers, maps and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import signed, text, unsigned
from falco.events.table import CODES
from falco.state.fds import FdInfo, FdType
from falco.state.files import created

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

_NAMELESS = {
    CODES["SYSCALL_EVENTFD_X"]: FdType.EVENT,
    CODES["SYSCALL_EVENTFD2_X"]: FdType.EVENT,
    CODES["SYSCALL_SIGNALFD_X"]: FdType.SIGNALFD,
    CODES["SYSCALL_SIGNALFD4_X"]: FdType.SIGNALFD,
    CODES["SYSCALL_TIMERFD_CREATE_X"]: FdType.TIMERFD,
    CODES["SYSCALL_INOTIFY_INIT_X"]: FdType.INOTIFY,
    CODES["SYSCALL_INOTIFY_INIT1_X"]: FdType.INOTIFY,
    CODES["SYSCALL_PIDFD_OPEN_X"]: FdType.PIDFD,
    CODES["SYSCALL_EPOLL_CREATE_X"]: FdType.EVENTPOLL,
    CODES["SYSCALL_EPOLL_CREATE1_X"]: FdType.EVENTPOLL,
    CODES["SYSCALL_USERFAULTFD_X"]: FdType.USERFAULTFD,
    CODES["SYSCALL_IO_URING_SETUP_X"]: FdType.IOURING,
}
_BPF_WITH_FD = frozenset((0, 5, 7, 13, 14, 15, 17, 18, 19, 28, 30, 32, 33))
"""bpf commands whose result is an fd (kernel uapi/linux/bpf.h, enum bpf_cmd)."""


def piped(state: State, event: Event) -> None:
    """pipe: two nameless ends."""
    if not event.raw(0) or signed(event.raw(0)) < 0:
        return
    ino = unsigned(event.raw(3))
    for i in (1, 2):
        created(state, event, signed(event.raw(i)), FdInfo(FdType.FIFO, ino=ino))


def created_nameless(state: State, event: Event) -> None:
    """Calls whose result is an fd of a kind that has no name."""
    number = signed(event.raw(0))
    if event.raw(0) and number >= 0:
        created(state, event, number, FdInfo(_NAMELESS[event.code]))


def memory_file(state: State, event: Event) -> None:
    """memfd_create: a file that only has the name it was given."""
    number = signed(event.raw(0))
    if event.raw(0) and number >= 0:
        created(state, event, number, FdInfo(FdType.MEMFD, text(event.raw(1))))


def bpf_fd(state: State, event: Event) -> None:
    """bpf: a map, program, link or the like."""
    number = signed(event.raw(0))
    if event.raw(0) and number >= 0 and unsigned(event.raw(1)) in _BPF_WITH_FD:
        created(state, event, number, FdInfo(FdType.BPF))


def borrowed(state: State, event: Event) -> None:
    """pidfd_getfd: a copy of another process's fd, whose pidfd does not tell whose it is here."""
    number = signed(event.raw(0))
    if event.raw(0) and number >= 0:
        created(state, event, number, FdInfo(FdType.UNKNOWN))
