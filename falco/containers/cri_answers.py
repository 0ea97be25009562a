"""What a CRI runtime says of a container or sandbox, as this program knows one.

Numbers are those of runtime.v1 and runtime.v1alpha2, which agree in all that is read here
(k8s.io/cri-api, pkg/apis/runtime/v1/api.proto). Which of the values count is as in 0.15 (libsinsp cri.cpp). What a pod
is called stands in the labels that the kubelet gives its containers; where a sandbox has none, its own names go there.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from falco.containers import reading, wire
from falco.containers.engine import BadAnswerError
from falco.containers.image_names import LATEST, bare_id, is_bare_id, split
from falco.containers.reading import Json, clean
from falco.state.containers import Container, Mount

if TYPE_CHECKING:
    from falco.containers.wire import Message

STATUS, INFO = 1, 2
"""Of ContainerStatusResponse and PodSandboxStatusResponse; info is a map of texts, of which `info` is JSON."""
ID, METADATA = 1, 2
"""Of ContainerStatus and PodSandboxStatus."""
IMAGE, IMAGE_REF, LABELS, MOUNTS = 8, 9, 12, 14
"""Of ContainerStatus."""
NETWORK, SANDBOX_LABELS = 5, 7
"""Of PodSandboxStatus."""
CONTAINER_PATH, HOST_PATH, READONLY, PROPAGATION = 1, 2, 3, 5
"""Of Mount."""
VERSION, RUNTIME_NAME, RUNTIME_VERSION = 1, 2, 3
"""Of VersionResponse."""
POD_NAME, POD_UID, POD_NAMESPACE = 1, 2, 3
"""Of PodSandboxMetadata, and what labels the kubelet puts them into."""
POD_LABELS = {
    POD_NAME: "io.kubernetes.pod.name", POD_UID: "io.kubernetes.pod.uid", POD_NAMESPACE: "io.kubernetes.pod.namespace",
}  # fmt: skip
_PROPAGATIONS = {0: "private", 1: "rslave", 2: "rshared"}
_TYPES = {"containerd": 7, "cri-o": 8, "crio": 8}
_CRI = 6
_ID = 12


def type_of(version: Message) -> int:
    """The container type that a runtime's answer to Version stands for."""
    return _TYPES.get(wire.text(version, RUNTIME_NAME).lower(), _CRI)


def container_of(kind: int, response: Message) -> tuple[Container, str]:
    """The container that a ContainerStatusResponse describes, and its sandbox's id ('' if it is not told)."""
    status, info = wire.inner(response, STATUS), _info(response)
    image = wire.text(wire.inner(status, IMAGE), 1)
    reference = wire.text(status, IMAGE_REF)
    written = image if image and not is_bare_id(image) else reference.partition("@")[0]
    name = split("" if is_bare_id(written) else written)
    digest = name.digest or split(reference).digest
    found = Container(
        id=_identity(status),
        type=kind,
        name=clean(wire.text(wire.inner(status, METADATA), 1)),
        image=clean(image),
        image_id=clean(_image_id(reference, info)),
        repository=clean(name.repository),
        tag=clean(name.tag or (LATEST if name.repository and not digest else "")),
        digest=clean(digest),
        privileged=_is_privileged(info),
        mounts=reading.mounts(map(_mount, wire.each(status, MOUNTS, reading.MOST))),
        labels=_labels(status, LABELS),
    )
    return found, reading.text(info, "sandboxID")


def sandbox_of(kind: int, response: Message) -> Container:
    """The sandbox that a PodSandboxStatusResponse describes."""
    status, info = wire.inner(response, STATUS), _info(response)
    metadata, labels = wire.inner(status, METADATA), _labels(status, SANDBOX_LABELS)
    for number, label in POD_LABELS.items():
        labels.setdefault(label, clean(wire.text(metadata, number)))
    try:
        ip = ipaddress.IPv4Address(wire.text(wire.inner(status, NETWORK), 1)).packed
    except ValueError:
        ip = b""
    image = reading.text(info, "image")
    name = split(image)
    return Container(
        id=_identity(status),
        type=kind,
        name=clean(wire.text(metadata, POD_NAME)),
        image=image,
        repository=name.repository,
        tag=name.tag,
        digest=name.digest,
        privileged=_is_privileged(info),
        ip=ip,
        labels=labels,
        is_pod_sandbox=True,
    )


def _identity(status: Message) -> str:
    found = wire.text(status, ID)
    if len(found) < _ID or not found.isalnum():
        raise BadAnswerError("its answer has no id of a container")
    return found[:_ID]


def _labels(status: Message, number: int) -> dict[str, str]:
    found = wire.mapping(status, number, reading.MOST)
    return reading.within((clean(key), clean(value)) for key, value in found.items())


def _info(response: Message) -> Json:
    """What the runtime tells beside its API; empty where that is none of the JSON that we know. BadAnswerError."""
    try:
        return reading.parse(wire.mapping(response, INFO, reading.MOST).get("info", "{}"))
    except reading.TooManyValuesError as error:
        # Without it nothing would be privileged, and nobody may have that said by being long-winded.
        raise BadAnswerError(f"its answer cannot be read: {error}") from None
    except (ValueError, RecursionError):
        return {}


def _is_privileged(info: Json) -> bool:
    """containerd keeps the request's configuration, of which false is left out; CRI-O has a word of its own."""
    context = reading.section(info, "config", "linux", "security_context")
    return context.get("privileged") is True or info.get("privileged") is True


def _image_id(reference: str, info: Json) -> str:
    """The image's id, which may be the reference itself or what the container was asked for with."""
    if is_bare_id(reference):
        return bare_id(reference)
    asked = reading.text(reading.section(info, "config", "image"), "image")
    return bare_id(asked) if is_bare_id(asked) else ""


def _mount(row: Message) -> Mount:
    return Mount(
        clean(wire.text(row, HOST_PATH)),
        clean(wire.text(row, CONTAINER_PATH)),
        "",
        not wire.integer(row, READONLY),
        _PROPAGATIONS.get(wire.integer(row, PROPAGATION), ""),
    )
