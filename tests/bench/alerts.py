"""What an alert costs: the event loop's time for it, and how many a second get out, by where they go."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from falco.outputs.alerts import Alerts
from falco.outputs.channel import Queueing
from falco.outputs.dispatch import Dispatch
from falco.outputs.format import Formatter
from falco.outputs.stream import StreamOutput
from falco.outputs.throttle import Throttle
from falco.priority import Priority
from falco.stats import RuleCounts
from falco.store.retention import Limits
from falco.store.store import AlertStore, Hooks

if TYPE_CHECKING:
    from falco.outputs.alerts import Template
    from falco.outputs.output import Line, Output

ALERTS = 50_000
_RULE: Any = SimpleNamespace(
    name="Write below etc", priority=Priority.ERROR, priority_text="ERROR", source="syscall", tags=("filesystem",)
)
_EVENT: Any = SimpleNamespace(ts=1_470_327_477_000_000_000, code=0)


class _Template:
    def text(self, event: object) -> str:
        return "File below /etc opened for writing (user=root command=touch /etc/x parent=bash file=/etc/x)"

    def fields(self, event: object) -> dict[str, object]:
        return {"user.name": "root", "proc.cmdline": "touch /etc/x", "proc.pname": "bash", "fd.name": "/etc/x"}


class _Hanging:
    """Takes nothing, ever."""

    name = "hanging"
    buffered = False

    def open(self) -> None:
        pass

    def write(self, lines: Sequence[Line]) -> int:
        threading.Event().wait()
        return 0

    def reopen(self) -> None:
        pass

    def close(self) -> None:
        pass


def alerts() -> None:
    """Print one row for each kind of place."""
    print(f"\n{ALERTS} alerts in a row{'':18}{'in the loop':>14}{'longest':>12}{'alerts/s':>12}")
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("wb") as null:
        stdout = StreamOutput("stdout", null)
        _row("nowhere", [], None)
        _row("standard output", [stdout], None)
        _row("standard output beside one that hangs", [stdout, _Hanging()], None)
        _row("the store", [], Path(folder) / "a.db")
        _row("the store and standard output", [stdout], Path(folder) / "b.db")


def _row(what: str, outputs: list[Output], store: Path | None) -> None:
    made = Alerts(RuleCounts())
    dispatch = Dispatch(outputs, Queueing(capacity=ALERTS, timeout_s=0.5))
    made.change({_RULE.name: cast("Template", _Template())}, Formatter(), dispatch, Throttle(1e9, 1e9))
    keeping = None
    if store is not None:
        hooks = Hooks(Formatter(json_output=True).line, made.raise_alert)
        keeping = AlertStore(store, Limits(), hooks, capacity=ALERTS)
        made.keep_in(keeping)
    longest, started = 0.0, time.perf_counter()
    before = started
    for _ in range(ALERTS):
        made.emit(_RULE, _EVENT)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    loop = before - started
    hangs = any(isinstance(output, _Hanging) for output in outputs)
    if keeping is not None:
        keeping.close()
    if not hangs:  # One that hangs only shows that the loop does not mind.
        made.close()
    rate = "" if hangs else f"{ALERTS / (time.perf_counter() - started):12,.0f}"
    print(f"{what:40}{loop / ALERTS * 1e6:11.2f} us{longest * 1e3:9.1f} ms{rate}")
