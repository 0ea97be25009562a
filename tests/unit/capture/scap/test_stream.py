from __future__ import annotations

import gzip
import io
import os
import zlib

import pytest

from falco.capture.scap.stream import CHUNK, Stopped, Stream, open_stream
from falco.errors import CaptureError

DATA = bytes(range(256)) * 40


def whole(stream):
    parts = []
    while stream.available(1):
        parts.append(stream.buffer[stream.pos :])
        stream.pos = len(stream.buffer)
    return b"".join(parts)


@pytest.mark.parametrize("packed", [DATA, gzip.compress(DATA)], ids=["plain", "gzip"])
def test_plain_and_gzip_read_alike(tmp_path, packed):
    path = tmp_path / "x"
    path.write_bytes(packed)
    stream = open_stream(str(path))
    assert whole(stream) == DATA
    assert stream.offset == len(DATA)
    stream.close()


def test_gzip_of_several_members_reads_as_one():
    stream = Stream(io.BytesIO(gzip.compress(DATA[:100]) + gzip.compress(DATA[100:])), "x")
    assert whole(stream) == DATA


def test_available_keeps_what_was_not_consumed():
    stream = Stream(io.BytesIO(DATA), "x")
    assert stream.available(10)
    stream.pos += 7
    assert stream.available(len(DATA) - 7)
    assert stream.buffer[stream.pos : stream.pos + 3] == DATA[7:10]
    assert not stream.available(len(DATA))
    assert (stream.offset, len(stream.buffer) - stream.pos) == (7, len(DATA) - 7)


def test_no_more_than_a_chunk_and_a_rest_is_held():
    stream = Stream(io.BytesIO(bytes(5 * CHUNK)), "x")
    largest = 0
    while stream.available(100):
        largest = max(largest, len(stream.buffer))
        stream.pos += 100
    assert largest <= CHUNK + 100


def test_what_comes_before_the_damage_of_a_gzip_file_is_handed_out_first():
    noise = os.urandom(200_000)
    packed = gzip.compress(noise)
    stream = Stream(io.BytesIO(packed[: len(packed) // 2]), "x")
    good = 0
    with pytest.raises(CaptureError, match="cannot be read"):
        while stream.available(100):
            assert stream.buffer[stream.pos : stream.pos + 100] == noise[good : good + 100]
            stream.pos += 100
            good += 100
    assert good > 60_000


def test_garbled_gzip_is_an_error_with_its_place():
    packed = bytearray(gzip.compress(os.urandom(100_000)))
    packed[50_000:50_050] = bytes(50)
    with pytest.raises(CaptureError) as caught:
        whole(Stream(io.BytesIO(bytes(packed)), "some.scap"))
    assert caught.value.path == "some.scap"
    assert 0 <= caught.value.offset <= 100_000


def test_a_missing_file_is_named():
    with pytest.raises(CaptureError, match=r"/nowhere/x\.scap: .*No such file"):
        open_stream("/nowhere/x.scap")


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(CaptureError, match="Is a directory"):
        open_stream(str(tmp_path))


@pytest.fixture
def standard_input(tmp_path):
    """What is written to this file stands on standard input."""
    path = tmp_path / "input"
    path.touch()
    before = os.dup(0)
    with path.open("rb") as file:
        os.dup2(file.fileno(), 0)
    yield path
    os.dup2(before, 0)
    os.close(before)


def test_dash_is_standard_input(standard_input):
    standard_input.write_bytes(gzip.compress(DATA))
    stream = open_stream("-")
    assert (stream.path, whole(stream)) == ("<stdin>", DATA)
    stream.close()


def test_a_gzip_pipe_is_read_as_it_comes():
    read, write = os.pipe()
    packer = zlib.compressobj(wbits=31)
    os.write(write, packer.compress(b"first") + packer.flush(zlib.Z_SYNC_FLUSH))
    stream = Stream(os.fdopen(read, "rb"), "pipe")
    assert stream.available(5)
    os.write(write, packer.compress(b"second") + packer.flush())
    os.close(write)
    assert not stream.available(100)
    assert stream.buffer == b"firstsecond"
    stream.close()


def test_a_read_that_waits_ends_when_no_more_is_wanted(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    answers = iter((True, True, False))
    stream = open_stream(str(tmp_path / "pipe"), lambda: next(answers))
    with pytest.raises(Stopped):
        stream.available(1)
    assert list(answers) == []
    stream.close()


def test_a_file_is_not_read_on_when_no_more_is_wanted(tmp_path):
    (tmp_path / "x").write_bytes(bytes(3 * CHUNK))
    wanted = True
    stream = open_stream(str(tmp_path / "x"), lambda: wanted)
    assert stream.available(CHUNK)
    stream.pos, wanted = len(stream.buffer), False
    with pytest.raises(Stopped):
        stream.available(1)
    stream.close()


def test_a_pipe_is_read_as_it_comes():
    read, write = os.pipe()
    os.write(write, b"first")
    stream = Stream(os.fdopen(read, "rb"), "pipe")
    assert stream.available(5)
    os.write(write, b"second")
    os.close(write)
    assert not stream.available(100)
    assert stream.buffer == b"firstsecond"
    assert stream.read_so_far() == 0
    stream.close()


def test_errors_stand_at_the_next_unread_byte_or_where_they_are_told_to():
    stream = Stream(io.BytesIO(DATA), "x")
    stream.available(1)
    stream.pos = 4
    assert stream.error("wrong").offset == 4
    assert str(stream.error("wrong", at=9)) == "x: byte 9: wrong"
