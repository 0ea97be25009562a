"""fs.path.written: the path that a call gave content to or put something at, however it did it.

A file is written by opening it, and as well by moving, linking or mounting something over it, by making a device node,
and by truncating it. One field for all of these lets a rule about a place close all ways into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import unsigned
from falco.events.syscalls import codes_named
from falco.events.table import CODES, EVENT_TABLE, GENERIC_X, EventType
from falco.events.types import ParamType
from falco.fields import fs
from falco.fields.evt_open import is_open_write
from falco.fields.field import VARIES, Extractor, Field, KernelPath, Scope

if TYPE_CHECKING:
    from falco.events.event import Event


def _codes(*symbols: str) -> frozenset[int]:
    return frozenset(CODES[f"SYSCALL_{symbol}_X"] for symbol in symbols)


_OPENS = _codes("OPEN", "OPENAT_2", "OPENAT2", "OPEN_BY_HANDLE_AT")
_NAMED = _codes("CREAT", "MKNOD", "MKNODAT")
_MOVED = _codes("RENAME", "RENAMEAT", "RENAMEAT2", "MOUNT")
_LINKED = _codes("LINK_2", "LINKAT_2", "SYMLINK", "SYMLINKAT")
_TRUNCATES = frozenset((*codes_named("truncate"), *codes_named("truncate64")))
_MOVES_MOUNT = frozenset(codes_named("move_mount"))
_FROM = {
    **dict.fromkeys(_OPENS | _NAMED, "fs.path.name"),
    **dict.fromkeys(_MOVED, "fs.path.target"),
    **dict.fromkeys(_LINKED, "fs.path.source"),
}
_FIELDS = {field.name: field for field in fs.FIELDS}
_BY_CODE = tuple(_FIELDS[_FROM[code]] if code in _FROM else None for code in range(len(EVENT_TABLE)))
"""Event code -> the field that has the path."""


def _source(event: Event) -> Field | None:
    """The field that has the path of what is written; None if nothing is."""
    code = event.code
    if code == GENERIC_X:
        call = unsigned(event.raw(0))
        name = "fs.path.name" if call in _TRUNCATES else "fs.path.target" if call in _MOVES_MOUNT else ""
        return _FIELDS.get(name)
    if code in _OPENS and not is_open_write(event):
        return None
    return _BY_CODE[code]


def written(event: Event) -> object:
    """The path; None where the call writes nothing or failed."""
    field = _source(event)
    return None if field is None or field.extract is None else field.extract(event)


def _is_kernels(event: Event) -> object:
    field = _source(event)
    given: Extractor | None = None if field is None or field.kernel_path is None else field.kernel_path.is_given
    return given is not None and given(event)


def _constant(event_type: EventType) -> object:
    return VARIES if event_type.code == GENERIC_X or event_type.code in _FROM else None


FIELDS = (
    Field(
        "fs.path.written",
        ParamType.CHARBUF,
        "Absolute path that a call opened for writing, moved, linked, mounted or made something at, or truncated.",
        written,
        Scope.EVENT,
        constant=_constant,
        later=True,
        kernel_path=KernelPath(_is_kernels),
    ),
)
