"""What rules and options want of the probe, and the probe that gives it."""

from __future__ import annotations

import dataclasses
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.live.loader import Loaded
from falco.capture.live.procfs_host import own_pid
from falco.capture.probe.build import Plain, ProbeError, build_probe
from falco.capture.probe.cache import DIRECTORY, Cache
from falco.capture.probe.calls import CALLS, LIFE
from falco.capture.probe.compile import compile_in_parts
from falco.capture.probe.plan import COVERED, OTHERS, Wanted, make_plan
from falco.capture.probe.sieve import make_sieve
from falco.capture.probe.text import event_of, probe_text
from falco.errors import FalcoError
from falco.events.table import EVENT_TABLE, codes_named
from falco.logs import LOG
from falco.state.handlers import PROCESS_LIFE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from falco.capture.probe.compile import Job
    from falco.capture.probe.object import ProbeObject
    from falco.capture.probe.plan import Plan
    from falco.commands.in_force import InForce
    from falco.commands.options import Options
    from falco.engine.ruleset import Ruleset

_SEEN = frozenset(("container", *(call.name for call in (*LIFE, *CALLS, *OTHERS))))
"""What comes without an event of its name in the probe: containers, generic events, calls with the event of another."""
_ALL_CODES = frozenset(range(len(EVENT_TABLE)))
_FLAGS = ("-DRING_PAGES=1", "-g0")
"""The ring gets its size when it is made; nobody reads debug information."""
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


def build(plan: Plan, host_root: Path, *, compiling: bool = True) -> ProbeObject:
    """The compiled probe for the kernel that runs, from the cache if it is there. ProbeError.

    Without compiling it has to be there. A sieve that cannot be compiled, or is not there, is not in it: the loader
    leaves out what is missing, and all calls are sent that this would keep back.
    """
    try:
        return _built(plan, host_root, compiling=compiling)
    except ProbeError as error:
        if not compiling:
            return _plain(plan, host_root, error)
        if not plan.texts or not error.by_text:
            raise
        # The compiler names the function that it refuses, but for mistakes that it finds before it knows any.
        refused = [name for name in plan.texts if name in error.by_text] or list(plan.texts)
        LOG.warning("probe: built without %s, which cannot be compiled: %s", ", ".join(refused), error.by_text)
    return build(_without(plan, refused), host_root, compiling=compiling)


def _plain(plan: Plan, host_root: Path, error: ProbeError) -> ProbeObject:
    """The probe without sieves, out of the cache; the error if it is not there either."""
    if not plan.texts:
        raise error
    try:
        probe = _built(_without(plan, plan.texts), host_root, compiling=False)
    except ProbeError:
        raise error from None
    LOG.warning("probe: %s; there is one for other rules, which keeps back nothing that these look at", error)
    return probe


def _without(plan: Plan, sieves: Collection[str]) -> Plan:
    kept = {number: name for number, name in plan.tail_calls["sieves"].items() if name not in sieves}
    texts = {name: text for name, text in plan.texts.items() if name not in sieves}
    return dataclasses.replace(plan, texts=texts, tail_calls={**plan.tail_calls, "sieves": kept})


def _built(plan: Plan, host_root: Path, *, compiling: bool) -> ProbeObject:
    compiler = compile_in_parts if compiling else _refuse
    sieves = frozenset(plan.texts)
    # Where nothing may be compiled other rules, or the same where links lead elsewhere, have to do with what is there.
    plain = Plain(_text_for(_without(plan, sieves)), sieves) if sieves else None
    return build_probe(
        _text_for(plan), host_root, os.uname().release, Cache(), cflags=_FLAGS, compiler=compiler, plain=plain
    )


def _text_for(plan: Plan) -> Callable[[str], str]:
    return partial(probe_text, plan.programs, tuple(plan.texts.values()))


def _refuse(_job: Job) -> ProbeObject:
    raise ProbeError(f"SKIP_PROBE_BUILD is set, and {DIRECTORY} holds no probe for this kernel and these rules")


def report(host_root: Path) -> dict[str, object]:
    """For --support: how the probe is built here, and what the kernel refuses of all that it can have in it.

    It is attached for a moment, as only that tells whether there is every tracepoint.
    """
    plan = make_plan(Wanted(_ALL_CODES, None), 0)
    try:
        probe = build(plan, host_root)
        with Loaded(probe, plan, _SMALL) as loaded:
            loaded.attach()
            return {**probe.meta, "left_out": dict(loaded.left_out)}
    except FalcoError as error:
        return {"error": str(error)}
