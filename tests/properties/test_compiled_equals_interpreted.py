"""On every event of every shipped capture, compiled rules find what plain evaluation of their conditions finds."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import open_stream
from falco.capture.scap.wanted import Wanted
from falco.engine import extra
from falco.engine.bind import BoundRule, bind_rules
from falco.engine.interpreted import InterpretedRuleset
from falco.engine.known_rules import KnownRules, spelled_out
from falco.engine.load import load_rules
from falco.engine.ruleset import Ruleset
from falco.events.event import Event
from falco.fields.path_tables import PathTables
from falco.fields.registry import SYSCALL_FIELDS
from falco.fields.template_compiler import compile_template
from falco.filter.codegen import compile_filter
from falco.filter.interpret import evaluate
from falco.state.handlers import needed
from falco.state.state import State
from tests.bench import rulesets

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.fields.template import Template
    from falco.filter.ast import Node

ROOT = Path(__file__).resolve().parents[2]
VARIED = Path(__file__).parent / "rules" / "varied.yaml"
NAMES = ("default", "bench", "varied", "varied backwards")
Match = Callable[[Event], "Rule | None"]
_LINKS = {"/etc": "/usr", "/dev": "/lib", "/usr/lib": "/lib64", "/root": "/proc", "/srv": "/etc", "/tmp": "/"}
_DEVICE = 0x801
TABLES = PathTables(
    {**_LINKS, **{f"/etc/secret{n}.conf": "/etc/passwd" for n in range(9)}, "/etc/shadow": "/etc/group"},
    {
        (_DEVICE, n): (name, "/dev/null")
        for n, name in enumerate(("/etc/shadow", "/etc/secret3.conf", "/root/x", "/dev"))
    },
)
"""Made up so that many paths of the rules mean paths of the captures."""


def load(path: Path) -> tuple[BoundRule, ...]:
    loaded = load_rules([str(path)], all_events=True)
    found = bind_rules(loaded.rules, SYSCALL_FIELDS, loaded.event_types)
    assert not found.problems
    return found.rules


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[BoundRule, ...]]:
    """By name of the set. Backwards, other rules are the first to match."""
    path = tmp_path_factory.mktemp("rules") / "bench.yaml"
    path.write_text(rulesets.rules(50))
    varied = load(VARIED)
    return {
        "default": load(ROOT / "rules" / "falco_rules.yaml"),
        "bench": load(path),
        "varied": varied,
        "varied backwards": varied[::-1],
    }


@pytest.fixture(scope="module")
def compiled(rules: dict[str, tuple[BoundRule, ...]]) -> Callable[[str, bool], Ruleset]:
    """The compiled rules of a set, with or without -A: once for all captures, since they keep nothing of events."""
    return functools.cache(lambda name, all_events: Ruleset(rules[name], all_events=all_events))


@pytest.fixture(scope="module")
def told(rules: dict[str, tuple[BoundRule, ...]], compiled: Callable[[str, bool], Ruleset]) -> dict[str, list[Match]]:
    """By name of the set: compiled rules that know TABLES, the same for plain evaluation, compiled ones that do not."""
    return {
        name: [
            KnownRules(compiled(name, True), TABLES).match,
            InterpretedRuleset(spelled_out(rules[name], TABLES), all_events=True).match,
            compiled(name, True).match,
        ]
        for name in NAMES
    }


@functools.cache
def template(output: str) -> Template:
    return compile_template(output, SYSCALL_FIELDS)


def replay(path: Path, wanted: Wanted | None, *, all_events: bool) -> Iterator[Event]:
    """The events that rules see, with the state as of each."""
    state = State(all_events)
    with contextlib.closing(open_stream(str(path))) as stream:
        for event in Reader(stream, Event(state), state.load, wanted):
            state.apply(event)
            if not event.hidden:
                yield event
            if state.unsettled:
                state.settle()


@pytest.mark.parametrize("all_events", [False, True])
def test_same_rule(capture, rules, compiled, all_events):
    pairs: dict[str, tuple[Match, Match]] = {
        name: (compiled(name, all_events).match, InterpretedRuleset(rules[name], all_events=all_events).match)
        for name in NAMES
    }
    for event in replay(capture, None, all_events=all_events):
        for name, (match, interpreted) in pairs.items():
            assert match(event) is interpreted(event), f"{name}, event {event.num} ({event.type.symbol})"


@pytest.fixture(scope="module")
def filters(rules: dict[str, tuple[BoundRule, ...]]) -> list[tuple[str, Callable[[Event], bool], Node]]:
    """Of each rule: its condition as written, compiled, and for plain evaluation."""
    return [
        (bound.rule.text, compile_filter(bound.condition), bound.condition)
        for name in ("default", "varied")
        for bound in rules[name]
    ]


def test_same_answer_of_every_condition(capture, filters):
    for event in replay(capture, None, all_events=True):
        for text, holds, condition in filters:
            assert holds(event) is evaluate(condition, event), f"{text}, event {event.num} ({event.type.symbol})"


def test_varied_conditions_match_something(captures, rules):
    """Else agreement on them would say little."""
    open_yet = {bound.rule.name: compile_filter(bound.condition) for bound in rules["varied"]}
    total = len(open_yet)
    for path in sorted(captures.glob("*.scap")):
        for event in replay(path, None, all_events=True):
            for name in [name for name, holds in open_yet.items() if holds(event)]:
                del open_yet[name]
    assert len(open_yet) < total // 5, sorted(open_yet)


def as_if_live(event: Event) -> None:
    """Take the paths of the event for the kernel's, and one file in three for one that rules may name."""
    fd, thread = event.fd, event.thread
    if fd is not None:
        fd.kernel_path = True
        fd.dev, fd.ino = _DEVICE, len(fd.name) % 12
    if thread is not None:
        thread.kernel_exepath = True


@pytest.mark.parametrize("live", [False, True], ids=["as it is", "as if live"])
def test_same_rule_whatever_paths_mean(capture, told, live):
    """Events of a capture without kernel paths do not see the tables; what does sees the same in both ways."""
    changed = 0
    for event in replay(capture, None, all_events=True):
        if live:
            as_if_live(event)
        for name, (known, interpreted, written) in told.items():
            found = known(event)
            assert found is interpreted(event), f"{name}, event {event.num} ({event.type.symbol})"
            changed += found is not written(event)
    # In the capture with the most files it must have made a difference, else it would say little.
    if not live or capture.stem == "curl_google":
        assert bool(changed) is live


def alerts(path: Path, ruleset: Ruleset, *, passing_over: bool) -> list[object]:
    """What is told of each match."""
    wanted = Wanted(needed(ruleset.codes, ruleset.all_events), ruleset.syscalls) if passing_over else None
    found: list[object] = []
    for event in replay(path, wanted, all_events=ruleset.all_events):
        rule = ruleset.match(event)
        if rule is not None:
            output = template(extra.apply(rule.output, "syscall", extra.Extra()).text)
            found.append((event.num, event.ts, rule.name, output.text(event), output.fields(event)))
    return found


@pytest.mark.parametrize("all_events", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_passing_over_events_changes_no_alert(capture, compiled, name, all_events):
    ruleset = compiled(name, all_events)
    assert alerts(capture, ruleset, passing_over=True) == alerts(capture, ruleset, passing_over=False)


def test_passing_over_for_one_rule_changes_no_alert(captures, rules):
    """With a single rule the reader passes over the most."""
    path = captures / "run_as_user_0_container.scap"
    for bound in rules["varied"][::4]:
        ruleset = Ruleset((bound,))
        whole = alerts(path, ruleset, passing_over=False)
        assert alerts(path, ruleset, passing_over=True) == whole, bound.rule.text
