"""The fds of a process out of /proc/<pid>/fd and fdinfo, in the form of a capture's fd list."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from falco.capture.live.procfs_reading import Directory, undeleted
from falco.capture.live.procfs_sockets import Namespaces, Sockets, by_protocol
from falco.capture.live.procfs_text import ProcError, fdinfo_flags
from falco.state.facts import PATHLESS
from falco.state.fds import FdInfo, FdType
from falco.state.limits import MAX_TEXT

if TYPE_CHECKING:
    from falco.state.snapshot import Snapshot
    from falco.state.threads import ThreadInfo


class FdReader:
    """Reads fd tables into a snapshot; one reader for a scan, as it keeps what it knows of network namespaces."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.namespaces = Namespaces()

    def read(self, process: Directory, thread: ThreadInfo) -> None:
        """All fds of a process. Those that are closed meanwhile are left out."""
        sockets: Sockets | None = None
        for name in process.names("fd"):
            if not name.isdecimal():
                continue
            link = process.link(f"fd/{name}")[:MAX_TEXT]
            kind, colon, rest = link.partition(":[")
            if colon and kind == "socket":
                if sockets is None:
                    sockets = self._sockets(process)
                fd = _socket(process, name, rest, sockets)
            elif link:
                fd = _other(process, name, link, kind, rest)
            else:
                continue
            self._snapshot.add_fd(thread, int(name), fd)

    def _sockets(self, process: Directory) -> Sockets:
        found = process.target("ns/net")
        return self.namespaces.of(found.inode if found else None, process.read)


def _socket(process: Directory, name: str, rest: str, sockets: Sockets) -> FdInfo:
    inode = _inode(rest)
    known = sockets.get(inode)
    return by_protocol(f"{process.path}/fd/{name}", inode) if known is None else known.copy()


def _inode(rest: str) -> int:
    digits = rest.removesuffix("]")
    return int(digits) if digits.isdecimal() and len(digits) <= 20 else 0


def _other(process: Directory, name: str, link: str, kind: str, rest: str) -> FdInfo:
    if link.startswith("/"):
        return _file(process, name, link)
    if kind == "pipe":
        return FdInfo(FdType.FIFO, link, ino=_inode(rest))
    if kind == "pidfd":
        return FdInfo(FdType.PIDFD, ino=_inode(rest))
    anonymous = link.removeprefix("anon_inode:")
    return FdInfo(PATHLESS.get(anonymous, FdType.UNSUPPORTED) if anonymous != link else FdType.UNSUPPORTED)


def _file(process: Directory, name: str, link: str) -> FdInfo:
    target = process.target(f"fd/{name}")
    mode = target.mode if target is not None else 0
    link = undeleted(link, target)
    if link.startswith("/memfd:"):
        kind = FdType.MEMFD
    elif stat.S_ISDIR(mode):
        kind = FdType.DIRECTORY
    elif stat.S_ISFIFO(mode):
        kind = FdType.FIFO
    else:
        kind = FdType.FILE_V2
    fd = FdInfo(kind, link)
    if target is not None:
        fd.ino, fd.dev = target.inode, target.device
        fd.kernel_path = kind != FdType.MEMFD
    try:
        fd.open_flags = fdinfo_flags(process.read_small(f"fdinfo/{name}"))
    except ProcError:
        fd.open_flags = 0
    return fd
