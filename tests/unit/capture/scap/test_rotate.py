from __future__ import annotations

import gzip
import os
import resource
import time

import pytest

from falco.capture.scap import rotate, writer
from falco.capture.scap.rotate import Files, Rotation
from falco.errors import FalcoError
from tests.unit.capture.scap.recording import split

NS = 1_000_000_000
START = 1_500_000_000 * NS


def block(size):
    """A block of size bytes in all."""
    return writer.block(0x999, bytes(size - 12))


def run(target, rotation, events, compress=False, opening=b""):
    """Write blocks of (seconds, bytes) as a recorder does, each file starting with opening."""
    files = Files(str(target), rotation, compress)
    files.prepare()
    files.write(opening)
    for seconds, size in events:
        ts = START + int(seconds * NS)
        if files.due(ts):
            files.next(ts)
            files.write(opening)
            files.opened()
        files.write(block(size))
        files.events += 1
    files.close()


def sizes(directory):
    return {path.name: path.stat().st_size for path in directory.iterdir()}


def test_without_limits_there_is_one_file_of_the_given_name(tmp_path):
    run(tmp_path / "x.scap", Rotation(max_files=3), [(i, 100) for i in range(10)])
    assert sizes(tmp_path) == {"x.scap": 1000}


def test_by_count(tmp_path):
    run(tmp_path / "x", Rotation(events=4), [(0, 100)] * 10)
    assert sizes(tmp_path) == {"x0": 400, "x1": 400, "x2": 200}


def test_by_size_a_file_is_left_when_it_has_grown_beyond(tmp_path):
    run(tmp_path / "x", Rotation(size_bytes=1000), [(0, 300)] * 9)
    assert sizes(tmp_path) == {"x0": 1200, "x1": 1200, "x2": 300}


def test_by_seconds_of_event_time(tmp_path):
    run(tmp_path / "x", Rotation(seconds=2), [(0.9, 100), (1, 100), (2, 100), (9, 100), (10, 100), (11.5, 100)])
    assert sizes(tmp_path) == {"x0": 200, "x1": 100, "x2": 200, "x3": 100}


def test_time_that_runs_backwards_begins_no_file(tmp_path):
    run(tmp_path / "x", Rotation(seconds=2), [(5, 100), (1, 100), (6, 100)])
    assert sizes(tmp_path) == {"x0": 300}


def test_whatever_comes_first(tmp_path):
    run(tmp_path / "x", Rotation(seconds=2, events=3), [(0, 100)] * 4 + [(5, 100)])
    assert sizes(tmp_path) == {"x0": 300, "x1": 100, "x2": 100}


def test_the_ring_writes_over_the_oldest(tmp_path):
    run(tmp_path / "x", Rotation(events=1, max_files=3), [(0, 100 + 4 * i) for i in range(7)])
    assert sizes(tmp_path) == {"x0": 124, "x1": 116, "x2": 120}


def test_numbers_by_size_are_as_wide_as_the_ring(tmp_path):
    run(tmp_path / "x", Rotation(size_bytes=100, max_files=12), [(0, 104)] * 3)
    assert sorted(sizes(tmp_path)) == ["x00", "x01", "x02"]


def test_times_in_names_are_those_of_the_first_events(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    run(tmp_path / "x-%H%M%S.scap", Rotation(seconds=10), [(0, 100), (9, 100), (10, 100), (25, 100)])
    assert sizes(tmp_path) == {"x-024000.scap": 200, "x-024010.scap": 100, "x-024025.scap": 100}


def test_times_in_names_with_a_ring_remove_the_oldest(tmp_path):
    run(tmp_path / "x-%s", Rotation(seconds=1, max_files=2), [(i, 100) for i in range(5)])
    assert sorted(sizes(tmp_path)) == ["x-1500000003", "x-1500000004"]


def test_a_name_that_comes_again_is_kept(tmp_path):
    run(tmp_path / "x-%Y", Rotation(seconds=1, max_files=2), [(i, 100 + 4 * i) for i in range(5)])
    assert sizes(tmp_path) == {"x-2017": 116}


def test_times_in_names_get_a_number_where_size_splits_too(tmp_path):
    run(tmp_path / "x-%s-", Rotation(seconds=10, size_bytes=100, max_files=20), [(0, 104), (1, 104), (11, 104)])
    assert sorted(sizes(tmp_path)) == ["x-1500000000-00", "x-1500000001-01", "x-1500000011-02"]


def test_signs_for_time_mean_nothing_without_seconds(tmp_path):
    run(tmp_path / "x-%Y", Rotation(events=1), [(0, 100)] * 2)
    assert sorted(sizes(tmp_path)) == ["x-%Y0", "x-%Y1"]


def test_somebody_else_may_have_removed_the_oldest(tmp_path):
    files = Files(str(tmp_path / "x-%s"), Rotation(seconds=1, max_files=1))
    files.begin(START)
    (tmp_path / "x-1500000000").unlink()
    files.next(START + NS)
    files.close()
    assert sorted(sizes(tmp_path)) == ["x-1500000001"]


def test_an_opening_larger_than_a_file_may_be_leaves_room_for_events(tmp_path):
    run(tmp_path / "x", Rotation(size_bytes=100), [(0, 100)] * 30, opening=block(1000))
    assert sizes(tmp_path) == {"x0": 2100, "x1": 2100, "x2": 1800}


def test_gzip_files_are_whole_and_measured_as_stored(tmp_path):
    noise = [writer.block(0x999, os.urandom(100_000)) for _ in range(20)]
    files = Files(str(tmp_path / "x"), Rotation(size_bytes=500_000), compress=True)
    for raw in noise:
        if files.due(START):
            files.next(START)
            files.opened()
        files.write(raw)
    files.close()
    names = sorted(sizes(tmp_path))
    assert [500_000 < sizes(tmp_path)[name] < 700_000 for name in names] == [True, True, True, False]
    assert b"".join(gzip.decompress((tmp_path / name).read_bytes()) for name in names) == b"".join(noise)


def test_little_is_held_back(tmp_path):
    files = Files(str(tmp_path / "x"), Rotation())
    files.prepare()
    for written in range(100, 2 * rotate.FLUSH, 100):
        files.write(block(100))
        assert written - (tmp_path / "x").stat().st_size < rotate.FLUSH
    files.close()


def test_standard_output(capfdbinary):
    run("-", Rotation(), [(0, 100)] * 3)
    assert split(capfdbinary.readouterr().out) == [block(100)] * 3
    os.write(1, b"still open")


def test_standard_output_cannot_be_rotated():
    with pytest.raises(FalcoError, match="cannot be rotated"):
        Files("-", Rotation(events=1))


@pytest.mark.parametrize("target", ["/nowhere/x.scap", "/"])
def test_a_target_that_cannot_be_opened_is_told_at_once(target):
    files = Files(target, Rotation())
    with pytest.raises(FalcoError, match=f"^{target}: the capture cannot be written: "):
        files.prepare()
    files.write(block(100))
    files.close()


def test_a_target_of_a_later_file_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "x1").mkdir()
    with pytest.raises(FalcoError, match="x1: the capture cannot be written: Is a directory"):
        run(tmp_path / "x", Rotation(events=1), [(0, 100)] * 2)
    assert (tmp_path / "x0").stat().st_size == 100


def test_a_file_that_is_being_read_is_not_written_over(tmp_path):
    source = tmp_path / "x0"
    source.write_bytes(b"precious")
    link = tmp_path / "link"
    link.symlink_to(source)
    for target, rotation in ((source, Rotation()), (link, Rotation()), (tmp_path / "x", Rotation(events=1))):
        with pytest.raises(FalcoError, match="cannot be written over while it is read"):
            Files(str(target), rotation).prepare(str(source))
    assert source.read_bytes() == b"precious"


def test_memory_does_not_grow_with_the_file():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run("/dev/null", Rotation(), [(0, 60_000)] * 4000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
