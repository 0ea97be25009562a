"""Gives up every capability: a forwarder reads files of its own user and speaks to the network, which takes none.

Facts: capabilities(7), capset(2), prctl(2).
"""

from __future__ import annotations

import ctypes
import os

from falco.errors import FalcoError

_CAPBSET_DROP, _SET_NO_NEW_PRIVS = 24, 38
_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop_all() -> None:
    """Leave this thread, and every thread and program that it will start, without capabilities. FalcoError.

    It has to come before other threads begin, since each has capabilities of its own.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    # After this no program gets any capability back, not even one that root starts.
    _require(libc.prctl(_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))))
    capability = 0
    # It ends behind the last capability that the kernel knows; without SETPCAP at once, and the line above suffices.
    while libc.prctl(_CAPBSET_DROP, *map(ctypes.c_ulong, (capability, 0, 0, 0))) == 0:
        capability += 1
    # Two words of 32 bits for each set. What is not permitted leaves the ambient set by itself.
    _require(libc.capset(ctypes.byref(_Header(_VERSION_3, 0)), ctypes.byref((_Sets * 2)())))


def _require(status: int) -> None:
    if status:
        raise FalcoError(f"capabilities cannot be given up: {os.strerror(ctypes.get_errno())}")
