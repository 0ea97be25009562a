"""A capture whose events carry facts is to sysdig one like any: it shows the same events, arguments and fd numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.events import Built, process, write_capture
from tests.functional.test_facts import EVENTS, numbered
from tests.oracle import sysdig

FIELDS = ["evt.type", "evt.dir", "evt.args", "fd.num", "fd.name", "fd.type", "proc.name", "proc.cwd"]
ALL = numbered([event for part in EVENTS.values() for event in part])


@pytest.fixture(autouse=True, scope="module")
def needs_sysdig() -> None:
    assert sysdig.available(), f"sysdig {sysdig.VERSION} is not installed; `make setup` installs it"


def shown(path: Path, events: list[Built]) -> dict[int, dict[str, str]]:
    return sysdig.values(write_capture(path, events, [process(7, comm="sh", cwd="/old/")]), FIELDS)


def without_facts(event: Built) -> Built:
    return dataclasses.replace(event, params=event.params[: len(event.type.params)])


def test_facts_change_nothing_for_sysdig(tmp_path: Path) -> None:
    told = shown(tmp_path / "told.scap", ALL)
    assert told == shown(tmp_path / "plain.scap", [without_facts(event) for event in ALL])
    assert sorted(told) == list(range(1, len(ALL) + 1))
    assert all(without_facts(event) != event for event in ALL if event.type.symbol != "SYSCALL_CLOSE_X")
