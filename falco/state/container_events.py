"""Container events: metadata as JSON in the event stream (libsinsp container.cpp container_to_json)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from falco.events.decode import EventError, text
from falco.state.containers import Container, Mount
from falco.state.threads import ThreadInfo

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

SYNTHETIC_ID, SYNTHETIC_VID = -1, -2
"""tid/pid and vtid/vpid of the thread that a container event seems to come from."""


def container_json(state: State, event: Event) -> None:
    """A container became known, or known better: replace its entry and give the event a thread of its own."""
    container = parse(event.raw(0))
    state.add_container(container)
    event.thread = synthetic_thread(container.id)


def container_old(state: State, event: Event) -> None:
    """The event's first form: id, type, name and image only."""
    identity, name, image = text(event.raw(0)), text(event.raw(2)), text(event.raw(3))
    kind = int.from_bytes(event.raw(1), "little")
    state.add_container(Container(identity, kind, name=name, image=image))
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
        row = json.loads(text(raw).encode("utf-8", "replace"))["container"]
        return _container(row)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EventError(f"container event without usable JSON: {error}") from None


def _container(row: dict[str, Any]) -> Container:
    return Container(
        id=str(row["id"]),
        type=int(row.get("type", 0)),
        name=str(row.get("name", "")),
        image=str(row.get("image", "")),
        image_id=str(row.get("imageid", "")),
        repository=str(row.get("imagerepo", "")),
        tag=str(row.get("imagetag", "")),
        digest=str(row.get("imagedigest", "")),
        privileged=bool(row.get("privileged", False)),
        mounts=tuple(map(_mount, row.get("Mounts") or ())),
        healthcheck=_healthcheck(row.get("Healthcheck")),
        ip=_address(str(row.get("ip", ""))),
        labels={str(key): str(value) for key, value in (row.get("labels") or {}).items()},
        env=tuple(map(str, row.get("env") or ())),
        is_pod_sandbox=bool(row.get("is_pod_sandbox", False)),
    )


def _mount(row: dict[str, Any]) -> Mount:
    source, destination, mode, propagation = (
        str(row.get(key, "")) for key in ("Source", "Destination", "Mode", "Propagation")
    )
    return Mount(source, destination, mode, bool(row.get("RW", False)), propagation)


def _healthcheck(row: dict[str, Any] | None) -> tuple[str, ...] | None:
    """Argv of the health check; () where the image's check is switched off, None where there is none."""
    test = (row or {}).get("Test")
    if not isinstance(test, list) or not test:
        return None
    if test[0] == "NONE":
        return ()
    if test[0] == "CMD":
        return tuple(_unquoted(str(word)) for word in test[1:]) or None
    if test[0] == "CMD-SHELL" and len(test) == 2:
        return ("/bin/sh", "-c", _unquoted(str(test[1])))
    return None


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) >= 2 and word[0] == word[-1] and word[0] in "\"'" else word


def _address(dotted: str) -> bytes:
    parts = dotted.split(".")
    return bytes(map(int, parts)) if len(parts) == 4 and all(p.isdecimal() and int(p) < 256 for p in parts) else b""
