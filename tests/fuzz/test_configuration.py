"""Damaged falco.yaml and -o options: a Config, or a ConfigError with the place of each mistake."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from falco import config
from falco.config_schema import Config
from falco.errors import ConfigError
from tests.fuzz.inputs import bounded, inputs

SHIPPED = Path(__file__).resolve().parents[2] / "rootfs" / "etc" / "falco" / "falco.yaml"
PIECES = (
    *"()[]{}'\"\\,=!:-#|>&*%@`?~\n\t\0é\ud7ff",
    "&a",
    "*a",
    "<<: *a",
    "\n  ",
    "- ",
    "---\n",
    "!!python/name:os",
    "1e999",
    "-1",
)
VALUES = (
    "true",
    "yes",
    "",
    "0",
    "-1",
    "99999999999999999999",
    "[a, b",
    '"x',
    "'y'",
    "{a: 1}",
    "debug",
    "null",
    "[]",
    "é\udcff",
)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """The shipped file's settings, without its comments."""
    return [line for line in SHIPPED.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]


def damaged(lines: list[str], rng: random.Random) -> bytes:
    lines = list(lines)
    for _ in range(rng.randint(1, 4)):
        at, act = rng.randrange(len(lines)), rng.randrange(5)
        if act == 0 and len(lines) > 1:
            del lines[at]
        elif act == 1:
            lines.insert(at, rng.choice(lines))
        elif act == 2:
            lines[at] = f"{lines[at].partition(':')[0]}: {rng.choice(VALUES)}"
        else:
            column = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:column] + rng.choice(PIECES) + lines[at][column + rng.randrange(3) :]
    data = "\n".join(lines).encode("utf-8", "surrogateescape")
    if rng.random() < 0.1:
        at = rng.randrange(len(data) + 1)
        data = data[:at] + rng.choice((rng.randbytes(2), b"")) + data[at + 3 :]
    return data


def option(lines: list[str], rng: random.Random) -> str:
    key = rng.choice(lines).partition(":")[0].strip(" -")
    section = rng.choice(("stdout_output", "outputs", "file_output", "x"))
    key = rng.choice((key, f"{section}.{key}", ""))
    value: str = rng.choice((*VALUES, *PIECES))
    return f"{key}{rng.choice(('=', '=', '=', '', '=='))}{value}"


def test_files(fuzz_n, lines, tmp_path):
    path = tmp_path / "falco.yaml"
    for number, rng in inputs("configuration", fuzz_n // 8):
        data = damaged(lines, rng)
        path.write_bytes(data)
        with bounded("configuration", number):
            check(str(path), (), data.count(b"\n") + data.count(b"\r") + 2)


def test_options(fuzz_n, lines):
    for number, rng in inputs("option", fuzz_n // 8):
        options = [option(lines, rng) for _ in range(rng.randint(1, 4))]
        with bounded("option", number):
            check(None, options, len(options))


def check(path: str | None, options: tuple[str, ...] | list[str], last: int) -> None:
    try:
        loaded = config.load(path, options)
    except ConfigError as error:
        problems = error.problems
        assert any(problem.severity == "error" for problem in problems)
    else:
        problems = loaded.warnings
        assert isinstance(loaded.config, Config)
        assert all(problem.severity == "warning" for problem in problems)
    for problem in problems:
        assert str(problem)
        assert problem.location is None or 1 <= problem.location.line <= last
