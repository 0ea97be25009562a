"""Whether a path leads through no link, answered by the kernel's cache of names alone: no file system is waited for.

openat2(2) with RESOLVE_CACHED (Linux 5.12) finds what the cache has, and refuses whatever would need a file system's
answer or a lock. What a program has just used is in it, so that hardly any question needs more.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence

_OPENAT2 = 437
_NO_MAGICLINKS, _NO_SYMLINKS, _IN_ROOT, _CACHED = 0x02, 0x04, 0x10, 0x20
_CALL = ctypes.PyDLL(None).syscall
"""The call does not block, so there is no need to let other threads run meanwhile."""


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_PLAIN = _How(os.O_PATH | os.O_CLOEXEC, 0, _NO_MAGICLINKS | _NO_SYMLINKS | _IN_ROOT | _CACHED)


def plain(root: str, paths: Sequence[str]) -> int:
    """How many of these paths below a root, each further on the way than the one before, lead through no link.

    What is not known counts as a link. root is opened as it is: /proc/PID/root or a directory. Only of a network file
    system's root that may wait, and then programs in it do nothing that could be asked about.
    """
    try:
        at = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        if _is_plain(at, paths[-1]):
            return len(paths)
        return next((n for n, path in enumerate(paths[:-1]) if not _is_plain(at, path)), len(paths) - 1)
    finally:
        os.close(at)


def _is_plain(at: int, path: str) -> bool:
    found = int(_CALL(_OPENAT2, at, os.fsencode(path) or b"/", ctypes.byref(_PLAIN), ctypes.sizeof(_PLAIN)))
    if found < 0:
        return False
    os.close(found)
    return True
