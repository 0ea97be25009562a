from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from falco.engine import known_rules
from falco.engine.interpreted import InterpretedRuleset
from falco.engine.known_rules import KnownRules, spelled_out
from falco.engine.ruleset import Ruleset
from falco.fields.path_tables import NO_TABLES, PathTables
from tests.unit.engine.rules import bound_rule, on
from tests.unit.filter.conditions import FakeEvent
from tests.unit.filter.paths import path_conditions, path_test, path_tests, path_values, tables

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.events.event import Event

CODES = (10, 11)
SHADOW = PathTables({"/bin": "/usr/bin"}, {(1, 2): ("/etc/shadow",)})
some_events = st.builds(
    lambda values, code: cast("Event", FakeEvent(values, code)), path_values, st.sampled_from(CODES)
)


def seen(name: str, *, kernel: bool = True, file: tuple[int, int] | None = None, code: int = 10) -> Event:
    return cast("Event", FakeEvent({"fd.name": name, "fd.kernel": kernel, "fd.file": file}, code))


def name(rule: Rule | None) -> str | None:
    return None if rule is None else rule.name


@given(
    st.lists(st.tuples(st.one_of(path_tests, path_conditions), st.booleans()), min_size=1, max_size=5),
    st.lists(tables, min_size=1, max_size=3),
    st.lists(some_events, min_size=1, max_size=3),
)
@settings(max_examples=150)
def test_compiled_and_interpreted_rules_agree_whatever_the_tables(conditions, known, events):
    """Also after the tables have changed."""
    rules = [bound_rule(f"{i}", node, on(10) if half else on(*CODES)) for i, (node, half) in enumerate(conditions)]
    compiled = KnownRules(Ruleset(rules, all_events=True), NO_TABLES)
    for each in (*known, NO_TABLES):
        compiled.know(each)
        interpreted = InterpretedRuleset(spelled_out(rules, each), all_events=True)
        plain = InterpretedRuleset(rules, all_events=True)
        for event in events:
            wanted = interpreted.match(event)
            assert name(compiled.match(event)) == name(wanted)
            if each is NO_TABLES:
                assert wanted is plain.match(event)


def test_another_spelling_and_another_name():
    rules = [
        bound_rule("shadow", path_test("fd.name", "=", "/etc/shadow")),
        bound_rule("bin", path_test("fd.name", "startswith", "/bin/")),
    ]
    known = KnownRules(Ruleset(rules, all_events=True), SHADOW)
    assert name(known.match(seen("/etc/shadow", file=(1, 2)))) == "shadow"
    assert name(known.match(seen("/tmp/x", file=(1, 2)))) == "shadow"
    assert name(known.match(seen("/usr/bin/x", file=(1, 2)))) == "shadow"
    assert name(known.match(seen("/usr/bin/x", file=(1, 3)))) == "bin"
    assert known.match(seen("/usr/bin/x", kernel=False)) is None
    known.know(PathTables({}, {(1, 3): ("/etc/shadow",)}))
    assert known.match(seen("/tmp/x", file=(1, 2))) is None
    assert name(known.match(seen("/tmp/x", file=(1, 3)))) == "shadow"
    assert known.match(seen("/usr/bin/x")) is None


def test_the_code_of_rules_that_tables_do_not_concern_is_the_same():
    written = Ruleset([bound_rule("shadow", path_test("fd.name", "=", "/etc/shadow"))], all_events=True)
    known = KnownRules(written, SHADOW)
    assert known._spelled is written
    known.match(seen("/etc/shadow", file=(1, 2)))
    assert known._by_any_name is None  # It was used by the only name that the rules have for it.
    known.match(seen("/tmp/x", file=(1, 2)))
    assert known._by_any_name is not None


def test_rules_without_needless_traits_stay_the_same():
    rules = (bound_rule("any", path_test("fd.name", "contains", "/bin")),)
    assert spelled_out(rules, SHADOW) is rules
    known = KnownRules(Ruleset(rules, all_events=True), SHADOW)
    assert not any(known._on_files)
    assert name(known.match(seen("/bin/x", file=(1, 2)))) == "any"


def test_paths_add_no_events():
    rules = [bound_rule("x", path_test("fd.name", "=", "/bin"), on(10))]
    written = Ruleset(rules, all_events=True)
    known = KnownRules(written, SHADOW)
    assert known.codes == written.codes == known._spelled.codes == {10}
    assert known.syscalls == written.syscalls == known._spelled.syscalls
    assert known.match(seen("/usr/bin", code=11)) is None


def test_links_that_change_for_ever_stay_as_they_were_last(monkeypatch):
    monkeypatch.setattr(known_rules, "MAX_CHANGES", 3)
    known = KnownRules(Ruleset([bound_rule("x", path_test("fd.name", "=", "/bin"))], all_events=True), SHADOW)
    for number in range(5):
        known.know(PathTables({"/bin": f"/{number}"}, {(1, number): ("/bin",)}))
    assert [name(known.match(seen(f"/{number}"))) for number in range(5)] == [None, "x", None, None, None]
    assert name(known.match(seen("/tmp/x", file=(1, 4)))) == "x"
