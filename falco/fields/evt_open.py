"""evt.* fields about opening files and about the paths of *at calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events.decode import signed, text, unsigned
from falco.events.table import CODES, EVENT_TABLE, EventType
from falco.events.types import ParamType
from falco.fields.field import VARIES, Argument, Extractor, Field, Scope
from falco.state.paths import AT_FDCWD, UNKNOWN_BASE, base_directory, join

if TYPE_CHECKING:
    from falco.events.event import Event

O_RDONLY, O_WRONLY = 1, 2  # PPM_O_*; O_RDWR is both.
O_CREAT, O_TMPFILE, O_F_CREATED = 1 << 2, 1 << 13, 1 << 14
_EXECUTE = 0o111
_OPENS = (
    "SYSCALL_OPEN_X", "SYSCALL_OPENAT_E", "SYSCALL_OPENAT_2_X", "SYSCALL_OPENAT2_X", "SYSCALL_OPEN_BY_HANDLE_AT_X",
)  # fmt: skip
"""The first three are what 0.15 looks at, and it has no event for the others. creat is not among them there either."""
_CREAT = CODES["SYSCALL_CREAT_X"]

_PATHS = {
    "SYSCALL_RENAMEAT_X": (("olddirfd", "oldpath"), ("newdirfd", "newpath")),
    "SYSCALL_RENAMEAT2_X": (("olddirfd", "oldpath"), ("newdirfd", "newpath")),
    "SYSCALL_LINKAT_E": (("olddir", "oldpath"), ("newdir", "newpath")),
    "SYSCALL_LINKAT_2_X": (("olddir", "oldpath"), ("newdir", "newpath")),
    "SYSCALL_SYMLINKAT_X": (("linkdirfd", "linkpath"),) * 2,
    "SYSCALL_OPENAT_E": (("dirfd", "name"),) * 2,
    "SYSCALL_OPENAT_2_X": (("dirfd", "name"),) * 2,
    "SYSCALL_OPENAT2_X": (("dirfd", "name"),) * 2,
    "SYSCALL_UNLINKAT_E": (("dirfd", "name"),) * 2,
    "SYSCALL_UNLINKAT_2_X": (("dirfd", "name"),) * 2,
    "SYSCALL_MKDIRAT_X": (("dirfd", "path"),) * 2,
}
"""Event -> the directory and path parameters of evt.abspath(.src) and evt.abspath.dst."""


def _indexes(symbols: tuple[str, ...], name: str) -> tuple[int | None, ...]:
    """By code: where these events have a parameter."""
    codes = {CODES[symbol] for symbol in symbols}
    return tuple(t.index(name) if t.code in codes else None for t in EVENT_TABLE)


_FLAGS, _LATER_FLAGS = _indexes(_OPENS, "flags"), _indexes((*_OPENS, "SYSCALL_CREAT_X"), "flags")
_MODES = _indexes((*_OPENS, "SYSCALL_CREAT_X"), "mode")


def _opened_for(bit: int) -> Extractor:
    def extract(event: Event) -> object:
        index = _FLAGS[event.code]
        return index is not None and bool(unsigned(event.raw(index)) & bit)

    return extract


is_open_write = _opened_for(O_WRONLY)
"""Whether an open-like call asks for writing."""


def is_open_create(event: Event) -> bool:
    """Whether the call made the file that it opened."""
    index = _LATER_FLAGS[event.code]
    return index is not None and bool(unsigned(event.raw(index)) & O_F_CREATED)


def is_open_exec(event: Event) -> bool:
    """Whether the call could make a file and gives it an execute bit; creat always makes one."""
    mode = _MODES[event.code]
    if mode is None or not unsigned(event.raw(mode)) & _EXECUTE:
        return False
    flags = _LATER_FLAGS[event.code]
    return event.code == _CREAT or (flags is not None and bool(unsigned(event.raw(flags)) & (O_CREAT | O_TMPFILE)))


def _false_unless(indexes: tuple[int | None, ...]) -> Callable[[EventType], object]:
    return lambda event_type: False if indexes[event_type.code] is None else VARIES


_Place = tuple[int, int]


def _places(end: int) -> tuple[_Place | None, ...]:
    found: list[_Place | None] = [None] * len(EVENT_TABLE)
    for symbol, ends in _PATHS.items():
        event_type = EVENT_TABLE[CODES[symbol]]
        dirfd, path = (event_type.index(name) for name in ends[end])
        if dirfd is not None and path is not None:
            found[event_type.code] = dirfd, path
    return tuple(found)


_SOURCES, _DESTINATIONS = _places(0), _places(1)


def _ends(argument: str | None) -> tuple[_Place | None, ...]:
    if argument in (None, "", "src"):
        return _SOURCES
    if argument == "dst":
        return _DESTINATIONS
    raise ValueError(f"evt.abspath has the forms evt.abspath.src and evt.abspath.dst, not {argument}")


def _bind_abspath(argument: str | None) -> Extractor:
    places = _ends(argument)

    def extract(event: Event) -> object:
        place = places[event.code]
        if place is None or event.thread is None:
            return None
        dirfd = event.raw(place[0])
        path = text(event.raw(place[1]))
        base = base_directory(event.thread, signed(dirfd) if dirfd else AT_FDCWD, path)
        return join(f"{UNKNOWN_BASE}/" if base == UNKNOWN_BASE else base, path or ".")

    return extract


def _constant_abspath(argument: str | None) -> Callable[[EventType], object]:
    places = _ends(argument)
    return lambda event_type: None if places[event_type.code] is None else VARIES


FIELDS = (
    Field(
        "evt.abspath",
        ParamType.CHARBUF,
        "Absolute path that an *at call works on; evt.abspath.src and evt.abspath.dst of calls with two paths.",
        scope=Scope.EVENT,
        argument=Argument.OPTIONAL,
        bind=_bind_abspath,
        constant_of=_constant_abspath,
    ),
    Field(
        "evt.is_open_read",
        ParamType.BOOL,
        "Whether open, openat or openat2 asks for reading, be it granted or not.",
        _opened_for(O_RDONLY),
        scope=Scope.EVENT,
        constant=_false_unless(_FLAGS),
    ),
    Field(
        "evt.is_open_write",
        ParamType.BOOL,
        "Whether open, openat or openat2 asks for writing, be it granted or not.",
        _opened_for(O_WRONLY),
        scope=Scope.EVENT,
        constant=_false_unless(_FLAGS),
    ),
)
LATER = (
    Field(
        "evt.is_open_exec",
        ParamType.BOOL,
        "Whether an open-like call makes a file that may be executed.",
        is_open_exec,
        scope=Scope.EVENT,
        constant=_false_unless(_MODES),
        later=True,
    ),
    Field(
        "evt.is_open_create",
        ParamType.BOOL,
        "Whether an open-like call made the file.",
        is_open_create,
        scope=Scope.EVENT,
        constant=_false_unless(_LATER_FLAGS),
        later=True,
    ),
)
