"""The reference of all fields in Markdown, which README.md beside this module holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from falco.events.types import ParamType
from falco.fields.field import Argument, Field, Scope, Use
from falco.fields.registry import REGISTRIES

_CLASSES = {
    "fd": "File descriptors",
    "fs": "Paths that calls act on",
    "proc": "Processes",
    "thread": "Threads",
    "evt": "Events",
    "syscall": "System calls",
    "user": "Users",
    "group": "Groups",
    "syslog": "Messages to the system log",
    "container": "Containers",
    "fdlist": "Polled file descriptors",
    "k8s": "Kubernetes pods",
    "mesos": "Mesos",
    "marathon": "Marathon",
    "span": "Tracer spans",
    "evtin": "Events inside tracer spans",
    "jevt": "JSON events",
    "ka": "Kubernetes audit events",
}
_SOURCES = {"syscall": "System call events", "k8s_audit": "Kubernetes audit events"}
_NOTES = {
    "k8s_audit": "All values are text. What an event lacks reads `<NA>`, a text like any other, so that `!=` is true "
    "of it; `exists` is true of what is neither empty nor `<NA>`. Conditions may use `=`, `!=`, `in`, `contains`, "
    "`startswith` and `exists`. Objects, lists and numbers read as compact JSON with sorted keys.\n",
}
_SYNTAX = {"thread.cgroup": ".SUBSYSTEM", "evt.type.is": ".TYPE", "jevt.value": "[POINTER]"}
_KEYED = ("ka.uri.param", "ka.req.binding.subject.has_name")
_TYPES = {
    ParamType.CHARBUF: "text",
    ParamType.BYTEBUF: "bytes",
    ParamType.BOOL: "bool",
    ParamType.DOUBLE: "number",
    ParamType.PORT: "port",
    ParamType.IPADDR: "address",
    ParamType.IPNET: "network",
    ParamType.RELTIME: "ns",
    ParamType.ABSTIME: "ns",
    ParamType.DYN: "as the argument",
}


def _by_class(fields: Iterable[Field]) -> list[tuple[str, list[Field]]]:
    """The fields by class, both in the order in which they first come."""
    classes: dict[str, list[Field]] = {}
    for field in fields:
        classes.setdefault(field.category, []).append(field)
    return list(classes.items())


def syntax(field: Field) -> str:
    """How the argument is written, '' if the field takes none."""
    if field.argument is Argument.NONE:
        return ""
    if field.name in _SYNTAX:
        return _SYNTAX[field.name]
    if field.name.endswith(".label"):
        return ".KEY"
    if field.argument is Argument.OPTIONAL:
        return "[N]"
    if field.name.startswith("container.mount"):
        return "[N or GLOB]"
    if field.name.startswith("ka."):
        return "[KEY]" if field.name in _KEYED else "[GLOB]"
    return ".NAME"


def description(field: Field) -> str:
    """The field's doc with what it cannot be used for."""
    if field.use is Use.FILTER_ONLY:
        return f"{field.doc} For conditions only."
    return f"{field.doc} For outputs only." if field.use is Use.PRINT_ONLY else field.doc


def reference() -> str:
    """The reference of all fields in Markdown, ending in a line end."""
    parts = [
        "# Fields\n",
        "Written by `python -m falco.fields.describe > falco/fields/README.md`; a test keeps it so.\n",
        "A field without value makes every comparison false, `!=` included, and prints `<NA>`. *Scope* says what a "
        "value depends on: " + ", ".join(f"`{scope.value}`" for scope in Scope) + ". Fields marked with + came after "
        "Falco 0.15; `falco --list` shows them with `--all`.\n",
    ]
    for source, registry in REGISTRIES.items():
        parts.append(f"## {_SOURCES[source]} (`source: {source}`)\n")
        if source in _NOTES:
            parts.append(_NOTES[source])
        for name, fields in _by_class(registry):
            parts.append(f"### {name}: {_CLASSES[name]}\n")
            parts.append("| field | type | scope | meaning |\n|---|---|---|---|\n" + "".join(map(_row, fields)))
    return "\n".join(parts)


def _row(field: Field) -> str:
    mark = " +" if field.later else ""
    kind = _TYPES.get(field.type, "integer")
    meaning = description(field).replace("|", "\\|").replace("<", "&lt;")
    return f"| `{field.name}{syntax(field)}`{mark} | {kind} | {field.scope.value} | {meaning} |\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
