"""Requests through io_uring, by its system calls alone (io_uring_setup(2), io_uring_enter(2), linux/io_uring.h)."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from typing import Self

SETUP, ENTER, REGISTER = 425, 426, 427
POLL, CONNECT, OPENAT, RENAMEAT, UNLINKAT, MKDIRAT, SYMLINKAT, LINKAT = 6, 16, 18, 35, 36, 37, 38, 39
AT_FDCWD = -100
_SQ_RING, _CQ_RING, _SQES = 0, 0x8000000, 0x10000000
_GETEVENTS = 1
_REGISTER_FILES = 2
FIXED_FILE, LINKED, ASYNC, SILENT = 1, 4, 16, 64
"""IOSQE_*: the fd is a place in the ring's table; the next one waits for it; done by a worker; nothing is told of
success."""
_PARAMS = struct.Struct("=7I3I10I10I")
_SQE = struct.Struct("=BBHiQQIIQ24x")


class Uring:
    """A ring of eight requests, used for one at a time."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(120)
        self.fd = self._libc.syscall(SETUP, 8, buffer)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "io_uring_setup")
        params = struct.unpack_from("=30I", buffer)
        self._sq_tail, self._sq_mask, self._sq_array = params[11], params[12], params[16]
        self._cq_head, self._cq_tail, self._cq_mask, self._cqes = params[20], params[21], params[22], params[25]
        self._sq = mmap.mmap(self.fd, params[16] + 8 * 4, offset=_SQ_RING)
        self._cq = mmap.mmap(self.fd, params[25] + 16 * 16, offset=_CQ_RING)
        self._requests = mmap.mmap(self.fd, 8 * 64, offset=_SQES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for memory in (self._sq, self._cq, self._requests):
            memory.close()
        os.close(self.fd)

    def submit(
        self, opcode: int, fd: int, offset: int, address: int, length: int, flags: int, how: int = 0
    ) -> None:  # fmt: skip
        """Begin a request; how are its IOSQE_* flags. Its completion is waited for unless it is a silent one."""
        self.put(opcode, fd, offset, address, length, flags, how)
        self.enter(1, int(not how & SILENT))

    def put(
        self, opcode: int, fd: int, offset: int, address: int, length: int, flags: int, how: int = 0
    ) -> None:  # fmt: skip
        """Write a request into the ring."""
        tail = self._word(self._sq, self._sq_tail)
        index = tail & self._word(self._sq, self._sq_mask)
        _SQE.pack_into(self._requests, 64 * index, opcode, how, 0, fd, offset, address, length, flags, 0)
        struct.pack_into("=I", self._sq, self._sq_array + 4 * index, index)
        struct.pack_into("=I", self._sq, self._sq_tail, tail + 1)

    def enter(self, begun: int, done: int) -> None:
        """Begin as many of the requests that were put, and wait for as many completions."""
        if self._libc.syscall(ENTER, self.fd, begun, done, _GETEVENTS, None, 0) < 0:
            raise OSError(ctypes.get_errno(), "io_uring_enter")

    def register_files(self, *fds: int) -> None:
        """Give the ring a table of files of its own."""
        table = (ctypes.c_int * len(fds))(*fds)
        if self._libc.syscall(REGISTER, self.fd, _REGISTER_FILES, table, len(fds)) < 0:
            raise OSError(ctypes.get_errno(), "io_uring_register")

    def run(self, opcode: int, fd: int, offset: int, address: int, length: int, flags: int, how: int = 0) -> int:
        """One request from start to end; its result."""
        self.submit(opcode, fd, offset, address, length, flags, how)
        head = self._word(self._cq, self._cq_head)
        at = self._cqes + 16 * (head & self._word(self._cq, self._cq_mask))
        (result,) = struct.unpack_from("=i", self._cq, at + 8)
        struct.pack_into("=I", self._cq, self._cq_head, head + 1)
        return int(result)

    @staticmethod
    def _word(memory: mmap.mmap, at: int) -> int:
        return int(struct.unpack_from("=I", memory, at)[0])

    def open(self, path: bytes, flags: int, force_async: bool = False, mode: int = 0) -> int:
        """openat."""
        name = ctypes.create_string_buffer(path)
        return self.run(OPENAT, AT_FDCWD, 0, ctypes.addressof(name), mode, flags, ASYNC if force_async else 0)

    def unlink(self, path: bytes) -> int:
        """unlinkat."""
        name = ctypes.create_string_buffer(path)
        return self.run(UNLINKAT, AT_FDCWD, 0, ctypes.addressof(name), 0, 0)

    def rename(self, old: bytes, new: bytes) -> int:
        """renameat2, both relative to the working directory."""
        names = ctypes.create_string_buffer(old), ctypes.create_string_buffer(new)
        directory = AT_FDCWD & 0xFFFFFFFF
        return self.run(RENAMEAT, AT_FDCWD, ctypes.addressof(names[1]), ctypes.addressof(names[0]), directory, 0)

    def symlink(self, target: bytes, path: bytes) -> int:
        """symlinkat."""
        names = ctypes.create_string_buffer(target), ctypes.create_string_buffer(path)
        return self.run(SYMLINKAT, AT_FDCWD, ctypes.addressof(names[1]), ctypes.addressof(names[0]), 0, 0)

    def link(self, old: bytes, new: bytes) -> int:
        """linkat, both relative to the working directory."""
        names = ctypes.create_string_buffer(old), ctypes.create_string_buffer(new)
        directory = AT_FDCWD & 0xFFFFFFFF
        return self.run(LINKAT, AT_FDCWD, ctypes.addressof(names[1]), ctypes.addressof(names[0]), directory, 0)

    def mkdir(self, path: bytes, mode: int) -> int:
        """mkdirat."""
        name = ctypes.create_string_buffer(path)
        return self.run(MKDIRAT, AT_FDCWD, 0, ctypes.addressof(name), mode, 0)

    def connect(self, fd: int, address: bytes) -> int:
        """connect to a struct sockaddr."""
        buffer = ctypes.create_string_buffer(address, len(address))
        return self.run(CONNECT, fd, len(address), ctypes.addressof(buffer), 0, 0)
