"""The compiled probe for the kernel that runs: built or out of the cache, and loaded as far as the kernel takes it."""

from __future__ import annotations

import dataclasses
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.live.loader import Loaded
from falco.capture.probe.build import BY_CALLS, READS, WITHOUT_CALLS, Plain, ProbeError, build_probe
from falco.capture.probe.cache import DIRECTORY, Cache
from falco.capture.probe.compile import compile_in_parts
from falco.capture.probe.text import probe_text
from falco.errors import FalcoError
from falco.logs import LOG

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from falco.capture.probe.compile import Job
    from falco.capture.probe.object import ProbeObject
    from falco.capture.probe.plan import Plan

_FLAGS = ("-DRING_PAGES=1", "-g0")
"""The ring gets its size when it is made; nobody reads debug information."""


class Builder:
    """Makes probes for this host's kernel; without compiling it only has those that are in the cache."""

    def __init__(self, host_root: Path, *, compiling: bool = True) -> None:
        self._host_root, self._compiling = host_root, compiling
        self._flags: tuple[str, ...] = _FLAGS

    def build(self, plan: Plan) -> ProbeObject:
        """The probe for a plan, from the cache if it is there. ProbeError.

        Without compiling it has to be there. A sieve that cannot be compiled, or is not there, is not in it: the loader
        leaves out what is missing, and all calls are sent that this would keep back.
        """
        try:
            return self._built(plan, compiling=self._compiling)
        except ProbeError as error:
            if not self._compiling:
                return self._plain(plan, error)
            if not plan.texts or not error.by_text:
                raise
            # The compiler names the function that it refuses, but for mistakes that it finds before it knows any.
            refused = [name for name in plan.texts if name in error.by_text] or list(plan.texts)
            LOG.warning("probe: built without %s, which cannot be compiled: %s", ", ".join(refused), error.by_text)
        return self.build(_without(plan, refused))

    def load(self, plan: Plan, sizes: Mapping[str, int]) -> Loaded:
        """The probe for a plan in the kernel, with maps of these sizes. FalcoError.

        What the kernel refuses, other than sieves, may be how its structures are read without calling anything, for
        which verifiers differ. If it takes more of a probe without that, this is it, and so are those that are built
        from then on. Which of both is decided here alone: a reload keeps to it.
        """
        loaded = Loaded(self.build(plan), plan, sizes)
        refused = loaded.left_out.keys() - plan.texts.keys()
        if not refused or loaded.meta.get(READS) != WITHOUT_CALLS:
            return loaded
        self._flags = (*_FLAGS, BY_CALLS)
        try:
            other = Loaded(self.build(plan), plan, sizes)
        except FalcoError as error:
            LOG.warning("probe: one that reads by calls alone cannot be had: %s", error)
        else:
            if refused - other.left_out.keys():
                names = ", ".join(sorted(refused))
                LOG.warning("probe: it reads by calls alone from now on, as the kernel refuses %s", names)
                loaded.close()
                return other
            other.close()
        self._flags = _FLAGS
        return loaded

    def _plain(self, plan: Plan, error: ProbeError) -> ProbeObject:
        """The probe without sieves, out of the cache; the error if it is not there either."""
        if not plan.texts:
            raise error
        try:
            probe = self._built(_without(plan, plan.texts), compiling=False)
        except ProbeError:
            raise error from None
        LOG.warning("probe: %s; there is one for other rules, which keeps back nothing that these look at", error)
        return probe

    def _built(self, plan: Plan, *, compiling: bool) -> ProbeObject:
        compiler = compile_in_parts if compiling else _refuse
        sieves = frozenset(plan.texts)
        # Where nothing may be compiled other rules, or the same where links lead elsewhere, have to do with what is
        # there.
        plain = Plain(_text_for(_without(plan, sieves)), sieves) if sieves else None
        return build_probe(
            _text_for(plan), self._host_root, os.uname().release, Cache(), cflags=self._flags, compiler=compiler,
            plain=plain,
        )  # fmt: skip


def _without(plan: Plan, sieves: Collection[str]) -> Plan:
    kept = {number: name for number, name in plan.tail_calls["sieves"].items() if name not in sieves}
    texts = {name: text for name, text in plan.texts.items() if name not in sieves}
    return dataclasses.replace(plan, texts=texts, tail_calls={**plan.tail_calls, "sieves": kept})


def _text_for(plan: Plan) -> Callable[[str], str]:
    return partial(probe_text, plan.programs, tuple(plan.texts.values()))


def _refuse(_job: Job) -> ProbeObject:
    raise ProbeError(f"SKIP_PROBE_BUILD is set, and {DIRECTORY} holds no probe for this kernel and these rules")
