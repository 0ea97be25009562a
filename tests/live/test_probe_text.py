"""The C text of the probe's runtime: built, taken by the kernel, and what it writes read back.

The program around it is the test's own: it sends every openat of one process as an exit block with the fact about the
new fd, and every connect likewise.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest

from falco.capture.probe import calls
from falco.capture.probe.build import build_probe
from falco.capture.scap import blocks
from falco.events.decode import socktuple, text
from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE
from falco.state.fds import L4, FdType
from falco.state.state import State
from tests.live.kernel import Attached

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

C = Path(calls.__file__).parent / "c"
TARGET = 7
PROGRAM = """
int on_exit(struct bpf_raw_tracepoint_args *ctx) {
  HERE
  u64 number = KERNEL(u64, ctx->args[0], OFF_pt_regs__orig_ax);
  if (setting(TARGET) != bpf_get_current_pid_tgid() >> 32 || (number != 257 && number != 42)) return 0;
  c->task = bpf_get_current_task();
  take_thread(c);
  c->tid = bpf_get_current_pid_tgid();
  c->ret = ctx->args[1];
  c->fd = number == 42 ? (s64)KERNEL(u64, ctx->args[0], OFF_pt_regs__di) : c->ret;
  c->file = file_of(c, c->fd);
  c->pos = 0;
  begin(r, c, number == 42 ? CONNECT : OPENAT, bpf_ktime_get_boot_ns(), number == 42 ? 5 : 8);
  FD(c->ret);
  if (number == 42) {
    TUPLE(c->file, 1);
    FD(c->fd);
    P_EMPTY;
  } else {
    FD(KERNEL(u64, ctx->args[0], OFF_pt_regs__di));
    TEXT(KERNEL(u64, ctx->args[0], OFF_pt_regs__si));
    U32(0); U32(0); U32(0); U64(0);
  }
  fd_fact(r, c, w);
  end(r, c);
  return submit(r, c);
}
"""
FLAGS = (
    "-DRING_PAGES=64",
    f"-DTARGET={TARGET}",
    f"-DCONNECT={CODES['SOCKET_CONNECT_X']}",
    f"-DOPENAT={CODES['SYSCALL_OPENAT_2_X']}",
)
FACT = struct.Struct("<cqBBBBIQI")


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    runtime = "".join((C / name).read_text() for name in ("runtime.h", "kernel.h", "facts.h"))
    root = tmp_path_factory.mktemp("root")
    return build_probe(lambda layout: layout + runtime + PROGRAM, root, os.uname().release, None, cflags=FLAGS)


def seen(probe, act):
    """The exit events that a function's calls leave behind, framed as a reader frames them."""
    events = []
    with Attached(probe, "on_exit") as attached:
        attached.update("settings", TARGET, os.getpid())
        act()
        attached.update("settings", TARGET, 0)
        for record in attached.records("ring"):
            kind, size = blocks.BLOCK.unpack_from(record)
            assert (kind, size, struct.unpack_from("<I", record, size - 4)[0]) == (blocks.EVENT_V2, len(record), size)
            ts, tid, length, code = blocks.HEADER.unpack_from(record, 10)
            (count,) = blocks.COUNT.unpack_from(record, 32)
            event = Event(State())
            event.begin(1, 0, ts, tid, code, record, 36, 10 + length, count)
            events.append(event)
    return events


def fact(event):
    """The fields of the trailing fact about an fd, and its tail."""
    raw = event.raw(len(EVENT_TABLE[event.code].params))
    return FACT.unpack_from(raw), raw[FACT.size :]


def test_an_open_tells_the_path_that_the_kernel_found(probe, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_text("x")
    (tmp_path / "link").symlink_to("real")
    name = tmp_path / "link" / ".." / "link" / "file"
    (event,) = seen(probe, lambda: os.close(os.open(str(name), os.O_RDONLY)))
    assert (event.tid, text(event.raw(2))) == (os.getpid(), str(name))
    (tag, number, kind, *_, device, inode, _), path = fact(event)
    status = (tmp_path / "real/file").stat()
    assert (tag, number, kind) == (b"F", event.param(0), FdType.FILE_V2)
    assert (device, inode) == (status.st_dev, status.st_ino)
    assert text(path) == os.path.realpath(name)


def test_a_directory_is_one(probe, tmp_path):
    (event,) = seen(probe, lambda: os.close(os.open(tmp_path, os.O_DIRECTORY)))
    assert fact(event)[0][2] == FdType.DIRECTORY


def test_a_failed_open_has_no_fact(probe, tmp_path):
    def act():
        with pytest.raises(FileNotFoundError):
            os.open(tmp_path / "none", os.O_RDONLY)

    (event,) = seen(probe, act)
    assert event.param(0) == -2
    assert event.raw(len(EVENT_TABLE[event.code].params)) == b""


def test_a_prime_number_of_opens_is_counted_exactly(probe, tmp_path):
    def act():
        for _ in range(97):
            os.close(os.open(tmp_path, os.O_RDONLY))

    assert len(seen(probe, act)) == 97


def test_a_connection_tells_both_ends(probe):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        port = server.getsockname()[1]
        (event,) = seen(probe, lambda: client.connect(("127.0.0.1", port)))
        ends = socktuple(event.raw(1))
        assert (ends.source, ends.source_port) == (bytes((127, 0, 0, 1)), client.getsockname()[1])
        assert (ends.destination, ends.destination_port) == (bytes((127, 0, 0, 1)), port)
        (_, number, kind, _, transport, connected, *_), tail = fact(event)
        assert (number, kind, transport, connected) == (client.fileno(), FdType.IPV4_SOCK, L4.TCP, 1)
        assert socktuple(tail) == ends
