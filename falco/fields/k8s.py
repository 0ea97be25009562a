"""k8s.*: the pod that the container belongs to, as far as labels of containers tell.

The kubelet labels each container with its pod's name, namespace and uid; the pod's own labels are those of its sandbox
container. What only the Kubernetes API knows (controllers, services, namespaces' ids) has a value where it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from falco.events.types import ParamType
from falco.fields.container import container_of, text_of
from falco.fields.field import Argument, Extractor, Field, Scope
from falco.state.containers import POD_UID
from falco.state.network import address_text

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.containers import Container, K8sObject

POD_NAME, POD_NAMESPACE = "io.kubernetes.pod.name", "io.kubernetes.pod.namespace"
_DOCKER_TYPE, _DOCKER_SANDBOX = "io.kubernetes.docker.type", "podsandbox"
_OF_THE_KUBELET = ("io.kubernetes.", "annotation.")
"""Prefixes of labels that the kubelet adds to a sandbox, which are not the pod's."""
_TEXT, _PROCESS = ParamType.CHARBUF, Scope.PROCESS
_fetched = partial(Field, fetched=True)
_NEEDS_API = "known where the Kubernetes API is asked (-k)"
_KEY = re.compile(r"[A-Za-z0-9/_.-]+")


def sandbox_of(event: Event) -> Container | None:
    """The sandbox container of the pod; None outside of pods and where it is not known.

    It is not the thread's own container, so that what is read of it counts as VOLATILE.
    """
    container = container_of(event)
    uid = None if container is None else container.labels.get(POD_UID)
    if container is None or uid is None:
        return None
    if _is_sandbox(container):
        return container
    others = event.state.containers.values()
    return next((other for other in others if other.labels.get(POD_UID) == uid and _is_sandbox(other)), None)


def _is_sandbox(container: Container) -> bool:
    return container.is_pod_sandbox or container.labels.get(_DOCKER_TYPE) == _DOCKER_SANDBOX


def _labels(sandbox: Container) -> dict[str, str]:
    return {key: value for key, value in sandbox.labels.items() if not key.startswith(_OF_THE_KUBELET)}


def pod_labels(event: Event) -> object:
    sandbox = sandbox_of(event)
    if sandbox is None:
        return None
    return ", ".join(f"{key}:{value}" for key, value in _labels(sandbox).items()) or None


def _bind_pod_label(key: str | None) -> Extractor:
    if key is None or not _KEY.fullmatch(key):
        raise ValueError("k8s.pod.label needs the label's key, such as k8s.pod.label.app")

    def extract(event: Event) -> object:
        sandbox = sandbox_of(event)
        return None if sandbox is None else _labels(sandbox).get(key)

    return extract


def pod_ip(event: Event) -> object:
    """The address of the sandbox, whose network all containers of the pod share."""
    sandbox = sandbox_of(event)
    return address_text(sandbox.ip) if sandbox is not None and any(sandbox.ip) else None


def sandbox_id(event: Event) -> object:
    sandbox = sandbox_of(event)
    return None if sandbox is None else sandbox.id


def _of_kind(event: Event, kind: str) -> tuple[K8sObject, ...]:
    container = container_of(event)
    return () if container is None else container.k8s.get(kind, ())


def _owner(kind: str, what: str) -> tuple[Field, ...]:
    """The fields of a kind of thing that a pod belongs to; of services there may be several."""
    return (_text_field(kind, "name", f"Name of the {what}", lambda each: each.name), *_owner_besides_name(kind, what))


def _owner_besides_name(kind: str, what: str) -> tuple[Field, ...]:
    def bind(key: str | None) -> Extractor:
        if key is None or not _KEY.fullmatch(key):
            raise ValueError(f"k8s.{kind}.label needs the label's key, such as k8s.{kind}.label.app")
        return lambda event: next((each.labels[key] for each in _of_kind(event, kind) if key in each.labels), None)

    def labels(event: Event) -> object:
        pairs = (pair for each in _of_kind(event, kind) for pair in each.labels.items())
        return ", ".join(f"{key}:{value}" for key, value in pairs) or None

    return (
        _text_field(kind, "id", f"Id of the {what}", lambda each: each.id),
        _fetched(
            f"k8s.{kind}.label", _TEXT, f"One label of the {what} by key; {_NEEDS_API}.", scope=_PROCESS,
            argument=Argument.REQUIRED, bind=bind,
        ),
        _fetched(f"k8s.{kind}.labels", _TEXT, f"All labels of the {what}; {_NEEDS_API}.", labels, _PROCESS),
    )  # fmt: skip


def _text_field(kind: str, part: str, doc: str, of: Callable[[K8sObject], str]) -> Field:
    def extract(event: Event) -> object:
        return ", ".join(map(of, _of_kind(event, kind))) or None

    return _fetched(f"k8s.{kind}.{part}", _TEXT, f"{doc}; {_NEEDS_API}.", extract, _PROCESS)


FIELDS = (
    _fetched(
        "k8s.pod.name",
        _TEXT,
        "Name of the pod.",
        text_of(lambda container: container.labels.get(POD_NAME, "")),
        _PROCESS,
    ),
    _fetched(
        "k8s.pod.id", _TEXT, "Uid of the pod.", text_of(lambda container: container.labels.get(POD_UID, "")), _PROCESS
    ),
    _fetched(
        "k8s.pod.label",
        _TEXT,
        "One label of the pod by key (k8s.pod.label.app).",
        argument=Argument.REQUIRED,
        bind=_bind_pod_label,
    ),
    _fetched("k8s.pod.labels", _TEXT, "All labels of the pod as key:value, separated by commas.", pod_labels),
    *_owner("rc", "replication controller"),
    *_owner("svc", "services"),
    _fetched(
        "k8s.ns.name",
        _TEXT,
        "Name of the pod's namespace.",
        text_of(lambda container: container.labels.get(POD_NAMESPACE, "")),
        _PROCESS,
    ),
    *_owner_besides_name("ns", "namespace"),
    *_owner("rs", "replica set"),
    *_owner("deployment", "deployment"),
    _fetched(
        "k8s.pod.uid",
        _TEXT,
        "Uid of the pod.",
        text_of(lambda container: container.labels.get(POD_UID, "")),
        _PROCESS,
        later=True,
    ),
    _fetched("k8s.pod.sandbox_id", _TEXT, "Id of the pod's sandbox container.", sandbox_id, later=True),
    _fetched("k8s.pod.ip", _TEXT, "Address of the pod.", pod_ip, later=True),
)
