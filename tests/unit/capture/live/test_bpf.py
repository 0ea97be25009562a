"""bpf(2) as far as it goes without privileges: errors, and the forms of what the kernel tells."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import pytest

from falco.capture.live import bpf
from falco.capture.probe.object import MapSpec
from falco.errors import FalcoError


@pytest.mark.parametrize(("text", "count"), [("0", 1), ("0-3\n", 4), ("0,2-5", 5), ("0-1,4,6-7\n", 5)])
def test_possible_cpus(text, count):
    assert bpf.possible_cpus(text) == count


def test_a_map_of_no_known_kind_is_refused_with_its_name():
    with pytest.raises(bpf.BpfError, match="map odd cannot be created: ") as failure:
        bpf.create_map(MapSpec("odd", 9_999, 4, 4, 1, 0))
    assert failure.value.errno in {errno.EINVAL, errno.EPERM}
    assert isinstance(failure.value, FalcoError)


def test_an_fd_that_is_no_program_or_link():
    with Path(os.devnull).open("rb") as file:
        for ask in (bpf.program_id, bpf.linked_program):
            with pytest.raises(bpf.BpfError):
                ask(file.fileno())


def test_an_error_carries_the_log_behind_its_message():
    error = bpf.BpfError("program x cannot be loaded", errno.E2BIG, "the last line")
    assert (error.errno, error.log) == (errno.E2BIG, "the last line")
    assert str(error).splitlines()[0].startswith("program x cannot be loaded: Argument list too long")
    assert str(error).endswith("\nthe last line")


def test_closing_what_is_closed_is_no_error():
    read, write = os.pipe()
    os.close(write)
    bpf.close(read)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(read)
    bpf.close(read)


@pytest.mark.parametrize(
    ("there", "wanted", "opened"),
    [
        ("io_uring_submit_req", "io_uring_submit_req", ["io_uring_submit_req"]),
        ("io_uring_submit_sqe", "io_uring_submit_req", ["io_uring_submit_req", "io_uring_submit_sqe"]),
        ("sys_exit", "sys_exit", ["sys_exit"]),
    ],
)
def test_a_tracepoint_is_found_by_its_former_name(monkeypatch, there, wanted, opened):
    """Of a kernel made up for it, which has one tracepoint."""
    asked = []

    def kernel(what, command, form, address, program, flags):
        asked.append(ctypes.string_at(address).decode())
        if asked[-1] != there:
            raise bpf.BpfError(what, errno.ENOENT)
        return 7

    monkeypatch.setattr(bpf, "_bpf", kernel)
    assert (bpf.open_raw_tracepoint(wanted, 5), asked) == (7, opened)


def test_a_tracepoint_that_has_no_former_name_is_an_error(monkeypatch):
    def kernel(what, *_):
        raise bpf.BpfError(what, errno.ENOENT)

    monkeypatch.setattr(bpf, "_bpf", kernel)
    with pytest.raises(bpf.BpfError, match="tracepoint sched_odd cannot be attached to"):
        bpf.open_raw_tracepoint("sched_odd", 5)
