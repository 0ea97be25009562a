"""The shares of the fuzz tests: together exactly what was asked for, and each made by a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fuzz.inputs import SHARES, inputs, share


@pytest.mark.parametrize("total", [0, 1, 7, 99, 2000, 100_000, 123_457])
def test_all_kinds_together_are_the_total(total):
    assert sum(share(kind, total) for kind in SHARES) == total


def test_every_kind_is_made_once():
    tests = (path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py")))
    assert sorted(re.findall(r'in inputs\("(.+?)"\)', "".join(tests))) == sorted(SHARES)


def test_an_input_is_the_same_in_every_run():
    first, again, other = (next(inputs(kind))[1].random() for kind in ("event", "event", "option"))
    assert first == again != other
