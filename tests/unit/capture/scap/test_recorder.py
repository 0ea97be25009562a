from __future__ import annotations

import pytest

from falco.capture.scap import blocks, writer
from falco.capture.scap.recorder import STATE_CODES
from falco.capture.scap.rotate import Rotation
from falco.errors import CaptureError, FalcoError
from falco.events.table import CODES, EVENT_TABLE
from falco.events.types import EventFlag
from tests.events import Builder, build, process, write_capture
from tests.unit.capture.scap.recording import describe, kinds, raw, record, replay, shown, split, tables

FILES = frozenset(("open", "openat", "close", "read", "execve"))
FILTERS = {
    "files": lambda event: event.type.name in FILES,
    "exits of reads": lambda event: event.type.name in ("read", "recvfrom") and not event.type.enter,
    "one process": lambda event: event.thread is not None and event.thread.comm in ("curl", "cat", "nginx", "bash"),
    "nothing": lambda event: False,
    "everything": lambda event: True,
}


def parts(directory):
    """The files of a rotated recording named x, in order."""
    return sorted(directory.glob("x*"), key=lambda path: int(path.name[1:]))


# -- copies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", [None, (), (CODES["SYSCALL_OPEN_X"],)], ids=["all", "none", "some"])
@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_a_copy_is_the_same_to_the_byte(capture, tmp_path, codes, compress):
    target = tmp_path / "x"
    record(capture, str(target), compress=compress, codes=codes)
    assert raw(target) == raw(capture)
    assert target.read_bytes().startswith(b"\x1f\x8b") == compress


def test_a_copy_keeps_what_nobody_knows(tmp_path):
    event = build("SYSCALL_OPEN_X", ts=5, tid=7, fd=3, name="/x", state_only=True)
    odd = event.block()[:34] + (len(EVENT_TABLE) + 9).to_bytes(2, "little") + event.block()[36:]
    source = write_capture(tmp_path / "source", [event], [process(7)])
    data = split(source.read_bytes())
    data.insert(1, writer.block(0x999, b"unknown"))
    source.write_bytes(b"".join((*data, odd, event.block(), *data, odd)))
    for codes in (None, ()):
        record(source, str(tmp_path / "x"), codes=codes)
        assert (tmp_path / "x").read_bytes() == source.read_bytes()


def test_a_copy_of_a_truncated_capture_has_what_was_whole(tmp_path):
    events = [build("SYSCALL_READ_E", ts=i, tid=7, fd=3, size=1) for i in range(5)]
    source = write_capture(tmp_path / "source", events, [process(7)])
    whole = source.read_bytes()
    source.write_bytes(whole[:-5])
    with pytest.raises(CaptureError, match="truncated"):
        record(source, str(tmp_path / "x"))
    assert (tmp_path / "x").read_bytes() == whole[: -len(events[0].block())]


def test_a_capture_is_not_recorded_over_itself(tmp_path):
    source = write_capture(tmp_path / "x", [build("SYSCALL_READ_E", tid=7)], [process(7)])
    before = source.read_bytes()
    with pytest.raises(FalcoError, match="while it is read"):
        record(source, str(source))
    assert source.read_bytes() == before


def test_a_target_that_cannot_be_written_is_told_before_anything_is_read(capture):
    with pytest.raises(FalcoError, match=r"^/nowhere/x: the capture cannot be written: No such file"):
        record(capture, "/nowhere/x", look=lambda event: pytest.fail("an event was read"))


def test_a_full_disk_ends_the_recording_with_one_error(capture):
    with pytest.raises(FalcoError, match=r"^/dev/full: the capture cannot be written: No space left") as caught:
        record(capture, "/dev/full")
    assert caught.value.__context__ is None or not isinstance(caught.value.__context__, FalcoError)


# -- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILTERS)
def test_a_filtered_copy_shows_what_passed_with_the_same_state(capture, tmp_path, name):
    passes, expected = FILTERS[name], []

    def look(event):
        if not event.hidden and passes(event):
            expected.append(describe(event))

    original = record(capture, str(tmp_path / "x"), event_filter=passes, look=look)
    assert shown(tmp_path / "x") == expected
    assert _without_slight(tables(replay(tmp_path / "x"))) == _without_slight(tables(original))


def _without_slight(found):
    """Leaves out what a filter does not keep: counters, connectedness, threads that did nothing that counts."""
    threads = {}
    for tid, (ids, who, what, own, _memory, container, fds) in found["threads"].items():
        if who[-1]:
            continue
        threads[tid] = (ids, who, what, own, container, {n: fd[:-1] if len(fd) == 9 else fd for n, fd in fds.items()})
    return {**found, "threads": threads}


def test_a_filter_leaves_out_what_changes_nothing(tmp_path):
    events = [
        build("SYSCALL_READ_E", ts=1, tid=7, fd=3, size=9),
        build("SYSCALL_READ_X", ts=2, tid=7, res=1, data=b"x"),
        build("SYSCALL_OPEN_E", ts=3, tid=7),
        build("SYSCALL_OPEN_X", ts=4, tid=7, fd=3, name="/x"),
        build("SYSCALL_WRITE_E", ts=5, tid=7, fd=3, size=9),
        build("SYSCALL_OPEN_X", ts=6, tid=8, fd=4, name="/y", state_only=True),
    ]
    source = write_capture(tmp_path / "source", events, [process(7), process(8)])
    record(source, str(tmp_path / "x"), event_filter=FILTERS["nothing"])
    found = split((tmp_path / "x").read_bytes())[-3:]
    assert found == [writer.state_only(events[2].block()), writer.state_only(events[3].block()), events[5].block()]


def test_the_enter_of_a_shown_exit_is_kept_for_state(tmp_path):
    events = [
        build("SYSCALL_READ_E", ts=1, tid=7, fd=3, size=9),
        build("SYSCALL_READ_E", ts=2, tid=8, fd=3, size=9),
        build("SYSCALL_READ_X", ts=3, tid=7, res=1, data=b"x"),
    ]
    source = write_capture(tmp_path / "source", events, [process(7), process(8)])
    record(source, str(tmp_path / "x"), event_filter=lambda event: event.ts == 3)
    found = split((tmp_path / "x").read_bytes())[-2:]
    assert found == [writer.state_only(events[0].block()), events[2].block()]


def test_an_enter_that_is_not_the_exits_own_is_not_kept(tmp_path):
    events = [
        build("SYSCALL_READ_E", ts=1, tid=7, fd=3, size=9),
        build("SYSCALL_WRITE_X", ts=2, tid=7, res=1, data=b"x"),
    ]
    source = write_capture(tmp_path / "source", events, [process(7)])
    record(source, str(tmp_path / "x"), event_filter=lambda event: event.ts == 2)
    assert split((tmp_path / "x").read_bytes())[-2:] == [split(source.read_bytes())[-3], events[1].block()]


def test_v1_captures_can_be_filtered(captures, tmp_path):
    record(captures / "cat_write.scap", str(tmp_path / "x"), event_filter=FILTERS["files"])
    assert {blocks.EVENT, blocks.EVENT_FLAGS} < set(kinds((tmp_path / "x").read_bytes()))


def test_what_changes_state_is_kept_by_every_filter():
    assert {t.code for t in EVENT_TABLE if t.flags & EventFlag.MODIFIES_STATE} <= STATE_CODES
    assert {CODES["SYSCALL_GETCWD_X"], CODES["SYSCALL_SETRLIMIT_X"], CODES["SYSCALL_BPF_2_X"]} <= STATE_CODES
    assert not {CODES["SYSCALL_READ_X"], CODES["SYSCALL_MMAP_X"], CODES["SYSCALL_SETRLIMIT_E"]} & STATE_CODES


# -- rotation --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotation", [Rotation(events=151), Rotation(size_bytes=250_000), Rotation(seconds=1)], ids=str)
def test_each_file_opens_on_its_own_and_together_they_show_the_same(capture, tmp_path, rotation):
    state = record(capture, str(tmp_path / "x"), rotation)
    files = parts(tmp_path)
    assert [row for path in files for row in shown(path)] == shown(capture)
    assert tables(replay(files[-1])) == tables(state)


def test_events_are_counted_file_by_file(captures, tmp_path):
    source = captures / "syscall.scap"
    total = sum(1 for kind in kinds(raw(source)) if kind in blocks.EVENT_BLOCKS)
    record(source, str(tmp_path / "x"), Rotation(events=100))
    assert len(parts(tmp_path)) == -(-total // 100)
    assert b"".join((tmp_path / "x0").read_bytes()[i : i + 1] for i in range(4)) == b"\n\r\r\n"


def test_the_ring_holds_the_last_events(captures, tmp_path):
    source = captures / "run_as_user_0_container.scap"
    record(source, str(tmp_path / "x"), Rotation(events=500, max_files=2))
    files = sorted(parts(tmp_path), key=lambda path: str(shown(path)[0][0]))
    rows = [row for path in files for row in shown(path)]
    assert len(files) == 2
    assert rows == shown(source)[-len(rows) :]


def test_a_call_across_two_files_keeps_its_enter(tmp_path):
    builder = Builder()
    builder.add("SYSCALL_OPEN_X", fd=3, name="/etc/passwd")
    enter = builder.add("SYSCALL_READ_E", fd=3, size=9)
    builder.add("SYSCALL_READ_X", tid=8, res=0)
    end = builder.add("SYSCALL_READ_X", res=1, data=b"x")
    source = write_capture(tmp_path / "source", builder.built, [process(7), process(8)])
    record(source, str(tmp_path / "x"), Rotation(events=2))
    assert split((tmp_path / "x1").read_bytes())[-2:] == [writer.state_only(enter.block()), end.block()]
    names: list[str] = []
    replay(tmp_path / "x1", lambda event: names.append(event.fd.name) if event.ts == end.ts and event.fd else None)
    assert names == ["/etc/passwd"]


def test_filter_and_rotation_together(captures, tmp_path):
    source = captures / "run_as_user_0_container.scap"
    record(source, str(tmp_path / "whole"), event_filter=FILTERS["files"])
    record(source, str(tmp_path / "x"), Rotation(events=100), event_filter=FILTERS["files"])
    files = parts(tmp_path)
    assert len(files) > 5
    assert [row for path in files for row in shown(path)] == shown(tmp_path / "whole")
