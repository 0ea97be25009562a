"""fd.*: the file descriptor that an event creates, uses or closes (libsinsp sinsp_filter_check_fd).

Only events that the table flags as working on an fd have these fields. State is that after the event, and an fd that
is being closed is still there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.table import CODES, EventType
from falco.events.types import Format, ParamType
from falco.fields import fd_kind
from falco.fields.fd_field import (
    FD_FLAGS,
    WORKS_ON_FD,
    also,
    even_without_fd,
    fd_field,
    fd_of,
    only_fd_events,
    path_field,
)
from falco.fields.field import KernelPath, Scope
from falco.state.fds import FdType

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.fields.path_tables import FileId

_CONNECT_EXIT = CODES["SOCKET_CONNECT_X"]

_FILES = (FdType.FILE, FdType.FILE_V2)


def _number(event_type: EventType) -> object:
    return -1 if only_fd_events(event_type) is None and event_type.flags & FD_FLAGS else only_fd_events(event_type)


def num(event: Event) -> object:
    return event.fd_num if WORKS_ON_FD[event.code] and event.thread is not None else None


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
    also(
        fd_field(
            "fd.num",
            _T.INT64,
            "Number of the file descriptor; -1 when entering a call that creates one and after it failed.",
            num,
            format=Format.ID,
        ),
        _number,
    ),
    *fd_kind.FIELDS,
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
    also(
        fd_field(
            "fd.uid",
            _T.CHARBUF,
            "Identifier of the fd: thread id and fd number, one after the other.",
            uid,
        ),
        even_without_fd,
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
