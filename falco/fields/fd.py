"""fd.*: the file descriptor that an event creates, uses or closes (libsinsp sinsp_filter_check_fd).

Only events that the table flags as working on an fd have these fields. State is that after the event, and an fd that
is being closed is still there.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.events.table import CODES, EVENT_TABLE, EventType
from falco.events.types import EventFlag, Format, ParamType
from falco.fields.field import VARIES, Extractor, Field, KernelPath, Scope
from falco.state.fds import FdType

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.events.event import Event
    from falco.fields.path_tables import FileId
    from falco.state.fds import FdInfo

_FD_FLAGS = EventFlag.CREATES_FD | EventFlag.USES_FD | EventFlag.DESTROYS_FD
_HAVING_FD = EventFlag.USES_FD | EventFlag.DESTROYS_FD
WORKS_ON_FD = tuple(bool(event_type.flags & _FD_FLAGS) for event_type in EVENT_TABLE)
"""By event code: whether fd.* can have a value at all."""
_CONNECT_EXIT = CODES["SOCKET_CONNECT_X"]

_WORDS = {
    FdType.FILE: "file",
    FdType.FILE_V2: "file",
    FdType.DIRECTORY: "directory",
    FdType.IPV4_SOCK: "ipv4",
    FdType.IPV4_SERVSOCK: "ipv4",
    FdType.IPV6_SOCK: "ipv6",
    FdType.IPV6_SERVSOCK: "ipv6",
    FdType.UNIX_SOCK: "unix",
    FdType.FIFO: "pipe",
    FdType.EVENT: "event",
    FdType.SIGNALFD: "signalfd",
    FdType.EVENTPOLL: "eventpoll",
    FdType.INOTIFY: "inotify",
    FdType.TIMERFD: "timerfd",
    FdType.NETLINK: "netlink",
}
TYPE_WORDS = tuple(_WORDS.get(fd_type, "<NA>") for fd_type in FdType)
"""FdType -> what fd.type prints."""
_CHARS = {
    FdType.UNKNOWN: "o",
    FdType.FILE: "f",
    FdType.FILE_V2: "f",
    FdType.DIRECTORY: "d",
    FdType.IPV4_SOCK: "4",
    FdType.IPV4_SERVSOCK: "4",
    FdType.IPV6_SOCK: "6",
    FdType.IPV6_SERVSOCK: "6",
    FdType.UNIX_SOCK: "u",
    FdType.FIFO: "p",
    FdType.EVENT: "e",
    FdType.SIGNALFD: "s",
    FdType.EVENTPOLL: "l",
    FdType.INOTIFY: "i",
    FdType.TIMERFD: "t",
    FdType.NETLINK: "n",
    FdType.UNSUPPORTED: "X",
}
TYPE_CHARS = tuple(_CHARS.get(fd_type, "?") for fd_type in FdType)
"""FdType -> what fd.typechar prints."""
_CREATORS = {
    "f": ("SYSCALL_OPEN", "SYSCALL_OPENAT", "SYSCALL_OPENAT_2", "SYSCALL_OPENAT2", "SYSCALL_CREAT"),
    "4": ("SOCKET_SOCKET", "SOCKET_ACCEPT", "SOCKET_ACCEPT_5", "SOCKET_ACCEPT4", "SOCKET_ACCEPT4_5"),
    "p": ("SYSCALL_PIPE",),
    "e": ("SYSCALL_EVENTFD",),
    "s": ("SYSCALL_SIGNALFD",),
    "t": ("SYSCALL_TIMERFD_CREATE",),
    "i": ("SYSCALL_INOTIFY_INIT",),
}
_GUESSED_CHARS = {
    CODES[f"{symbol}_{half}"]: char for char, symbols in _CREATORS.items() for symbol in symbols for half in "EX"
}
"""Code -> fd.typechar while the fd is not known; libsinsp guesses it from the call, so every new socket is a "4"."""
_FILES = (FdType.FILE, FdType.FILE_V2)


def only_fd_events(event_type: EventType) -> object:
    """The constant of fields that read an fd: no value where there is none, nor where one is yet to be created."""
    has_none = event_type.enter and not event_type.flags & _HAVING_FD
    return VARIES if event_type.flags & _FD_FLAGS and not has_none else None


def _even_without_fd(event_type: EventType) -> object:
    """The constant of fields that also have a value while the fd is not there."""
    return VARIES if event_type.flags & _FD_FLAGS else None


def _number(event_type: EventType) -> object:
    return -1 if only_fd_events(event_type) is None and event_type.flags & _FD_FLAGS else only_fd_events(event_type)


def fd_field(
    name: str,
    type: ParamType,
    doc: str,
    extract: Extractor,
    scope: Scope = Scope.EVENT,
    format: Format = Format.NA,
    later: bool = False,
) -> Field:
    """A field that reads the event's fd and takes no argument."""
    return Field(name, type, doc, extract, scope, format, constant=only_fd_events, later=later)


def _also(field: Field, constant: Callable[[EventType], object]) -> Field:
    """The field with a value on events too whose fd is not there."""
    return dataclasses.replace(field, constant=constant)


def path_field(name: str, doc: str, extract: Extractor, kernel_path: KernelPath) -> Field:
    """A field with the path of the event's fd."""
    return Field(name, ParamType.CHARBUF, doc, extract, Scope.EVENT, constant=only_fd_events, kernel_path=kernel_path)


def fd_of(event: Event) -> FdInfo | None:
    """The fd that the event works on, None if it works on none or the fd is not in the table.

    An exit whose enter was not seen works on the fd that its thread used last (sinsp_filter_check_fd::extract_fd).
    """
    if not WORKS_ON_FD[event.code]:
        return None
    fd = event.fd
    if fd is None and event.fd_num >= 0 and event.thread is not None:
        return event.thread.main.fds.get(event.fd_num)
    return fd


def num(event: Event) -> object:
    return event.fd_num if WORKS_ON_FD[event.code] and event.thread is not None else None


def kind(event: Event) -> object:
    fd = fd_of(event)
    return None if fd is None else TYPE_WORDS[fd.type]


def typechar(event: Event) -> object:
    if not WORKS_ON_FD[event.code] or event.thread is None:
        return None
    fd = fd_of(event)
    return _GUESSED_CHARS.get(event.code, "o") if fd is None else TYPE_CHARS[fd.type]


def name(event: Event) -> str | None:
    """The fd's name; without an fd, what a failed call named (event.path), empty on other exits, none on enters."""
    if not WORKS_ON_FD[event.code] or event.thread is None:
        return None
    fd = fd_of(event)
    if fd is None:
        return (event.path or "") if event.code & 1 else None
    if event.code == _CONNECT_EXIT and event.path is not None:
        return event.path  # The address that a failed connect tried, although the socket keeps its old one.
    return fd.name


def directory(event: Event) -> str | None:
    if not WORKS_ON_FD[event.code] or event.thread is None:
        return None
    fd = fd_of(event)
    if fd is None:
        return directory_of(event.path or "") if event.code & 1 else None
    if fd.type in _FILES:
        return directory_of(fd.name)
    return fd.name if fd.type == FdType.DIRECTORY else None


def directory_of(path: str) -> str:
    """The part before the last slash; `/` for a file in the root or without slash, the whole if it ends in one."""
    slash = path.rfind("/")
    if slash <= 0:
        return "/"
    return path if slash == len(path) - 1 else path[:slash]


def filename(event: Event) -> str | None:
    fd = fd_of(event)
    if fd is None or fd.type not in _FILES:
        return None
    path = fd.name
    slash = path.rfind("/")
    if slash < 0:
        return "/"
    return path[slash + 1 :] or path


def is_kernel_path(event: Event) -> object:
    """Whether the kernel gave the path of the event's fd."""
    fd = fd_of(event)
    return None if fd is None else fd.kernel_path


def file_of(event: Event) -> FileId | None:
    """The device and inode of the event's fd, None unless the kernel gave them together with its path."""
    fd = fd_of(event)
    return None if fd is None or not fd.kernel_path else (fd.dev, fd.ino)


def uid(event: Event) -> object:
    if not WORKS_ON_FD[event.code] or event.thread is None:
        return None
    return f"{event.thread.tid}{event.fd_num}"


def containername(event: Event) -> object:
    text = name(event)
    return None if text is None or event.thread is None else f"{event.thread.container_id}:{text}"


def containerdirectory(event: Event) -> object:
    text = directory(event)
    return None if text is None or event.thread is None else f"{event.thread.container_id}:{text}"


def name_changed(event: Event) -> object:
    return None if fd_of(event) is None else event.fd_name_changed


def dev(event: Event) -> object:
    fd = fd_of(event)
    return None if fd is None else fd.dev


def dev_major(event: Event) -> object:
    fd = fd_of(event)
    return None if fd is None else (fd.dev >> 8) & 0xFFF


def dev_minor(event: Event) -> object:
    fd = fd_of(event)
    return None if fd is None else (fd.dev & 0xFF) | ((fd.dev >> 12) & 0xFFF00)


def ino(event: Event) -> object:
    fd = fd_of(event)
    return None if fd is None else fd.ino


_T = ParamType
FIELDS = (
    _also(
        fd_field(
            "fd.num",
            _T.INT64,
            "Number of the file descriptor; -1 when entering a call that creates one and after it failed.",
            num,
            format=Format.ID,
        ),
        _number,
    ),
    fd_field(
        "fd.type",
        _T.CHARBUF,
        "Kind of fd: file, directory, ipv4, ipv6, unix, pipe, event, signalfd, eventpoll, inotify, timerfd, netlink.",
        kind,
        format=Format.DEC,
    ),
    _also(
        fd_field(
            "fd.typechar",
            _T.CHARBUF,
            "Kind of fd as a letter: f file, d directory, 4 and 6 IP socket, u unix socket, p pipe, e eventfd, "
            "s signalfd, l eventpoll, i inotify, t timerfd, n netlink, o unknown.",
            typechar,
            format=Format.DEC,
        ),
        _even_without_fd,
    ),
    path_field(
        "fd.name",
        "Absolute path of a file, connection tuple of a socket; after a failed open or connect what was tried.",
        name,
        KernelPath(is_kernel_path, file_of),
    ),
    path_field(
        "fd.directory",
        "Directory that holds the file; for a directory its own path.",
        directory,
        KernelPath(is_kernel_path),
    ),
    fd_field("fd.filename", _T.CHARBUF, "File name without its directory.", filename),
    _also(
        fd_field(
            "fd.uid",
            _T.CHARBUF,
            "Identifier of the fd: thread id and fd number, one after the other.",
            uid,
        ),
        _even_without_fd,
    ),
    fd_field(
        "fd.containername",
        _T.CHARBUF,
        "Container id, a colon and fd.name; tells the same path in two containers apart.",
        containername,
        Scope.VOLATILE,
    ),
    fd_field(
        "fd.containerdirectory",
        _T.CHARBUF,
        "Container id, a colon and fd.directory.",
        containerdirectory,
        Scope.VOLATILE,
    ),
    fd_field(
        "fd.name_changed",
        _T.BOOL,
        "Whether this event changed the fd's name, as the first datagram of a socket does.",
        name_changed,
        Scope.VOLATILE,
    ),
    fd_field(
        "fd.dev",
        _T.INT32,
        "Number of the device that holds the file, in hexadecimal.",
        dev,
        format=Format.HEX,
    ),
    fd_field("fd.dev.major", _T.INT32, "Major part of fd.dev.", dev_major, format=Format.DEC),
    fd_field("fd.dev.minor", _T.INT32, "Minor part of fd.dev.", dev_minor, format=Format.DEC),
    fd_field("fd.ino", _T.INT64, "Inode of the file.", ino, format=Format.DEC, later=True),
)
