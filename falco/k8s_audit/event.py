"""A Kubernetes audit event: what rules of the source k8s_audit are held against."""

from __future__ import annotations

import datetime
import re

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII)
_EPOCH = datetime.datetime(1970, 1, 1)


class AuditEvent:
    """One event: json is the parsed object, ts its time in ns since 1970, num counts from 1 over all of a source.

    weight is about how many bytes of memory it takes.
    """

    __slots__ = ("json", "num", "ts", "weight")

    def __init__(self, json: dict[str, object], ts: int, weight: int = 0) -> None:
        self.json = json
        self.ts = ts
        self.weight = weight
        self.num = 0


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
