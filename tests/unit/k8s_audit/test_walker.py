from __future__ import annotations

import pytest

from falco.k8s_audit import walker
from falco.k8s_audit.event import BadAuditError, BadEventError
from falco.k8s_audit.walker import Walker, parse


def walk(text, take=lambda _: None):
    """The members, the elements as they stand in the text, and what was refused."""
    found = []

    def each(parsed, start, end):
        take(parsed)
        found.append(text[start:end])

    made = Walker(text, each)
    return made.walk(), found, made.refused


@pytest.mark.parametrize(
    ("text", "members", "elements"),
    [
        ('{"a":1, "b" : [2, {"c":3}]}', {"a": 1, "b": [2, {"c": 3}]}, []),
        ('{ "items": [1, "x]" ,{"a":[]}], "k": null}', {"items": None, "k": None}, ["1", '"x]"', '{"a":[]}']),
        ('{"items":7}', {"items": 7}, []),
        ("[]", None, []),
        (" [ true,[1] ] ", None, ["true", "[1]"]),
        ("{}", {}, []),
    ],
)
def test_the_outermost_levels(text, members, elements):
    assert walk(text) == (members, elements, [])


@pytest.mark.parametrize("bad", ["1e999", "[1e999]", '{"a":"}]\\"","b":NaN}', "[" * 300 + "]" * 300, "9" * 5000])
def test_what_is_passed_over(bad):
    _, found, refused = walk(f"[1,{bad} ,2]")
    assert (found, len(refused)) == (["1", "2"], 1)


def test_what_is_not_wanted_is_passed_over():
    def no_strings(parsed):
        if isinstance(parsed, str):
            raise BadEventError("a string")

    assert walk('[1,"],[",2]', no_strings) == (None, ["1", "2"], ["a string"])


@pytest.mark.parametrize("text", ['{"items":[', '{"items":[1', "[1 2]", '{"a":1,}', '{"a"}', "[1,]", "[,]", "[]]", "x"])
def test_what_is_not_json(text):
    with pytest.raises(BadAuditError):
        walk(text)


def test_lists_and_objects_have_a_bound(monkeypatch):
    monkeypatch.setattr(walker, "MAX_ITEMS", 3)
    monkeypatch.setattr(walker, "_MAX_KEYS", 3)
    assert walk("[1,2,3]")[1] == ["1", "2", "3"]
    with pytest.raises(BadAuditError, match="more than 3 events"):
        walk("[1,2,3,4]")
    with pytest.raises(BadAuditError, match="more than 3 members"):
        walk('{"a":1,"b":1,"c":1,"d":1}')


def test_brackets_in_strings_have_no_depth():
    assert parse('["' + "[" * 300 + '"]') == ["[" * 300]
    with pytest.raises(RecursionError):
        parse("[" * 201 + "]" * 201)
