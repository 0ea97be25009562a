"""What rules and options want of the probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.capture.live.procfs_host import own_pid
from falco.capture.probe.calls import CALLS, LIFE
from falco.capture.probe.plan import COVERED, OTHERS, Wanted, make_plan
from falco.capture.probe.sieve import make_sieve
from falco.capture.probe.text import event_of
from falco.commands.building import Builder
from falco.errors import FalcoError
from falco.events.table import EVENT_TABLE, codes_named
from falco.state.handlers import PROCESS_LIFE

if TYPE_CHECKING:
    from pathlib import Path

    from falco.commands.in_force import InForce
    from falco.commands.options import Options
    from falco.engine.ruleset import Ruleset

_SEEN = frozenset(("container", *(call.name for call in (*LIFE, *CALLS, *OTHERS))))
"""What comes without an event of its name in the probe: containers, generic events, calls with the event of another."""
_ALL_CODES = frozenset(range(len(EVENT_TABLE)))
_SMALL = {"ring": 1 << 12}


def wanted(in_force: InForce, options: Options) -> Wanted:
    """What has to leave the kernel for these rules, for -A and for a recording."""
    ruleset, own = in_force.ruleset, own_pid(options.host_root)
    if options.all_events or options.writefile is not None:
        return Wanted(_ALL_CODES, None, ruleset.enters, times=True, snaplen=options.snaplen, self_tgid=own)
    sieve = make_sieve(lambda call: [node for _, node in in_force.remaining(*event_of(call, "X"))])
    codes = ruleset.codes | PROCESS_LIFE
    return Wanted(
        codes, ruleset.syscalls, ruleset.enters, snaplen=options.snaplen, self_tgid=own, sieve=sieve,
        entered=ruleset.entered_syscalls,
    )  # fmt: skip


def unseen(ruleset: Ruleset) -> tuple[str, ...]:
    """The events that rules name and that a live host never gives."""
    names = {name for bound in ruleset.rules for name in bound.types.names}
    return tuple(sorted(name for name in names - _SEEN if not COVERED.intersection(codes_named(name))))


def report(host_root: Path) -> dict[str, object]:
    """For --support: how the probe is built here, and what the kernel refuses of all that it can have in it.

    It is attached for a moment, as only that tells whether there is every tracepoint.
    """
    plan = make_plan(Wanted(_ALL_CODES, None), 0)
    try:
        with Builder(host_root).load(plan, _SMALL) as loaded:
            loaded.attach()
            return {**loaded.meta, "left_out": dict(loaded.left_out)}
    except FalcoError as error:
        return {"error": str(error)}
