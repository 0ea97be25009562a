"""The shipped rules, damaged: everything that a run loads, or a RulesError that has a place for each mistake."""

from __future__ import annotations

import random
import re
from pathlib import Path

from falco.commands import rules
from falco.commands.options import Options
from falco.errors import RulesError
from tests.fuzz.inputs import at_least, bounded, inputs

SHIPPED = Path(__file__).resolve().parents[2] / "rules" / "falco_rules.yaml"
PIECES = (
    *"()[]{}'\"\\,=!:-#|>&*%@`?~\n\t\0é",
    "\n  ",
    "- ",
    " and ",
    "not ",
    "%proc.name",
    "%evt.arg[",
    "%20",
    "append: true\n",
)


def damaged(items: list[str], rng: random.Random) -> bytes:
    """Mostly the words that rules are made of, and a few of them, some characters replaced or lines moved."""
    kept = [item for item in items if not item.startswith("rule:") or rng.random() < 0.1]
    for _ in range(rng.randint(1, 4)):
        at, act = rng.randrange(len(kept)), rng.randrange(6)
        column = rng.randrange(len(kept[at]) + 1)
        if act == 0 and len(kept) > 1:
            del kept[at]
        elif act == 1:
            kept.append(kept[at])
        elif act == 2:
            kept[at] = kept[at][:column] + rng.choice(items)[rng.randrange(20) :] + kept[at][column:]
        else:
            kept[at] = kept[at][:column] + rng.choice(PIECES) + kept[at][column + rng.randrange(4) :]
    data = "".join("- " + item for item in kept).encode()
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(1) + data[at + 1 :] if rng.random() < 0.1 else data


def test_shipped_rules(tmp_path):
    text = re.sub(r"(?m)^\s*(#.*)?\n", "", SHIPPED.read_text())
    items = re.split(r"(?m)^- ", text)[1:]
    path = tmp_path / "rules.yaml"
    loads = 0
    for number, rng in inputs("shipped rules"):
        data = damaged(items, rng)
        path.write_bytes(data)
        with bounded("shipped rules", number):
            try:
                ready = rules.load(Options(), [str(path)])
                assert ready.ruleset.code_text().isascii()
                loads += 1
            except RulesError as error:
                assert any(problem.severity == "error" for problem in error.problems)
                for problem in error.problems:
                    assert problem.location is not None
                    assert problem.location.path == str(path)
                    assert str(problem)
    assert at_least(loads, 50, "shipped rules")
