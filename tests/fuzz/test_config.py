"""Damaged falco.yaml files and -o options: a Config, or a ConfigError whose places lie inside what was written."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from falco import config
from falco.config_schema import Config
from falco.errors import ConfigError
from tests.fuzz.inputs import at_least, bounded, inputs

SHIPPED = (Path(__file__).resolve().parents[2] / "rootfs/etc/falco/falco.yaml").read_text(encoding="utf-8")
# Without its comments a file changes its meaning more often.
LINES = tuple(line for line in SHIPPED.splitlines() if line.strip() and not line.lstrip().startswith("#"))
LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
SECTIONS = ("stdout_output", "outputs", "file_output", "syscall_event_drops", "x")
OPTIONS = (
    "json_output=true",
    "rules_file=[a, 'b', \"c\"]",
    "syscall_event_drops.actions=[log, alert]",
    "program_output.program=jq '{text: .output}' | cat",
    "webserver.listen_port=8765",
)
PIECES = (
    *"()[]{}'\"\\,=!:.-#|>&*%@`?~\n\t\0\x85\u2028é漢\ufeff\ud7ff",
    *("null", "yes", "1e9", "0x", "1e999", "-1", "*a", "&a", "<<:", "<<: *a", "{a: ", "- ", "\n  ", "---", "---\n"),
    *("!!int", "!!python/name:os"),
)
VALUES = (
    *("true", "yes", "debug", "null", "", "0", "-1", "99999999999999999999", '"x', "'y'", "é\udcff"),
    *("[]", "[a, b", "{a: 1}"),
)


def scratched(text: str, rng: random.Random) -> str:
    """Pieces put in, perhaps many of one, and parts of the text taken out, repeated or replaced."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        act = rng.randrange(4)
        if act == 0:
            text = text[:at] + rng.choice(PIECES) * rng.choice((1, 1, 1, 40)) + text[at:]
        elif act == 1:
            text = text[:at] + text[at + rng.randint(0, 20) :]
        elif act == 2:
            text = text[:at] + text[at : at + 30] + text[at:]
        else:
            text = text[:at] + rng.choice(PIECES) + text[at + rng.randint(0, 2) :]
    return text


def rearranged(rng: random.Random) -> str:
    """The settings with lines left out, repeated or scratched, and other values."""
    lines = list(LINES)
    for _ in range(rng.randint(1, 4)):
        at, act = rng.randrange(len(lines)), rng.randrange(4)
        if act == 0:
            del lines[at]
        elif act == 1:
            lines.insert(at, rng.choice(lines))
        elif act == 2:
            lines[at] = f"{lines[at].partition(':')[0]}: {rng.choice(VALUES)}"
        else:
            lines[at] = scratched(lines[at], rng)
    return "\n".join(lines)


def damaged(rng: random.Random) -> bytes:
    text = rearranged(rng) if rng.random() < 0.5 else scratched("\n".join(LINES), rng)
    data = text.encode("utf-8", "surrogateescape")
    if rng.random() < 0.1:
        at = rng.randrange(len(data) + 1)
        data = data[:at] + rng.choice((rng.randbytes(2), b"")) + data[at + 3 :]
    return data


def option(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return scratched(rng.choice(OPTIONS), rng)
    key = rng.choice(LINES).partition(":")[0].strip(" -")
    key = rng.choice((key, f"{rng.choice(SECTIONS)}.{key}", ""))
    return f"{key}{rng.choice(('=', '=', '=', '', '=='))}{rng.choice((*VALUES, *PIECES))}"


def loads(path: str | None, data: bytes, options: Sequence[str]) -> bool:
    """Whether there is a configuration; either way what is said of it must be in order."""
    try:
        loaded = config.load(path, options)
    except ConfigError as error:
        problems = error.problems
        assert any(problem.severity == "error" for problem in problems)
        good = False
    else:
        problems = loaded.warnings
        assert isinstance(loaded.config, Config)
        assert all(problem.severity == "warning" for problem in problems)
        good = True
    # The place of an option is its number, plus the line in it where it has several.
    last = {
        path: len(LINE_END.split(data.decode("utf-8", "replace"))) + 1,
        "-o": max((number + len(LINE_END.split(each)) for number, each in enumerate(options)), default=0) + 1,
    }
    for problem in problems:
        assert str(problem)
        place = problem.location
        if place is not None:
            assert 1 <= place.line <= last[place.path]
            assert place.column >= 1
            # What is not UTF-8 is not quoted.
            assert place.column <= len(problem.snippet) + 1 or problem.message == "not valid UTF-8"
    return good


def test_files(tmp_path):
    path, good = tmp_path / "falco.yaml", 0
    for number, rng in inputs("configuration"):
        data = damaged(rng)
        path.write_bytes(data)
        # An option overrides settings of the file, broken ones too.
        options = [option(rng)] if rng.random() < 0.2 else []
        with bounded("configuration", number):
            good += loads(str(path), data, options)
    assert at_least(good, 20, "configuration")


def test_options():
    good = 0
    for number, rng in inputs("option"):
        options = [option(rng) for _ in range(rng.randint(1, 4))]
        with bounded("option", number):
            good += loads(None, b"", options)
    assert at_least(good, 20, "option")
