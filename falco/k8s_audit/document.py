"""JSON from an API server to audit events: an Event, an EventList or a list of events (audit.k8s.io v1 and v1beta1).

What comes here is as hostile as any capture: a cluster's users choose most of what stands in an event. An event that
cannot be read must not take others of its list with it, or its author could make any neighbour disappear.
"""

from __future__ import annotations

import dataclasses
from typing import Generic, TypeVar

from falco.k8s_audit import walker
from falco.k8s_audit.event import AuditEvent, BadAuditError, BadEventError, as_event, check_version, short

MAX_WEIGHT = 128 << 20
"""Bytes of memory that a document may need to be parsed."""
_SMALL = 1 << 16
"""Characters of a document that is parsed as a whole, which takes a fraction of a millisecond."""

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Document(Generic[T]):
    """The events that could be read, and for each of the others why not."""

    events: tuple[T, ...]
    refused: tuple[str, ...] = ()


def weigh(text: str) -> int:
    """About how many bytes of memory a text of JSON takes once it is parsed; the worst take twice that."""
    return 4 * len(text) + 80 * (text.count("{") + text.count("["))


def decode(data: bytes) -> str:
    """The text of a document; BadAuditError if it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadAuditError(f"not UTF-8 at byte {error.start}") from None


def read_document(text: str) -> Document[AuditEvent]:
    """Parse a document. BadAuditError if it is not JSON, or not one event could be read."""
    event = _read_small(text)
    if event is not None:
        return Document((event,))
    events: list[AuditEvent] = []
    whole, refused = _walk(text, lambda parsed, start, end: events.append(as_event(parsed)))
    return Document((*events, *whole), refused)


def split_document(text: str) -> Document[str]:
    """Try a document as read_document does, and keep of each event only its text, for event_of()."""
    if _read_small(text) is not None:
        return Document((text,))
    texts: list[str] = []

    def take(parsed: object, start: int, end: int) -> None:
        as_event(parsed)
        texts.append(text[start:end])

    whole, refused = _walk(text, take)
    return Document((text,) if whole else tuple(texts), refused)


def event_of(text: str) -> AuditEvent:
    """The event of a text that split_document() gave."""
    return as_event(walker.parse(text))


def _walk(text: str, take: walker.Take) -> tuple[tuple[AuditEvent, ...], tuple[str, ...]]:
    """Give the elements of a list to take; the event if the document is one, and why elements were not taken."""
    if weigh(text) > MAX_WEIGHT:
        raise BadAuditError("too many small values")
    taken = 0

    def counted(parsed: object, start: int, end: int) -> None:
        nonlocal taken
        take(parsed, start, end)
        taken += 1

    walk = walker.Walker(text, counted)
    members = walk.walk()
    try:
        whole = _whole(members)
    except BadEventError as error:
        raise BadAuditError(str(error)) from None
    if walk.refused and not taken:
        raise BadAuditError(walk.refused[0])
    return whole, tuple(walk.refused)


def _whole(members: dict[str, object] | None) -> tuple[AuditEvent, ...]:
    """The event if a document is one, nothing if it is a list, whose elements were taken already."""
    if members is None:
        return ()
    has_list = members.get("items", ...) is None
    kind = members.get("kind", "EventList" if has_list else "Event" if "auditID" in members else None)
    if kind == "EventList" and has_list:
        check_version(members)
        return ()
    if kind == "Event" and not has_list:
        return (as_event(members),)
    if kind in ("Event", "EventList"):
        raise BadEventError(
            "EventList without a list of items" if kind == "EventList" else "Event with a list of items"
        )
    raise BadEventError("no kind" if kind is None else f"kind {short(kind)} is neither Event nor EventList")


def _read_small(text: str) -> AuditEvent | None:
    """The one event of a short document, parsed in one go; None for whatever needs a closer look."""
    if len(text) > _SMALL:
        return None
    try:
        parsed = walker.parse(text)
        if not isinstance(parsed, dict) or "items" in parsed or not ("kind" in parsed or "auditID" in parsed):
            return None
        return as_event(parsed)
    except (BadEventError, ValueError, RecursionError):
        return None
