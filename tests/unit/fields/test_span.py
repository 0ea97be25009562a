from __future__ import annotations

from typing import Any

from falco.events.table import CODES, EVENT_TABLE
from falco.events.types import ParamType
from falco.fields import span
from falco.fields.field import Argument

FIELDS: dict[str, Any] = {field.name: field for field in span.FIELDS}


def test_spans_and_the_four_ways_to_be_in_one_are_declared():
    assert len([name for name in FIELDS if name.startswith("span.")]) == 12
    assert [name for name in FIELDS if name.endswith(".id")] == [
        "span.id",
        "evtin.span.id",
        "evtin.span.p.id",
        "evtin.span.s.id",
        "evtin.span.m.id",
    ]


def test_types_and_arguments_are_those_that_rules_were_written_for():
    assert [FIELDS[name].type for name in ("span.id", "span.ntags", "span.duration", "span.tags")] == [
        ParamType.INT64,
        ParamType.UINT32,
        ParamType.RELTIME,
        ParamType.CHARBUF,
    ]
    assert {name for name, field in FIELDS.items() if field.argument is Argument.REQUIRED} == {
        "span.tag",
        "span.arg",
        "span.enterarg",
        *(f"evtin.span.{scope}{part}" for scope in ("", "p.", "s.", "m.") for part in ("tag", "arg")),
    }


def test_they_never_have_a_value(event_of):
    event = event_of("SYSCALL_READ_E", 3, 1)
    for field in FIELDS.values():
        read = field.extract or field.bind("0")
        assert read(event) is None
        assert field.fixed(EVENT_TABLE[CODES["SYSCALL_READ_E"]]) is None
        assert "never has a value" in field.doc
