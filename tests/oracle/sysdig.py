"""What sysdig says about a capture: the independent reader that fields and filters are held against."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

VERSION = "0.29.3"
_SEPARATOR = "\x1f"
_PER_RUN = 40
"""Fields asked for in one run; sysdig's lines have a limit."""


def available() -> bool:
    """Whether sysdig of the version that the deviations were noted for is installed."""
    if shutil.which("sysdig") is None:
        return False
    return VERSION in subprocess.run(["sysdig", "--version"], capture_output=True, text=True, check=True).stdout


@cache
def known_fields() -> frozenset[str]:
    """The names of all fields that this sysdig knows."""
    text = subprocess.run(["sysdig", "-l"], capture_output=True, text=True, check=True).stdout
    return frozenset(re.findall(r"^([a-z][\w.]*\.[\w.]+)", text, re.MULTILINE))


@cache
def argument_types() -> dict[str, frozenset[str]]:
    """Parameter name -> the types that this sysdig's events have under it."""
    text = subprocess.run(["sysdig", "-L"], capture_output=True, text=True, check=True).stdout
    found: dict[str, set[str]] = {}
    for type_name, name in re.findall(r"([A-Z][A-Z0-9]+) (\w+)[,)]", text):
        found.setdefault(name, set()).add(type_name)
    return {name: frozenset(types) for name, types in found.items()}


def values(capture: Path, fields: list[str]) -> dict[int, dict[str, str]]:
    """Event number -> field -> text, `<NA>` for no value, of every event that sysdig shows."""
    rows: dict[int, dict[str, str]] = {}
    for start in range(0, len(fields), _PER_RUN):
        part = fields[start : start + _PER_RUN]
        wanted = _SEPARATOR.join(f"%{field}" for field in ("evt.num", *part))
        for line in _run(capture, "-p", f"*{wanted}{_SEPARATOR}\x1e").split("\x1e\n")[:-1]:
            number, *texts = line.split(_SEPARATOR)[:-1]
            assert len(texts) == len(part), f"{capture.name}: {line!r}"
            rows.setdefault(int(number), {}).update(zip(part, texts, strict=True))
    return rows


def matching(capture: Path, condition: str) -> list[int]:
    """The numbers of the events that pass a filter."""
    return [int(number) for number in _run(capture, "-d", "-p", "%evt.num", condition).split()]


def _run(capture: Path, *arguments: str) -> str:
    done = subprocess.run(["sysdig", "-v", "-r", str(capture), *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape")
