from __future__ import annotations

from falco.filter.ast import And, Node, Not, Or
from falco.filter.fold import Terms
from falco.filter.patterns import Glob
from falco.filter.uses import MAX_DEPTH, Uses
from tests.unit.filter.conditions import compare


def uses_of(*conditions: Node) -> tuple[Terms, Uses]:
    terms = Terms()
    return terms, Uses([(terms.canonical(each),) for each in conditions])  # type: ignore[misc]


def test_what_several_use_and_is_no_cheap_test_is_shared_the_inner_first() -> None:
    either = Or((compare("fd.num", "<", 0), compare("proc.name", "=", "a")))
    pattern = compare("fd.name", "glob", Glob("*x*"))
    cheap = compare("fd.name", "=", "y")
    outer = Or((And((either, pattern)), cheap))
    terms, uses = uses_of(outer, Not(outer), And((cheap, either)), And((cheap, pattern)))
    assert uses.shared == [
        (terms.canonical(either), 0b111),
        (terms.canonical(pattern), 0b1011),
        (terms.canonical(outer), 0b11),
    ]
    assert not uses.deep


def test_what_stands_alone_is_not_shared() -> None:
    assert uses_of(Or((compare("fd.num", "<", 0), compare("proc.name", "=", "a"))))[1].shared == []


def test_deep_parts_are_cut_off_at_intervals() -> None:
    node: Node = compare("fd.num", "<", 0)
    for depth in range(3 * MAX_DEPTH):
        join = And if depth % 2 else Or
        node = join((node, compare("proc.name", "=", str(depth))))
    _, uses = uses_of(node)
    assert len(uses.shared) == len(uses.deep) == 3
