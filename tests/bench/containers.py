"""How late events are looked at while 50 containers start at once: python -m tests.bench.containers (as root).

Measured in the process that watches, by the shipped rules: from when a batch was taken out of the ring to when each of
its events has been held against the rules, those that wait left out; by the clock, which on a busy machine counts other
programs' turns as well, and by the watching thread's own time on a processor.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from falco import monitor as loop
from falco.commands import live
from falco.commands.options import parse
from tests.live.engines import IMAGE, Engines
from tests.live.product import DEFAULT_RULES

if TYPE_CHECKING:
    from falco.commands.thread_traits import Telling
    from falco.engine.rule import Rule
    from falco.engine.waiting import Waiting
    from falco.events.event import Event

CONTAINERS = 50
_CONFIG = """
file_output: {{enabled: true, keep_alive: true, filename: {folder}/alerts}}
log_stderr: true
log_syslog: false
alert_store: {{enabled: 'false'}}
"""
_PARTS = (0.5, 0.9, 0.99, 0.999, 1.0)


class Timed:
    """The rules in force behind a watch; taken() says that a batch was taken."""

    def __init__(self, inner: Telling, waiting: Waiting) -> None:
        self.inner, self.waiting = inner, waiting
        self.by_clock: list[int] = []
        self.by_processor: list[int] = []
        self._at = (0, 0)

    def taken(self) -> None:
        self._at = time.perf_counter_ns(), time.thread_time_ns()

    def match(self, event: Event) -> Rule | None:
        held = self.waiting.held
        found = self.inner.match(event)
        if self.waiting.held == held:
            self.by_clock.append(time.perf_counter_ns() - self._at[0])
            self.by_processor.append(time.thread_time_ns() - self._at[1])
        return found


def watch(config: Path, ready: threading.Event, done: threading.Event) -> Timed:
    """Watch this host until done; say when ready."""
    run = live.Live(parse(["-c", str(config), "-r", str(DEFAULT_RULES)], {}))
    found: list[Timed] = []

    def timed_monitor(source: Any, state: Any, matcher: Any, *rest: Any) -> None:
        timed = Timed(matcher, matcher.rules)
        found.append(timed)
        take, go_on = source.ring.take, source._idle

        def taking() -> object:
            batch = take()
            timed.taken()
            return batch

        source.ring.take, source._idle = taking, lambda: go_on() and not done.is_set()
        ready.set()
        loop.monitor(source, state, timed, *rest)

    live.monitor = timed_monitor  # type: ignore[assignment,attr-defined]
    run.prepare()
    run.begin()
    run.go(time.perf_counter())
    return found[0]


def start_all(engines: Engines, ready: threading.Event, done: threading.Event) -> None:
    """Start the containers at once, and wait for their ends.

    A shell does so: to start programs holds this process up, which is the one that is measured.
    """
    docker = f"docker -H unix://{engines.docker.socket} run --network none --rm {IMAGE}"
    ready.wait()
    time.sleep(2)
    subprocess.run(
        ["sh", "-c", f"for n in $(seq {CONTAINERS}); do {docker} sleep 2.$n >/dev/null & done; wait"], check=True
    )
    time.sleep(2)
    done.set()


def main() -> int:
    """Measure and print."""
    ready, done = threading.Event(), threading.Event()
    with Engines() as engines, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "falco.yaml"
        config.write_text(_CONFIG.format(folder=folder) + engines.config())
        starting = threading.Thread(target=start_all, args=(engines, ready, done))
        starting.start()
        timed = watch(config, ready, done)
        starting.join()
    print(f"{len(timed.by_clock)} events, {timed.waiting.held} waited, {timed.waiting.unanswered} without an answer")
    for what, found in (("by the clock", timed.by_clock), ("on a processor", timed.by_processor)):
        found.sort()
        parts = ", ".join(f"{100 * part:g} %: {found[int((len(found) - 1) * part)] / 1e6:.2f}" for part in _PARTS)
        print(f"ms from the ring to the rules, {what}: {parts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
