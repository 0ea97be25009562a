"""Numbered, repeatable inputs for the fuzz tests, and the bounds that each has to stay in.

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

ONLY = os.environ.get("FUZZ_ONLY")
SECONDS, MEGABYTES = 5.0, 300
"""Processor time that one input may take, and memory that all inputs of a test may add."""


def inputs(kind: str, count: int) -> Iterator[tuple[int, random.Random]]:
    """The numbers from 0 on, each with its own source of randomness; memory is looked at behind the last one."""
    before = _peak()
    for number in range(count) if ONLY is None else (int(ONLY),):
        yield number, random.Random(f"{kind} {number}")
    grown = (_peak() - before) >> 10
    assert grown < MEGABYTES, f"{kind}: {grown} MB more after {count} inputs"


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
