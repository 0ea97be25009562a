"""The text files of /proc/<pid> as values: stat, status, cgroup, limits, fdinfo.

Names in them are chosen by the processes they tell of, so nothing is taken for granted: each parser either gives a
value, with defaults for what is missing, or raises ProcError.
"""

from __future__ import annotations

import functools
import os
import re
from typing import NamedTuple

from falco.state import cgroups
from falco.state.threads import NO_ID

PF_KTHREAD = 0x00200000
"""In the flags of stat: a thread of the kernel's own (include/linux/sched.h)."""
_STAT_FIELDS = 22
"""Fields of stat from the state on, up to the resident set size; every kernel since 2.6 has them."""
_STATUS = re.compile(rb"^(Tgid|Uid|Gid|NStgid|NSpid|NSpgid|VmSize|VmRSS|VmSwap):[ \t]*([0-9 \tkB]*)$", re.MULTILINE)
_OPEN_FILES = re.compile(rb"^Max open files +(\d+|unlimited)", re.MULTILINE)
_FLAGS = re.compile(rb"^flags:[ \t]*([0-7]+)$", re.MULTILINE)
_MAX_DIGITS = 20
"""Of any number that the kernel writes."""


class ProcError(ValueError):
    """A file of /proc does not say what it has to say."""


class Stat(NamedTuple):
    """What stat tells; start_ticks are clock ticks since boot, the comm is as the process chose it."""

    tid: int
    comm: str
    state: str
    ppid: int
    pgid: int
    sid: int
    tty: int
    flags: int
    minor_faults: int
    major_faults: int
    start_ticks: int


class Status(NamedTuple):
    """What status tells: effective ids, the ids in the innermost pid namespace, memory in kB."""

    tgid: int = -1
    uid: int = NO_ID
    gid: int = NO_ID
    vpid: int = -1
    vtid: int = -1
    vpgid: int = -1
    vmsize: int = 0
    vmrss: int = 0
    vmswap: int = 0


def text(raw: bytes) -> str:
    """Bytes of a name; what is not UTF-8 survives."""
    return raw.decode("utf-8", "surrogateescape")


def number(digits: bytes) -> int:
    """A decimal number that may have a sign; ProcError."""
    if len(digits) > _MAX_DIGITS:
        raise ProcError("a number of too many digits")
    try:
        return int(digits)
    except ValueError as error:
        raise ProcError(f"{digits[:20]!r} is not a number") from error


def stat(raw: bytes) -> Stat:
    """The line of stat. The comm stands between the first ( and the last ), and may hold both, and newlines."""
    start, end = raw.find(b" ("), raw.rfind(b") ")
    if start < 0 or end < start + 2:
        raise ProcError("stat has no name in parentheses")
    fields = raw[end + 2 :].split()
    if len(fields) < _STAT_FIELDS:
        raise ProcError(f"stat has {len(fields)} fields behind the name, not {_STAT_FIELDS}")
    ppid, pgid, sid, tty = map(number, fields[1:5])
    flags, minor, major, ticks = (number(fields[at]) for at in (6, 7, 9, 19))
    state = text(fields[0])
    return Stat(
        number(raw[:start]), text(raw[start + 2 : end]), state, ppid, pgid, sid, tty, flags, minor, major, ticks
    )


def status(raw: bytes) -> Status:
    """The lines of status; what it lacks (memory of a zombie, namespaces before Linux 4.1) keeps its default."""
    lines = dict(_STATUS.findall(raw))

    def at(name: bytes, index: int, default: int) -> int:
        fields = lines.get(name, b"").split()
        return number(fields[index]) if len(fields) > max(index, 0) else default

    return Status(
        at(b"Tgid", 0, -1),
        at(b"Uid", 1, NO_ID),
        at(b"Gid", 1, NO_ID),
        at(b"NStgid", -1, -1),
        at(b"NSpid", -1, -1),
        at(b"NSpgid", -1, -1),
        at(b"VmSize", 0, 0),
        at(b"VmRSS", 0, 0),
        at(b"VmSwap", 0, 0),
    )


@functools.lru_cache(maxsize=1024)
def cgroup(raw: bytes) -> cgroups.Cgroups:
    """The lines `id:subsystem,subsystem:path` of cgroup, each subsystem with its path.

    The unified hierarchy (`0::path`) has no subsystem. libscap of 0.15 leaves it out; here it is told under an empty
    name, as on a host with cgroup v2 alone nothing else says which container a process runs in.
    """
    found = []
    for line in raw.split(b"\n"):
        fields = line.split(b":", 2)
        if len(fields) == 3:
            found += [b"%b=%b\0" % (name, fields[2]) for name in fields[1].split(b",")]
    return cgroups.parse(b"".join(found))


def open_files(raw: bytes) -> int:
    """The soft limit of open files in limits, -1 for none."""
    found = _OPEN_FILES.search(raw)
    return number(found[1]) if found and found[1] != b"unlimited" else -1


def fdinfo_flags(raw: bytes) -> int:
    """The open flags of a file in fdinfo, as PPM_O_* bits; 0 if it does not tell."""
    found = _FLAGS.search(raw)
    if found is None:
        return 0
    if len(found[1]) > _MAX_DIGITS:
        raise ProcError("open flags of too many digits")
    return ppm_open_flags(int(found[1], 8))


_OPEN_FLAGS = (
    (os.O_CREAT, 1 << 2),
    (os.O_APPEND, 1 << 3),
    (os.O_DSYNC, 1 << 4),
    (os.O_EXCL, 1 << 5),
    (os.O_NONBLOCK, 1 << 6),
    (os.O_SYNC, 1 << 7),
    (os.O_TRUNC, 1 << 8),
    (os.O_DIRECT, 1 << 9),
    (os.O_DIRECTORY, 1 << 10),
    (0o100000, 1 << 11),  # O_LARGEFILE, which a 64-bit C library calls 0.
    (os.O_CLOEXEC, 1 << 12),
    (os.O_TMPFILE, 1 << 13),
)
"""Linux's bits and the probe's (PPM_O_*); a flag of several bits needs them all."""


@functools.lru_cache(maxsize=1024)
def ppm_open_flags(flags: int) -> int:
    """Open flags as events tell them: the access mode is O_RDONLY 1, O_WRONLY 2, O_RDWR 3."""
    mode = (flags & os.O_ACCMODE) + 1 & 3
    return mode | sum(ppm for bits, ppm in _OPEN_FLAGS if flags & bits == bits)
