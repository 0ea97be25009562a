"""Containers: what a container event says about one, and what fields read of it."""

from __future__ import annotations

import dataclasses

TYPE_NAMES = {
    0: "docker",
    1: "lxc",
    2: "libvirt-lxc",
    3: "mesos",
    4: "rkt",
    5: "custom",
    6: "cri",
    7: "containerd",
    8: "cri-o",
    9: "bpm",
    10: "static",
    11: "podman",
}
"""libsinsp's container types."""
DOCKER = 0
DOCKER_COMPATIBLE = frozenset((0, 6, 7, 8, 11))
"""Types for which the privileged flag is known."""
POD_UID = "io.kubernetes.pod.uid"
"""The label that says which pod a container or sandbox belongs to: the kubelet's, or made of what the runtime told."""
INCOMPLETE = "incomplete"
"""What 0.15 puts for the name and image of a docker container whose metadata is not there yet."""


@dataclasses.dataclass(frozen=True, slots=True)
class Mount:
    """A bind mount or volume."""

    source: str
    destination: str
    mode: str
    rdwr: bool
    propagation: str

    def __str__(self) -> str:
        return f"{self.source}:{self.destination}:{self.mode}:{'true' if self.rdwr else 'false'}:{self.propagation}"


@dataclasses.dataclass(frozen=True, slots=True)
class K8sObject:
    """What the Kubernetes API calls something that a pod belongs to."""

    name: str
    id: str
    labels: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Container:
    """A container's metadata; empty texts are unknown. healthcheck is None (unknown), () (explicitly none) or argv.

    ip is packed bytes, empty where unknown. labels are of the container itself (Kubernetes puts the pod's there).
    json is the text of the event that told of it, with what no field reads; empty where it came otherwise. is_stub says
    that there is no metadata, missing why, if an engine was asked in vain. k8s is what the pod belongs to by kind (rc,
    rs, svc, deployment, ns), as far as the Kubernetes API was asked.
    """

    id: str
    type: int
    name: str = ""
    image: str = ""
    image_id: str = ""
    repository: str = ""
    tag: str = ""
    digest: str = ""
    privileged: bool = False
    mounts: tuple[Mount, ...] = ()
    healthcheck: tuple[str, ...] | None = None
    ip: bytes = b""
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    env: tuple[str, ...] = ()
    is_pod_sandbox: bool = False
    is_stub: bool = False
    missing: str = ""
    k8s: dict[str, tuple[K8sObject, ...]] = dataclasses.field(default_factory=dict)
    json: bytes = dataclasses.field(default=b"", repr=False, compare=False)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        texts = len(self.name) + len(self.image) + 2 * len(self.json)
        rows = 8 * len(self.mounts) + 2 * len(self.labels) + len(self.env) + len(self.healthcheck or ())
        return 1024 + texts + 64 * rows

    @property
    def type_name(self) -> str:
        """The type as container.type prints it."""
        return TYPE_NAMES.get(self.type, "")


def stub(container_id: str, type: int = DOCKER, missing: str = "") -> Container:
    """The entry for a container that no metadata has come for (0.15: every text `incomplete`)."""
    texts = dict.fromkeys(("name", "image", "image_id", "repository", "tag", "digest"), INCOMPLETE)
    return Container(container_id, type, **texts, is_stub=True, missing=missing)  # type: ignore[arg-type]
