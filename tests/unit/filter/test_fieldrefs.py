from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from falco.errors import RulesError
from falco.events.types import ParamType as T
from falco.fields.field import Many, Registry, Use
from falco.filter import ast
from falco.filter.check import check
from tests.unit.filter.conditions import PLACE, REGISTRY, FakeEvent, comparison, field

if TYPE_CHECKING:
    from falco.events.event import Event


def problem(*parts: str, registry: Registry = REGISTRY, argument: str | None = None) -> tuple[str, str]:
    """Message and nearest name of the only problem of a comparison."""
    with pytest.raises(RulesError) as raised:
        check(comparison(*parts, argument=argument), registry)
    (found,) = raised.value.problems
    assert found.location == PLACE.location
    assert found.snippet == PLACE.snippet
    return found.message, found.nearest


def test_a_field_without_argument_takes_none() -> None:
    assert problem("proc.name", "=", "a", argument="1") == ("unknown filter proc.name[1]", "")


def test_a_print_only_field_is_unknown_to_conditions() -> None:
    registry = Registry("syscall", (field("evt.count", T.UINT64, use=Use.PRINT_ONLY),))
    assert problem("evt.count", "=", "1", registry=registry) == ("unknown filter evt.count", "")


@pytest.mark.parametrize(
    ("name", "argument", "key"),
    [
        ("evt.arg", "flags", "evt.arg[flags]"),
        ("evt.arg.flags", None, "evt.arg[flags]"),
        ("proc.aname", "2", "proc.aname[2]"),
        ("proc.aname", None, "proc.aname"),
    ],
)
def test_arguments_stand_in_brackets_or_behind_a_dot(name: str, argument: str | None, key: str) -> None:
    test = check(comparison(name, "=", "a", argument=argument), REGISTRY)
    assert isinstance(test, ast.Test)
    assert test.field.key == key
    seen = cast("Event", FakeEvent({key: "a"}))
    assert test.field.extract(seen) == "a"


def test_an_index_picks_one_of_many() -> None:
    indexed = check(comparison("proc.aname", "=", "a", argument="1"), REGISTRY)
    every = check(comparison("proc.aname", "=", "a"), REGISTRY)
    assert isinstance(indexed, ast.Test)
    assert isinstance(every, ast.Test)
    assert (indexed.field.many, every.field.many) == (Many.ONE, Many.ANCESTORS)
