from __future__ import annotations

from typing import cast

from falco.commands.buffers import in_base64
from falco.events.event import Event
from falco.events.types import ParamType
from falco.fields.field import Field, Registry

EVENT = cast(Event, None)
FIELDS = Registry(
    "syscall",
    [
        Field("evt.buffer", ParamType.BYTEBUF, "data", extract=lambda _: b"\x00\xff"),
        Field("evt.none", ParamType.BYTEBUF, "no data", extract=lambda _: None),
        Field("evt.raw", ParamType.BYTEBUF, "data by name", bind=lambda name: lambda _: (name or "").encode()),
        Field("evt.type", ParamType.CHARBUF, "text", extract=lambda _: "open"),
    ],
)


def field(name):
    found = in_base64(FIELDS).get(name)
    assert found is not None
    return found


def test_data_becomes_base64_text():
    assert field("evt.buffer").type is ParamType.CHARBUF
    assert field("evt.buffer").extract(EVENT) == "AP8="
    assert field("evt.none").extract(EVENT) is None
    assert field("evt.raw").bind("abc")(EVENT) == "YWJj"


def test_other_fields_stay_as_they_are():
    assert field("evt.type") is FIELDS.get("evt.type")
    assert [f.name for f in in_base64(FIELDS)] == [f.name for f in FIELDS]
