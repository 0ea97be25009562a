"""falco without its sieve: every call of a kind that rules look at is sent. Only benchmarks want that."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

from falco.capture.probe.sieve import NO_SIEVE
from falco.cli import main
from falco.commands import probing

if TYPE_CHECKING:
    from falco.capture.probe.plan import Wanted
    from falco.commands.in_force import InForce
    from falco.commands.options import Options

_sifted = probing.wanted


def _wanted(in_force: InForce, options: Options) -> Wanted:
    return dataclasses.replace(_sifted(in_force, options), sieve=NO_SIEVE)


if __name__ == "__main__":
    probing.wanted = _wanted
    sys.exit(main())
