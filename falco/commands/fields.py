"""Lists what rules can talk about: --list and -i."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.commands.say import say
from falco.errors import FalcoError, nearest
from falco.events.syscalls import IGNORED
from falco.events.table import EVENT_TABLE
from falco.events.types import EventFlag
from falco.fields.field import Argument, Field, Registry, Use
from falco.fields.registry import REGISTRIES

if TYPE_CHECKING:
    from falco.commands.options import Options

_INDENT = 16
_WIDTH = 79


def print_list(options: Options) -> int:
    """--list: the fields of one source or of all."""
    wanted = options.list or ""
    if wanted and wanted not in REGISTRIES:
        close = nearest(wanted, REGISTRIES)
        hint = f", did you mean {close}?" if close else ""
        raise FalcoError(f'Value for --list must be "syscall" or "k8s_audit", not "{wanted}"{hint}')
    for registry in [REGISTRIES[wanted]] if wanted else REGISTRIES.values():
        fields = [field for field in registry if options.all or not field.later]
        if options.names_only:
            say(field.name for field in fields)
        else:
            say(_classes(registry, fields, verbose=options.verbose))
    return 0


def print_ignored(_options: Options) -> int:
    """-i: the events and system calls that are not looked at without -A."""
    events = {row.name for row in EVENT_TABLE if row.flags & EventFlag.DROP_FALCO}
    names = sorted(name for name in events | IGNORED if not name.startswith("NA"))
    say([f"Ignored Event(s): {' '.join(names)}"])
    return 0


def _classes(registry: Registry, fields: list[Field], *, verbose: bool) -> Iterator[str]:
    for category, members in itertools.groupby(fields, key=lambda field: field.category):
        yield from ("", "-" * 22, f"Field Class: {category} ({registry.source})", "")
        for field in members:
            yield from _described(field, verbose=verbose)


def _described(field: Field, *, verbose: bool) -> Iterator[str]:
    notes = f"({field.use.value.upper()}) " if field.use is not Use.BOTH else ""
    argument = "" if field.argument is Argument.NONE else f" Argument: {field.argument.value}."
    kind = f" Type: {field.type.name}.{argument} Scope: {field.scope.value}." if verbose else ""
    lines = textwrap.wrap(notes + " ".join(field.doc.split()) + kind, _WIDTH - _INDENT) or [""]
    if len(field.name) >= _INDENT:
        yield field.name
    else:
        yield f"{field.name:<{_INDENT}}{lines.pop(0)}"
    yield from (" " * _INDENT + line for line in lines)
