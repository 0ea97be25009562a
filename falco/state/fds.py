"""File descriptors: what a process's open fd is, and the table that threads of a process share."""

from __future__ import annotations

import enum


class FdType(enum.IntEnum):
    """SCAP_FD_* of libscap."""

    UNKNOWN = 0
    FILE = 1
    DIRECTORY = 2
    IPV4_SOCK = 3
    IPV6_SOCK = 4
    IPV4_SERVSOCK = 5
    IPV6_SERVSOCK = 6
    FIFO = 7
    UNIX_SOCK = 8
    EVENT = 9
    UNSUPPORTED = 10
    SIGNALFD = 11
    EVENTPOLL = 12
    INOTIFY = 13
    TIMERFD = 14
    NETLINK = 15
    FILE_V2 = 16
    BPF = 17
    USERFAULTFD = 18
    IOURING = 19
    MEMFD = 20
    PIDFD = 21


class L4(enum.IntEnum):
    """SCAP_L4_*: transport protocol of a socket."""

    UNKNOWN = 0
    NA = 1
    TCP = 2
    UDP = 3
    ICMP = 4
    RAW = 5


class Role(enum.IntEnum):
    """Which end of a connection the owning process is, NONE until something says so."""

    NONE = 0
    CLIENT = 1
    SERVER = 2


class FdInfo:
    """One open fd. Addresses are packed bytes (4 or 16); a bound socket has only the destination end.

    name is what fd.name prints; kernel_path says that it is the path which the kernel has for the file (dev, ino), not
    one put together from what calls were given. source/destination pointers are the kernel addresses of a unix socket's
    ends. fact is the fact (falco/events/facts.py) that the entry was last set from, if any. Only sockets change once
    they are in a table. The tables of a process and its children share their entries: one whose epoch is not the
    process's may be in others, too, and is copied before it changes.
    """

    __slots__ = (
        "connected",
        "destination",
        "destination_pointer",
        "destination_port",
        "dev",
        "epoch",
        "fact",
        "ino",
        "kernel_path",
        "l4proto",
        "name",
        "open_flags",
        "role",
        "source",
        "source_pointer",
        "source_port",
        "type",
    )

    def __init__(self, type: int, name: str = "", open_flags: int = 0, dev: int = 0, ino: int = 0) -> None:
        self.type, self.name, self.open_flags, self.dev, self.ino = type, name, open_flags, dev, ino
        self.source = self.destination = b""
        self.source_port = self.destination_port = 0
        self.source_pointer = self.destination_pointer = 0
        self.l4proto: int = L4.UNKNOWN
        self.role: int = Role.NONE
        self.connected = self.kernel_path = False
        self.fact = b""
        self.epoch = 0

    def copy(self) -> FdInfo:
        """An independent copy."""
        other = FdInfo.__new__(FdInfo)
        other.type, other.name, other.open_flags = self.type, self.name, self.open_flags
        other.dev, other.ino = self.dev, self.ino
        other.source, other.source_port, other.source_pointer = self.source, self.source_port, self.source_pointer
        other.destination, other.destination_port = self.destination, self.destination_port
        other.destination_pointer = self.destination_pointer
        other.l4proto, other.role, other.connected = self.l4proto, self.role, self.connected
        other.kernel_path, other.fact, other.epoch = self.kernel_path, self.fact, self.epoch
        return other

    def completed(self, computed: FdInfo) -> FdInfo:
        """This entry, which is the kernel's word, and what only the call that made it tells; itself if that is nothing.

        The flags of an open lose some once it is done; a role or transport may not be known to the kernel's side.
        """
        flags, role = self.open_flags | computed.open_flags, self.role or computed.role
        l4proto, connected = self.l4proto or computed.l4proto, self.connected or computed.connected
        if (flags, role, l4proto, connected) == (self.open_flags, self.role, self.l4proto, self.connected):
            return self
        other = self.copy()
        other.open_flags, other.role, other.l4proto, other.connected = flags, role, l4proto, connected
        return other


CHANGING = frozenset(
    (
        FdType.UNKNOWN,
        FdType.IPV4_SOCK,
        FdType.IPV6_SOCK,
        FdType.IPV4_SERVSOCK,
        FdType.IPV6_SERVSOCK,
        FdType.UNIX_SOCK,
        FdType.NETLINK,
    )
)
"""Types of fds that socket calls change."""
