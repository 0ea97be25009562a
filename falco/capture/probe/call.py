"""What the table of covered system calls (calls.py) is made of.

Parameters are written as the C macros of c/runtime.h, c/kernel.h and c/values.h: A0..A5 are the call's arguments, RET
its result. A call that 0.15 has an event for has that event's code; others have their own code, and those without any
are generic events. Numbers are those of the kernel's system call tables (x86-64 and i386).
"""

from __future__ import annotations

import dataclasses

NO_ENTER: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Base:
    """A path that a call was given: which role it plays (n: name, s: source, t: target), and from where it resolves."""

    role: str
    dirfd: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A system call. event is the pair's symbol without _E and _X, empty for the generic event.

    compat are its numbers on i386, number is -1 where x86-64 has no such call. fd is the C expression of the fd that
    the exit has a fact about. bases are the paths it was given. setup is a C statement that runs before anything is
    decided or sent. mark is the C expression of marks that the exit of the call has besides those of its entry.
    """

    name: str
    number: int
    compat: tuple[int, ...]
    event: str
    enter: tuple[str, ...] = ()
    exit: tuple[str, ...] = ()
    fd: str = ""
    bases: tuple[Base, ...] = ()
    setup: str = ""
    mark: str = ""


CWD = "-100"
"""AT_FDCWD."""
RES = "S64(RET)"
GENERIC = ("U16(c->generic)", "U16(c->slot)")


def path(role: str, dirfd: str, name: str) -> Base:
    """A path from a directory fd."""
    return Base(role, f"(s32){dirfd}" if dirfd != CWD else CWD, name)


def own_path(name: str) -> tuple[Base, ...]:
    """The only path of a call, from the working directory."""
    return (path("n", CWD, name),)


def attribute(name: str, number: int, compat: tuple[int, ...], told: str, fd: str = "", *bases: Base) -> Call:
    """A call that sets an extended attribute; told are the C expressions of name, value and size."""
    return Call(name, number, compat, "", GENERIC, (*GENERIC, f"attribute(r, c, {told})"), fd, bases)


def generic(name: str, number: int, compat: tuple[int, ...], fd: str = "", *bases: Base) -> Call:
    """A call that 0.15 has no event of its own for."""
    return Call(name, number, compat, "", GENERIC, GENERIC, fd, bases)
