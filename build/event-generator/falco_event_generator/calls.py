"""System calls that Python has no function for, by the C library."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
_SET_ADDRESS, _SET_MASK, _GET_FLAGS, _SET_FLAGS = 0x8916, 0x891C, 0x8913, 0x8914
"""SIOCSIFADDR and its like (linux/sockios.h)."""
_IFF_UP = 1


def call(name: str, *arguments: object) -> int:
    """Call a function of the C library; OSError if it returns -1."""
    result = int(getattr(_libc, name)(*arguments))
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


def try_call(name: str, *arguments: object) -> None:
    """Call a function of the C library, whatever comes of it."""
    getattr(_libc, name)(*arguments)


def give_loopback(*addresses: str) -> None:
    """In a network namespace of its own, have the loopback interface up and with these IPv4 addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for index, address in enumerate(addresses):
            name = f"lo:{index}" if index else "lo"
            for request, value in ((_SET_ADDRESS, address), (_SET_MASK, "255.255.255.255")):
                packed = struct.pack("=16sHH4s8x", name.encode(), socket.AF_INET, 0, socket.inet_aton(value))
                fcntl.ioctl(control, request, packed)
        flags = fcntl.ioctl(control, _GET_FLAGS, struct.pack("=16sh14x", b"lo", 0))
        (now,) = struct.unpack_from("=h", flags, 16)
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("=16sh14x", b"lo", now | _IFF_UP))


def hand_on_capability(number: int, *, really: bool) -> None:
    """Let programs that this process starts keep a capability; not really: only ask whether they would."""
    head = struct.pack("=Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    sets = ctypes.create_string_buffer(24)
    call("capget", head, sets)
    words = list(struct.unpack("=6I", sets.raw))
    words[2] |= 1 << number
    call("capset", head, struct.pack("=6I", *words))
    call("prctl", 47, 2 if really else 1, number, 0, 0)  # PR_CAP_AMBIENT: 2 raises, 1 asks
