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

X32 = (
    "rt_sigaction", "rt_sigreturn", "ioctl", "readv", "writev", "recvfrom", "sendmsg", "recvmsg", "execve", "ptrace",
    "rt_sigpending", "rt_sigtimedwait", "rt_sigqueueinfo", "sigaltstack", "timer_create", "mq_notify", "kexec_load",
    "waitid", "set_robust_list", "get_robust_list", "vmsplice", "move_pages", "preadv", "pwritev", "rt_tgsigqueueinfo",
    "recvmmsg", "sendmmsg", "process_vm_readv", "process_vm_writev", "setsockopt", "getsockopt", "io_setup",
    "io_submit", "execveat", "preadv2", "pwritev2",
)  # fmt: skip
"""The calls that have numbers of their own, 512 and on, by the x32 entry; the others share those of x86-64 there.

From the kernel's arch/x86/entry/syscalls/syscall_64.tbl.
"""

__all__ = ["CALLS", "LIFE", "LOOKS", "OTHER", "X32"]
