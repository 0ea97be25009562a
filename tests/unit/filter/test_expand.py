from __future__ import annotations

import pytest

from falco.filter.ast import And, Comparison, MacroRef, Not, Or
from falco.filter.expand import MAX_DEPTH, MAX_TESTS, Macros
from falco.filter.parser import parse
from falco.filter.source import verbatim


def parsed(text):
    return parse(verbatim(text, "f"))


def shown(node):
    match node:
        case And() | Or():
            sign = " and " if isinstance(node, And) else " or "
            return "(" + sign.join(map(shown, node.children)) + ")"
        case Not():
            return "not " + shown(node.child)
        case Comparison():
            return node.field.name
    raise AssertionError(node)


def macros(later=(), **by_name):
    known = Macros(later)
    for name, text in by_name.items():
        known.define(name, parsed(text))
    return known


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("f.x exists", "f.x"),
        ("one", "f.one"),
        ("not both", "not (f.one or f.two)"),
        ("f.x exists and both", "(f.x and (f.one or f.two))"),
        ("f.x exists or both or one", "(f.x or f.one or f.two or f.one)"),
        ("both and not one", "((f.one or f.two) and not f.one)"),
    ],
)
def test_names_give_way_to_conditions(condition, expected):
    known = macros(one="f.one exists", both="one or f.two exists")
    assert shown(known.expand(parsed(condition))) == expected
    assert known.problems == []


def test_undefined_macros_are_all_reported_with_place_and_nearest():
    known = macros(open_write="f.x exists")
    assert known.expand(parsed("open_wrte and\n other")) is None
    assert [(p.message, str(p.location), p.width, p.nearest) for p in known.problems] == [
        ("Undefined macro 'open_wrte' used in filter.", "f:1:1", 9, "open_write"),
        ("Undefined macro 'other' used in filter.", "f:2:2", 5, ""),
    ]


@pytest.mark.parametrize("condition", ["me", "not me", "f.x exists and (me or later)"])
def test_a_macro_cannot_use_itself_or_a_later_one(condition):
    known = Macros(["me", "later"])
    assert known.define("me", parsed(condition)) is None
    assert known.problems[0].message == "Undefined macro 'me' used in filter."
    assert known.problems[0].expected == ("macro me to be defined before it is used",)


def test_users_of_a_broken_macro_add_no_problem():
    known = Macros()
    known.define_broken("broken", ())
    assert known.expand(parsed("broken")) is None
    assert known.problems == []


def test_what_can_be_read_of_a_condition_that_cannot_be_expanded():
    known = macros(good="f.good exists", half="f.half exists and nothing")
    known.define_broken("broken", (parsed("f.broken exists"), parsed("good"), parsed("missing")))
    assert [problem.message for problem in known.problems] == [
        "Undefined macro 'nothing' used in filter.",
        "Undefined macro 'missing' used in filter.",
    ]
    tests = known.readable((parsed("not f.a exists and half or broken and half"), parsed("f.b exists or gone")))
    assert [test.field.name for test in tests] == ["f.a", "f.half", "f.broken", "f.good", "f.b"]
    assert len(known.problems) == 2


def test_what_is_read_is_bounded():
    known = macros(m=" or ".join(["f.x exists"] * 15_000), n=" or ".join(["f.y exists"] * 15_000))
    assert len(known.readable((parsed("m and n"),))) == MAX_TESTS
    assert len(known.readable((parsed(" and ".join(["m"] * 1000)),))) == 15_000


def test_number_of_undefined_macros_is_bounded():
    known = macros(m="f.x exists")
    known.expand(parsed(" or ".join(f"x{n}" for n in range(1000))))
    assert len(known.problems) == 50


def test_unused_macros_are_those_that_nothing_names():
    known = macros(inner="f.x exists", outer="inner", idle="f.x exists")
    known.expand(parsed("outer"))
    assert known.unused == ("idle",)


def test_growth_is_bounded():
    known = macros(m0="f.a exists or f.b exists")
    levels = 0
    while not known.problems and levels < 60:
        levels += 1
        known.define(f"m{levels}", parsed(f"m{levels - 1} and m{levels - 1}"))
    assert 2**levels <= MAX_TESTS < 2 ** (levels + 1)
    assert f"more than {MAX_TESTS} comparisons" in known.problems[0].message


def test_depth_is_bounded():
    known = macros(m0="f.a exists")
    levels = 0
    while not known.problems and levels < 1000:
        levels += 1
        known.define(f"m{levels}", parsed(f"f.x exists {'and' if levels % 2 else 'or'} m{levels - 1}"))
    assert levels == MAX_DEPTH
    assert f"more than {MAX_DEPTH} levels" in known.problems[0].message


def test_expanded_macros_keep_their_places():
    known = Macros()
    known.define("m", parse(verbatim("\n f.x exists", "macros")))
    node = known.expand(parsed("m"))
    assert isinstance(node, Comparison)
    assert not isinstance(node, MacroRef)
    assert str(node.place.location) == "macros:2:2"


def test_a_condition_that_is_too_large_without_macros():
    known = Macros()
    assert known.expand(parsed(" or ".join(["a.b=1"] * (MAX_TESTS + 1)))) is None
    assert [(p.message, str(p.location)) for p in known.problems] == [
        (f"the condition is too large: more than {MAX_TESTS} comparisons", "f:1:1")
    ]
