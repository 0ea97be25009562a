from __future__ import annotations

import pytest

from falco.events.table import EVENT_TABLE
from falco.fields.field import Argument
from falco.fields.valueless import valueless


@pytest.mark.parametrize("argument", list(Argument))
def test_no_event_has_a_value(event_of, argument):
    field = valueless("x.y", "Nothing.", argument)
    event = event_of("SYSCALL_CHDIR_X", 0, "/")
    readers = [field.extract] if field.extract else []
    readers += [field.bind("any word")] if field.bind else []
    assert [read(event) for read in readers] == [None] * len(readers)
    assert {field.fixed(event_type) for event_type in EVENT_TABLE} == {None}


def test_readers_are_those_that_the_argument_asks_for():
    having = {kind: valueless("x.y", "Nothing.", kind) for kind in Argument}
    assert {kind: (field.extract is not None, field.bind is not None) for kind, field in having.items()} == {
        Argument.NONE: (True, False),
        Argument.OPTIONAL: (True, True),
        Argument.REQUIRED: (False, True),
    }
