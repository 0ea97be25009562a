"""What the Falco that runs on this host last said of itself, in its health file (falco/sight.py): for --support."""

from __future__ import annotations

import json
from pathlib import Path

SERVICE = "/run/falco/health.json"
"""The file of the packages' service, where no setting names another (service_file)."""
_NAME = "health.json"
_MOST_BYTES = 1 << 20


def service_file(runtime_directories: str) -> str:
    """The health file of a service, by systemd's RUNTIME_DIRECTORY; empty for what is none."""
    first = runtime_directories.partition(":")[0]
    return f"{first}/{_NAME}" if first else ""


def report(health_file: str, now_ns: int) -> dict[str, object]:
    """What stands in the file that the configuration names or, if it names none, in that of the service.

    Its age says whether whoever wrote it still runs: it is written every second, and removed at the end.
    """
    path = health_file or SERVICE
    try:
        with Path(path).open("rb") as file:
            told = json.loads(file.read(_MOST_BYTES))
        age_s = (now_ns - told["alive"]) / 1e9
    except OSError as error:
        return {"health_file": path, "error": f"{error.strerror}: no Falco that runs here writes it"}
    except (ValueError, TypeError, KeyError):
        return {"health_file": path, "error": "it holds nothing that a Falco would write"}
    return {"health_file": path, "age_s": round(age_s, 1), **told}
