"""bpf(2) by the system call alone, on x86-64: maps, programs, raw tracepoints, and which program is where.

Facts: linux/bpf.h (union bpf_attr, struct bpf_prog_info, struct bpf_link_info), bpf(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import resource
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.live import refusals
from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.capture.probe.object import MapSpec

_SYSCALL = 321
"""bpf's number on x86-64; other machines have other numbers, and the probe is not built for them."""
_NOEXIST = 1
MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, MAP_DELETE = 0, 1, 2, 3
PROG_LOAD, INFO_BY_FD, RAW_TRACEPOINT_OPEN = 5, 15, 17
PER_CPU_HASH, PER_CPU_ARRAY = 5, 6
"""Kinds of maps whose values user space sees once for each CPU, every one at a multiple of eight bytes."""
_PER_CPU = frozenset((PER_CPU_HASH, PER_CPU_ARRAY, 10))  # 10: the per-CPU LRU hash
_NAME = 15
"""Bytes of a name in the kernel, without its NUL."""
_ACTIVE_LOG, _LOG_SIZE, _LAST_LINES = 1, 4 << 20, 12
_INFO = 256
_RAW_TRACEPOINT = 17
_FORMERLY = {"io_uring_submit_req": "io_uring_submit_sqe"}
"""What tracepoints were called: this one up to Linux 6.3, with the same first argument since 6.0."""
_RETURN_0 = bytes.fromhex("b7000000 00000000 95000000 00000000")
_MORE_TRIES = 4
_MEMBARRIER, _MEMBARRIER_GLOBAL = 324, 1
"""A call of x86-64, and its command that is as old as it (MEMBARRIER_CMD_GLOBAL)."""
_CPUS = Path("/sys/devices/system/cpu/possible")
_libc = ctypes.CDLL(None, use_errno=True)


class BpfError(FalcoError):
    """The kernel refused; errno says why, log holds the last lines of what the verifier wrote, if it did."""

    in_lines = True

    def __init__(self, what: str, number: int, log: str = "") -> None:
        self.errno, self.log = number, log
        reason = refusals.explain(number)
        message = f"{what}: {os.strerror(number)}" + (f" ({reason})" if reason else "")
        super().__init__(f"{message}\n{log}" if log else message)


def _bpf(what: str, command: int, form: str, *fields: int | bytes) -> int:
    attributes = struct.pack("=" + form, *fields)
    result = _libc.syscall(_SYSCALL, command, ctypes.c_char_p(attributes), len(attributes))
    if result < 0:
        raise BpfError(what, ctypes.get_errno())
    return int(result)


def _address(buffer: ctypes.Array[ctypes.c_char]) -> int:
    return ctypes.addressof(buffer)


def allow_locked_memory() -> None:
    """Lift the limit that kernels before 5.11 hold maps against. Where that is not allowed it may yet do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    for limit in (resource.RLIM_INFINITY, hard):
        if soft != limit:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
                return


def possible_cpus(text: str) -> int:
    """How many values a per-CPU map has, by the text of /sys/devices/system/cpu/possible (0-3 or 0,2-5)."""
    ranges = (part.partition("-") for part in text.strip().split(","))
    return sum(int(last or first) - int(first) + 1 for first, _, last in ranges)


def create_map(spec: MapSpec) -> Map:
    """Create a map; BpfError."""
    allow_locked_memory()
    return Map(spec, possible_cpus(_CPUS.read_text()))


class Map:
    """A map in the kernel. Keys are its index or number (u32) or, for other key sizes, bytes."""

    def __init__(self, spec: MapSpec, cpus: int) -> None:
        """Create it; BpfError. cpus is possible_cpus()."""
        self.spec = spec
        name = spec.name.encode()[:_NAME]
        fields = (spec.type, spec.key_size, spec.value_size, spec.max_entries, spec.flags, 0, 0, name)
        self.fd = _bpf(f"map {spec.name} cannot be created", MAP_CREATE, "7I16s", *fields)
        self._stride, self._cpus = spec.value_size, 1
        if spec.type in _PER_CPU:
            self._stride, self._cpus = -(-spec.value_size // 8) * 8, cpus

    @functools.cached_property
    def _buffers(self) -> tuple[ctypes.Array[ctypes.c_char], ctypes.Array[ctypes.c_char]]:
        """Memory for a key and a value. Most maps are only looked into by programs and never need it."""
        return ctypes.create_string_buffer(self.spec.key_size), ctypes.create_string_buffer(self._stride * self._cpus)

    def lookup(self, key: int | bytes) -> bytes:
        """A value, all CPUs' one after the other in a per-CPU map; BpfError, with ENOENT where there is none."""
        self._element("look into", MAP_LOOKUP, key)
        return self._buffers[1].raw

    def lookup_cpus(self, key: int | bytes) -> tuple[bytes, ...]:
        """A per-CPU map's values."""
        raw, step = self.lookup(key), self._stride
        return tuple(raw[at : at + self.spec.value_size] for at in range(0, len(raw), step))

    def update(self, key: int | bytes, value: bytes) -> None:
        """Set a value (of the lowest CPU in a per-CPU map, and zeros for the others); BpfError."""
        buffer = self._buffers[1]
        buffer.raw = value.ljust(len(buffer), b"\0")
        self._element("write into", MAP_UPDATE, key)

    def add(self, key: int | bytes, value: bytes) -> None:
        """Set a value that there is none of yet; BpfError, with EEXIST where there is one."""
        self._buffers[1].raw = value.ljust(len(self._buffers[1]), b"\0")
        self._element("add to", MAP_UPDATE, key, flags=_NOEXIST)

    def delete(self, key: int | bytes) -> None:
        """Remove an element; BpfError."""
        self._element("delete from", MAP_DELETE, key, with_value=False)

    def close(self) -> None:
        """Give the map back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _element(self, verb: str, command: int, key: int | bytes, *, with_value: bool = True, flags: int = 0) -> None:
        at, value = self._buffers
        at.raw = key if isinstance(key, bytes) else struct.pack("=I", key)
        what = f"cannot {verb} map {self.spec.name}"
        _bpf(what, command, "IIQQQ", self.fd, 0, _address(at), _address(value) if with_value else 0, flags)


def check_access() -> None:
    """BpfError where this process may not trace with BPF: told sooner and clearer than when a probe is built."""
    os.close(_load("eBPF is refused", "falco_access", _RAW_TRACEPOINT, _RETURN_0, None))


def load_program(name: str, kind: int, code: bytes) -> int:
    """The fd of a program that the verifier took; BpfError with its last words if it did not.

    code holds the fds of its maps already. Kernels ask for a licence: the probe's text is MIT and GPL-2.0.
    """
    what = f"program {name} cannot be loaded"
    try:
        return _load(what, name, kind, code, None)
    except BpfError as error:
        # The log costs the verifier more than its work, so it is asked for only now.
        log = ctypes.create_string_buffer(_LOG_SIZE)
        with contextlib.suppress(BpfError):
            os.close(_load(what, name, kind, code, log))
        raise BpfError(what, error.errno, _last_lines(log.value)) from None


def _load(what: str, name: str, kind: int, code: bytes, log: ctypes.Array[ctypes.c_char] | None) -> int:
    text, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"Dual MIT/GPL")
    wanted = (_ACTIVE_LOG, _LOG_SIZE, _address(log)) if log is not None else (0, 0, 0)
    fields = (kind, len(code) // 8, _address(text), _address(licence), *wanted, 0, 0, name.encode()[:_NAME])
    for _ in range(_MORE_TRIES):
        try:
            return _bpf(what, PROG_LOAD, "IIQQIIQII16s", *fields)
        except BpfError as error:
            # The verifier stops for a signal that comes meanwhile.
            if error.errno != errno.EAGAIN:
                raise
    return _bpf(what, PROG_LOAD, "IIQQIIQII16s", *fields)


def _last_lines(log: bytes) -> str:
    lines = [line for line in log.decode(errors="replace").splitlines() if not line.startswith(("processed ", "verif"))]
    return "\n".join(lines[-_LAST_LINES:])


def open_raw_tracepoint(tracepoint: str, program: int) -> int:
    """The fd that keeps the program hanging on a tracepoint; BpfError, with ENOENT where the kernel has none."""
    try:
        return _open_raw_tracepoint(tracepoint, program)
    except BpfError as error:
        former = _FORMERLY.get(tracepoint)
        if error.errno != errno.ENOENT or former is None:
            raise
        return _open_raw_tracepoint(former, program)


def _open_raw_tracepoint(tracepoint: str, program: int) -> int:
    name = ctypes.create_string_buffer(tracepoint.encode())
    what = f"tracepoint {tracepoint} cannot be attached to"
    return _bpf(what, RAW_TRACEPOINT_OPEN, "QII", _address(name), program, 0)


def program_id(program: int) -> int:
    """The number by which the kernel knows a program, which is what a map of programs answers; BpfError."""
    return int(struct.unpack_from("=II", _info("program", program))[1])


def linked_program(link: int) -> int:
    """The number of the program that hangs on a link; BpfError if the fd is no link any more."""
    return int(struct.unpack_from("=III", _info("link", link))[2])


def wait_for_programs() -> None:
    """Wait until every program that runs now has ended: some ten milliseconds.

    They run with preemption off, and membarrier(2) waits until every processor was somewhere else (a grace period of
    RCU). Kernels that leave processors without a tick refuse that, and nothing is waited for.
    """
    _libc.syscall(_MEMBARRIER, _MEMBARRIER_GLOBAL, 0, 0)


def close(fd: int) -> None:
    """Give a program or link back. What somebody else has closed is gone already."""
    with contextlib.suppress(OSError):
        os.close(fd)


def _info(what: str, fd: int) -> bytes:
    buffer = ctypes.create_string_buffer(_INFO)
    _bpf(f"the kernel says nothing about this {what}", INFO_BY_FD, "IIQ", fd, _INFO, _address(buffer))
    return buffer.raw
