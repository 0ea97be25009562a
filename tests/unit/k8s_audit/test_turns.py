from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from falco.engine.failure import RuleFailure
from falco.k8s_audit.queue import AuditQueue
from falco.k8s_audit.turns import Turns

TEXT = '{"auditID":"a","stageTimestamp":"2019-05-13T08:00:00.00000000%dZ"}'


class Rules:
    """Match events with an even time, and take so many seconds for each of them."""

    def __init__(self, seconds):
        self.now = 0.0
        self._seconds = seconds

    def match(self, event) -> Any:
        self.now += self._seconds
        return SimpleNamespace(name="even") if event.ts % 2 == 0 else None


def turns(count, seconds=1.0):
    queue, rules, found = AuditQueue(10_000), Rules(seconds), []
    queue.put([TEXT % number for number in range(count)], 0)
    made = Turns(queue, rules, lambda rule, event: found.append((rule.name, event.num)), clock=lambda: rules.now)
    return queue, made, found


def test_a_turn_ends_with_its_time():
    queue, made, found = turns(10)
    made.work(3.5)
    assert (made.num, len(queue), found) == (4, 6, [("even", 1), ("even", 3)])
    made.work(0)
    assert (made.num, len(queue)) == (5, 5)


def test_a_turn_ends_when_nothing_waits():
    queue, made, found = turns(4)
    made.work(100)
    made.work(100)
    assert (made.num, len(queue), len(found)) == (4, 0, 2)


def test_a_pause_does_what_waits_and_no_more_than_fits_into_it():
    queue, made, _ = turns(9, 0.002)
    made.pause(0.003)
    assert (made.num, len(queue)) == (2, 7)
    made.pause(10)
    assert (made.num, len(queue)) == (5, 4), "system calls that came meanwhile must not wait so long"
    made.pause(10)
    made.pause(10)
    made.pause(0.001)
    assert (made.num, len(queue)) == (9, 0)


def test_a_rule_that_fails_on_an_event_does_not_end_the_others():
    queue, made, found = turns(4)
    rules = made._rules
    whole = rules.match

    def match(event):
        if event.num == 1:
            raise RuleFailure(None, event, ZeroDivisionError("no"))
        return whole(event)

    rules.match = match
    made.work(100)
    assert (made.num, len(queue), found) == (4, 0, [("even", 3)])


def test_events_wait_while_alerts_are_crowded():
    queue, made, found = turns(4)
    crowded = True
    made._crowded = lambda: crowded
    made.work(100)
    made.pause(0.001)
    assert (made.num, len(queue)) == (0, 4)
    crowded = False
    made.work(100)
    assert (made.num, len(queue), len(found)) == (4, 0, 2)


def test_the_end_waits_for_what_waits_and_not_for_ever():
    queue, made, _ = turns(9, 0.002)
    made.finish(10)
    assert (made.num, len(queue)) == (9, 0)
    queue, made, _ = turns(9)
    made.finish(3.5)
    assert (made.num, len(queue)) == (4, 5)
