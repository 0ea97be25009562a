"""A detector for outage tests: raises numbered alerts at a rate until a store has so many, those before it included.

python -m tests.sinks.detector STORE COUNT RATE prints, after each, how many it has raised and how many of its own are
committed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from falco.alert import Alert
from falco.outputs.format import Formatter
from falco.priority import Priority
from falco.store.retention import Limits
from falco.store.store import AlertStore, Hooks
from tests.sinks.stores import stored


def main(path: Path, count: int, rate: float) -> None:
    """Raise alerts; the pace is kept by the clock, not by the store."""
    left = count - stored(path)
    store = AlertStore(path, Limits(), Hooks(Formatter(json_output=True).line, lambda _: None))
    started = time.monotonic()
    for number in range(1, left + 1):
        store.put(Alert(number, "Write below etc", Priority.WARNING, "syscall", f"alert {number}", {"fd.num": number}))
        print(number, store.committed, flush=True)
        time.sleep(max(0.0, started + number / rate - time.monotonic()))
    store.close()
    print(left, store.committed, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
