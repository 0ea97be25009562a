"""fd.type and fd.typechar: what kind of file descriptor it is, in words and letters that never change.

FIELDS are these two, in the order of --list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.table import CODES
from falco.events.types import Format, ParamType
from falco.fields.fd_field import WORKS_ON_FD, also, even_without_fd, fd_field, fd_of
from falco.state.fds import FdType

if TYPE_CHECKING:
    from falco.events.event import Event

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


def kind(event: Event) -> object:
    fd = fd_of(event)
    return None if fd is None else TYPE_WORDS[fd.type]


def typechar(event: Event) -> object:
    if not WORKS_ON_FD[event.code] or event.thread is None:
        return None
    fd = fd_of(event)
    return _GUESSED_CHARS.get(event.code, "o") if fd is None else TYPE_CHARS[fd.type]


FIELDS = (
    fd_field(
        "fd.type",
        ParamType.CHARBUF,
        "Kind of fd: file, directory, ipv4, ipv6, unix, pipe, event, signalfd, eventpoll, inotify, timerfd, netlink.",
        kind,
        format=Format.DEC,
    ),
    also(
        fd_field(
            "fd.typechar",
            ParamType.CHARBUF,
            "Kind of fd as a letter: f file, d directory, 4 and 6 IP socket, u unix socket, p pipe, e eventfd, "
            "s signalfd, l eventpoll, i inotify, t timerfd, n netlink, o unknown.",
            typechar,
            format=Format.DEC,
        ),
        even_without_fd,
    ),
)
