"""How long a command takes, and how much memory it needs."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path


def measured(command: list[str]) -> tuple[float, int]:
    """Wall seconds and peak memory (MB) of a command; its output is thrown away, its failure is an error."""
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, _peak_kb(process.pid))
            time.sleep(0.005)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return time.perf_counter() - started, peak // 1024


def _peak_kb(pid: int) -> int:
    """The most memory that a process has had so far; its resource usage would count what its parent had at the fork."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
