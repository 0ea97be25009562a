"""syslog.*: messages that a process writes to /dev/log, decoded (`<priority>text`)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from falco.events.decode import text as string
from falco.events.table import EVENT_TABLE
from falco.events.types import EventFlag, Format, ParamType
from falco.fields.field import VARIES, Field, Scope

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.events.table import EventType

SOCKET = "/dev/log"
SEVERITIES = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")
FACILITIES = (
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "clock",
    "authpriv",
    "ftp",
    "ntp",
    "logaudit",
    "logalert",
    "cron",
    *(f"local{n}" for n in range(8)),
)
_MAX_PRIORITY_DIGITS = 15
_DATA = tuple(
    event_type.index("data") if event_type.flags & EventFlag.WRITES_TO_FD and not event_type.enter else None
    for event_type in EVENT_TABLE
)
"""By code: the data parameter of the events that can carry a message."""


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A decoded message; severity is 0 to 7, facility may be larger than any that has a name."""

    facility: int
    severity: int
    text: str


def parse(data: bytes) -> Message | None:
    """The message in what was written, None if it does not begin with a priority in angle brackets."""
    head, bracket, _ = data[: _MAX_PRIORITY_DIGITS + 2].partition(b">")
    digits = head[1:]
    if not bracket or not head.startswith(b"<") or not (digits.isascii() and digits.isdigit()):
        return None
    priority = int(digits)
    return Message(priority >> 3, priority & 7, string(data[len(head) + 1 :]))


def message_of(event: Event) -> Message | None:
    """The message that the event has written to the system log, None on every other event."""
    index = _DATA[event.code]
    if index is None or not is_syslog(event) or event.error:
        return None
    data = event.raw(index)
    return parse(data) if data else None


def is_syslog(event: Event) -> bool:
    """Whether the event's fd is a socket to the system log."""
    return event.fd is not None and SOCKET in event.fd.name


def name_of(names: tuple[str, ...], number: int) -> str:
    """The name of a facility or severity, `<NA>` where it has none."""
    return names[number] if number < len(names) else "<NA>"


def _facility_name(event: Event) -> object:
    message = message_of(event)
    return None if message is None else name_of(FACILITIES, message.facility)


def _facility(event: Event) -> object:
    message = message_of(event)
    return None if message is None else message.facility


def _severity_name(event: Event) -> object:
    message = message_of(event)
    return None if message is None else name_of(SEVERITIES, message.severity)


def _severity(event: Event) -> object:
    message = message_of(event)
    return None if message is None else message.severity


def _text(event: Event) -> object:
    message = message_of(event)
    return None if message is None else message.text


def _only_writes(event_type: EventType) -> object:
    return None if _DATA[event_type.code] is None else VARIES


_TEXT, _NUMBER = ParamType.CHARBUF, ParamType.UINT32
FIELDS = tuple(
    Field(name, kind, doc, extract, scope=Scope.EVENT, format=form, constant=_only_writes)
    for name, kind, form, doc, extract in (
        ("syslog.facility.str", _TEXT, Format.NA, "Facility of a message to the system log, by name.", _facility_name),
        ("syslog.facility", _NUMBER, Format.DEC, "Facility of a message to the system log, 0 to 23.", _facility),
        ("syslog.severity.str", _TEXT, Format.NA, "Severity of a message to the system log, by name.", _severity_name),
        ("syslog.severity", _NUMBER, Format.DEC, "Severity of a message to the system log, 0 to 7.", _severity),
        ("syslog.message", _TEXT, Format.NA, "Text of a message to the system log, without its priority.", _text),
    )
)
