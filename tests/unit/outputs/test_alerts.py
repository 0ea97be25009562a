from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import cast

import pytest

from falco.engine.rule import Rule
from falco.events.event import Event
from falco.outputs.alerts import Alerts
from falco.outputs.dispatch import Dispatch
from falco.outputs.format import Formatter
from falco.outputs.stream import StreamOutput
from falco.priority import Priority
from falco.stats import RuleCounts

RULE = cast(Rule, SimpleNamespace(name="r", priority=Priority.ERROR, priority_text="err", source="syscall"))
EVENT = cast(Event, SimpleNamespace(ts=1_470_327_477_000_000_001))


class Template:
    def __init__(self, text):
        self._text, self.asked = text, 0

    def text(self, event):
        return f"{self._text} {event.ts % 10}"

    def fields(self, event):
        self.asked += 1
        return {"evt.num": event.ts % 10}


def dispatch():
    stream = io.BytesIO()
    return stream, Dispatch([StreamOutput("x", stream, buffered=True)])


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


@pytest.mark.parametrize(("as_json", "asked"), [(False, 0), (True, 1)])
def test_fields_are_only_read_for_json(as_json, asked):
    stream, out = dispatch()
    template = Template("seen")
    alerts = Alerts(RuleCounts())
    alerts.change({"r": template}, Formatter(json_output=as_json), out)
    alerts.emit(RULE, EVENT)
    assert template.asked == asked
    if as_json:
        assert json.loads(stream.getvalue())["output_fields"]["evt.num"] == 1


def test_a_change_hands_over_what_is_buffered_and_keeps_the_counts():
    first, before = dispatch()
    second, after = dispatch()
    closed: list[int] = []
    before_close = before.close

    def close():
        closed.append(1)
        before_close()

    before.close = close
    alerts = Alerts(RuleCounts())
    alerts.change({"r": Template("old")}, Formatter(), before)
    alerts.emit(RULE, EVENT)
    alerts.change({"r": Template("new")}, Formatter(), after)
    alerts.emit(RULE, EVENT)
    assert closed == [1]
    assert b"old" in first.getvalue()
    assert b"new" in second.getvalue()
    assert alerts.counts.total == 2
