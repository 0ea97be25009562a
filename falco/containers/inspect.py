"""What docker and podman say of a container (GET /containers/ID/json, /images/ID/json) as this program knows one.

Which of the many values those are is as in 0.15 (libsinsp container_engine/docker). The environment is left out: no
field reads it, and it is where people keep passwords.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING

from falco.containers import reading
from falco.containers.engine import BadAnswerError
from falco.containers.image_names import LATEST, ImageName, bare_id, is_bare_id, split
from falco.state.containers import Container, Mount
from falco.state.healthcheck import command_of

if TYPE_CHECKING:
    from falco.containers.reading import Json

_ID = 12


def container_of(kind: int, row: Json, image: Json) -> Container:
    """The container that an answer describes, with its image's answer (empty if there is none). BadAnswerError."""
    identity = reading.text(row, "Id")
    if len(identity) < _ID or not identity.isalnum():
        raise BadAnswerError("its answer has no id of a container")
    config, host = reading.section(row, "Config"), reading.section(row, "HostConfig")
    written, image_id = reading.text(config, "Image"), reading.text(row, "Image")
    name = _image_name(written, image)
    return Container(
        id=identity[:_ID],
        type=kind,
        name=reading.text(row, "Name").removeprefix("/"),
        image=written,
        image_id=bare_id(image_id),
        repository=name.repository,
        tag=name.tag,
        digest=name.digest,
        privileged=host.get("Privileged") is True,
        mounts=reading.mounts(map(_mount, reading.rows(row, "Mounts"))),
        healthcheck=reading.argv(command_of(config.get("Healthcheck"))),
        ip=_address(row),
        labels=reading.labels(reading.section(config, "Labels")),
    )


def id_of_image(row: Json) -> str:
    """The image that a container's answer names, by its id."""
    found = reading.text(row, "Image")
    return found if is_bare_id(found) else ""


def network_donor(row: Json) -> str:
    """The id of the container whose network this one uses; empty if it has its own or the host's."""
    return reading.text(reading.section(row, "HostConfig"), "NetworkMode").partition("container:")[2]


def with_address(container: Container, donor: Json) -> Container:
    """The container with the address of the one whose network it uses."""
    return dataclasses.replace(container, ip=_address(donor))


def _image_name(written: str, image: Json) -> ImageName:
    """The name's parts; what the name that the container was started by lacks, the image may have."""
    tags, digests = reading.texts(image, "RepoTags"), reading.texts(image, "RepoDigests")
    if not written or is_bare_id(written):
        written = next(iter((*tags, *digests)), "")
        if not written:
            return ImageName("", "", "")
    name = split(written)
    digest = name.digest or next((split(each).digest for each in digests if split(each)[0] == name[0]), "")
    if not digest and len(digests) == 1:
        digest = split(digests[0]).digest  # Short names: the image knows the registry, the container does not say it.
    tag = name.tag
    if not tag:
        tag = next((split(each).tag for each in tags if split(each)[0] == name[0]), "" if name.digest else LATEST)
    return ImageName(name.repository, tag, digest)


def _mount(row: Json) -> Mount:
    source, destination, mode, propagation = (
        reading.text(row, key) for key in ("Source", "Destination", "Mode", "Propagation")
    )
    return Mount(source, destination, mode, row.get("RW") is True, propagation)


def _address(row: Json) -> bytes:
    settings = reading.section(row, "NetworkSettings")
    networks = reading.section(settings, "Networks")
    found = [settings, *(reading.section(networks, name) for name in list(networks)[: reading.MOST])]
    for each in found:
        try:
            return ipaddress.IPv4Address(reading.text(each, "IPAddress")).packed
        except ValueError:
            continue
    return b""
