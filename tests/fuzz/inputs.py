"""Numbered, repeatable inputs for the fuzz tests, how many there are of each kind, and the bounds that each has to stay
in.

Input number n of a kind is always the same, so a longer run makes those of a shorter one and then more. A failure names
its input; `FUZZ_ONLY=n pytest FILE -k TEST` makes that one alone.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import time
from collections.abc import Iterator

TOTAL = int(os.environ.get("FUZZ_N", "2000"))
"""Inputs that all fuzz tests make together."""
ONLY = os.environ.get("FUZZ_ONLY")
SHARES = {
    "capture": 18,
    "parameter": 9,
    "event": 8,
    "condition text": 12,
    "condition": 12,
    "rules file": 11,
    "shipped rules": 4,
    "configuration": 7,
    "option": 4,
    "BTF": 2,
    "probe file": 2,
    "/proc file": 4,
    "ring record": 2,
    "audit document": 3,
    "audit request": 2,
}
"""Of 100 inputs, how many are of each kind: the more, the more code they can reach. One test makes all of a kind."""
SECONDS, MEGABYTES = 5.0, 300
"""Processor time that one input may take, and memory that all inputs of a test may add."""


def share(kind: str, total: int = TOTAL) -> int:
    """How many of the inputs are of a kind. Those of all kinds together are exactly the total."""
    kinds = list(SHARES)
    before = sum(SHARES[other] for other in kinds[: kinds.index(kind)])
    return total * (before + SHARES[kind]) // 100 - total * before // 100


def inputs(kind: str) -> Iterator[tuple[int, random.Random]]:
    """The numbers from 0 on, each with its own source of randomness; memory is looked at behind the last one."""
    before = _peak()
    numbers = range(share(kind)) if ONLY is None else (int(ONLY),)
    for number in numbers:
        yield number, random.Random(f"{kind} {number}")
    grown = (_peak() - before) >> 10
    assert grown < MEGABYTES, f"{kind}: {grown} MB more after {len(numbers)} inputs"


def at_least(found: int, parts: int, kind: str) -> bool:
    """Whether one in so many inputs of a kind, or more, was found to be something; true of too few to tell."""
    made = share(kind)
    return ONLY is not None or made < 50 or found * parts >= made


@contextlib.contextmanager
def bounded(kind: str, number: int) -> Iterator[None]:
    """Name the input in whatever is raised inside, and see that it does not take for ever."""
    started = time.process_time()
    try:
        yield
        spent = time.process_time() - started
        assert spent < SECONDS, f"took {spent:.1f} s of processor time"
    except Exception as error:
        error.add_note(f"{kind}, input {number}: run the test with FUZZ_ONLY={number}")
        raise


def _peak() -> int:
    """The most memory (KB) that the process has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
