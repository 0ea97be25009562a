import logging
from types import SimpleNamespace

import pytest

from falco.containers.engine import EngineError
from falco.containers.health import FIRST_S, LONGEST_S, QUIET_S, Health


@pytest.fixture
def now():
    return SimpleNamespace(s=100.0)


@pytest.fixture
def health(now):
    return Health(SimpleNamespace(name="docker (/x)"), lambda: now.s)


def test_trouble_is_told_once_and_so_is_its_end(health, now, caplog):
    caplog.set_level(logging.INFO)
    for _ in range(3):
        health.ill("Connection refused")
        now.s += LONGEST_S + 1
    assert health.trouble == "Connection refused"
    for _ in range(3):
        health.well()
    for _ in range(3):
        health.ill("flaps")
        health.well()
    now.s += QUIET_S
    health.ill("again")
    assert [record.message for record in caplog.records] == [
        "docker (/x) tells nothing about containers: Connection refused",
        "docker (/x) answers again",
        "docker (/x) tells nothing about containers: again",
    ]


def test_the_pause_grows_and_ends_with_an_answer(health, now):
    assert not health.is_paused
    pauses = []
    for _ in range(12):
        health.ill("x")
        start = now.s
        while health.is_paused:
            now.s += 0.1
        pauses.append(now.s - start)
    assert pauses[0] == pytest.approx(FIRST_S, abs=0.11) and pauses[1] == pytest.approx(2 * FIRST_S, abs=0.11)
    assert pauses[-1] == pytest.approx(LONGEST_S, abs=0.11)
    health.ill("x")
    health.well()
    assert not health.is_paused and health.trouble == ""


def test_those_who_fail_at_the_same_time_count_as_one(health, now):
    for _ in range(20):
        health.ill("x")
    now.s += FIRST_S
    assert not health.is_paused


def test_what_is_the_matter_with_a_container_is_not_the_engines(health, now, caplog):
    health.odd("a" * 12, "its answer is longer than 16 MiB")
    health.odd("b" * 12, "again")
    assert not health.is_paused and health.trouble == ""
    now.s += QUIET_S
    health.odd("c" * 12, "later")
    assert [record.message for record in caplog.records] == [
        "docker (/x) tells nothing about container aaaaaaaaaaaa: its answer is longer than 16 MiB",
        "docker (/x) tells nothing about container cccccccccccc: later",
    ]


def test_answers_are_counted(health):
    health.well()
    health.ill("x")
    health.well()
    assert health.answers == 2


def test_a_greeting_finds_out_how_it_is_doing(health):
    def version():
        raise EngineError("Connection refused")

    health.engine.is_there, health.engine.version = False, version
    health.greet()
    assert health.trouble == ""
    health.engine.is_there = True
    health.greet()
    assert health.trouble == "Connection refused" and health.is_paused
