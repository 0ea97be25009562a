"""fs.path.*: the paths that a call was given and acted on, whichever parameter holds them (fields of Falco 0.36).

Calls with one path have `name`, those with two `source` and `target`. As in Falco, only exits of calls that succeeded
have them, and of link and symlink the source is the new entry and the target what it points at. A path is the kernel's
where a fact (falco/events/facts.py) tells it, else the passed one below the directory that a fact tells, else below the
working directory that state knows; the raw ones are as they were passed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events import facts
from falco.events.decode import signed, text
from falco.events.facts import NAMED, SOURCE, TARGET
from falco.events.paths import PATHS, PathParam
from falco.events.table import CODES, EVENT_TABLE, GENERIC_X, EventType
from falco.events.types import ParamType
from falco.fields.evt_result import failed
from falco.fields.field import VARIES, Extractor, Field, KernelPath, Scope
from falco.state.paths import AT_FDCWD, UNKNOWN_BASE, base_directory, below, join

if TYPE_CHECKING:
    from falco.events.event import Event

Path = Callable[["Event"], str | None]

_SYMLINKS = frozenset(CODES[symbol] for symbol in ("SYSCALL_SYMLINK_X", "SYSCALL_SYMLINKAT_X"))
_LINKS = _SYMLINKS | {CODES[symbol] for symbol in ("SYSCALL_LINK_2_X", "SYSCALL_LINKAT_2_X")}
_MOUNT = CODES["SYSCALL_MOUNT_X"]
_LEFT_OUT = frozenset((CODES["SYSCALL_CHROOT_X"],))
"""Calls that do not act on the file system."""
_BY_FD = frozenset(CODES[f"SYSCALL_{name}_X"] for name in ("FCHMOD", "FCHOWN", "OPEN_BY_HANDLE_AT"))
"""Calls whose `name` is the path of their fd."""
_OPENS = frozenset(CODES[f"SYSCALL_{name}_X"] for name in ("OPEN", "CREAT", "OPENAT_2", "OPENAT2"))
_NAMED_BY_FD = _BY_FD | _OPENS
_TURNED = {SOURCE: TARGET, TARGET: SOURCE, NAMED: NAMED}


def _role(code: int, wanted: int) -> int:
    """The kernel's role of what the field of a role reads."""
    return _TURNED[wanted] if code in _LINKS else wanted


def _places(wanted: int) -> tuple[PathParam | None, ...]:
    """By code: where the path that the field of a role reads is passed."""
    found: list[PathParam | None] = [None] * len(EVENT_TABLE)
    for code, params in enumerate(PATHS):
        if code not in _LEFT_OUT:
            found[code] = next((param for param in params if param.role == _role(code, wanted)), None)
    return tuple(found)


def _passed(wanted: int) -> Path:
    """The path as it was passed; None where the call has none of this role, failed, or got an unreadable one."""
    places = _places(wanted)

    def extract(event: Event) -> str | None:
        code = event.code
        place = places[code]
        if place is None:
            return facts.name(event, wanted) if code == GENERIC_X else None
        if failed(event):
            return None
        raw = event.raw(place.name)
        return text(raw) if raw else None

    return extract


def _resolved(wanted: int) -> Path:
    places, passed = _places(wanted), _passed(wanted)
    by_fd = _NAMED_BY_FD if wanted == NAMED else frozenset()

    def extract(event: Event) -> str | None:
        code = event.code
        if code in by_fd and event.fd is not None and not failed(event) and (code in _BY_FD or event.fd.kernel_path):
            return event.fd.name or None
        path, role = passed(event), _role(code, wanted)
        if path is not None:
            return facts.path(event, role) or _absolute(event, places[code], role, path)
        return _without_name(event, role) if code == GENERIC_X else None

    return extract


def _without_name(event: Event, role: int) -> str | None:
    """Of a call without an event of its own and without a passed path: what is told, or the path of its fd."""
    told = facts.path(event, role)
    fd = event.fd
    return told if told or role != NAMED or fd is None or not fd.kernel_path else fd.name


def _absolute(event: Event, place: PathParam | None, role: int, path: str) -> str | None:
    code = event.code
    if code == _MOUNT and role == SOURCE and "/" not in path:
        return path  # What is mounted need not be a file: proc, tmpfs, none.
    if code in _SYMLINKS and role == SOURCE:
        return _pointed_at(event, path)
    base = facts.base(event, role)
    if base is not None:
        return below(base, path)
    if place is None or event.thread is None:
        return path if path.startswith("/") else None
    dirfd = b"" if place.dirfd is None else event.raw(place.dirfd)
    start = base_directory(event.thread, signed(dirfd) if dirfd else AT_FDCWD, path)
    return join(f"{UNKNOWN_BASE}/" if start == UNKNOWN_BASE else start, path or ".")


def _pointed_at(event: Event, path: str) -> str | None:
    """What a symbolic link points at: a relative path starts where the link is, whatever the caller's directory."""
    link = _link(event)
    if path.startswith("/"):
        return below(facts.base(event, TARGET) or "/", path) if facts.told(event) else join("", path)
    return None if link is None else below(link[: link.rfind("/")] or "/", path)


_link = _resolved(SOURCE)
"""The new entry of link and symlink."""


def _is_kernels(wanted: int) -> Extractor:
    """Whether the kernel gave the path of fs.path.name and its like.

    A passed path below a directory that the kernel told is one as well: links in it would have been followed.
    """
    by_fd = _NAMED_BY_FD if wanted == NAMED else frozenset()

    def extract(event: Event) -> bool:
        role = _role(event.code, wanted)
        if facts.told(event) and (facts.path(event, role) or facts.base(event, role)):
            return True
        return event.code in by_fd and event.fd is not None and event.fd.kernel_path

    return extract


def _constant(wanted: int) -> Callable[[EventType], object]:
    places = _places(wanted)
    by_fd = _NAMED_BY_FD if wanted == NAMED else frozenset()

    def constant(event_type: EventType) -> object:
        code = event_type.code
        return VARIES if code == GENERIC_X or code in by_fd or places[code] is not None else None

    return constant


def _field(name: str, doc: str, extract: Extractor, wanted: int) -> Field:
    return Field(
        f"fs.path.{name}",
        ParamType.CHARBUF,
        doc,
        extract,
        Scope.EVENT,
        constant=_constant(wanted),
        later=True,
        kernel_path=None if name.endswith("raw") else KernelPath(_is_kernels(wanted)),
    )


_AS_PASSED = "as it was passed"
FIELDS = (
    _field("name", "Absolute path that a call with one path acted on, if it succeeded.", _resolved(NAMED), NAMED),
    _field("nameraw", f"The path of fs.path.name {_AS_PASSED}.", _passed(NAMED), NAMED),
    _field(
        "source",
        "Absolute path that a call with two paths moved, mounted or, for links, made, if it succeeded.",
        _resolved(SOURCE),
        SOURCE,
    ),
    _field("sourceraw", f"The path of fs.path.source {_AS_PASSED}.", _passed(SOURCE), SOURCE),
    _field(
        "target",
        "Absolute path that a call with two paths moved something to or mounted on; what a new link points at.",
        _resolved(TARGET),
        TARGET,
    ),
    _field("targetraw", f"The path of fs.path.target {_AS_PASSED}.", _passed(TARGET), TARGET),
)
