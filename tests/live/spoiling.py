"""falco whose tests of opens are spoiled where a rule names a file /spoiled: spoiling.py HOW falco's arguments.

HOW is what no longer takes them, verifier or compiler. With the limits that there are neither happens by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco.capture.probe import sieve, sieve_text
from falco.capture.probe.sifted import Group, Sifted
from falco.cli import main

if TYPE_CHECKING:
    from falco.capture.probe.sieve_text import Bits, Traits
    from falco.filter.superset import Superset

SPOILED = b"/spoiled"
_START = "if (!c) return 0;"
_BAD = {"verifier": "*(volatile u64 *)8 = 1;", "compiler": "this is no C;"}


def _spoiled(group: Group, members: Iterable[tuple[Sifted, Superset]], bits: Bits, traits: Traits) -> str:
    text = sieve_text.program(group, members, bits, traits)
    if group is not Group.OPENS or not any(each.text == SPOILED for texts in bits for each in texts):
        return text
    return text.replace(_START, f"{_START}\n  {_bad}", 1)


if __name__ == "__main__":
    _bad = _BAD[sys.argv.pop(1)]
    vars(sieve)["program"] = _spoiled
    sys.exit(main())
