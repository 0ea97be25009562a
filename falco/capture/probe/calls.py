"""The covered system calls: one row each, from which the probe's C text is generated (text.py).

Parameters are written as the C macros of c/runtime.h, c/kernel.h and c/values.h: A0..A5 are the call's arguments, RET
its result. A call that 0.15 has an event for has that event's code; others have their own code, and those without any
are generic events. Numbers are those of the kernel's system call tables (x86-64 and i386).
"""

from __future__ import annotations

from falco.capture.probe.call import GENERIC, Call
from falco.capture.probe.calls_fds import FDS
from falco.capture.probe.calls_files import FILES, LOOKS
from falco.capture.probe.calls_network import NETWORK
from falco.capture.probe.calls_processes import IDS, LIFE, MEMORY, PROCESSES

CALLS = (*FILES, *FDS, *NETWORK, *PROCESSES, *LOOKS, *MEMORY, *IDS)
"""Every call whose programs are generated."""

OTHER = Call("other", -1, (), "", GENERIC, GENERIC)
"""Every other call that is a generic event: it has a number and nothing else to tell."""

__all__ = ["CALLS", "LIFE", "LOOKS", "OTHER"]
