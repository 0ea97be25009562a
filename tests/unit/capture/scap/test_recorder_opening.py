"""What a recording, and each of its files, starts with: state, containers and tables of paths."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from falco.capture.scap import path_records, recorder
from falco.capture.scap.reader import Reader
from falco.capture.scap.rotate import Rotation
from falco.capture.scap.stream import open_stream
from falco.capture.scap.wanted import Wanted
from falco.events.event import Event
from falco.fields.path_tables import PathTables
from falco.state.containers import Container
from falco.state.state import State
from tests.events import build, process, write_capture
from tests.unit.capture.scap.recording import record, replay, shown, tables


def parts(directory):
    """The files of a rotated recording named x, in order."""
    return sorted(directory.glob("x*"), key=lambda path: int(path.name[1:]))


def test_each_file_starts_with_the_state_of_its_time(capture, tmp_path, monkeypatch):
    starts, opening = [], recorder._opening

    def remember(state, ts):
        starts.append((tables(state), b"".join(opening(state, ts))))
        return iter((starts[-1][1],))

    monkeypatch.setattr(recorder, "_opening", remember)
    record(capture, str(tmp_path / "x"), Rotation(events=151))
    end = build("NOTIFICATION_E", tid=-1, id="", desc="").block()
    for path, (expected, start) in zip(parts(tmp_path)[1:], starts, strict=True):
        assert path.read_bytes().startswith(start)
        (tmp_path / "alone").write_bytes(start + end)
        assert tables(replay(tmp_path / "alone")) == expected


JSON = {
    "container": {"id": "3ad7b26ded6d", "type": 0, "name": "web", "image": "nginx", "port_mappings": [{"HostPort": 80}]}
}


def container_event(row=JSON, **values):
    return build("CONTAINER_JSON_E", **{"tid": -1, "ts": 1, **values}, json=json.dumps(row))


def test_containers_are_told_again_in_full_by_each_file(tmp_path):
    events = [container_event(), *(build("SYSCALL_READ_E", ts=i, tid=7) for i in range(2, 6))]
    source = write_capture(
        tmp_path / "source", events, [process(7, cgroups=(("cpu", "/docker/" + "3ad7b26ded6d" + "0" * 52),))]
    )
    record(source, str(tmp_path / "x"), Rotation(events=2))
    assert events[0].params[0] in parts(tmp_path)[1].read_bytes()
    found: list[object] = []
    state = replay(parts(tmp_path)[1], lambda event: found.append((event.type.name, event.hidden)))
    assert found == [("container", True), ("read", False), ("read", False)]
    assert state.containers["3ad7b26ded6d"].name == "web"
    assert state.threads[7].container_id == "3ad7b26ded6d"


def test_containers_that_nothing_was_told_of_are_not_told_again(tmp_path):
    events = [build("SYSCALL_READ_E", ts=i, tid=7) for i in range(4)]
    cgroups = (("cpu", "/docker/" + "3ad7b26ded6d" + "0" * 52),)
    source = write_capture(tmp_path / "source", events, [process(7, cgroups=cgroups)])
    record(source, str(tmp_path / "x"), Rotation(events=2))
    found: list[str] = []
    state = replay(tmp_path / "x1", lambda event: found.append(event.type.name))
    assert found == ["read", "read"]
    assert state.containers["3ad7b26ded6d"].is_stub


@pytest.mark.parametrize(
    ("rotation", "passes"), [(Rotation(events=1), None), (None, "containers")], ids=["rotated", "filtered"]
)
def test_a_container_event_that_comes_first_in_a_file_is_still_shown(tmp_path, rotation, passes):
    events = [build("SYSCALL_READ_E", ts=1, tid=7), container_event(ts=2), build("SYSCALL_READ_E", ts=3, tid=7)]
    source = write_capture(tmp_path / "source", events, [process(7)])
    chosen = (lambda event: event.type.name == "container") if passes else None
    record(source, str(tmp_path / "x0"[: None if passes else -1]), rotation, event_filter=chosen)
    rows = [row for path in parts(tmp_path) for row in shown(path)]
    assert [row for row in rows if row[0] == 2] == [row for row in shown(source) if row[0] == 2]
    assert [row[0] for row in rows] == ([2] if passes else [1, 2, 3])


def test_rotation_waits_for_the_opening_to_end(tmp_path):
    events = [
        container_event(),
        container_event(),
        build("SYSCALL_READ_E", ts=5, tid=7),
        build("SYSCALL_READ_E", ts=6, tid=7),
    ]
    source = write_capture(tmp_path / "source", events, [process(7, comm="cat")])
    record(source, str(tmp_path / "x"), Rotation(events=1))
    comms: list[str] = []
    for path in parts(tmp_path):
        replay(path, lambda event: comms.append(event.thread.comm) if event.tid == 7 and event.thread else None)
    assert comms == ["cat", "cat"]


def test_containers_that_are_told_in_many_words(tmp_path):
    long = {"container": {**JSON["container"], "env": ["X=" + "y" * 70_000]}}
    told = build("CONTAINER_JSON_2_E", ts=1, tid=-1, json=json.dumps(long))
    events = [told, *(build("SYSCALL_READ_E", ts=i, tid=7) for i in range(2, 6))]
    source = write_capture(tmp_path / "source", events, [process(7)])
    record(source, str(tmp_path / "x"), Rotation(events=2))
    assert replay(tmp_path / "x1").containers == replay(source).containers


SHADOW = PathTables({"/bin": "/usr/bin"}, {(1, 2): ("/etc/shadow",)})


OTHER = PathTables({f"/{n}/" + "x" * 3000: "/y" for n in range(30)})


def with_tables(path):
    """Tables before the first event, other ones of two parts after some."""
    events = [build("SYSCALL_OPEN_X", ts=n, tid=7, fd=3, name="/x").block() for n in range(1, 9)]
    write_capture(path, [], [process(7)])
    parts = [*path_records.encode(SHADOW, 1), *events[:4], *path_records.encode(OTHER, 5), *events[4:]]
    path.write_bytes(path.read_bytes() + b"".join(parts))
    return path


def told(path):
    """Each table that a capture tells, by the number of the events before it."""
    found = []
    reader = Reader(open_stream(str(path)), Event(State()), lambda _: None)
    reader.on_paths = lambda tables: found.append((reader.num, tables))
    try:
        assert list(reader)
    finally:
        reader.stream.close()
    return found


@pytest.mark.parametrize("codes", [None, ()], ids=["all", "none"])
def test_tables_are_copied(tmp_path, codes):
    source = with_tables(tmp_path / "source")
    record(source, str(tmp_path / "x"), codes=codes)
    assert (tmp_path / "x").read_bytes() == source.read_bytes()


def test_tables_pass_every_filter(tmp_path):
    record(with_tables(tmp_path / "source"), str(tmp_path / "x"), event_filter=lambda event: event.ts in (2, 7))
    assert [tables for _, tables in told(tmp_path / "x")] == [SHADOW, OTHER]
    assert [row[0] for row in shown(tmp_path / "x")] == [2, 7]


@pytest.mark.parametrize("passes", [None, lambda event: True], ids=["plain", "filtered"])
def test_each_file_opens_with_the_tables_in_force(tmp_path, passes):
    record(with_tables(tmp_path / "source"), str(tmp_path / "x"), Rotation(events=2), event_filter=passes)
    found = [told(path) for path in parts(tmp_path)]
    assert found == [[(0, SHADOW)], [(0, SHADOW), (2, OTHER)], [(0, OTHER)], [(0, OTHER)]]


def test_a_live_recording_tells_its_tables(tmp_path):
    state, source = State(), Live()
    target = recorder.Recorder(str(tmp_path / "x"))
    target.attach(source, state)
    target.know(SHADOW, 1)
    state.add_thread(process(7))
    target.begin(1)
    source.send(build("SYSCALL_OPEN_X", ts=2, tid=7, fd=3, name="/x"))
    target.know(OTHER, 3)
    source.send(build("SYSCALL_OPEN_X", ts=4, tid=7, fd=3, name="/x"))
    target.close()
    assert told(tmp_path / "x") == [(0, SHADOW), (1, OTHER)]


class Live:
    """A source that brings nothing but events."""

    path = ""
    wanted = Wanted()

    def __init__(self) -> None:
        self.num = 0
        self.on_block: Callable[[bytes], None] | None = None
        self.on_event: Callable[[int, int, int], None] | None = None
        self.on_skipped: Callable[[bytes], None] | None = None
        self._block = b""

    def block(self):
        return self._block

    def send(self, built):
        self._block = built.block()
        assert self.on_event is not None
        self.on_event(built.ts, built.tid, built.type.code)


def test_containers_of_a_live_opening_count_as_its_events(tmp_path):
    state, source = State(), Live()
    for name in ("0123456789ab", "123456789abc"):
        state.add_container(Container(name, 0, "web", "nginx"))
    target = recorder.Recorder(str(tmp_path / "x"))
    target.attach(source, state)
    target.begin(1)
    target.close()
    assert source.num == 2
