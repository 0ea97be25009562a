"""Mutated falco.yaml files and -o options give a configuration or ConfigError, whose places lie inside the text."""

from __future__ import annotations

import random
from pathlib import Path

from falco import config
from falco.errors import ConfigError

SHIPPED = (Path(__file__).resolve().parents[2] / "rootfs/etc/falco/falco.yaml").read_text(encoding="utf-8")
# Without its comments a file changes its meaning more often.
SETTINGS = "".join(f"{line}\n" for line in SHIPPED.splitlines() if line and not line.lstrip().startswith("#"))
OPTIONS = (
    "json_output=true",
    "rules_file=[a, 'b', \"c\"]",
    "syscall_event_drops.actions=[log, alert]",
    "program_output.program=jq '{text: .output}' | cat",
    "webserver.listen_port=8765",
)
PIECES = (
    *"{}[]'\":,-?&*!|>%@#~=.\\\t\n\0\x85\u2028é漢\ufeff",
    *("null", "yes", "1e9", "0x", "<<:", "*a", "&a", "!!int", "---", "{a: "),
)


def mutated(text, rng):
    for _ in range(rng.randint(1, 4)):
        at, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        match rng.randint(0, 3):
            case 0:
                text = text[:at] + rng.choice(PIECES) * rng.choice((1, 1, 1, 40)) + text[at:]
            case 1:
                text = text[:at] + text[min(end, at + 20) :]
            case 2:
                text = text[:at] + text[at : at + 30] + text[at:]
            case _:
                text = text[:at] + rng.choice(PIECES) + text[at + 1 :]
    return text


def test_any_configuration_is_read_or_refused_with_places(tmp_path, fuzz_n):
    rng = random.Random(fuzz_n)
    path = tmp_path / "falco.yaml"
    refused = 0
    for _ in range(fuzz_n):
        text = mutated(SETTINGS, rng)
        option = mutated(rng.choice(OPTIONS), rng)
        path.write_bytes(text.encode("utf-8", "replace"))
        try:
            problems = config.load(str(path), [option]).warnings
        except ConfigError as error:
            refused += 1
            problems = error.problems
        for problem in problems:
            place = problem.location
            if place is not None:
                # An option may hold line ends too, as typed between quotes.
                assert place.path in (str(path), "-o")
                source = text if place.path == str(path) else option
                lines = sum(map(source.count, ("\n", "\r", "\x85", "\u2028", "\u2029"))) + 2
                assert 1 <= place.line <= lines
                assert 1 <= place.column <= len(problem.snippet) + 1
            assert str(problem)
    assert 0 < refused < fuzz_n
