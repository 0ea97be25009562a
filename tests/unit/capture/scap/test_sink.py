from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from falco.capture.scap import rotate, writer
from falco.capture.scap.rotate import Files, Rotation
from falco.errors import FalcoError
from tests.unit.capture.scap.recording import split


def block(size):
    """A block of size bytes in all."""
    return writer.block(0x999, bytes(size - 12))


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
def test_a_full_disk_is_told_once_with_the_path(compress):
    files = Files("/dev/full", Rotation(), compress)
    with pytest.raises(FalcoError, match=r"^/dev/full: the capture cannot be written: No space left on device$"):
        files.prepare()  # A gzip file starts with a header.
        for _ in range(20):
            files.write(writer.block(0x999, os.urandom(rotate.FLUSH)))
    files.write(block(100))
    files.close()


def test_a_file_that_may_grow_no_more_ends_with_a_whole_block(tmp_path):
    """A limit on file size stops a write half-way, as a full disk does."""
    limit = 3_000_001
    program = f"""
        import resource
        from falco.capture.scap import writer
        from falco.capture.scap.rotate import Files, Rotation
        from falco.errors import FalcoError
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        files = Files({str(tmp_path / "x")!r}, Rotation())
        files.prepare()
        try:
            for _ in range(100):
                files.write(writer.block(0x999, bytes(100_000)))
        except FalcoError as error:
            print(error)
        files.close()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / 'x'}: the capture cannot be written: File too large\n"
    size = len(writer.block(0x999, bytes(100_000)))
    data = (tmp_path / "x").read_bytes()
    assert len(data) == limit // size * size
    assert {len(part) for part in split(data)} == {size}
