from __future__ import annotations

import pytest

from falco.fields import json_pointer
from falco.fields.json_pointer import MISSING

DOCUMENT = {"a": {"b/c": [10, {"d~e": None}]}, "": 1, "0": 2}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/", 1),
        ("/0", 2),
        ("/a/b~1c/0", 10),
        ("/a/b~1c/1/d~0e", None),
        ("/a/b~1c/2", MISSING),
        ("/a/b~1c/00", MISSING),
        ("/a/b~1c/-", MISSING),
        ("/a/b~1c/-1", MISSING),
        ("/a/b~1c/0/x", MISSING),
        ("/z", MISSING),
        ("/a/b~1c/99999999999999999999", MISSING),
    ],
)
def test_a_pointer_leads_to_a_value(pointer, value):
    assert json_pointer.read(DOCUMENT, json_pointer.parse(pointer)) is value


def test_escapes_are_undone_in_the_right_order():
    assert json_pointer.parse("/~01") == ("~1",)


@pytest.mark.parametrize(
    ("pointer", "reason"), [("a/b", "must start with /"), ("/a~2", "~ must be"), ("/a~", "~ must be")]
)
def test_what_is_no_pointer(pointer, reason):
    with pytest.raises(ValueError, match=reason):
        json_pointer.parse(pointer)
