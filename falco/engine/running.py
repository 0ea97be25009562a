"""Which rules run on which events: what evt.type tests name, without what 0.15 does not look at unless told -A.

A rule with the key all_events looks at all events, as all rules do with -A.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from falco.events.syscalls import IGNORED_CODES, SYSCALL_NAMES
from falco.events.table import EVENT_TABLE, GENERIC_E, GENERIC_X
from falco.events.types import EventFlag

if TYPE_CHECKING:
    from falco.engine.bind import BoundRule

GENERIC = (GENERIC_E, GENERIC_X)


class Running:
    """The indexes of the rules to try, in order, by event code and, for generic events, by system call.

    Codes and calls on which no rule runs are absent. A system call whose number we do not know has no name, so what
    runs on it is what runs on all events.
    """

    def __init__(self, rules: Sequence[BoundRule], *, all_events: bool) -> None:
        self.by_code: dict[int, list[int]] = {}
        self.by_call: dict[int, list[int]] = {}
        self.unknown_call: list[int] = []
        for i, bound in enumerate(rules):
            named = bound.types.codes
            codes, calls = _ALL if all_events or bound.rule.all_events else _HEEDED
            if named is None:
                self.unknown_call.append(i)
            for code in codes if named is None else sorted(named.intersection(codes)):
                self.by_code.setdefault(code, []).append(i)
            for call in calls if named is None else sorted(bound.types.syscalls.intersection(calls)):
                self.by_call.setdefault(call, []).append(i)


def _looked_at(*, all_events: bool) -> tuple[list[int], list[int]]:
    """Codes of events and of system calls, the latter for generic events."""
    codes = [t.code for t in EVENT_TABLE if all_events or not t.flags & EventFlag.DROP_FALCO]
    calls = [n for n in range(len(SYSCALL_NAMES)) if all_events or n not in IGNORED_CODES]
    return [code for code in codes if code not in GENERIC], calls


_ALL, _HEEDED = _looked_at(all_events=True), _looked_at(all_events=False)
