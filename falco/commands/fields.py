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
from falco.fields.field import Argument, Field, Registry, Scope, Use
from falco.fields.registry import REGISTRIES

if TYPE_CHECKING:
    from falco.commands.options import Options

_INDENT = 16
_WIDTH = 79
SCOPES = {
    Scope.STATIC: "is the same for all events of a type",
    Scope.EVENT: "follows from the event and what its fd is",
    Scope.PROCESS: "changes when a process begins, runs another program, changes its user, or its container gets known",
    Scope.THREAD: "is the thread's own",
    Scope.VOLATILE: "may be another at each look, so that it is looked up anew for each event that needs it",
}
"""What the scope of a field says of its value."""


def print_list(options: Options) -> int:
    """--list: the fields of one source or of all."""
    wanted = options.list or ""
    if wanted and wanted not in REGISTRIES:
        close = nearest(wanted, REGISTRIES)
        hint = f", did you mean {close}?" if close else ""
        raise FalcoError(f'Value for --list must be "syscall" or "k8s_audit", not "{wanted}"{hint}')
    if options.verbose and not options.names_only:
        say(_scopes())
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


def _scopes() -> Iterator[str]:
    """What -v tells before the fields, of the words that it tells of them."""
    for scope, words in SCOPES.items():
        yield from textwrap.wrap(f"Scope {scope.value}: the value {words}.", _WIDTH, subsequent_indent="  ")
    yield "In the kernel: of some calls it is tested there (falco --explain-filter)."


def _in_kernel() -> frozenset[str]:
    """The fields that the kernel can test of any call."""
    # What makes the probe takes a while to load, and nobody else here needs it.
    from falco.capture.probe.sifted import SIFTED  # noqa: PLC0415

    return frozenset(name for sifted in SIFTED for name in sifted.vocabulary)


def _classes(registry: Registry, fields: list[Field], *, verbose: bool) -> Iterator[str]:
    in_kernel = _in_kernel() if verbose else frozenset()
    for category, members in itertools.groupby(fields, key=lambda field: field.category):
        yield from ("", "-" * 22, f"Field Class: {category} ({registry.source})", "")
        for field in members:
            yield from _described(field, _more(field, field.name in in_kernel) if verbose else "")


def _more(field: Field, tested: bool) -> str:
    argument = "" if field.argument is Argument.NONE else f" Argument: {field.argument.value}."
    kernel = " In the kernel." if tested else ""
    return f" Type: {field.type.name}.{argument} Scope: {field.scope.value}.{kernel}"


def _described(field: Field, more: str) -> Iterator[str]:
    notes = f"({field.use.value.upper()}) " if field.use is not Use.BOTH else ""
    lines = textwrap.wrap(notes + " ".join(field.doc.split()) + more, _WIDTH - _INDENT) or [""]
    if len(field.name) >= _INDENT:
        yield field.name
    else:
        yield f"{field.name:<{_INDENT}}{lines.pop(0)}"
    yield from (" " * _INDENT + line for line in lines)
