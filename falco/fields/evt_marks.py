"""evt.marks: what is unusual about a call, such as by which way it came into the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events import facts
from falco.events.types import ParamType
from falco.fields.field import Field, Scope

if TYPE_CHECKING:
    from falco.events.event import Event

_WORDS = ((facts.COMPAT, "compat"), (facts.IO_URING, "io_uring"), (facts.FAST_OPEN, "fast_open"))


def marks(event: Event) -> str | None:
    """The words of all marks that are set, separated by commas; bits without a word are passed over."""
    bits = facts.marks(event)
    return ",".join(word for bit, word in _WORDS if bits & bit) or None if bits else None


FIELDS = (
    Field(
        "evt.marks",
        ParamType.CHARBUF,
        "What is unusual about a call: compat (by the 32-bit entry), io_uring, fast_open (it sent, and so connected).",
        marks,
        Scope.EVENT,
        later=True,
    ),
)
