"""Makes events out of a symbol and values by parameter name: framed for State and rules, or as a small V2 capture.

Independent of the capture writer, so that the two can be held against each other, and plain enough for sysdig:

    builder = Builder(state)
    event = builder.event("SYSCALL_OPEN_X", tid=7, fd=3, name="/etc/passwd", flags="O_RDONLY")
    write_capture(path, builder.built, [process(7, comm="cat")])

A value of None is an absent (zero-length) parameter; one that is not given is zero or empty, as a kernel would send it.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from falco.events.decode import AF_INET, AF_INET6, AF_UNIX, Dyn, SockAddr, SockTuple
from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE, EventType, Param
from falco.events.types import EventFlag, ParamType
from falco.state.fds import FdInfo, FdType
from falco.state.threads import ThreadInfo
from falco.state.users import Group, User

if TYPE_CHECKING:
    from falco.state.snapshot import Interface
    from falco.state.state import State

_T = ParamType
_WIDTHS = {
    **dict.fromkeys((_T.INT8, _T.UINT8, _T.FLAGS8, _T.ENUMFLAGS8, _T.SIGTYPE, _T.L4PROTO, _T.SOCKFAMILY), 1),
    **dict.fromkeys((_T.INT16, _T.UINT16, _T.FLAGS16, _T.ENUMFLAGS16, _T.SYSCALLID, _T.PORT), 2),
    **dict.fromkeys((_T.INT32, _T.UINT32, _T.FLAGS32, _T.ENUMFLAGS32, _T.MODE, _T.UID, _T.GID, _T.SIGSET), 4),
    **dict.fromkeys((_T.BOOL, _T.FD32, _T.PID32), 4),
    **dict.fromkeys((_T.INT64, _T.UINT64, _T.ERRNO, _T.FD, _T.PID, _T.RELTIME, _T.ABSTIME), 8),
    **dict.fromkeys((_T.CHARBUFARRAY, _T.CHARBUF_PAIR_ARRAY), 8),
}
_TEXTS = frozenset((_T.CHARBUF, _T.FSPATH, _T.FSRELPATH))

PARAMS_015 = {
    "SYSCALL_OPEN_E": 0, "SYSCALL_OPEN_X": 5, "SYSCALL_CREAT_E": 0, "SYSCALL_CREAT_X": 4, "SYSCALL_OPENAT_2_E": 0,
    "SYSCALL_OPENAT_2_X": 6, "SYSCALL_CLOSE_X": 1, "SYSCALL_READ_X": 2, "SYSCALL_WRITE_X": 2, "SYSCALL_READV_X": 3,
    "SYSCALL_WRITEV_X": 2, "SYSCALL_FCNTL_X": 1, "SYSCALL_FCHDIR_X": 1, "SYSCALL_EVENTFD_X": 1,
    "SYSCALL_SIGNALFD_X": 1, "SYSCALL_TIMERFD_CREATE_X": 1, "SYSCALL_INOTIFY_INIT_X": 1, "SYSCALL_PRLIMIT_X": 5,
    "SYSCALL_GETRLIMIT_X": 3, "SYSCALL_SETRLIMIT_X": 3, "SYSCALL_SETUID_X": 1, "SYSCALL_SETGID_X": 1,
    "SYSCALL_SETRESUID_X": 1, "SYSCALL_SETRESGID_X": 1, "SYSCALL_SETPGID_X": 1, "SYSCALL_EXECVE_19_X": 19,
    "SYSCALL_CLONE_20_X": 20, "SYSCALL_FORK_20_X": 20, "SYSCALL_VFORK_20_X": 20, "PROCEXIT_1_E": 1,
    "SOCKET_SOCKET_X": 1, "SOCKET_BIND_X": 2, "SOCKET_CONNECT_E": 1, "SOCKET_CONNECT_X": 2, "SOCKET_LISTEN_X": 1,
    "SOCKET_SENDTO_X": 2, "SOCKET_SENDMSG_X": 2, "SOCKET_RECVFROM_X": 3, "SOCKET_RECVMSG_X": 4,
    "SOCKET_SOCKETPAIR_X": 5, "GENERIC_X": 1,
}  # fmt: skip
"""How many parameters 0.15's probe sent where later ones send more; later ones come when a test names them."""


def encode(param: Param, value: object) -> bytes:
    """A value as the bytes of its parameter: str for text and flags (`A|B`), int, list[str] for args and the like."""
    if value is None or isinstance(value, bytes):
        return value or b""
    if param.type in _WIDTHS:
        number = _flags(param, value) if isinstance(value, str) else int(value)  # type: ignore[call-overload]
        width = _WIDTHS[param.type]
        return int(number % (1 << 8 * width)).to_bytes(width, "little")
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, SockAddr):
        return _sockaddr(value)
    if isinstance(value, SockTuple):
        return _socktuple(value)
    if isinstance(value, Dyn):
        return bytes((value.index,)) + value.raw
    if param.type == _T.FDLIST and isinstance(value, list):
        return struct.pack("<H", len(value)) + b"".join(struct.pack("<qH", *pair) for pair in value)
    if isinstance(value, list):
        return b"".join(map(_text, value))
    raise TypeError(f"{param.name} of type {param.type.name} cannot be made of {value!r}")


def _text(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape") + b"\0"


def _flags(param: Param, value: str) -> int:
    table = dict(param.flags or ())
    number = 0
    for name in value.split("|"):
        number |= table[name]
    return number


def _default(param: Param) -> bytes:
    if param.type in _WIDTHS:
        return bytes(_WIDTHS[param.type])
    return b"\0" if param.type in _TEXTS else b""


def addr(text: str) -> SockAddr:
    """`10.0.0.1:80`, `::1:80` (the port is after the last colon), or a path: the address of a socket."""
    if text.startswith("/") or not text:
        return SockAddr(AF_UNIX, path=text)
    packed, port = _endpoint(text)
    return SockAddr(AF_INET if len(packed) == 4 else AF_INET6, packed, port)


def ends(text: str) -> SockTuple:
    """`10.0.0.1:1234->10.0.0.2:80`, or `1f->2e /run/x.sock` of a unix socket: both ends of a connection."""
    source, _, destination = text.partition("->")
    if " " in destination:
        pointer, path = destination.split(" ", 1)
        return SockTuple(AF_UNIX, source_pointer=int(source, 16), destination_pointer=int(pointer, 16), path=path)
    (one, sport), (two, dport) = _endpoint(source), _endpoint(destination)
    return SockTuple(AF_INET if len(one) == 4 else AF_INET6, one, sport, two, dport)


def _endpoint(text: str) -> tuple[bytes, int]:
    address, _, port = text.rpartition(":")
    return ipaddress.ip_address(address).packed, int(port)


def _sockaddr(value: SockAddr) -> bytes:
    if value.family == AF_UNIX:
        return bytes((AF_UNIX,)) + _text(value.path)
    if value.address:
        return bytes((value.family,)) + value.address + struct.pack("<H", value.port)
    return bytes((value.family,))


def _socktuple(value: SockTuple) -> bytes:
    head = bytes((value.family,))
    if value.family == AF_UNIX:
        return head + struct.pack("<QQ", value.source_pointer, value.destination_pointer) + _text(value.path)
    if not value.source:
        return head
    source, destination = struct.pack("<H", value.source_port), struct.pack("<H", value.destination_port)
    return head + value.source + source + value.destination + destination


@dataclasses.dataclass(frozen=True, slots=True)
class Built:
    """An event as encoded: everything that a capture says of it."""

    type: EventType
    params: tuple[bytes, ...]
    ts: int = 0
    tid: int = 0
    cpu: int = 0
    state_only: bool = False

    def payload(self) -> bytes:
        """Parameter lengths and parameters."""
        width = "I" if self.type.flags & EventFlag.LARGE_PAYLOAD else "H"
        return struct.pack(f"<{len(self.params)}{width}", *map(len, self.params)) + b"".join(self.params)

    def frame(self, event: Event, num: int) -> Event:
        """Frame it into event, as a reader does."""
        payload = self.payload()
        count = len(self.params)
        event.begin(num, self.cpu, self.ts, self.tid, self.type.code, payload, 0, len(payload), count)
        event.hidden = self.state_only
        return event

    def block(self) -> bytes:
        """The event's block in a V2 capture."""
        payload = self.payload()
        head = struct.pack("<QQIHI", self.ts, self.tid % (1 << 64), 26 + len(payload), self.type.code, len(self.params))
        if self.state_only:
            return _block(0x217, struct.pack("<HI", self.cpu, 1) + head + payload)
        return _block(0x216, struct.pack("<H", self.cpu) + head + payload)


def build(
    symbol: str, /, *, ts: int = 0, tid: int = 0, cpu: int = 0, count: int | None = None, extra: Sequence[bytes] = (),
    state_only: bool = False, **values: object,
) -> Built:  # fmt: skip
    """An event of this symbol. count keeps only so many parameters (an older writer), extra follows the last one.

    Parameter names that are Python words or those of this function's arguments take a final underscore (tid_).
    """
    event_type = EVENT_TABLE[CODES[symbol]]
    given = {name.removesuffix("_"): value for name, value in values.items()}
    params, last = [], PARAMS_015.get(symbol, len(event_type.params))
    for index, param in enumerate(event_type.params):
        if param.name in given:
            params.append(encode(param, given.pop(param.name)))
            last = max(last, index + 1)
        else:
            params.append(_default(param))
    if given:
        raise TypeError(f"{symbol} has no parameter {', '.join(given)}")
    kept = params[: last if count is None else count]
    return Built(event_type, (*kept, *extra), ts, tid, cpu, state_only)


class Builder:
    """Builds events one after the other: numbers them, lets time pass by a millisecond each, keeps them in built.

    With a state, event() frames and applies each; settle() of the event before is done first.
    """

    def __init__(self, state: State | None = None, *, ts: int = 1_500_000_000_000_000_000, tid: int = 7) -> None:
        self.state, self.ts, self.tid = state, ts, tid
        self.built: list[Built] = []

    def event(self, symbol: str, /, **values: object) -> Event:
        """Build, frame and apply an event; it holds until the next one. tid, ts, cpu, count, ... as of build()."""
        assert self.state is not None
        if self.state.unsettled:
            self.state.settle()
        event = self.add(symbol, **values).frame(Event(self.state), len(self.built))
        self.state.apply(event)
        return event

    def call(self, name: str, enter: dict[str, object] | None = None, /, **values: object) -> Event:
        """Both halves of a call (`SYSCALL_OPEN`): enter's values by name, the rest are the exit's. The exit is given.

        tid, ts and the like hold for both.
        """
        common = {key: values[key] for key in ("tid", "cpu") if key in values}
        self.event(f"{name}_E", **common, **(enter or {}))
        return self.event(f"{name}_X", **values)

    def add(self, symbol: str, /, **values: object) -> Built:
        """Build an event only."""
        self.ts += 1_000_000
        self.ts = values.pop("ts", self.ts)  # type: ignore[assignment]
        built = build(symbol, ts=self.ts, **{"tid": self.tid, **values})  # type: ignore[arg-type]
        self.built.append(built)
        return built


def process(tid: int, pid: int | None = None, ptid: int = 1, **values: object) -> ThreadInfo:
    """An entry of the process list; values are attributes of ThreadInfo."""
    thread = ThreadInfo(tid, tid if pid is None else pid, ptid)
    thread.vtid, thread.vpid = thread.tid, thread.pid
    thread.uid = thread.gid = 0
    thread.cwd = "/"
    for name, value in values.items():
        getattr(thread, name)  # A misspelt name is an error here and not a silent no-op.
        setattr(thread, name, value)
    return thread


def write_capture(
    path: Path, events: Iterable[Built], threads: Iterable[ThreadInfo] = (), interfaces: Iterable[Interface] = (),
    accounts: Iterable[User | Group] = (),
) -> Path:  # fmt: skip
    """Write a plain capture of version 1.2: machine, interfaces, users, processes with their fds, events."""
    rows = list(threads)
    parts = [
        _block(0x0A0D0D0A, struct.pack("<IHHQ", 0x1A2B3C4D, 1, 2, (1 << 64) - 1)),
        _block(0x201, struct.pack("<IQQ128sQQQQ", 2, 1 << 30, 1 << 22, b"box", 0, 0, 0, 0)),
        _block(0x219, b"".join(map(_interface, interfaces))),
        _block(0x220, b"".join(map(_account, accounts))),
        _block(0x215, b"".join(map(_process, rows))),
        *(_block(0x218, struct.pack("<q", t.tid) + b"".join(_fd(n, fd) for n, fd in t.fds.items())) for t in rows),
        *(event.block() for event in events),
    ]
    path.write_bytes(b"".join(parts))
    return path


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def _entry(body: bytes) -> bytes:
    return struct.pack("<I", len(body) + 4) + body


def _counted(value: bytes | str) -> bytes:
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return struct.pack("<H", len(raw)) + raw


def _interface(row: Interface) -> bytes:
    kind = 1 if len(row.address) == 4 else 2
    name = row.name.encode()
    body = struct.pack("<HH", kind, len(name)) + row.address + row.netmask + row.broadcast
    body += struct.pack("<Q", row.linkspeed) + name
    return struct.pack("<I", len(body)) + body


def _account(row: User | Group) -> bytes:
    if isinstance(row, User):
        texts = b"".join(map(_counted, (row.name, row.home, row.shell)))
        return _entry(struct.pack("<BII", 0, row.uid, row.gid) + texts)
    return _entry(struct.pack("<BI", 1, row.gid) + _counted(row.name))


def _process(t: ThreadInfo) -> bytes:
    pairs = [f"{subsystem}={path}" for subsystem, path in t.cgroups]
    args, env, cgroups = (b"".join(map(_text, items)) for items in (t.args, t.env, pairs))
    return _entry(
        struct.pack("<qqqqq", t.tid, t.pid, t.ptid, t.sid, t.vpgid)
        + b"".join(_counted(text) for text in (t.comm, t.exe, t.exepath, args, t.cwd))
        + struct.pack("<qIII", t.fdlimit, t.flags, t.uid, t.gid)
        + struct.pack("<IIIQQ", t.vmsize, t.vmrss, t.vmswap, t.pfmajor, t.pfminor)
        + _counted(env)
        + struct.pack("<qq", t.vtid, t.vpid)
        + _counted(cgroups)
        + _counted(t.root)
        + struct.pack("<I", t.loginuid)
    )


def _fd(number: int, fd: FdInfo) -> bytes:
    head = struct.pack("<qQB", number, fd.ino, fd.type)
    if fd.type in (FdType.IPV4_SOCK, FdType.IPV6_SOCK):
        ports = struct.pack("<HHB", fd.source_port, fd.destination_port, fd.l4proto)
        return _entry(head + fd.source + fd.destination + ports)
    if fd.type in (FdType.IPV4_SERVSOCK, FdType.IPV6_SERVSOCK):
        return _entry(head + fd.destination + struct.pack("<HB", fd.destination_port, fd.l4proto))
    if fd.type == FdType.UNIX_SOCK:
        return _entry(head + struct.pack("<QQ", fd.source_pointer, fd.destination_pointer) + _counted(fd.name))
    if fd.type == FdType.FILE_V2:
        return _entry(head + struct.pack("<I", fd.open_flags) + _counted(fd.name) + struct.pack("<I", fd.dev))
    return _entry(head + _counted(fd.name))
