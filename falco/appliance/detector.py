"""Becomes the detector: supervisord starts this, so that its configuration need not hold what users wrote."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from falco.appliance import place


def main(directory: Path) -> None:
    """Note the process id, and go on as falco with the arguments that the entry point left."""
    arguments = json.loads((directory / place.DETECTOR).read_text(encoding="utf-8"))["arguments"]
    (directory / place.PID).write_text(f"{os.getpid()}\n", encoding="ascii")
    os.execv(sys.executable, [sys.executable, "-P", "-m", "falco.cli", *arguments])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
