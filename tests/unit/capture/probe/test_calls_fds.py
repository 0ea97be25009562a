"""Calls on fds."""

from __future__ import annotations

import pytest

from falco.capture.probe.calls_fds import FDS

DATA = [call for call in FDS if any(text.startswith(("DATA", "VECTOR")) for text in call.exit)]


@pytest.mark.parametrize("call", DATA, ids=lambda call: call.name)
def test_what_reads_and_writes_tells_of_the_fd_that_it_was_given(call):
    assert call.fd == "A0"
    assert "FD(A0)" in call.exit


def test_all_ways_to_read_and_write_are_covered():
    assert {call.name for call in DATA} == {
        "read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev"
    }  # fmt: skip


@pytest.mark.parametrize("call", [call for call in FDS if call.exit[0] == "FD(RET)"], ids=lambda call: call.name)
def test_what_makes_an_fd_tells_of_it(call):
    assert call.fd == "RET" or call.name == "fcntl"
