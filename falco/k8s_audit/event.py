"""A Kubernetes audit event (audit.k8s.io): what rules of the source k8s_audit are held against."""

from __future__ import annotations

import datetime
import re
from typing import cast

from falco.errors import FalcoError

_VERSIONS = ("audit.k8s.io/v1", "audit.k8s.io/v1beta1", "audit.k8s.io/v1alpha1")
_TIMES = ("stageTimestamp", "requestReceivedTimestamp", "timestamp")
"""Where the time of an event stands, the best first; events of old API servers have only the last."""
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII)
_EPOCH = datetime.datetime(1970, 1, 1)
_SHOWN = 60


class BadAuditError(FalcoError):
    """A document that holds no audit events that could be read; the message says why, in a few words."""


class BadEventError(Exception):
    """One event, or a value inside one, that cannot be taken; what stands around it may be all right."""


class AuditEvent:
    """One event: json is the parsed object, ts its time in ns since 1970, num counts from 1 over all of a source."""

    __slots__ = ("json", "num", "ts")

    def __init__(self, json: dict[str, object], ts: int) -> None:
        self.json = json
        self.ts = ts
        self.num = 0


def as_event(parsed: object) -> AuditEvent:
    """The event that a parsed document is, or an element of a list; BadEventError if it is none."""
    if not isinstance(parsed, dict):
        raise BadEventError("an event is no JSON object")
    if parsed.setdefault("kind", "Event") != "Event":
        raise BadEventError(f"kind {short(parsed['kind'])} is not Event")
    check_version(parsed)
    return AuditEvent(parsed, _time_of(parsed))


def check_version(members: dict[str, object]) -> None:
    """BadEventError if an event or a list is of a version that we do not know."""
    version = members.get("apiVersion", _VERSIONS[0])
    if version not in _VERSIONS:
        raise BadEventError(f"apiVersion {short(version)} is not known")


def parse_time(text: str) -> int:
    """A time of an audit event (RFC 3339, UTC, up to nanoseconds) as ns since 1970; ValueError if it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a time in UTC such as 2019-05-13T08:00:00.123456Z")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    since = datetime.datetime(year, month, day, hour, minute, second) - _EPOCH
    if since.days < 0:
        raise ValueError("before 1970")
    return (since.days * 86400 + since.seconds) * 1_000_000_000 + int((match[7] or "").ljust(9, "0"))


def short(value: object) -> str:
    """A value for a message, so that no input makes it long."""
    text = value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)
    return ascii(text[:_SHOWN])


def _time_of(members: dict[str, object]) -> int:
    for name in _TIMES:
        value = members.get(name)
        if value is None:
            continue
        try:
            return parse_time(cast(str, value))
        except (TypeError, ValueError) as error:
            raise BadEventError(f"{name}: {error}") from None
    raise BadEventError(f"the event has no {_TIMES[0]}")
