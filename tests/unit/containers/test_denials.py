from __future__ import annotations

from types import SimpleNamespace

import pytest

from falco.containers import denials as module
from falco.containers.denials import FIRST_S, LONGEST_S, Denials


@pytest.fixture
def now():
    return SimpleNamespace(s=100.0)


@pytest.fixture
def denials(now):
    return Denials(lambda: now.s)


def test_each_time_lasts_twice_as_long_as_the_one_before(denials, now):
    assert "a" not in denials
    lasted = []
    for _ in range(9):
        denials.add("a")
        before = now.s
        while "a" in denials:
            now.s += FIRST_S
        lasted.append(now.s - before)
    assert lasted[:4] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S]
    assert lasted[-2:] == [LONGEST_S] * 2


def test_one_that_was_found_begins_anew(denials, now):
    denials.add("a")
    now.s += FIRST_S
    denials.add("a")
    denials.lift("a")
    assert "a" not in denials
    denials.add("a")
    now.s += FIRST_S
    assert "a" not in denials
    denials.lift("never denied")


def test_the_latest_are_remembered(denials, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    for name in "abcad":
        denials.add(name)
    assert len(denials) == 3
    assert [name for name in "abcd" if name in denials] == ["a", "c", "d"]
