"""container.mount*: bind mounts and volumes of the container, picked by index or by a glob on a path.

The glob is held against the source, except for container.mount.source, where it is held against the destination. `*`
and `?` match slashes too. The first mount that fits is taken; without one there is no value.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events.types import ParamType
from falco.fields.container import container_of
from falco.fields.field import Argument, Extractor, Field, Scope

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.containers import Mount

Part = Callable[["Mount"], str]


def mounts(event: Event) -> object:
    """All mounts; empty (which is a value) if there are none."""
    container = container_of(event)
    return None if container is None else ",".join(map(str, container.mounts))


def _source(mount: Mount) -> str:
    return mount.source


def _destination(mount: Mount) -> str:
    return mount.destination


def _mode(mount: Mount) -> str:
    return mount.mode


def _rdwr(mount: Mount) -> str:
    return "true" if mount.rdwr else "false"


def _propagation(mount: Mount) -> str:
    return mount.propagation


def _by_index(index: int, part: Part) -> Extractor:
    def extract(event: Event) -> object:
        container = container_of(event)
        return None if container is None or index >= len(container.mounts) else part(container.mounts[index])

    return extract


def _by_path(glob: str, path: Part, part: Part) -> Extractor:
    fits = re.compile(fnmatch.translate(glob)).match

    def extract(event: Event) -> object:
        container = container_of(event)
        if container is not None:
            for mount in container.mounts:
                if fits(path(mount)):
                    return part(mount)
        return None

    return extract


def _mount_field(name: str, doc: str, part: Part) -> Field:
    path = _destination if part is _source else _source

    def bind(argument: str | None) -> Extractor:
        if not argument:
            raise ValueError(f"{name} needs an index or a path, such as {name}[0] or {name}[/etc/*]")
        if argument.isascii() and argument.isdigit():
            return _by_index(int(argument[:9]), part)
        return _by_path(argument, path, part)

    return Field(name, ParamType.CHARBUF, doc, scope=Scope.PROCESS, argument=Argument.REQUIRED, bind=bind, fetched=True)


FIELDS = (
    Field(
        "container.mounts",
        ParamType.CHARBUF,
        "All mounts as source:destination:mode:rdwr:propagation, separated by commas.",
        mounts,
        Scope.PROCESS,
        fetched=True,
    ),
    _mount_field(
        "container.mount",
        "One mount by index or by a glob on its source, as source:destination:mode:rdwr:propagation.",
        str,
    ),
    _mount_field("container.mount.source", "Source of one mount, by index or by a glob on its destination.", _source),
    _mount_field(
        "container.mount.dest", "Destination of one mount, by index or by a glob on its source.", _destination
    ),
    _mount_field("container.mount.mode", "Mode of one mount, by index or by a glob on its source.", _mode),
    _mount_field(
        "container.mount.rdwr",
        'Whether one mount can be written to ("true" or "false"), by index or by a glob on its source.',
        _rdwr,
    ),
    _mount_field(
        "container.mount.propagation",
        "Propagation of one mount, by index or by a glob on its source.",
        _propagation,
    ),
)
