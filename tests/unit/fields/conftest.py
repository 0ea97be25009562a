"""Events made by hand: `event_of(symbol, *parameters)` of a process that has a few fds open."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.state import State
from falco.state.threads import ThreadInfo
from falco.state.users import Group, User
from tests.events import Builder, Built, encode

EventMaker = Callable[..., Event]


@pytest.fixture
def process() -> ThreadInfo:
    """A process in /home/joe with a file at 3, a directory at 4, a TCP connection at 5, the system log at 7."""
    thread = ThreadInfo(100, 100, 1)
    thread.comm, thread.cwd = "cat", "/home/joe/"
    connection = FdInfo(FdType.IPV4_SOCK, "127.0.0.1:4000->10.0.0.1:80")
    connection.source, connection.destination = bytes((127, 0, 0, 1)), bytes((10, 0, 0, 1))
    connection.source_port, connection.destination_port = 4000, 80
    connection.l4proto, connection.role = L4.TCP, Role.CLIENT
    thread.fds = {
        3: FdInfo(FdType.FILE_V2, "/etc/passwd"),
        4: FdInfo(FdType.DIRECTORY, "/var/dir"),
        5: connection,
        7: FdInfo(FdType.UNIX_SOCK, "/dev/log"),
        8: FdInfo(FdType.IPV6_SOCK),
    }
    return thread


@pytest.fixture
def state(process: ThreadInfo) -> State:
    """Tables that hold the process, user root and group staff."""
    state = State(all_events=True)
    state.first_ts = 1_500_000_000_000_000_000
    state.add_thread(process)
    state.users = {0: User(0, 0, "root", "/root", "/bin/sh")}
    state.groups = {50: Group(50, "staff")}
    return state


@pytest.fixture
def event_of(state: State, process: ThreadInfo) -> EventMaker:
    """event_of(symbol, *parameters, fd=None, ts=...): an event of the process, its parameters given as values."""

    def make(symbol: str, *values: object, fd: int | None = None, ts: int = 1_500_000_001_000_000_002) -> Event:
        event_type = EVENT_TABLE[CODES[symbol]]
        params = tuple(map(encode, event_type.params, values))
        event = Built(event_type, params, ts, process.tid, 1).frame(Event(state), 7)
        event.thread, event.latency, event.error = process, 0, 0
        event.fd = process.fds.get(fd) if fd is not None else None
        event.fd_num = -1 if fd is None else fd
        return event

    return make


@pytest.fixture
def box() -> Builder:
    """Events that state takes in one after the other, of a process 7 in /home/u."""
    state = State(all_events=True)
    thread = ThreadInfo(7, 7, 1)
    thread.cwd = "/home/u/"
    state.add_thread(thread)
    return Builder(state, tid=7)
