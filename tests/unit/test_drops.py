from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest

from falco import logs
from falco.capture.live.drops import CAUSES, NO_SCRATCH, RING_FULL
from falco.config_schema import SyscallEventDrops
from falco.drops import RULE, SIMULATED, DropActions, Simulated
from falco.errors import FalcoError
from falco.priority import Priority

S = 1_000_000_000


def actions(*names, rate=0.03333, max_burst=10.0, rules=("a", "b")):
    alerts: list[object] = []
    made = DropActions(SyscallEventDrops(names, rate, max_burst), alerts.append, lambda: rules)
    return made, alerts


def test_the_alert_says_how_many_of_which_cause_and_which_rules_were_blind():
    made, alerts = actions("alert")
    made.take(5 * S, {CAUSES[RING_FULL]: 30, CAUSES[NO_SCRATCH]: 7}, 1000)
    (alert,) = alerts
    assert (alert.rule, alert.priority, alert.time_ns) == (RULE, Priority.CRITICAL, 5 * S)
    assert alert.text == "Falco internal: syscall event drop. 37 system calls dropped in last second."
    assert alert.fields == {
        "n_evts": 1000,
        "n_drops": 37,
        "n_drops_buffer": 30,
        "n_drops_pf": 0,
        "n_drops_bug": 7,
        "ebpf_enabled": 1,
        "n_drops_untold": 0,
        "causes": "the ring buffer was full: 30, no memory to build a record in: 7",
        "blind_rules": "a, b",
    }


def test_many_blind_rules_are_counted():
    made, alerts = actions("alert", rules=[f"r{number}" for number in range(23)])
    made.take(0, {"x": 1})
    assert alerts[0].fields["blind_rules"].endswith("r19, and 3 more")


@pytest.mark.parametrize(
    ("names", "logged", "alerted", "ended"),
    [
        ((), False, False, False),
        (("ignore",), False, False, False),
        (("log",), True, False, False),
        (("alert",), False, True, False),
        (("log", "alert"), True, True, False),
        (("exit",), False, False, True),
        (("exit", "alert"), False, True, True),
    ],
)
def test_actions(names, logged, alerted, ended, capsys):
    logs.setup()
    made, alerts = actions(*names)
    with pytest.raises(FalcoError, match=RULE) if ended else contextlib.nullcontext():
        made.take(0, {"x": 1})
    assert (RULE in capsys.readouterr().err) == logged
    assert bool(alerts) == alerted
    assert (made.detected, made.acted, made.total) == (1, 1, 1)


@pytest.mark.parametrize(
    ("rate", "burst", "at_s", "acted"),
    [(0.03333, 10, range(20), 10), (1, 1, [0, 0.5, 1, 1.5, 2], 3), (0.03333, 1, [0, 29, 31], 2), (0, 0, [0, 100], 0)],
)
def test_actions_are_limited_and_occurrences_are_not(rate, burst, at_s, acted):
    made, alerts = actions("alert", rate=rate, max_burst=burst)
    for at in at_s:
        made.take(int(at * S), {"x": 2})
    assert (made.detected, made.acted, len(alerts)) == (len(at_s), acted, acted)
    assert made.total == 2 * len(at_s)


def test_what_no_action_told_of_is_in_the_next_alert():
    made, alerts = actions("alert", rate=1, max_burst=1)
    for at in (0, 0.2, 0.4, 1.5, 3):
        made.take(int(at * S), {"x": 5})
    assert [alert.fields["n_drops_untold"] for alert in alerts] == [0, 10, 0]


def test_nothing_lost_is_no_occurrence():
    made, _ = actions("exit")
    made.take(0, {})
    made.take(0, {"x": 0})
    assert made.detected == 0


class Source:
    def __init__(self, *at_s):
        self._events = [SimpleNamespace(ts=int(at * S), num=num) for num, at in enumerate(at_s, 1)]

    def __iter__(self):
        return iter(self._events)

    def locate(self, error):
        return ValueError(f"located {error}")


@pytest.mark.parametrize(("at_s", "detected"), [([1, 1.5, 2, 2.1, 3.2], 2), ([1, 9], 1), ([1], 0), ([], 0)])
def test_one_lost_event_each_second_is_simulated(at_s, detected):
    made, alerts = actions("alert")
    source = Simulated(Source(*at_s), made)
    assert len(list(source)) == len(at_s)
    assert made.detected == detected
    assert all(SIMULATED in alert.fields["causes"] for alert in alerts)
    assert str(source.locate(KeyError("x"))).startswith("located")


@pytest.mark.parametrize(("simulate", "detected"), [(True, 2), (False, 0)])
def test_a_live_run_loses_an_event_each_second_too(simulate, detected):
    made, _ = actions("alert")
    made.change(SyscallEventDrops(("alert",), simulate_drops=simulate))
    clock = iter(int(at * S) for at in (0, 0.5, 1, 1.5, 2, 2.6, 3))
    left = iter([True] * 6 + [False])
    running = made.ticking(lambda: next(left), lambda: next(clock))
    for _ in range(6):
        assert running()
    assert made.detected == detected
