"""k8s.*: the pod that the container belongs to, as far as labels of containers tell.

The kubelet labels each container with its pod's name, namespace and uid; the pod's own labels are those of its sandbox
container. What only the Kubernetes API knows (controllers, services, namespaces' ids) has no value.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from falco.events.types import ParamType
from falco.fields.container import container_of, text_of
from falco.fields.field import Argument, Extractor, Field, Scope
from falco.fields.valueless import valueless
from falco.state.network import address_text

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.containers import Container

POD_NAME, POD_NAMESPACE, POD_UID = (f"io.kubernetes.pod.{what}" for what in ("name", "namespace", "uid"))
_DOCKER_TYPE, _DOCKER_SANDBOX = "io.kubernetes.docker.type", "podsandbox"
_OF_THE_KUBELET = ("io.kubernetes.", "annotation.")
"""Prefixes of labels that the kubelet adds to a sandbox, which are not the pod's."""
_KEY = re.compile(r"[A-Za-z0-9/_.-]+")


def sandbox_of(event: Event) -> Container | None:
    """The sandbox container of the pod; None outside of pods and where it is not known."""
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


def _unknown(kind: str, what: str) -> tuple[Field, ...]:
    why = "no value, as only the Kubernetes API knows it"
    return (
        valueless(f"k8s.{kind}.name", f"Name of the {what}; {why}."),
        *_unknown_besides_name(kind, what),
    )


def _unknown_besides_name(kind: str, what: str) -> tuple[Field, ...]:
    why = "no value, as only the Kubernetes API knows it"
    return (
        valueless(f"k8s.{kind}.id", f"Id of the {what}; {why}."),
        valueless(f"k8s.{kind}.label", f"One label of the {what} by key; {why}.", Argument.REQUIRED),
        valueless(f"k8s.{kind}.labels", f"All labels of the {what}; {why}."),
    )


_TEXT, _PROCESS = ParamType.CHARBUF, Scope.PROCESS
_fetched = partial(Field, fetched=True)
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
        scope=_PROCESS,
        argument=Argument.REQUIRED,
        bind=_bind_pod_label,
    ),
    _fetched("k8s.pod.labels", _TEXT, "All labels of the pod as key:value, separated by commas.", pod_labels, _PROCESS),
    *_unknown("rc", "replication controller"),
    *_unknown("svc", "services"),
    _fetched(
        "k8s.ns.name",
        _TEXT,
        "Name of the pod's namespace.",
        text_of(lambda container: container.labels.get(POD_NAMESPACE, "")),
        _PROCESS,
    ),
    *_unknown_besides_name("ns", "namespace"),
    *_unknown("rs", "replica set"),
    *_unknown("deployment", "deployment"),
    _fetched(
        "k8s.pod.uid",
        _TEXT,
        "Uid of the pod.",
        text_of(lambda container: container.labels.get(POD_UID, "")),
        _PROCESS,
        later=True,
    ),
    _fetched("k8s.pod.sandbox_id", _TEXT, "Id of the pod's sandbox container.", sandbox_id, _PROCESS, later=True),
    _fetched("k8s.pod.ip", _TEXT, "Address of the pod.", pod_ip, _PROCESS, later=True),
)
