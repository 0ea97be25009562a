"""A detector for outage tests: raises numbered alerts into a store at a rate, from the number after the last one.

python -m tests.sinks.detector STORE COUNT RATE prints how many it has raised and how many of them are committed.
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


def main(path: Path, count: int, rate: float) -> None:
    """Raise alerts; the pace is kept by the clock, not by the store."""
    store = AlertStore(path, Limits(), Hooks(Formatter(json_output=True).line, lambda _: None))
    started = time.monotonic()
    for number in range(1, count + 1):
        store.put(Alert(number, "Write below etc", Priority.WARNING, "syscall", f"alert {number}", {"fd.num": number}))
        print(number, store.committed, flush=True)
        time.sleep(max(0.0, started + number / rate - time.monotonic()))
    store.close()
    print(count, store.committed, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
