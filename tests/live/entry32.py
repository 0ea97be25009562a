"""System calls by the 32-bit entry (int 0x80), from this 64-bit process."""

from __future__ import annotations

import ctypes
import mmap
import struct

ENTRY_32 = bytes.fromhex("89f8 53 89f3 87d1 cd80 5b c3")
"""f(number, a, b, c): eax, ebx, ecx and edx loaded, then int 0x80."""
LOW = 0x40
"""MAP_32BIT: the 32-bit entry takes addresses of 32 bits."""


def call_32(number: int, name: bytes, flags: int, mode: int = 0) -> int:
    """Make a call by the 32-bit entry whose first argument is a path."""
    return _enter(number, name + b"\0", None, flags, mode)


def socketcall_32(which: int, *arguments: int) -> int:
    """Make one of the calls that i386's socketcall stands for: which says which, and memory holds its arguments."""
    return _enter(102, struct.pack(f"={len(arguments)}I", *arguments), which, None, 0)


def _enter(number: int, data: bytes, *arguments: int | None) -> int:
    """The call itself; an argument that is None is the address of data."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    access = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    at = libc.mmap(None, ctypes.c_size_t(8192), access, LOW | mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    ctypes.memmove(at, ENTRY_32, len(ENTRY_32))
    ctypes.memmove(at + 4096, data, len(data))
    entry = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint)(at)
    result = int(entry(number, *(at + 4096 if argument is None else argument for argument in arguments)))
    libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(8192))
    return result
