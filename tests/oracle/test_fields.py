"""Every field of 0.15 that sysdig knows has the value that sysdig gives, on every event of every capture."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from falco.events.table import CODES, EVENT_TABLE
from falco.fields.field import Argument, Use
from falco.fields.registry import SYSCALL_FIELDS
from tests.conftest import CAPTURES
from tests.oracle import ours, sysdig

TABLE = Path(__file__).parent / "deviations.yaml"
MAX_SHARE = 0.02
WITH_ARGUMENT = {
    "proc.aname": [f"[{n}]" for n in range(5)],
    "proc.apid": [f"[{n}]" for n in range(5)],
    "thread.cgroup": [".cpu", ".memory", ".pids", ".cpuset", ".nosuch"],
    "container.mount": ["[0]", "[/*]"],
    "evt.abspath": [".src", ".dst"],
    **{f"container.mount.{part}": ["[0]", "[/*]"] for part in ("source", "dest", "mode", "rdwr", "propagation")},
}
"""Arguments to try; evt.arg and evt.rawarg are tried with every parameter name of the captures' events."""
NOT_PRINTED = frozenset({"evt.type.is"})
"""Fields that sysdig cannot print, whatever their argument."""
RAW_PRINTED = frozenset({"CHARBUF", "FSPATH", "INT64", "PID", "ERRNO"})
"""Types that sysdig prints with evt.rawarg; of others it prints nothing (UINT32), ends with an error (FD, FLAGS32)
or prints the bytes as they are up to the first zero (BYTEBUF), which may break its lines."""

LOOKS: dict[str, Callable[[str, str], bool]] = {
    "latency": lambda mine, theirs: mine in ("<NA>", "0", "0ns", "000000000") and theirs != "<NA>",
    "gid": lambda mine, theirs: int(mine) == int(theirs) & 0xFFFFFFFF,
    "device": lambda mine, _: mine == "0",
    "clientport": lambda mine, theirs: (mine, theirs) == ("<NA>", "0"),
    "partly": lambda mine, theirs: mine != theirs,
}
"""How the values differ where a cause is at work, ours and sysdig's: a row excuses no other difference."""


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A value of one field on one event that differs."""

    number: int
    mine: str
    theirs: str

    def __str__(self) -> str:
        return f"event {self.number}: {self.mine!r} not {self.theirs!r}"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    field: str
    codes: frozenset[int]
    cause: str


@cache
def rows() -> tuple[Row, ...]:
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return tuple(
        Row(row["field"], frozenset(CODES[symbol] for symbol in row["events"]), row["cause"]) for row in table["rows"]
    )


@cache
def compared_fields() -> tuple[str, ...]:
    """The written forms of all fields that are compared."""
    forms: list[str] = []
    for field in SYSCALL_FIELDS:
        if field.later or field.use is Use.FILTER_ONLY or field.name not in sysdig.known_fields() - NOT_PRINTED:
            continue
        if field.name == "evt.arg":
            forms += [f"evt.arg.{name}" for name in parameters()] + [f"evt.arg[{n}]" for n in range(6)]
        elif field.name == "evt.rawarg":
            forms += [f"evt.rawarg.{name}" for name in raw_names()]
        elif field.argument is Argument.REQUIRED or field.name in WITH_ARGUMENT:
            forms += [field.name + argument for argument in WITH_ARGUMENT.get(field.name, [])]
        else:
            forms.append(field.name)
    return tuple(forms)


@cache
def parameters() -> dict[str, frozenset[str]]:
    """Parameters of the captures' events that this sysdig knows too: name -> types."""
    params = {
        param for path in CAPTURES.glob("*.scap") for code in ours.codes(path) for param in EVENT_TABLE[code].params
    }
    known = {param.name for param in params} & sysdig.argument_types().keys()
    return {name: frozenset(param.type.name for param in params if param.name == name) for name in sorted(known)}


def raw_names() -> list[str]:
    """The parameters that sysdig can print with evt.rawarg, whatever the event."""
    return [name for name, types in parameters().items() if types <= RAW_PRINTED]


def row_of(field: str, code: int) -> Row | None:
    return next((row for row in rows() if row.field == field and code in row.codes), None)


@cache
def compare(path: Path) -> tuple[Counter[tuple[str, int]], dict[tuple[str, int], list[Difference]]]:
    """Comparisons by (field, code), and those that differ with an example each."""
    fields = list(compared_fields())
    theirs, mine = sysdig.values(path, fields), ours.values(path, fields)
    assert list(theirs) == list(mine), "not the same events are shown"
    made: Counter[tuple[str, int]] = Counter()
    different: dict[tuple[str, int], list[Difference]] = {}
    for number, (code, values) in mine.items():
        for field, text in values.items():
            made[field, code] += 1
            if text != theirs[number][field]:
                different.setdefault((field, code), []).append(Difference(number, text, theirs[number][field]))
    return made, different


def _not_excused(row: Row | None, differences: list[Difference]) -> list[Difference]:
    return differences if row is None else [d for d in differences if not LOOKS[row.cause](d.mine, d.theirs)]


def test_fields_equal(capture: Path) -> None:
    """Whatever differs stands in the table."""
    _, different = compare(capture)
    unexplained = {
        key: unlike for key, differences in different.items() if (unlike := _not_excused(row_of(*key), differences))
    }
    assert not unexplained, "\n".join(
        f"{field} on {EVENT_TABLE[code].symbol}: {len(examples)} differ, {examples[0]}"
        for (field, code), examples in sorted(unexplained.items())
    )


def test_each_row_has_one_known_cause() -> None:
    """A row names one cause of the table's list, and every cause is used."""
    causes = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["causes"]
    assert all(isinstance(row.cause, str) and row.cause in causes for row in rows())
    assert {row.cause for row in rows()} == set(causes) == set(LOOKS)


def test_rows_explain_little_and_nothing_in_vain() -> None:
    """No row is stale, and the table covers at most 2 % of all comparisons."""
    made: Counter[tuple[str, int]] = Counter()
    different: set[tuple[str, int]] = set()
    for path in sorted(CAPTURES.glob("*.scap")):
        part, differing = compare(path)
        made += part
        different |= differing.keys()
    covered = sum(count for key, count in made.items() if row_of(*key) is not None)
    assert sum(made.values()) > 1_000_000
    assert covered <= MAX_SHARE * sum(made.values())
    stale = [row for row in rows() if not any((row.field, code) in different for code in row.codes)]
    assert not stale


@pytest.fixture(autouse=True, scope="module")
def needs_sysdig() -> None:
    """The oracle is part of the setup: without it these tests fail rather than pass unseen."""
    assert sysdig.available(), f"sysdig {sysdig.VERSION} is not installed; `make setup` installs it"
