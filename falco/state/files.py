"""What opens, closes and copies of files do to the fd table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events import facts
from falco.events.decode import signed, text, unsigned
from falco.events.event import ABSENT, Event
from falco.events.integers import Integers
from falco.events.table import CODES, EVENT_TABLE
from falco.state.enters import call_params, enter_of
from falco.state.fds import FdInfo, FdType
from falco.state.paths import AT_FDCWD, base_directory, below, join
from falco.state.threads import PIPE_DST, PIPE_SRC

if TYPE_CHECKING:
    from falco.state.state import State

O_DIRECTORY = 1024  # PPM_O_DIRECTORY
F_DUPFD, F_DUPFD_CLOEXEC = 1, 26  # PPM_FCNTL_*
CLOSE_RANGE_CLOEXEC = 4


class OpenLayout:
    """Where the exit event of an open-like call has its parameters, ABSENT for those that it lacks.

    numbers are flags, mode and device.
    """

    def __init__(self, symbol: str) -> None:
        event_type = EVENT_TABLE[CODES[symbol]]

        def index(name: str) -> int:
            found = event_type.index(name)
            return ABSENT if found is None else found

        self.name = index("name") if event_type.index("name") is not None else index("path")
        self.dirfd, self.ino = index("dirfd"), index("ino")
        self.numbers = Integers(event_type, ("flags", "I", 0), ("mode", "I", 0), ("dev", "I", 0))


_LAYOUTS = {
    CODES[symbol]: OpenLayout(symbol)
    for symbol in ("SYSCALL_OPEN_X", "SYSCALL_CREAT_X", "SYSCALL_OPENAT_2_X", "SYSCALL_OPENAT2_X")
}
_BY_HANDLE = OpenLayout("SYSCALL_OPEN_BY_HANDLE_AT_X")


def opened(state: State, event: Event) -> None:
    """open, creat, openat, openat2: the exit tells everything."""
    layout, told = _LAYOUTS[event.code], event.fd
    flags, _, dev = layout.numbers.of(event)
    if told is not None and state.told_fd == event.first() and flags | told.open_flags == told.open_flags:
        event.fd_name_changed = bool(told.name)  # All that there is to know, a fact has told.
        return
    path = _path(event, layout) if told is None else told.name
    _open(state, event, path, flags, dev, unsigned(event.raw(layout.ino)))


def _path(event: Event, layout: OpenLayout) -> str:
    name, dirfd, thread = text(event.raw(layout.name)), event.raw(layout.dirfd), event.thread
    assert thread is not None
    base = facts.base(event, facts.NAMED)
    if base is not None:
        return below(base, name)
    return join(base_directory(thread, signed(dirfd) if dirfd else AT_FDCWD, name), name)


def opened_by_handle(state: State, event: Event) -> None:
    """open_by_handle_at: the kernel gives the path, absolute."""
    flags, _, dev = _BY_HANDLE.numbers.of(event)
    _open(state, event, join("/", text(event.raw(_BY_HANDLE.name))), flags, dev, unsigned(event.raw(_BY_HANDLE.ino)))


def opened_at_old(state: State, event: Event) -> None:
    """The first openat pair, whose exit only has the fd: the rest is in the enter."""
    thread = event.thread
    assert thread is not None
    enter = enter_of(thread, event, 4)
    if enter is None:
        return
    name = text(enter[1])
    path = join(base_directory(thread, signed(enter[0]) if enter[0] else AT_FDCWD, name), name)
    _open(state, event, path, unsigned(enter[2]), 0, 0)


def _open(state: State, event: Event, path: str, flags: int, dev: int, ino: int) -> None:
    number = event.first()
    if number is None or number < 0:
        event.path = path
        return
    kind = FdType.DIRECTORY if flags & O_DIRECTORY else FdType.FILE_V2
    created(state, event, number, FdInfo(kind, path, flags, dev, ino))


def created(state: State, event: Event, number: int, fd: FdInfo) -> None:
    """A call gave this thread a new fd. One that has a name counts as renamed."""
    thread = event.thread
    assert thread is not None
    if facts.told(event) and state.told_fd == number:
        # Only what the kernel does not keep is taken from the call.
        fd = _complete(event, number, fd)
    elif state.add_fd(thread, number, fd):
        event.fd = fd
    else:
        # The table is full: rules still see what was opened.
        event.fd, event.path = None, fd.name or event.path
    event.fd_name_changed = bool(fd.name)
    thread.last_fd = number


def _complete(event: Event, number: int, fd: FdInfo) -> FdInfo:
    known, thread = event.fd, event.thread
    assert known is not None
    assert thread is not None
    event.fd = known.completed(fd)
    if thread.main.fds.get(number) is known:
        thread.main.fds[number] = event.fd
    return event.fd


def close_enter(state: State, event: Event) -> None:
    """A close began: this is the entry that may go when it ends."""
    del state
    if event.thread is not None:
        event.thread.closing = event.fd


def close_exit(state: State, event: Event) -> None:
    """A close ended: remove the entry after the rules have seen it, unless another open took the number meanwhile.

    0.15 means to spare the new entry as well, but forgets why before it comes to that (sinsp_parser::reset).
    """
    fd, thread = event.fd, event.thread
    if thread is None:
        return
    closing, thread.closing = thread.closing, None
    matched = thread.last_code + 1 == event.code
    if fd is not None and not event.error and (fd is closing or not matched):
        state.remove_fd_later(thread, thread.last_fd, fd)


def closed_range(state: State, event: Event) -> None:
    """close_range: all fds from the first to the last, unless they are only marked to be closed at the next exec."""
    del state
    thread = event.thread
    if thread is None or event.error or unsigned(event.raw(3)) & CLOSE_RANGE_CLOEXEC:
        return
    first, last = unsigned(event.raw(1)), unsigned(event.raw(2))
    fds = thread.main.fds
    for number in [number for number in fds if first <= number <= last]:
        del fds[number]


def duplicated(state: State, event: Event) -> None:
    """Dup and the like: the new number is a copy of the old one's entry."""
    thread, fd, raw = event.thread, event.fd, event.raw(0)
    if thread is None or not raw or signed(raw) < 0:
        return
    number = signed(raw)
    if number in (0, 1):
        thread.flags |= PIPE_DST if number == 0 else PIPE_SRC
    if fd is not None:
        created(state, event, number, fd.copy())
        event.fd_name_changed = False


def fcntl_exit(state: State, event: Event) -> None:
    """Fcntl F_DUPFD and F_DUPFD_CLOEXEC duplicate too, but say nothing of pipes."""
    thread, fd, raw = event.thread, event.fd, event.raw(0)
    assert thread is not None
    params = call_params(thread, event, 2, 1)
    if params is None or fd is None or not raw or signed(raw) < 0:
        return
    if unsigned(params[1]) in (F_DUPFD, F_DUPFD_CLOEXEC):
        created(state, event, signed(raw), fd.copy())
        event.fd_name_changed = False
