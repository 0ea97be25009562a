"""Reads and records captures for tests, and puts the tables of a state into a form that can be compared."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.scap import blocks
from falco.capture.scap.reader import Reader
from falco.capture.scap.recorder import Recorder
from falco.capture.scap.stream import open_stream
from falco.capture.scap.wanted import Wanted
from falco.events.event import Event
from falco.state.fds import FdInfo, FdType
from falco.state.network import INET_TYPES, SERVER_TYPES
from falco.state.state import State
from falco.state.threads import CLONE_ACTIVE, CLONE_NAME_CHANGED

if TYPE_CHECKING:
    from falco.capture.scap.rotate import Rotation

LOADED = CLONE_ACTIVE | CLONE_NAME_CHANGED
"""Flags that every thread gets when it is loaded."""
Look = Callable[[Event], None]


def replay(path: Path, look: Look = lambda event: None, wanted: Wanted | None = None) -> State:
    """Read a whole capture; look sees every event, hidden ones too, after state has applied it."""
    state = State(all_events=True)
    reader = Reader(open_stream(str(path)), Event(state), state.load, wanted)
    try:
        _run(reader, state, look)
    finally:
        reader.stream.close()
    return state


def record(
    source: Path,
    target: str,
    rotation: Rotation | None = None,
    compress: bool = False,
    event_filter: Callable[[Event], bool] | None = None,
    codes: Iterable[int] | None = None,
    look: Look = lambda event: None,
) -> State:
    """Copy a capture as the command does, codes being all that rules want to see."""
    state = State(all_events=True)
    reader = Reader(open_stream(str(source)), Event(state), state.load, Wanted(codes))
    recorder = Recorder(target, rotation, compress, event_filter)
    try:
        recorder.attach(reader, state)

        def both(event: Event) -> None:
            recorder.write(event)
            look(event)

        _run(reader, state, both)
    finally:
        reader.stream.close()
        recorder.close()
    return state


def _run(reader: Reader, state: State, look: Look) -> None:
    for event in reader:
        state.apply(event)
        look(event)
        if state.unsettled:
            state.settle()


def shown(path: Path) -> list[tuple[object, ...]]:
    """What can be told of each event that is not hidden, its number left out."""
    rows: list[tuple[object, ...]] = []
    replay(path, lambda event: None if event.hidden else rows.append(describe(event)))
    return rows


def describe(event: Event) -> tuple[object, ...]:
    """An event with the thread, container and fd that state found for it."""
    thread = event.thread
    about = (
        (thread.tid, thread.comm, thread.exepath, thread.main.cwd or "/", thread.uid, thread.ptid) if thread else None
    )
    container = event.state.container(thread) if thread else None
    fd = fd_row(event.fd) if event.fd else None
    return (event.ts, event.cpu, event.code, event.tid, event.params(), about, container, fd, event.fd_num, event.error)


def raw(path: Path) -> bytes:
    """A capture's bytes, decompressed."""
    data = path.read_bytes()
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def split(data: bytes) -> list[bytes]:
    """The blocks of a capture."""
    found, pos = [], 0
    while pos < len(data):
        size = blocks.BLOCK.unpack_from(data, pos)[1]
        found.append(data[pos : pos + size])
        pos += size
    return found


def kinds(data: bytes) -> list[int]:
    """The kinds of a capture's blocks."""
    return [blocks.BLOCK.unpack_from(block)[0] for block in split(data)]


def fd_row(fd: FdInfo) -> tuple[object, ...]:
    """What a recording can say of an fd: no inode of a socket, no role of a unix one."""
    if fd.type in INET_TYPES:
        ends = (fd.source, fd.source_port, fd.destination, fd.destination_port)
        return (int(fd.type), fd.name, *ends, int(fd.l4proto), int(fd.role), fd.connected)
    if fd.type in SERVER_TYPES:
        return (int(fd.type), fd.name, fd.destination, fd.destination_port, int(fd.l4proto), int(fd.role))
    file = (fd.open_flags, fd.dev) if fd.type == FdType.FILE_V2 else ()
    return (int(fd.type), fd.name, fd.ino, fd.source_pointer, fd.destination_pointer, *file)


def tables(state: State) -> dict[str, object]:
    """Every table, as far as a snapshot can hold it (falco.state.snapshot.of says what it cannot)."""
    threads = {}
    for thread in state.threads.values():
        env = "\0".join(thread.env).rstrip("\0")
        own = (env, thread.cwd or "/", thread.fdlimit) if thread.is_main else ()
        memory = (thread.vmsize, thread.vmrss, thread.vmswap, thread.pfmajor, thread.pfminor)
        ids = (thread.pid, thread.ptid, thread.sid, thread.vpgid, thread.vtid, thread.vpid)
        who = (thread.uid, thread.gid, thread.loginuid, thread.flags | LOADED, thread.main.tid, thread.placeholder)
        what = (thread.comm, thread.exe, thread.exepath, thread.args, thread.root, tuple(thread.cgroups))
        fds = {number: fd_row(fd) for number, fd in thread.fds.items()}
        threads[thread.tid] = (ids, who, what, own, memory, thread.container_id, fds)
    return {
        "machine": state.machine,
        "interfaces": state.interfaces.rows,
        "users": state.users,
        "groups": state.groups,
        "threads": threads,
        "containers": {key: dataclasses.asdict(value) for key, value in state.containers.items()},
    }
