from __future__ import annotations

import time

import pytest

from falco.engine.nodes import Sequence
from falco.engine.yamltext import MAX_PROBLEMS, read_yaml
from falco.filter.source import SourceFile

GOOD = "- list: good\n  items: [a]\n"


def read(text):
    """Places of mistakes, how many items could be read, what is lost, and whether that is all that is missing."""
    found = read_yaml(SourceFile("f", text))
    places = [str(problem.location).removeprefix("f:") for problem in found.problems]
    items = sum(len(root.items) for root in found.roots if isinstance(root, Sequence))
    return places, items, [f"{kind} {name.text}" for kind, name in found.lost], found.complete


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", ([], 0, [], True)),
        (GOOD * 2, ([], 2, [], True)),
        ("- rule: r\n\tdesc: d\n" + GOOD, (["2:1"], 1, ["rule r"], True)),
        (GOOD + "- rule: r\n\tdesc: d\n" + GOOD, (["4:1"], 2, ["rule r"], True)),
        (GOOD + "- rule: r\n\tdesc: d\n", (["4:1"], 1, ["rule r"], True)),
        ("- rule: r\n  desc: a: b\n- macro: 'm'\n  source: %x\n", (["2:10", "4:11"], 0, ["rule r", "macro m"], True)),
        ('- rule: "r s" # c\n  desc: "d\n' + GOOD + '- list: "l"\n  items: []\n', (["2:9"], 2, ["rule r s"], True)),
        ("- list: l\n  items: [a, b\n" + GOOD, (["2:10"], 1, ["list l"], True)),
        ("- list: l\n  x: a: b\n  items: &x []\n- list: m\n  items: *x\n", (["2:7"], 0, ["list l", "list m"], True)),
        (GOOD + " - macro: m\n   condition: c\n" + GOOD, (["3:2"], 2, ["macro m"], True)),
        ("  - rule: r\n    desc: a: b\n  - list: l\n    items: []\n", (["2:12"], 1, ["rule r"], True)),
        ("---\n- rule: r\n  desc: a: b\n---\n" + GOOD, (["3:10"], 1, ["rule r"], True)),
        (GOOD.replace("\n", "\r\n") + "- rule: r\r\n  desc: a: b\r\n", (["4:10"], 1, ["rule r"], True)),
        ("- a: b: c\n" + GOOD, (["1:7"], 1, [], False)),
        ("rules:\n  - rule: r\n    desc: a: b\n  - list: l\n", (["3:12"], 0, [], False)),
        ('[{"rule": "r"', (["1:14"], 0, [], False)),
        ("- list: l\n  items: " + "[" * 50 + "\n" + GOOD, (["2:38"], 1, ["list l"], True)),
    ],
)  # fmt: skip
def test_a_mistake_hides_no_more_than_its_item(text, outcome):
    assert read(text) == outcome


def test_places_behind_a_mistake_are_those_of_the_file():
    found = read_yaml(SourceFile("f", "- rule: r\n  desc: a: b\n" + GOOD))
    (root,) = found.roots
    assert isinstance(root, Sequence)
    assert str(root.items[0].place.location) == "f:3:3"


def test_mistakes_are_bounded():
    places, items, lost, complete = read("- rule: r\n  desc: a: b\n" * 1000)
    assert len(places) == len(lost) + 1 == MAX_PROBLEMS + 1
    assert (items, complete) == (0, False)


@pytest.mark.parametrize(
    "text",
    [
        "- '\n" * 20_000,
        "- [\n" * 20_000,
        "- a: b: c\n" * 20_000,
        "- *a\n" * 20_000,
        "- rule: x" + " " * 500_000 + "y: z: \n",
    ],
)
def test_mistakes_cost_little(text):
    begin = time.process_time()
    read(text)
    assert time.process_time() - begin < 5
