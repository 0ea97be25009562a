"""Snapshots and events as blocks: the other direction of metadata.py, in the newest forms that 0.15 reads.

Texts are cut where libscap's readers would refuse them; numbers are cut to the width that the format has for them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from falco.capture.scap import blocks, fd_layout
from falco.capture.scap.packing import MAX_PATH, address, counted, text, u16, u32, u64
from falco.events.table import CODES, EVENT_TABLE
from falco.events.types import EventFlag
from falco.state.fds import FdInfo, FdType, Role
from falco.state.network import SERVER_TYPES, swap_ends
from falco.state.snapshot import Interface, Machine, Snapshot

if TYPE_CHECKING:
    from falco.state.threads import ThreadInfo

MINOR = 2
"""Format 1.2: entries and events with their lengths and counts."""
UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF
MAX_LIST, MAX_ACCOUNT = 4096, 255
"""Bytes that libscap takes of args, env or cgroups, and of a user's or group's texts."""
MAX_ORDINARY = 65536
"""Bytes of an event block's body beyond which it is of a LARGE kind, which 0.15 passes over."""
_NO_TID = -1
_LARGE_KINDS = {blocks.EVENT_V2: blocks.EVENT_V2_LARGE, blocks.EVENT_FLAGS_V2: blocks.EVENT_FLAGS_V2_LARGE}


def block(kind: int, body: bytes) -> bytes:
    """A whole block: padded, its length before and behind."""
    padding = -len(body) % 4
    size = blocks.BLOCK.size + len(body) + padding + blocks.TRAILER.size
    return b"".join((blocks.BLOCK.pack(kind, size), body, bytes(padding), blocks.TRAILER.pack(size)))


def section(snapshot: Snapshot) -> Iterator[bytes]:
    """The blocks that a capture starts with, one after another."""
    yield block(blocks.SECTION_HEADER, blocks.SECTION.pack(blocks.MAGIC, 1, MINOR, UNKNOWN_LENGTH))
    yield block(blocks.MACHINE_INFO, _machine(snapshot.machine or Machine(0, 0, 0, "", 0)))
    yield block(blocks.INTERFACES_V2, b"".join(map(_interface, snapshot.interfaces)))
    yield block(blocks.USERS_V2, _accounts(snapshot))
    threads = snapshot.threads.values()
    yield block(blocks.PROCESSES_V9, b"".join(map(_process, threads)))
    served = served_ports(snapshot)
    for thread in threads:
        yield block(blocks.FDS_V2, _fds(thread, served))


def served_ports(snapshot: Snapshot) -> set[int]:
    """The ports that somebody is bound to: by them a loaded list's sockets get their roles."""
    threads = snapshot.threads.values()
    return {fd.destination_port for thread in threads for fd in thread.fds.values() if fd.type in SERVER_TYPES}


def own_end_is_destination(fd: FdInfo, served: set[int]) -> bool:
    """Whether a socket has to be listed with its ends turned: own end first, as the kernel does, for IPv4 alone."""
    return fd.type == FdType.IPV4_SOCK and fd.role == Role.SERVER and fd.destination_port in served


def event(code: int, ts: int, tid: int, params: Sequence[bytes], cpu: int = 0, flags: int = 0) -> bytes:
    """An event's block; ts is ns since the epoch, flags are dump flags."""
    width = "I" if EVENT_TABLE[code].flags & EventFlag.LARGE_PAYLOAD else "H"
    lengths = struct.pack(f"<{len(params)}{width}", *map(len, params))
    size = blocks.HEADER.size + blocks.COUNT.size + len(lengths) + sum(map(len, params))
    head = blocks.CPU_FLAGS.pack(cpu, flags) if flags else blocks.CPU.pack(cpu)
    header = u64(ts, tid) + u32(size) + u16(code) + u32(len(params))
    body = b"".join((head, header, lengths, *params))
    kind = blocks.EVENT_FLAGS_V2 if flags else blocks.EVENT_V2
    return block(kind if len(body) <= MAX_ORDINARY else _LARGE_KINDS[kind], body)


def container_event(ts: int, raw: bytes, flags: int = 0) -> bytes:
    """The block of an event of ts (ns) that tells of a container in JSON; flags are dump flags."""
    code = CODES["CONTAINER_JSON_E" if len(raw) < 0xFFFF else "CONTAINER_JSON_2_E"]
    return event(code, ts, _NO_TID, (raw + b"\0",), flags=flags)


def dump_flags(raw: bytes) -> int:
    """The dump flags of an event's block."""
    kind = blocks.COUNT.unpack_from(raw)[0]
    return int(blocks.CPU_FLAGS.unpack_from(raw, 8)[1]) if kind in blocks.WITH_FLAGS else 0


def state_only(raw: bytes) -> bytes:
    """The same event's block marked as one that updates state and is not shown."""
    kind, size = blocks.BLOCK.unpack_from(raw)
    kind = blocks.ALIASES.get(kind, kind)
    flags, rest = dump_flags(raw), 14
    (cpu,) = blocks.CPU.unpack_from(raw, 8)
    if kind in blocks.FLAGGED:
        kind, size, rest = blocks.FLAGGED[kind], size + 4, 10
    head = blocks.BLOCK.pack(kind, size) + blocks.CPU_FLAGS.pack(cpu, flags | blocks.STATE_ONLY)
    return b"".join((head, raw[rest:-4], blocks.TRAILER.pack(size)))


def _machine(row: Machine) -> bytes:
    name = row.hostname.encode("utf-8", "surrogateescape")[:127]
    return blocks.MACHINE.pack(row.num_cpus, row.memory_bytes, row.max_pid, name, row.boot_ts, 0, 0, 0)


def _interface(row: Interface) -> bytes:
    size = len(row.address)
    name = row.name.encode("utf-8", "surrogateescape")[:MAX_PATH]
    kind = u16(1 if size == 4 else 2, len(name))
    addresses = (address(raw, size) for raw in (row.address, row.netmask, row.broadcast))
    entry = b"".join((kind, *addresses, u64(row.linkspeed), name))
    return u32(len(entry)) + entry


def _accounts(snapshot: Snapshot) -> bytes:
    users = (
        b"\0" + u32(row.uid, row.gid) + b"".join(text(each, MAX_ACCOUNT) for each in (row.name, row.home, row.shell))
        for row in snapshot.users
    )
    groups = (b"\1" + u32(row.gid) + text(row.name, MAX_ACCOUNT) for row in snapshot.groups)
    return b"".join(map(_entry, (*users, *groups)))


def _process(thread: ThreadInfo) -> bytes:
    cgroups = [f"{subsystem}={path}" for subsystem, path in thread.cgroups]
    return _entry(
        b"".join(
            (
                u64(thread.tid, thread.pid, thread.ptid, thread.sid, thread.vpgid),
                *(text(name) for name in (thread.comm, thread.exe, thread.exepath)),
                _list(thread.args),
                text(thread.cwd),
                u64(thread.fdlimit),
                u32(thread.flags, thread.uid, thread.gid, thread.vmsize, thread.vmrss, thread.vmswap),
                u64(thread.pfmajor, thread.pfminor),
                _list(thread.env),
                u64(thread.vtid, thread.vpid),
                _list(cgroups),
                text(thread.root),
                u32(thread.loginuid),
            )
        )
    )


def _fds(thread: ThreadInfo, served: set[int]) -> bytes:
    entries = (
        _entry(b"".join((u64(number, fd.ino), bytes((_written_type(fd),)), _payload(fd, served))))
        for number, fd in thread.fds.items()
    )
    return u64(thread.tid) + b"".join(entries)


def _written_type(fd: FdInfo) -> int:
    """Readers of that time, sysdig's among them, refuse a list with types that were added later."""
    return fd.type if fd.type <= FdType.FILE_V2 else FdType.UNSUPPORTED


def _payload(fd: FdInfo, served: set[int]) -> bytes:
    if own_end_is_destination(fd, served):
        fd = fd.copy()
        swap_ends(fd)
    return fd_layout.written(fd)


def _entry(body: bytes) -> bytes:
    return u32(len(body) + 4) + body


def _list(texts: Iterable[str]) -> bytes:
    return counted("".join(f"{text}\0" for text in texts).encode("utf-8", "surrogateescape")[:MAX_LIST])
