from __future__ import annotations

import io
import json
import threading
import time
from types import SimpleNamespace
from typing import cast

import pytest

from falco import logs
from falco.alert import INTERNAL, Alert
from falco.engine.rule import Rule
from falco.events.event import Event
from falco.outputs.alerts import Alerts
from falco.outputs.channel import Queueing
from falco.outputs.dispatch import Dispatch
from falco.outputs.format import Formatter
from falco.outputs.stream import StreamOutput
from falco.outputs.throttle import Throttle
from falco.priority import Priority
from falco.stats import RuleCounts

RULE = cast(
    Rule, SimpleNamespace(name="r", priority=Priority.ERROR, priority_text="err", source="syscall", tags=("t", "u"))
)
AT = 1_470_327_477_000_000_001
EVENT = cast(Event, SimpleNamespace(ts=AT, code=307))


class Template:
    fetches = False

    def __init__(self, text):
        self._text, self.asked = text, 0

    def freeze(self, event):
        return self

    def text(self, event):
        return f"{self._text} {event.ts % 10}"

    def fields(self, event):
        self.asked += 1
        return {"evt.num": event.ts % 10}


class Kept:
    crowded = False

    def __init__(self):
        self.alerts: list[Alert] = []

    def put(self, alert):
        self.alerts.append(alert)


def dispatch():
    stream = io.BytesIO()
    return stream, Dispatch([StreamOutput("x", stream)], Queueing(patient=True))


def test_a_match_is_counted_and_printed():
    stream, out = dispatch()
    alerts = Alerts(RuleCounts())
    alerts.change({"r": Template("seen")}, Formatter(iso_8601=True), out)
    alerts.emit(RULE, EVENT)
    alerts.close()
    alerts.close()
    assert stream.getvalue() == b"2016-08-04T16:17:57.000000001+0000: Error seen 1\n"
    assert alerts.counts.total == 1
    assert "   err: 1" in alerts.counts.summary()


@pytest.mark.parametrize(("as_json", "stored", "asked"), [(False, False, 0), (True, False, 1), (False, True, 1)])
def test_fields_are_only_read_for_json_and_the_store(as_json, stored, asked):
    stream, out = dispatch()
    template, store = Template("seen"), Kept()
    alerts = Alerts(RuleCounts())
    alerts.change({"r": template}, Formatter(json_output=as_json), out)
    if stored:
        alerts.keep_in(store)
    alerts.emit(RULE, EVENT)
    alerts.close()
    assert template.asked == asked
    if as_json:
        assert json.loads(stream.getvalue())["output_fields"]["evt.num"] == 1
    if stored:
        assert store.alerts == [Alert(AT, "r", Priority.ERROR, "syscall", "seen 1", {"evt.num": 1}, ("t", "u"))]


def test_after_a_change_alerts_go_elsewhere_and_the_counts_stay():
    first, before = dispatch()
    second, after = dispatch()
    alerts = Alerts(RuleCounts())
    alerts.change({"r": Template("old")}, Formatter(), before)
    alerts.emit(RULE, EVENT)
    alerts.change({"r": Template("new")}, Formatter(), after)
    alerts.emit(RULE, EVENT)
    alerts.close()
    assert b"old" in first.getvalue()
    assert b"new" in second.getvalue()
    assert alerts.counts.total == 2


def limited(burst):
    stream, out = dispatch()
    alerts = Alerts(RuleCounts())
    alerts.change({"r": Template("seen")}, Formatter(iso_8601=True), out, Throttle(1, burst))
    return stream, alerts


def later(seconds):
    return cast(Event, SimpleNamespace(ts=AT + seconds * 1_000_000_000, code=307))


def texts(stream):
    return [line.partition(": ")[2] for line in stream.getvalue().decode().splitlines()]


HELD = "Warning Falco internal: alert rate limit. 2 alerts were held back by outputs.rate and outputs.max_burst."


def test_the_limit_holds_for_outputs_and_not_for_the_store_or_the_counts():
    stream, alerts = limited(1)
    store = Kept()
    alerts.keep_in(store)
    for event in (EVENT, EVENT, EVENT, later(1)):
        alerts.emit(RULE, event)
    alerts.close()
    assert texts(stream) == ["Error seen 1", f"{HELD}(n_suppressed=2 rules=r: 2 seconds=0.000)", "Error seen 1"]
    assert len(store.alerts) == alerts.counts.total == 4


@pytest.mark.parametrize("end", ["close", "tick", "change"])
def test_what_was_held_back_is_told_without_a_further_alert(end):
    stream, alerts = limited(0)
    for _ in range(2):
        alerts.emit(RULE, EVENT)
    if end == "tick":
        stream, alerts = limited(1)
        for _ in range(3):
            alerts.emit(RULE, EVENT)
        alerts.tick(AT)
        alerts.tick(AT + 1_000_000_000)
    if end == "change":
        alerts.change({}, Formatter(), dispatch()[1])
    alerts.close()
    assert sum(text.startswith(HELD) for text in texts(stream)) == 1


def test_alerts_about_falco_itself_pass_the_limit_and_are_kept():
    stream, alerts = limited(0)
    store = Kept()
    alerts.keep_in(store)
    alert = Alert(AT, "Falco internal: x", Priority.CRITICAL, INTERNAL, "Falco internal: x.", {"n": 1})
    alerts.raise_alert(alert)
    alerts.close()
    alerts.raise_alert(alert)  # Nobody is left to hear this one, but the store.
    assert texts(stream) == ["Critical Falco internal: x.(n=1)"]
    assert store.alerts == [alert, alert]


def test_alerts_are_crowded_where_the_store_or_an_output_is():
    alerts, store = Alerts(RuleCounts()), Kept()
    assert not alerts.crowded
    _, out = dispatch()
    alerts.change({}, Formatter(), out)
    alerts.keep_in(store)
    assert not alerts.crowded
    store.crowded = True
    assert alerts.crowded
    alerts.close()


class Hanging:
    name = "x"
    buffered = False

    def __init__(self):
        self.gate = threading.Event()

    def open(self):
        pass

    def write(self, lines):
        self.gate.wait(20)
        return len(lines)

    def reopen(self):
        pass

    def close(self):
        pass


def test_outputs_of_earlier_reloads_that_hang_are_not_waited_for_one_by_one(capsys):
    logs.setup()
    alerts = Alerts(RuleCounts())
    outputs = [Hanging() for _ in range(5)]
    for output in outputs:
        alerts.change({"r": Template("x")}, Formatter(), Dispatch([output], Queueing(timeout_s=0.3)))
        alerts.emit(RULE, EVENT)
    started = time.monotonic()
    alerts.close()
    assert 0.3 <= time.monotonic() - started < 1.2
    assert capsys.readouterr().err.count("gave up after 0.3 s, 1 alerts were not delivered") == 5
    for output in outputs:
        output.gate.set()
