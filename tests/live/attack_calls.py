"""What attacks have in common: system calls by their numbers, and the files that they are about."""

from __future__ import annotations

import ctypes
import os
import subprocess

SHADOW = b"/etc/shadow"
TARGET = "/etc/falco-attack-target"
CWD = -100
_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: object) -> int:
    """A system call by its number; OSError if it fails."""
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *words))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read(path: str | bytes, **options: int) -> None:
    """Open and read a file."""
    descriptor = os.open(path, os.O_RDONLY, **options)
    os.read(descriptor, 16)
    os.close(descriptor)


def unshare(flags: int) -> None:
    """unshare(2)."""
    syscall(272, flags)


def own_mounts() -> None:
    """Have mounts that nobody else sees and that go with this process."""
    unshare(0x20000)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
