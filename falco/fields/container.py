"""container.*: the container that the process runs in (libsinsp sinsp_filter_check_container); mounts stand beside.

On the host, container.id, .name and .type read "host" and the others have no value. A docker container whose metadata
is not there yet is described by the word `incomplete`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from falco.events.types import ParamType
from falco.fields.field import Extractor, Field, Scope
from falco.state.containers import DOCKER_COMPATIBLE
from falco.state.network import address_text

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.containers import Container

HOST = "host"
NOT_COME = "the container's metadata has not come"


def container_of(event: Event) -> Container | None:
    """The container's metadata, None on the host and where it is not known."""
    thread = event.thread
    if thread is None or not thread.container_id:
        return None
    return event.state.containers.get(thread.container_id)


def missing(event: Event) -> str:
    """Why nothing but its id is known of the event's container; '' where more is, and on the host."""
    thread = event.thread
    if thread is None or not thread.container_id:
        return ""
    container = event.state.containers.get(thread.container_id)
    if container is None:
        return NOT_COME
    return (container.missing or NOT_COME) if container.is_stub else ""


def identity(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.container_id or HOST


def text_of(attribute: Callable[[Container], str]) -> Extractor:
    """An extractor for a text of the metadata; the empty text is no value."""

    def extract(event: Event) -> object:
        container = container_of(event)
        return None if container is None else attribute(container) or None

    return extract


def text_or_host(attribute: Callable[[Container], str]) -> Extractor:
    """The same, but `host` outside containers."""

    def extract(event: Event) -> object:
        thread = event.thread
        if thread is None:
            return None
        if not thread.container_id:
            return HOST
        container = event.state.containers.get(thread.container_id)
        return None if container is None else attribute(container) or None

    return extract


def privileged(event: Event) -> object:
    """Known of docker and the CRI engines only."""
    container = container_of(event)
    return None if container is None or container.type not in DOCKER_COMPATIBLE else container.privileged


def healthcheck(event: Event) -> object:
    """The command line, or NONE where the container has none (0.15 only keeps whether there is one)."""
    container = container_of(event)
    return None if container is None else " ".join(container.healthcheck or ()) or "NONE"


_T, _PROCESS = ParamType, Scope.PROCESS
_fetched = partial(Field, fetched=True)
FIELDS = (
    Field(
        "container.id",
        _T.CHARBUF,
        'Id of the container, the first 12 digits for most engines; "host" outside of containers.',
        identity,
        _PROCESS,
    ),
    _fetched(
        "container.name",
        _T.CHARBUF,
        'Name of the container; "host" outside of containers.',
        text_or_host(lambda container: container.name),
        _PROCESS,
    ),
    _fetched(
        "container.image",
        _T.CHARBUF,
        "Name of the image with its tag.",
        text_of(lambda container: container.image),
        _PROCESS,
    ),
    _fetched(
        "container.image.id", _T.CHARBUF, "Id of the image.", text_of(lambda container: container.image_id), _PROCESS
    ),
    _fetched(
        "container.type",
        _T.CHARBUF,
        'Engine: docker, lxc, libvirt-lxc, mesos, rkt, cri, containerd, cri-o and so on; "host" outside of containers.',
        text_or_host(lambda container: container.type_name),
        _PROCESS,
    ),
    _fetched(
        "container.privileged",
        _T.BOOL,
        "Whether the container runs privileged, where the engine tells.",
        privileged,
        _PROCESS,
    ),
    _fetched(
        "container.image.repository",
        _T.CHARBUF,
        "Name of the image without tag and digest.",
        text_of(lambda container: container.repository),
        _PROCESS,
    ),
    _fetched(
        "container.image.tag", _T.CHARBUF, "Tag of the image.", text_of(lambda container: container.tag), _PROCESS
    ),
    _fetched(
        "container.image.digest",
        _T.CHARBUF,
        "Digest of the image.",
        text_of(lambda container: container.digest),
        _PROCESS,
    ),
    _fetched(
        "container.healthcheck",
        _T.CHARBUF,
        "Command line of the health check; NONE if the container has none.",
        healthcheck,
        _PROCESS,
    ),
    _fetched(
        "container.ip",
        _T.CHARBUF,
        "Address of the container.",
        text_of(lambda container: address_text(container.ip) if any(container.ip) else ""),
        _PROCESS,
        later=True,
    ),
)
