"""The kernel's numbers of flags and commands beside the event table's, which are the same on every architecture.

Native numbers are those of x86-64, from the kernel's uapi headers; the others are named by flags.py. The probe's C
text is generated from these tables, and what is read from /proc goes through the functions here.
"""

from __future__ import annotations

Pairs = tuple[tuple[int, int], ...]
"""(native, ours)."""

ACCESS_MODE = 0o3
OPEN_FLAGS: Pairs = (
    (0o100, 4),  # O_CREAT
    (0o200, 32),  # O_EXCL
    (0o1000, 256),  # O_TRUNC
    (0o2000, 8),  # O_APPEND
    (0o4000, 64),  # O_NONBLOCK
    (0o10000, 16),  # O_DSYNC
    (0o4000000, 128),  # O_SYNC, without the bit that it shares with O_DSYNC
    (0o40000, 512),  # O_DIRECT
    (0o100000, 2048),  # O_LARGEFILE
    (0o200000, 1024),  # O_DIRECTORY
    (0o2000000, 4096),  # O_CLOEXEC
    (0o20000000, 8192),  # O_TMPFILE, without O_DIRECTORY, which is in it
)
CLONE_FLAGS: Pairs = (
    (0x00000100, 0x8000),  # VM
    (0x00000200, 0x2),  # FS
    (0x00000400, 0x1),  # FILES
    (0x00000800, 0x800),  # SIGHAND
    (0x00002000, 0x400),  # PTRACE
    (0x00004000, 0x8000000),  # VFORK
    (0x00008000, 0x100),  # PARENT
    (0x00010000, 0x2000),  # THREAD
    (0x00020000, 0x20),  # NEWNS
    (0x00040000, 0x1000),  # SYSVSEM
    (0x00080000, 0x2000000),  # SETTLS
    (0x00100000, 0x200),  # PARENT_SETTID
    (0x00200000, 0x800000),  # CHILD_CLEARTID
    (0x00800000, 0x4000),  # UNTRACED
    (0x01000000, 0x1000000),  # CHILD_SETTID
    (0x02000000, 0x10000000),  # NEWCGROUP
    (0x04000000, 0x80),  # NEWUTS
    (0x08000000, 0x8),  # NEWIPC
    (0x10000000, 0x100000),  # NEWUSER
    (0x20000000, 0x40),  # NEWPID
    (0x40000000, 0x10),  # NEWNET
    (0x80000000, 0x4),  # IO
)
PROT_FLAGS: Pairs = ((1, 1), (2, 2), (4, 4), (8, 8), (0x01000000, 16), (0x02000000, 32))
MMAP_FLAGS: Pairs = (
    (0x1, 1),  # SHARED
    (0x2, 2),  # PRIVATE
    (0x10, 4),  # FIXED
    (0x20, 8),  # ANONYMOUS
    (0x40, 16),  # 32BIT
    (0x100, 512),  # GROWSDOWN
    (0x800, 1024),  # DENYWRITE
    (0x1000, 2048),  # EXECUTABLE
    (0x2000, 16384),  # LOCKED
    (0x4000, 64),  # NORESERVE
    (0x8000, 128),  # POPULATE
    (0x10000, 256),  # NONBLOCK
)
# fmt: off
FCNTL_COMMANDS: Pairs = (
    (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 8), (7, 9), (8, 10), (9, 12), (10, 13), (11, 15), (12, 17),
    (13, 18), (14, 19), (15, 21), (16, 22), (36, 30), (37, 31), (38, 32), (1024, 23), (1025, 24), (1026, 27),
    (1029, 25), (1030, 26), (1031, 28), (1032, 29),
)
PTRACE_REQUESTS: Pairs = (
    (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 10), (12, 26), (13, 27), (14, 28),
    (15, 29), (16, 11), (17, 12), (18, 30), (19, 31), (21, 32), (24, 13), (25, 33), (26, 34), (30, 35), (31, 36),
    (32, 37), (33, 38), (0x4200, 14), (0x4201, 15), (0x4202, 16), (0x4203, 17), (0x4204, 18), (0x4205, 19),
    (0x4206, 20), (0x4207, 21), (0x4208, 22), (0x4209, 23), (0x420A, 24), (0x420B, 25),
)
# fmt: on


def flags(native: int, pairs: Pairs) -> int:
    """The bits of a mask in the event table's numbering."""
    return sum(ours for bit, ours in pairs if native & bit)


def open_flags(native: int) -> int:
    """The flags of an open; the access mode 0 (read only) is a bit of its own there."""
    return flags(native, OPEN_FLAGS) | min(native & ACCESS_MODE, 2) + 1
