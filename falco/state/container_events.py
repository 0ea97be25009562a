"""Container events: metadata as JSON in the event stream (libsinsp container.cpp container_to_json)."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from falco.events.decode import EventError, text
from falco.state.containers import Container, K8sObject, Mount
from falco.state.healthcheck import command_of
from falco.state.limits import MAX_CONTAINER_JSON
from falco.state.threads import ThreadInfo

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

SYNTHETIC_ID, SYNTHETIC_VID = -1, -2
"""tid/pid and vtid/vpid of the thread that a container event seems to come from."""


def container_json(state: State, event: Event) -> None:
    """A container became known, or known better: replace its entry and give the event a thread of its own."""
    raw = event.raw(0)
    if len(raw) > MAX_CONTAINER_JSON:
        state.refused["containers"] += 1
        event.thread = synthetic_thread("")
        return
    container = parse(raw)
    state.learn_container(container, event.ts)
    event.thread = synthetic_thread(container.id)


def container_old(state: State, event: Event) -> None:
    """The event's first form: id, type, name and image only."""
    identity, name, image = text(event.raw(0)), text(event.raw(2)), text(event.raw(3))
    kind = int.from_bytes(event.raw(1), "little")
    state.learn_container(Container(identity, kind, name=name, image=image), event.ts)
    event.thread = synthetic_thread(identity)


def synthetic_thread(container_id: str) -> ThreadInfo:
    """The thread of a container event, so that proc.* and container.* have values on it."""
    thread = ThreadInfo(SYNTHETIC_ID, SYNTHETIC_ID)
    thread.vtid = thread.vpid = SYNTHETIC_VID
    thread.comm = f"container:{container_id}"
    thread.uid = 0
    thread.container_id = container_id
    return thread


def parse(raw: bytes) -> Container:
    """The container of a container event's JSON; keys may be missing. EventError if it is not such JSON."""
    try:
        words = text(raw)
        row = json.loads(words if words.isascii() else words.encode("utf-8", "replace"))["container"]
        return _container(row, raw.partition(b"\0")[0])
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EventError(f"container event without usable JSON: {error}") from None


def _container(row: dict[str, Any], raw: bytes) -> Container:
    mounts, labels, env = row.get("Mounts"), row.get("labels"), row.get("env")
    return Container(
        id=str(row["id"]),
        type=int(row.get("type") or 0),
        name=_text(row, "name"),
        image=_text(row, "image"),
        image_id=_text(row, "imageid"),
        repository=_text(row, "imagerepo"),
        tag=_text(row, "imagetag"),
        digest=_text(row, "imagedigest"),
        privileged=bool(row.get("privileged", False)),
        mounts=tuple(map(_mount, mounts)) if mounts else (),
        healthcheck=command_of(row.get("Healthcheck")),
        ip=_address(_text(row, "ip")),
        labels={str(key): str(value) for key, value in labels.items()} if labels else {},
        env=tuple(map(str, env)) if env else (),
        is_pod_sandbox=bool(row.get("is_pod_sandbox", False)),
        is_stub="lookup_error" in row,
        missing=_text(row, "lookup_error"),
        k8s={str(kind): tuple(map(_k8s_object, found)) for kind, found in (row.get("k8s") or {}).items()},
        json=raw,
    )


def _k8s_object(row: dict[str, Any]) -> K8sObject:
    labels = {str(key): str(value) for key, value in (row.get("labels") or {}).items()}
    return K8sObject(_text(row, "name"), _text(row, "id"), labels)


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def compose(container: Container) -> bytes:
    """The JSON of an event that tells of a container: as it once came, or made of what is known. Reads back equal."""
    if container.json:
        return container.json
    row: dict[str, object] = {
        "id": container.id,
        "type": container.type,
        "name": container.name,
        "image": container.image,
        "imageid": container.image_id,
        "imagerepo": container.repository,
        "imagetag": container.tag,
        "imagedigest": container.digest,
        "privileged": container.privileged,
        "is_pod_sandbox": container.is_pod_sandbox,
        "Mounts": [dict(zip(_MOUNT, dataclasses.astuple(mount), strict=True)) for mount in container.mounts],
        "ip": ".".join(map(str, container.ip)),
        "labels": container.labels,
        "env": container.env,
    }
    if container.k8s:
        row["k8s"] = {kind: [dataclasses.asdict(each) for each in found] for kind, found in container.k8s.items()}
    if container.missing:
        row["lookup_error"] = container.missing
    if container.healthcheck is not None:
        # Readers take one pair of quotes off each word.
        words = [f'"{word}"' for word in container.healthcheck]
        row["Healthcheck"] = {"Test": ["CMD", *words] if words else ["NONE"]}
    try:
        return json.dumps({"container": row}, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # Bytes of a capture that were no UTF-8.
        return json.dumps({"container": row}).encode()


_MOUNT = ("Source", "Destination", "Mode", "RW", "Propagation")


def _mount(row: dict[str, Any]) -> Mount:
    source, destination, mode, propagation = (
        _text(row, key) for key in ("Source", "Destination", "Mode", "Propagation")
    )
    return Mount(source, destination, mode, bool(row.get("RW", False)), propagation)


def _address(dotted: str) -> bytes:
    if not dotted:
        return b""
    parts = dotted.split(".")
    return bytes(map(int, parts)) if len(parts) == 4 and all(p.isdecimal() and int(p) < 256 for p in parts) else b""
