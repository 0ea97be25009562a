from __future__ import annotations

import os
import threading
from typing import Any, cast

from falco.commands.host_paths import EVERY_S, HostPaths, beside
from falco.commands.in_force import InForce
from falco.engine import known_paths
from falco.fields.path_tables import PathTables
from tests.unit.commands.test_in_force import ruleset, seen


class Recording:
    """Keeps what a recorder is told."""

    def __init__(self) -> None:
        self.told: list[tuple[PathTables, int]] = []

    def know(self, tables: PathTables, ts: int) -> None:
        self.told.append((tables, ts))


class Clock:
    """Seconds, and by how many of them events are behind."""

    now, behind = 100.0, 0.0

    def __call__(self) -> float:
        return self.now

    def now_ns(self) -> int:
        return int(self.now * 10**9)

    def looked_at_ns(self) -> int:
        return int((self.now - self.behind) * 10**9)


def at_once(work):
    """What a thread beside does, done here."""
    work()
    return lambda _: True


class Hanging:
    """Work that goes on when it is let go."""

    def __init__(self) -> None:
        self.work: list[Any] = []

    def __call__(self, work):
        self.work.append(work)
        return lambda _: work not in self.work

    def let_go(self) -> None:
        for work in list(self.work):
            work()
            self.work.remove(work)


def started(root, recording: Any, clock: Clock, path: str = "/bin/x") -> tuple[HostPaths, InForce]:
    in_force = InForce(ruleset(path), all_events=False)
    paths = HostPaths(in_force, str(root), recording, clock.now_ns, clock.looked_at_ns)
    paths.beside, paths.clock = at_once, clock
    paths.look()
    return paths, in_force


def test_what_is_found_is_in_force_and_recorded(tmp_path):
    (tmp_path / "bin").symlink_to("usr/bin")
    recording, clock = Recording(), Clock()
    _, in_force = started(tmp_path, recording, clock)
    assert recording.told == [(PathTables({"/bin/x": "/usr/bin/x"}), 100 * 10**9)]
    assert in_force.match(seen("/usr/bin/x")) is in_force.ruleset.rules[0].rule


def test_a_file_that_appears_is_known_after_the_next_look(tmp_path):
    recording, clock = Recording(), Clock()
    paths, in_force = started(tmp_path, recording, clock, "/shadow")
    answers = iter((True, True, True, False))
    running = paths.ticking(lambda: next(answers))
    (tmp_path / "shadow").write_text("")
    found = os.stat(tmp_path / "shadow")  # noqa: PTH116
    event = seen("/tmp/link", (found.st_dev & 0xFFFFFFFF, found.st_ino))
    assert running()
    assert in_force.match(event) is None
    clock.now += EVERY_S
    assert running()
    assert in_force.match(event) is in_force.ruleset.rules[0].rule
    assert [ts for _, ts in recording.told] == [100 * 10**9, 103 * 10**9]
    clock.now += EVERY_S
    assert running()
    assert len(recording.told) == 2  # Nothing changed.
    assert not running()


def test_events_from_before_a_look_that_come_late_are_held_against_what_was_there_before(tmp_path):
    shadow, clock = tmp_path / "shadow", Clock()
    shadow.write_text("")
    found = os.stat(shadow)  # noqa: PTH116
    event = seen("/tmp/link", (found.st_dev & 0xFFFFFFFF, found.st_ino))
    paths, in_force = started(tmp_path, None, clock, "/shadow")
    running = paths.ticking(lambda: True)
    shadow.unlink()
    clock.now, clock.behind = clock.now + EVERY_S, EVERY_S + 1
    assert running()
    assert in_force.match(event) is in_force.ruleset.rules[0].rule
    clock.behind = 0
    assert running()
    assert in_force.match(event) is None


def test_other_rules_are_looked_at_anew(tmp_path):
    (tmp_path / "bin").symlink_to("usr/bin")
    paths, in_force = started(tmp_path, None, Clock(), "/etc/x")
    in_force.change(ruleset("/bin/x"))
    assert in_force.match(seen("/usr/bin/x")) is None
    paths.look()
    assert in_force.match(seen("/usr/bin/x")) is in_force.ruleset.rules[0].rule


def test_too_many_paths_are_told(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(known_paths, "MAX_PATHS", 0)
    started(tmp_path, None, Clock())
    assert "1 paths of the rules" in caplog.text


def test_a_look_that_hangs_keeps_nothing_from_going_on_and_counts_once_it_is_done(tmp_path):
    recording, clock, hanging = Recording(), Clock(), Hanging()
    paths, in_force = started(tmp_path, recording, clock)
    paths.beside = hanging
    running = paths.ticking(lambda: True)
    for _ in range(10 * 11):  # Links are looked at every tenth time.
        clock.now += EVERY_S
        assert running()
    assert len(hanging.work) == 1, "no other look begins"
    (tmp_path / "bin").symlink_to("usr/bin")
    for _ in range(11):
        clock.now += EVERY_S
        hanging.let_go()
        assert running()
    assert in_force.match(seen("/usr/bin/x")) is in_force.ruleset.rules[0].rule


def test_a_first_look_that_hangs_is_told_and_taken_up_later(tmp_path, caplog):
    (tmp_path / "bin").symlink_to("usr/bin")
    recording, clock, hanging = Recording(), Clock(), Hanging()
    in_force = InForce(ruleset("/bin/x"), all_events=False)
    paths = HostPaths(in_force, str(tmp_path), cast("Any", recording), clock.now_ns, clock.looked_at_ns)
    paths.beside, paths.clock = hanging, clock
    paths.look()
    running = paths.ticking(lambda: True)
    assert running()
    assert caplog.text.count("The host's files do not answer yet") == 1
    assert paths.foresee(in_force.ruleset.rules) is in_force.tables
    assert in_force.match(seen("/usr/bin/x")) is None
    hanging.let_go()
    assert running()
    assert in_force.match(seen("/usr/bin/x")) is in_force.ruleset.rules[0].rule


def test_a_thread_beside_is_waited_for_and_left():
    let_go = threading.Event()
    done = beside(let_go.wait)
    assert not done(0.0)
    let_go.set()
    assert done(60)
