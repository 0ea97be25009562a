"""A process that opens a file in one of the ways there are: opening.py WAY PATH FLAGS MODE."""

from __future__ import annotations

import ctypes
import os
import struct
import sys

from tests.live.entry32 import call_32
from tests.live.uring import Uring

_CWD = -100
_libc = ctypes.CDLL(None, use_errno=True)
WAYS = ("open", "creat", "openat", "openat2", "io_uring", "int80")


def opened(way: str, path: bytes, flags: int, mode: int) -> int:
    """The fd, or below 0 an error."""
    if way == "io_uring":
        with Uring() as uring:
            return uring.open(path, flags, mode=mode)
    if way == "int80":
        return call_32(5, path, flags, mode)
    if way == "openat2":
        how = ctypes.create_string_buffer(struct.pack("=QQQ", flags, mode, 0))
        return int(_libc.syscall(437, _CWD, path, how, 24))
    numbers = {"open": (2, path, flags, mode), "creat": (85, path, mode), "openat": (257, _CWD, path, flags, mode)}
    return int(_libc.syscall(*numbers[way]))


if __name__ == "__main__":
    fd = opened(sys.argv[1], os.fsencode(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    sys.exit(f"cannot be opened: {fd} {os.strerror(ctypes.get_errno())}" if fd < 0 else 0)
