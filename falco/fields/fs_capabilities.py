"""fs.capabilities: what a program was given to run with, whoever starts it, by the attribute security.capability.

The attribute's value is the kernel's vfs_cap_data (linux/capability.h): a word with the revision in its highest byte,
then words of permitted and inheritable capabilities by turns. The first revision has one pair of them, later ones two.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from falco.events import facts
from falco.events.flags import CAPABILITIES
from falco.events.table import GENERIC_X, EventType
from falco.events.types import ParamType
from falco.fields.field import VARIES, Field, Scope

if TYPE_CHECKING:
    from falco.events.event import Event

_ATTRIBUTE = "security.capability"
_ONE_PAIR, _TWO_PAIRS = struct.Struct("<III"), struct.Struct("<IIIII")
_FIRST_REVISION = 1


def given(event: Event) -> str | None:
    """The names of all permitted capabilities; empty for none, None where the call set no such attribute."""
    attribute = facts.attribute(event)
    if attribute is None or attribute[0] != _ATTRIBUTE:
        return None
    bits = permitted(attribute[1])
    return ",".join(name for name, number in CAPABILITIES if bits >> number & 1)


def permitted(value: bytes) -> int:
    """What the attribute's value permits, as a mask. What may only be inherited gives nobody anything new."""
    if len(value) < _ONE_PAIR.size:
        return 0
    head, low, _ = _ONE_PAIR.unpack_from(value)
    if head >> 24 <= _FIRST_REVISION or len(value) < _TWO_PAIRS.size:
        return int(low)
    return int(low | _TWO_PAIRS.unpack_from(value)[3] << 32)


def _constant(event_type: EventType) -> object:
    return VARIES if event_type.code == GENERIC_X else None


FIELDS = (
    Field(
        "fs.capabilities",
        ParamType.CHARBUF,
        "Capabilities that a program was given by setxattr and its like, as CAP_SETUID, separated by commas.",
        given,
        Scope.EVENT,
        constant=_constant,
        later=True,
    ),
)
