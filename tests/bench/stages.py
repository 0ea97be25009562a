"""Where the time of a replay goes: the pipeline run as far as each stage, the fastest of some rounds in one process."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import open_stream
from falco.capture.scap.wanted import Wanted
from falco.commands import rules
from falco.commands.options import Options
from falco.events.event import Event
from falco.outputs.alerts import Alerts
from falco.outputs.dispatch import Dispatch
from falco.outputs.format import Formatter
from falco.state.handlers import needed
from falco.state.state import State
from falco.stats import RuleCounts

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 3
STAGES = ("framing", "decoding", "state", "matching", "alerts")
"""Passing over what nobody wants; framing what somebody does; the tables; the rules; format and count."""


def stages(capture: Path, rules_file: Path) -> tuple[int, int, list[float]]:
    """Events in all, events that reach the loop, and seconds that each of STAGES adds."""
    totals = [min(_timed(capture, rules_file, depth) for _ in range(ROUNDS)) for depth in range(len(STAGES))]
    (num, reached), _ = _run(capture, rules_file, 1)
    return num, reached, [total - before for total, before in zip(totals, [0.0, *totals], strict=False)]


def _timed(capture: Path, rules_file: Path, depth: int) -> float:
    with redirect_stdout(io.StringIO()):
        return _run(capture, rules_file, depth)[1]


def _run(capture: Path, rules_file: Path, depth: int) -> tuple[tuple[int, int], float]:
    ready = rules.load(Options(), [str(rules_file)])
    alerts = Alerts(RuleCounts())
    alerts.change(ready.templates, Formatter(), Dispatch(()))
    wanted = Wanted(needed(ready.ruleset.codes), ready.ruleset.syscalls) if depth else Wanted(())
    state = State()
    ready.ruleset.compile_all()
    stream = open_stream(str(capture))
    reader = Reader(stream, Event(state), state.load if depth > 1 else lambda _: None, wanted)
    started = time.perf_counter()
    reached = _loop(reader, state, ready.ruleset.match, alerts, depth)
    spent = time.perf_counter() - started
    stream.close()
    return (reader.num, reached), spent


def _loop(reader: Reader, state: State, match: Callable[[Event], object], alerts: Alerts, depth: int) -> int:
    reached = 0
    for event in reader:
        reached += 1
        if depth < 2:
            continue
        state.apply(event)
        if depth > 2 and not event.hidden:
            rule = match(event)
            if rule is not None and depth > 3:
                alerts.emit(rule, event)  # type: ignore[arg-type] # what a rule set matches is a rule
        if state.unsettled:
            state.settle()
    return reached
