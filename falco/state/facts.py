"""What the facts of an event (falco/events/facts.py) do to the tables, before its handler looks at them.

The kernel knows better than what calls were given: an fd's entry is made of its fact, or made anew when another fact
comes, so that no open, socket or accept needs to have been seen. An entry keeps the fact that it was made of, and the
same one costs a comparison of bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events import facts
from falco.events.decode import SockTuple, signed, text
from falco.events.paths import PATHS, PathParam
from falco.state.fds import CHANGING, FdInfo, FdType
from falco.state.network import NO_ADDRESS, NO_ADDRESS6, SERVER_TYPES, narrow, plain_endpoint, take_ends
from falco.state.paths import AT_FDCWD, directory
from falco.state.sockets import ends_name

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.events.facts import FdFact
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

_INET = frozenset((FdType.IPV4_SOCK, FdType.IPV6_SOCK, *SERVER_TYPES))
PATHLESS = {
    "[eventfd]": FdType.EVENT,
    "[eventpoll]": FdType.EVENTPOLL,
    "[signalfd]": FdType.SIGNALFD,
    "[timerfd]": FdType.TIMERFD,
    "inotify": FdType.INOTIFY,
    "[inotify]": FdType.INOTIFY,
    "[userfaultfd]": FdType.USERFAULTFD,
    "[io_uring]": FdType.IOURING,
    "[pidfd]": FdType.PIDFD,
    "bpf-map": FdType.BPF,
    "bpf-prog": FdType.BPF,
    "bpf_link": FdType.BPF,
    "btf": FdType.BPF,
}
"""What the kernel calls files that have no path (anon_inode_getfile's first argument) -> what they are."""
_MOST_TOLD_FILES = 4096
_SHARED = -1
"""An epoch that no thread is in."""
_ANONYMOUS, _MEMFD, _PIDFD = "anon_inode:", "memfd:", "pidfd:"


def take(state: State, event: Event, thread: ThreadInfo) -> None:
    """Bring the tables to what the event's facts say; EventError if one makes no sense."""
    state.told_fd = None
    for index in range(facts.OWN[event.code], event.nparams):
        raw = event.raw(index)
        if not raw:
            continue
        if raw[0] == facts.FD:
            number = facts.fd_number(raw)
            fd = thread.main.fds.get(number)
            # What is known already has been looked at before.
            if fd is None or fd.fact != raw:
                shared = state.told_files.get(raw)
                if shared is not None:
                    fd = shared
                    _enter(state, thread, number, fd)
                elif facts.is_fact(raw):
                    fd = _take_fd(state, thread, number, raw)
                else:
                    continue
            thread.last_fd, event.fd, state.told_fd = number, fd, number
        elif raw[0] == facts.BASE and facts.is_fact(raw):
            _take_base(state, event, thread, raw)


def show(event: Event) -> None:
    """Give the event the fd that its fact describes, and leave the tables as they are: they know of later."""
    raw = facts.fd_fact(event)
    if raw:
        event.fd, event.fd_num = entry(facts.decode_fd(raw), None), facts.fd_number(raw)


def _take_fd(state: State, thread: ThreadInfo, number: int, raw: bytes) -> FdInfo:
    fact = facts.decode_fd(raw)
    fd = entry(fact, thread.main.fds.get(number))
    fd.fact = raw
    if fact.ends is None:
        if len(state.told_files) >= _MOST_TOLD_FILES:
            state.told_files.clear()
        state.told_files[raw] = fd
        _enter(state, thread, number, fd)
    elif number >= 0:
        state.add_fd(thread, number, fd)
    return fd


def _enter(state: State, thread: ThreadInfo, number: int, fd: FdInfo) -> None:
    """Enter a file that others may share: whoever changes it has to copy it."""
    if number >= 0:
        state.add_fd(thread, number, fd)
    fd.epoch = _SHARED


def entry(fact: FdFact, old: FdInfo | None) -> FdInfo:
    """The entry that a fact describes. What it leaves open is taken from the old entry if that is the same socket."""
    if fact.ends is None:
        return _file(fact)
    same = old is not None and old.type in CHANGING | SERVER_TYPES and old.ino == fact.inode
    fd = old.copy() if same and old is not None else FdInfo(FdType.UNKNOWN)
    fd.dev, fd.ino, fd.open_flags = fact.device, fact.inode, fact.open_flags
    fd.l4proto, fd.role = fact.l4proto or fd.l4proto, fact.role or fd.role
    fd.connected = fact.connected or fd.connected
    if fact.type in _INET:
        _take_inet(fd, fact, fact.ends)
    elif fact.type == FdType.UNIX_SOCK:
        _take_unix(fd, fact, fact.ends)
    else:
        # To 0.15 a socket of another family is of no known type.
        fd.type = FdType.NETLINK if fact.type == FdType.NETLINK else FdType.UNKNOWN
    return fd


def _file(fact: FdFact) -> FdInfo:
    kind, name = _kind(fact), fact.path
    if kind not in _WITH_PATH or (kind == FdType.FIFO and (name == "/" or not name.startswith("/"))):
        name = ""  # As state names those that it sees made; a pipe has a path only if it is a named one.
    fd = FdInfo(kind, name, fact.open_flags, fact.device, fact.inode)
    fd.kernel_path = name.startswith("/")
    return fd


_WITH_PATH = frozenset((FdType.FILE, FdType.FILE_V2, FdType.DIRECTORY, FdType.FIFO, FdType.MEMFD))


def _kind(fact: FdFact) -> int:
    """The type that state gives such an fd. Files without a path are told by what the kernel calls them.

    Those have no type in the fact: one that has may lie in the root and be called as if it were none.
    """
    name = fact.path.removeprefix("/")
    plain = name.removeprefix(_ANONYMOUS)
    if fact.type != FdType.UNKNOWN or "/" in plain:
        return fact.type
    if name.startswith(_MEMFD):
        return FdType.MEMFD
    if name.startswith(_PIDFD):
        return FdType.PIDFD
    return PATHLESS.get(plain, FdType.UNSUPPORTED)


def _take_inet(fd: FdInfo, fact: FdFact, ends: SockTuple) -> None:
    if fact.type in SERVER_TYPES:
        # A server's own end is the second.
        fd.source, fd.source_port = b"", 0
        fd.destination, fd.destination_port = narrow(ends.destination), ends.destination_port
        fd.type = FdType.IPV4_SERVSOCK if len(fd.destination) == 4 else FdType.IPV6_SERVSOCK
        fd.name = plain_endpoint(ends.destination, ends.destination_port)
    elif fact.connected:
        take_ends(fd, ends)
        fd.name = ends_name(ends)
    elif fd.type not in _INET:
        # Who it talks to, each datagram tells.
        fd.type = fact.type
        fd.source = fd.destination = NO_ADDRESS if fd.type == FdType.IPV4_SOCK else NO_ADDRESS6


def _take_unix(fd: FdInfo, fact: FdFact, ends: SockTuple) -> None:
    fd.type = FdType.UNIX_SOCK
    fd.source_pointer, fd.destination_pointer = ends.source_pointer, ends.destination_pointer
    if fact.connected:
        fd.name = ends_name(ends)
    elif ends.path:
        fd.name = ends.path


def _take_base(state: State, event: Event, thread: ThreadInfo, raw: bytes) -> None:
    """Where a relative path of a call without a dirfd starts is the working directory."""
    for param in PATHS[event.code]:
        if param.role == raw[1]:
            if _starts_at_cwd(event, param):
                _set_cwd(state, thread.main, directory(text(raw[2:])))
            return


def _starts_at_cwd(event: Event, param: PathParam) -> bool:
    passed = event.raw(param.name)
    if not passed or passed.startswith((b"/", b"\0")):
        return False
    dirfd = b"" if param.dirfd is None else event.raw(param.dirfd)
    return not dirfd or signed(dirfd) == AT_FDCWD


def _set_cwd(state: State, main: ThreadInfo, path: str) -> None:
    if main.cwd != path:
        main.cwd = path
        state.lineage.changed(main)
