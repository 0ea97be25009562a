"""The kernel as the tests use it: load a probe's maps and programs by bpf(2), attach them, look into its maps."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from falco.capture.probe.object import ProbeObject, ProgramSpec

MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, PROG_LOAD, RAW_TRACEPOINT_OPEN = 0, 1, 2, 5, 17
PAGE = mmap.PAGESIZE


def bpf(command: int, *fields: int | bytes, form: str) -> int:
    """The system call; OSError."""
    attributes = struct.pack("=" + form, *fields)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(321, command, buffer, len(attributes))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


class Attached:
    """A probe whose program of this name is attached to sys_exit (its only one, unless named) for a with block."""

    def __init__(self, probe: ProbeObject, program: str = "") -> None:
        self._sizes = {m.name: (m.value_size, m.max_entries) for m in probe.maps}
        self._maps = {
            m.name: bpf(MAP_CREATE, m.type, m.key_size, m.value_size, m.max_entries, m.flags, form="5I")
            for m in probe.maps
        }
        self._fd = self._load(next(p for p in probe.programs if p.name == program or not program))
        self._link = -1

    def __enter__(self) -> Self:
        name = ctypes.create_string_buffer(b"sys_exit")
        self._link = bpf(RAW_TRACEPOINT_OPEN, ctypes.addressof(name), self._fd, 0, form="QII")
        return self

    def __exit__(self, *_: object) -> None:
        for fd in (self._link, self._fd, *self._maps.values()):
            os.close(fd)

    def lookup(self, name: str, which: int) -> int:
        """A 64-bit value of an array."""
        key, value = ctypes.c_uint32(which), ctypes.c_uint64()
        bpf(MAP_LOOKUP, self._maps[name], 0, ctypes.addressof(key), ctypes.addressof(value), 0, form="IIQQQ")
        return value.value

    def update(self, name: str, which: int, number: int) -> None:
        """Set a 64-bit value of an array."""
        key, value = ctypes.c_uint32(which), ctypes.c_uint64(number)
        bpf(MAP_UPDATE, self._maps[name], 0, ctypes.addressof(key), ctypes.addressof(value), 0, form="IIQQQ")

    def records(self, name: str) -> list[bytes]:
        """What a ring buffer holds and nobody has taken."""
        size = self._sizes[name][1]
        with mmap.mmap(self._maps[name], PAGE + 2 * size, prot=mmap.PROT_READ, offset=PAGE) as pages:
            (end,) = struct.unpack_from("=Q", pages)
            at, found = 0, []
            while at < end:
                (head,) = struct.unpack_from("=I", pages, PAGE + at)
                length = head & 0x3FFFFFFF
                found.append(pages[PAGE + at + 8 : PAGE + at + 8 + length])
                at += (length + 15) & ~7
            return found

    def _load(self, program: ProgramSpec) -> int:
        code = bytearray(program.instructions)
        for offset, name in program.relocations:
            struct.pack_into("=i", code, offset, self._maps[name])
        text, licence = (ctypes.create_string_buffer(data, len(data) + 1) for data in (bytes(code), b"GPL"))
        addresses = ctypes.addressof(text), ctypes.addressof(licence)
        return bpf(PROG_LOAD, program.type, len(code) // 8, *addresses, 0, 0, 0, 0, 0, form="IIQQIIQII")
