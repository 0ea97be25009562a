from __future__ import annotations

from typing import TYPE_CHECKING, cast

from falco.commands.in_force import InForce
from falco.engine.ruleset import Ruleset
from falco.events.table import CODES
from falco.fields.path_tables import NO_TABLES, PathTables
from falco.filter.codegen import Compiler
from tests.unit.engine.rules import bound_rule, on
from tests.unit.filter.conditions import FakeEvent
from tests.unit.filter.paths import path_test

if TYPE_CHECKING:
    from falco.events.event import Event

OPEN = CODES["SYSCALL_OPEN_X"]
TABLES = PathTables({"/bin": "/usr/bin"}, {(1, 2): ("/bin",)})


def ruleset(path: str, name: str = "a") -> Ruleset:
    return Ruleset([bound_rule(name, path_test("fd.name", "=", path), on(OPEN))])


def seen(path: str, file: tuple[int, int] | None = None) -> Event:
    return cast("Event", FakeEvent({"fd.name": path, "fd.kernel": True, "fd.file": file}, OPEN))


def test_rules_match_as_written_until_tables_come():
    rules = ruleset("/bin")
    in_force = InForce(rules, all_events=False)
    assert in_force.match == rules.match
    in_force.know(NO_TABLES)
    assert in_force.match == rules.match
    assert in_force.match(seen("/usr/bin")) is None
    in_force.know(TABLES)
    assert in_force.match(seen("/usr/bin")) is rules.rules[0].rule
    assert in_force.match(seen("/tmp/x", (1, 2))) is rules.rules[0].rule
    in_force.know(NO_TABLES)
    assert in_force.match(seen("/usr/bin")) is None


def test_other_rules_know_the_same_tables():
    in_force = InForce(ruleset("/etc"), all_events=False)
    in_force.know(TABLES)
    other = ruleset("/bin", "b")
    in_force.change(other)
    assert in_force.ruleset is other
    assert in_force.names() == ["b"]
    assert in_force.match(seen("/usr/bin")) is other.rules[0].rule


def test_what_the_source_lets_through_does_not_depend_on_tables():
    in_force = InForce(ruleset("/bin"), all_events=False)
    before = in_force.wanted
    in_force.know(TABLES)
    assert in_force.wanted is before
    assert before.codes[OPEN]


def test_once_nothing_is_left_to_do_no_event_waits_for_code(monkeypatch):
    for tables in (NO_TABLES, TABLES):
        in_force = InForce(ruleset("/bin"), all_events=False)
        in_force.know(tables)
        steps = 0
        while in_force.compile_next():
            steps += 1
        assert steps >= 3  # The rules' function, their weaker forms, and those's function.
        with monkeypatch.context() as patch:
            patch.setattr(Compiler, "compile", None)
            patch.setattr(Ruleset, "__init__", None)
            known = seen("/tmp/x", (1, 2))
            assert in_force.match(seen("/bin")) is not None
            assert in_force.may_match(seen("/bin"))
            assert (in_force.match(known) is not None) is in_force.may_match(known) is bool(tables)
        assert not in_force.compile_next()
