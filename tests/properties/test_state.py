"""Whatever a capture says: state stays sound and bounded, and passing over what nobody needs changes nothing."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import open_stream
from falco.capture.scap.wanted import Wanted
from falco.events.decode import AF_INET, AF_INET6, AF_UNIX, EventError, SockAddr, SockTuple
from falco.events.event import LENGTH_SIZES, Event
from falco.events.syscalls import IGNORED_CODES, SYSCALL_NAMES
from falco.events.table import CODES, EVENT_TABLE, GENERIC_E, GENERIC_X, Param
from falco.events.types import ParamType
from falco.state import container_table
from falco.state import tables as module
from falco.state.handlers import HANDLERS, IGNORED, needed
from falco.state.state import State
from falco.state.threads import ThreadInfo
from tests.events import Built, build

THREADS, FDS, CONTAINERS = 12, 6, 3
IDS = (-1, 0, 1, 2, 3, 7, 8, 9, 100, 1 << 31, (1 << 63) - 1, -(1 << 63))
NUMBERS = (*IDS, -2, -11, -115, 5, 10, 15, 16, 17, 26, 80, 255, 0xFFFFFFFF, 0x2000, 0x2001)
TEXTS = ("", "x", "/", "/etc/passwd", "../../..", "<NA>", "é" * 600, "a\x01b", "\udcff")
LISTS: tuple[list[str], ...] = (
    [],
    ["a", ""],
    ["cpu=/docker/" + "a" * 64],
    ["cpu=/mesos/a9f41620-b165-4d24-abe0-af0af92e7b20", "x"],
    ["container_uuid=u", "MESOS_TASK_ID=a.b", "--uuid=u"],
    ["name=systemd=/x/y.service"],
)
JSON = (
    '{"container":{"id":"u:y","type":4}}',
    '{"container":{"id":"aaaaaaaaaaaa","Healthcheck":{"Test":["CMD","x"]}}}',
    "{",
)
ADDRESSES = (
    None,
    SockAddr(AF_INET, bytes((10, 0, 0, 5)), 80),
    SockAddr(AF_INET6, bytes(16), 80),
    SockAddr(AF_UNIX, path="/run/x"),
    SockAddr(16),
)
TUPLES = (
    None,
    SockTuple(AF_INET, bytes(4), 1, bytes((8, 8, 8, 8)), 53),
    SockTuple(AF_INET, bytes((8, 8, 8, 8)), 53, bytes((10, 0, 0, 5)), 1),
    SockTuple(AF_INET6, bytes(16), 1, bytes(15) + b"\1", 53),
    SockTuple(AF_UNIX, source_pointer=1, destination_pointer=2, path="/run/x"),
    SockTuple(16),
)
SYMBOLS = tuple(t.symbol for t in EVENT_TABLE if t.params and (HANDLERS[t.code] or HANDLERS[min(t.code + 1, 453)]))


def value_of(param: Param) -> st.SearchStrategy[object]:
    """Values that a parameter of this type may have; now and then bytes that it may not."""
    wild = st.binary(max_size=20)
    if param.type in (ParamType.CHARBUF, ParamType.FSPATH, ParamType.FSRELPATH):
        return st.sampled_from(JSON if param.name == "json" else TEXTS)
    if param.type == ParamType.BYTEBUF:
        return st.sampled_from(LISTS)
    if param.type == ParamType.SOCKADDR:
        return st.sampled_from(ADDRESSES) | wild
    if param.type == ParamType.SOCKTUPLE:
        return st.sampled_from(TUPLES) | wild
    if param.type in (ParamType.DYN, ParamType.FDLIST):
        return wild
    return st.sampled_from(NUMBERS) | st.none()


@st.composite
def event(draw: st.DrawFn, symbols: tuple[str, ...] = SYMBOLS) -> Built:
    symbol = draw(st.sampled_from(symbols))
    params = EVENT_TABLE[CODES[symbol]].params
    values = {param.name: draw(value_of(param)) for param in params if draw(st.booleans())}
    given_names = {f"{name}_" if name in ("tid", "ts", "cpu", "count") else name: v for name, v in values.items()}
    count = draw(st.none() | st.integers(0, len(params)))
    return build(symbol, ts=draw(st.integers(0, 1 << 34)), tid=draw(st.sampled_from(IDS)), count=count, **given_names)  # type: ignore[arg-type]


def check(state: State) -> None:
    """What must hold between two events."""
    assert len(state.threads) <= THREADS
    assert len(state.containers) <= CONTAINERS
    for tid, thread in state.threads.items():
        assert thread.tid == tid
        assert thread.main.tid == thread.pid
        assert len(thread.fds) <= FDS
        assert all(number >= 0 for number in thread.fds)
        if thread.main is not thread:
            assert thread.main.others[tid] is thread
        for other_tid, other in thread.others.items():
            assert state.threads[other_tid] is other
            assert other.main is thread
        assert len(list(state.parents(thread))) <= THREADS
        assert len(list(state.ancestors(thread))) <= THREADS


@pytest.fixture(autouse=True)
def small_tables(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Tables that fill up after a few events."""
    if "capture" not in request.fixturenames:
        monkeypatch.setattr(module, "MAX_THREADS", THREADS)
        monkeypatch.setattr(module, "MAX_FDS", FDS)
        monkeypatch.setattr(container_table, "MAX_CONTAINERS", CONTAINERS)


@pytest.mark.parametrize("all_events", [False, True])
def test_any_events_leave_state_sound(all_events: bool) -> None:
    @settings(max_examples=150)
    @given(st.lists(event(), min_size=1, max_size=30))
    def run(events: list[Built]) -> None:
        state = State(all_events)
        current = Event(state)
        for number, built in enumerate(events, 1):
            # Bytes that make no sense may be refused, with the tables as sound as before.
            with contextlib.suppress(EventError):
                state.apply(built.frame(current, number))
            if state.unsettled:
                state.settle()
            check(state)

    run()


@given(st.binary(max_size=300), st.sampled_from(range(len(EVENT_TABLE))), st.integers(0, 63))
def test_any_bytes_are_an_event_or_an_event_error(raw: bytes, code: int, count: int) -> None:
    state = State(True)
    current = Event(state)
    if len(raw) < LENGTH_SIZES[code] * count:
        return  # A reader frames no event whose lengths do not fit.
    current.begin(1, 0, 1, 7, code, raw, 0, len(raw), count)
    try:
        state.apply(current)
    except EventError:
        return
    check(state)


def seen(path: Path, codes: frozenset[int], passing_over: bool) -> Generator[object, None, None]:
    """All that rules can see of the events of these codes, with or without passing over what is not needed."""
    state = State()
    syscalls = frozenset(range(len(SYSCALL_NAMES))) - IGNORED_CODES
    wanted = Wanted(needed(codes), syscalls) if passing_over else Wanted()
    with contextlib.closing(open_stream(str(path))) as stream:
        for current in Reader(stream, Event(state), state.load, wanted):
            state.apply(current)
            if current.code in codes and not current.hidden:
                yield view(state, current)
            if state.unsettled:
                state.settle()


_UNSEEN = {"main", "others", "fds", "generation", "kept", "kept_since", "enter", "enter_ts", "last_code", "last_fd"}
"""What is compared by other means, and what only the thread's own next exit is for."""
_SLOTS = tuple(slot for slot in ThreadInfo.__slots__ if slot not in _UNSEEN)


def view(state: State, current: Event) -> object:
    thread, fd = current.thread, current.fd
    threads = () if thread is None else (thread, thread.main, *state.ancestors(thread))
    return (
        (current.num, current.code, current.tid, current.ts - state.first_ts, current.params()),
        (current.error, current.latency, current.path, current.fd_num, current.fd_name_changed),
        None if fd is None else tuple(getattr(fd, slot) for slot in fd.__slots__),
        [tuple(getattr(one, slot) for slot in _SLOTS) for one in threads],
        {} if thread is None else {number: one.name for number, one in thread.main.fds.items()},
        list(state.containers),
    )


USUAL = frozenset(t.code for t in EVENT_TABLE if t.code not in IGNORED)
WANTED = {
    "none": frozenset[int](),
    "opens": frozenset(CODES[f"SYSCALL_{call}_X"] for call in ("OPEN", "OPENAT", "OPENAT_2", "CREAT")),
    "processes": frozenset(CODES[symbol] for symbol in ("SYSCALL_EXECVE_19_X", "SYSCALL_CLONE_20_X", "PROCEXIT_1_E")),
    "network": frozenset(t.code for t in EVENT_TABLE if t.symbol.startswith("SOCKET_")) - IGNORED,
    "exits": frozenset(code for code in USUAL if code & 1),
    "generic": frozenset((GENERIC_E, GENERIC_X)),
    "all": USUAL,
}


@pytest.mark.parametrize("codes", WANTED.values(), ids=WANTED)
def test_passing_over_what_nobody_needs_changes_nothing(capture: Path, codes: frozenset[int]) -> None:
    with (
        contextlib.closing(seen(capture, codes, False)) as whole,
        contextlib.closing(seen(capture, codes, True)) as part,
    ):
        for one, other in itertools.zip_longest(whole, part):
            assert one == other
