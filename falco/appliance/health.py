"""The container's health: 0 if the detector lives and sees what happens, 1 with the reason if not."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from falco.appliance import place

LIMIT_S = 10.0
"""The detector says every second that it is alive."""


def trouble(directory: Path | None, now_ns: Callable[[], int] = time.time_ns, proc: Path = Path("/proc")) -> str:
    """What is wrong, or an empty text."""
    if directory is None:
        return "the container has not started yet, or runs another command"
    try:
        pid = int((directory / place.PID).read_text(encoding="ascii"))
        running = b"falco.cli" in (proc / str(pid) / "cmdline").read_bytes()
        wanted = json.loads((directory / place.DETECTOR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        running = False
    if not running:
        return "the detector does not run"
    if not wanted["watches"]:
        return ""  # Only audit events are taken; there is nothing to be blind to.
    try:
        told = json.loads(Path(wanted["health_file"]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "the detector is not ready yet"
    silent_s = (now_ns() - told["alive"]) / 1e9
    if silent_s > LIMIT_S:
        return f"the detector has not moved for {silent_s:.0f} s"
    return "" if told["sees"] else f"the detector does not see this host: {told['reason']}"


def main() -> int:
    """Say how it is."""
    reason = trouble(place.find())
    sys.stdout.write(f"{reason or 'healthy'}\n")
    return int(bool(reason))


if __name__ == "__main__":
    sys.exit(main())
