"""What can be tested of a call before its event is decoded, by the kinds of calls: fields, each with its supersets.

A field stands in a vocabulary only if its value follows from what the kernel knows when the call ends, and from
nothing that is kept of earlier events.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from falco.events.table import EVENT_TABLE
from falco.filter.joining import both, either
from falco.filter.superset import ALWAYS, NEVER, How, Number, Superset
from falco.filter.weaken_numbers import (
    SUCCEEDED,
    of_address,
    of_ends,
    of_error,
    of_failed,
    of_family,
    of_flag,
    of_kind,
    of_number,
    of_param,
    of_transport,
)
from falco.filter.weaken_paths import of_directory, of_filename, of_path

if TYPE_CHECKING:
    from collections.abc import Collection

    from falco.filter.ast import Test
    from falco.filter.weaken import Vocabulary, Weaken

_WRITING = How(Number.WRITES, "=", 1)


def _of_success(*more: How) -> Weaken:
    """Paths that only calls have which succeeded, and of which more holds."""

    def make(test: Test, negated: bool) -> Superset:
        path: Superset = (NEVER if negated else ALWAYS) if test.op == "exists" else of_path(test, negated)
        conditions = (SUCCEEDED, *more)
        if negated:
            return either((*(dataclasses.replace(each, negated=True) for each in conditions), path))
        return both((*conditions, path))

    return make


def _of_passed(test: Test, negated: bool) -> Superset:
    """The path that a call was given. Although it succeeded, it may no longer be there to be read."""
    return ALWAYS if negated and test.op == "exists" else _of_success()(test, negated)


def _of_none(test: Test, negated: bool) -> Superset:
    """A path that the call never has."""
    del test
    return ALWAYS if negated else NEVER


RESULT: Vocabulary = {"evt.rawres": of_number(Number.RESULT), "evt.res": of_error, "evt.failed": of_failed}
"""Of every call that tells its result."""
_PATH: Vocabulary = {"fd.name": of_path, "fd.directory": of_directory, "fd.filename": of_filename}
_SERVER_PORT, _CLIENT_PORT = of_number(Number.SERVER_PORT), of_number(Number.CLIENT_PORT)
_SERVER, _CLIENT = of_address(Number.SERVER), of_address(Number.CLIENT)
OPENS: Vocabulary = {
    **RESULT,
    **_PATH,
    "fs.path.name": _of_success(),
    "fs.path.written": _of_success(_WRITING),
    "fd.num": of_number(Number.FD),
    "evt.is_open_write": of_flag(Number.WRITES),
    "evt.is_open_read": of_flag(Number.READS),
}
"""Of calls that open a file."""
FDS: Vocabulary = {
    **RESULT,
    **_PATH,
    "fd.typechar": of_kind,
    "fd.type": of_kind,
    "fd.sockfamily": of_family,
    "fd.l4proto": of_transport,
    "fd.sport": _SERVER_PORT,
    "fd.cport": _CLIENT_PORT,
    "fd.port": of_ends(_CLIENT_PORT, _SERVER_PORT),
    "fd.proto": of_ends(_CLIENT_PORT, _SERVER_PORT),
    "fd.sip": _SERVER,
    "fd.cip": _CLIENT,
    "fd.ip": of_ends(_CLIENT, _SERVER),
    "fd.snet": _SERVER,
    "fd.cnet": _CLIENT,
    "fd.net": of_ends(_CLIENT, _SERVER),
}
"""Of calls that work on an fd."""
TRANSFERS: Vocabulary = {**FDS, "fd.name_changed": of_flag(Number.RENAMES)}
"""Of calls that send or receive."""
MAKES: Vocabulary = {**FDS, "fs.path.name": _of_success(), "fs.path.written": _of_success()}
"""Of calls that make a file and open it."""
BY_FD: Vocabulary = {**FDS, "fs.path.name": _of_success()}
"""Of calls that change the file of an fd."""
BY_FD_ALONE: Vocabulary = {
    "fs.path.name": of_path,
    **dict.fromkeys(("fs.path.source", "fs.path.target", "fs.path.written"), _of_none),
}
"""Of calls whose event tells neither fd nor result, and of all paths only that of the fd."""
NAMES: Vocabulary = {**RESULT, "fs.path.name": _of_passed, "fs.path.written": _of_passed}
"""Of calls that are given one path and act on its last component, not on where that leads."""
MAKES_LINK: Vocabulary = {**RESULT, "fs.path.source": _of_passed, "fs.path.written": _of_passed}
"""Of calls that make a symbolic link. What it points at is a text, and no path that the call looks at."""
PAIRS: Vocabulary = {**MAKES_LINK, "fs.path.target": _of_passed}
"""Of calls that are given two paths and act on the last component of both."""


def with_params(vocabulary: Vocabulary, code: int, names: Collection[str]) -> Vocabulary:
    """The vocabulary with the parameters of an event that are plain numbers."""
    raw, shown = of_param({name: _flags(code, name) for name in names})
    return {**vocabulary, "evt.rawarg": raw, "evt.arg": shown} if names else vocabulary


def _flags(code: int, name: str) -> Mapping[str, int]:
    """The bits of the words that a parameter is shown as."""
    param = next(param for param in EVENT_TABLE[code].params if param.name == name)
    return dict(param.flags or ())
