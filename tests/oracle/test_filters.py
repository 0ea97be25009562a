"""Each filter of filters.txt selects the events that sysdig selects, on three captures."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.codegen import compile_filter
from falco.filter.parser import parse_condition
from tests.conftest import CAPTURES
from tests.oracle import ours, sysdig

if TYPE_CHECKING:
    from falco.events.event import Event

LINES = (Path(__file__).parent / "filters.txt").read_text(encoding="utf-8").splitlines()
FILTERS = [line for line in LINES if line and not line.startswith("#")]
NAMES = ("cat_write", "test_ipv6_client", "run_as_user_0_container")


@pytest.fixture(autouse=True, scope="module")
def needs_sysdig() -> None:
    assert sysdig.available(), f"sysdig {sysdig.VERSION} is not installed; `make setup` installs it"


@cache
def matching(name: str) -> tuple[int, dict[str, list[int]]]:
    """How many events a capture shows, and for each filter the numbers of those that pass."""
    compiled = {text: compile_filter(check(parse_condition(text), SYSCALL_FIELDS)) for text in FILTERS}
    found: dict[str, list[int]] = {text: [] for text in FILTERS}
    shown: list[int] = []

    def look(event: Event) -> None:
        shown.append(event.num)
        for text, passes in compiled.items():
            if passes(event):
                found[text].append(event.num)

    ours.each(CAPTURES / f"{name}.scap", look)
    return len(shown), found


@pytest.mark.parametrize("text", FILTERS)
def test_same_events(text: str) -> None:
    for name in NAMES:
        assert matching(name)[1][text] == sysdig.matching(CAPTURES / f"{name}.scap", text), name


def test_most_filters_tell_events_apart() -> None:
    """At least 200 filters, and most of them select some events of a capture but not all."""
    results = [matching(name) for name in NAMES]
    telling = [text for text in FILTERS if any(0 < len(found[text]) < shown for shown, found in results)]
    assert len(FILTERS) >= 200
    assert len(telling) > len(FILTERS) * 0.7
