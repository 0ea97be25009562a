"""What threads are, found out for the probe: it keeps back calls of threads that no rule can mean (c/traits.h).

The sieve says which comparisons it would know of a thread. They are made here, where state is, for threads that send so
much that it pays, and told with the time of the event as of which they hold. What changes a thread by calls of its own
the probe notes itself; what changes it in other ways is forgotten here, so that nothing is known until it is told anew.
"""

from __future__ import annotations

import contextlib
import errno
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from falco.capture.live.bpf import BpfError
from falco.capture.probe.sifted import SIFTED
from falco.capture.probe.text import code
from falco.events.table import CODES, EVENT_TABLE
from falco.filter.interpret import evaluate
from falco.state.clones import CLONES
from falco.state.handlers import PROCESS_LIFE

if TYPE_CHECKING:
    from falco.capture.probe.sieve import Sieve
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.monitor import Matcher

PAYS = 16
"""So many calls of a thread come before it is looked at: most threads end sooner."""
MOST = 16384
"""So many threads are counted; then counting begins anew."""
_TOLD = -1
_TRAITS = struct.Struct("=QQII")
"""struct traits of c/traits.h."""
_LONG_AGO = (1).to_bytes(8, "little")
_EXIT = CODES["PROCEXIT_1_E"]
_SIEVED, _CHANGED, _BORN = 1, 2, 3


class Table(Protocol):
    """A map of the probe by numbers of threads, as falco.capture.live.bpf.Map."""

    def add(self, key: int | bytes, value: bytes) -> None: ...

    def update(self, key: int | bytes, value: bytes) -> None: ...

    def delete(self, key: int | bytes) -> None: ...


def _kinds() -> bytes:
    """What an event means to a thread's traits, by its code."""
    kinds = bytearray(len(EVENT_TABLE))
    for sifted in SIFTED:
        kinds[code(sifted.call, "X")] = _SIEVED
    for each in PROCESS_LIFE:
        kinds[each] = _CHANGED
    for each in CLONES:
        kinds[each] = _BORN
    kinds[_EXIT] = _CHANGED
    return bytes(kinds)


_KINDS = _kinds()


class ThreadTraits:
    """Tells the probe of threads; told counts how often, refused how often its table was full."""

    def __init__(self, told: Table, changed: Table) -> None:
        self.told = self.refused = 0
        self._table, self._changed = told, changed
        self._sent: dict[int, int] = {}
        self._sieve: Sieve | None = None

    def begin(self, tids: Iterable[int]) -> None:
        """Take it that these threads, of whom state knows from elsewhere than their events, have not changed so far."""
        for tid in tids:
            # One that has changed since the probe is there is known by that; where there is no room it just passes.
            with contextlib.suppress(BpfError):
                self._changed.add(tid, _LONG_AGO)

    def change(self, sieve: Sieve) -> None:
        """Find out what another sieve asks for."""
        self.forget_all()
        self._sieve = sieve if sieve.traits else None

    def look(self, event: Event) -> None:
        """Take notice of an event that state has seen."""
        kind = _KINDS[event.code]
        if kind == _SIEVED:
            sent = self._sent.get(event.tid, 0)
            if sent != _TOLD:
                self._count(event, sent + 1)
        elif kind:
            self._changes(kind, event)

    def forget_all(self) -> None:
        """Nothing that was told is true any more."""
        for tid, sent in self._sent.items():
            if sent == _TOLD:
                self._delete(tid)
        self._sent.clear()

    def _count(self, event: Event, sent: int) -> None:
        self._sent[event.tid] = sent
        if sent >= PAYS and self._sieve is not None:
            self._tell(event, self._sieve)
        elif len(self._sent) > MOST:
            self.forget_all()

    def _tell(self, event: Event, sieve: Sieve) -> None:
        thread = event.thread
        if thread is None or thread.placeholder:
            return
        bits = sum(evaluate(test, event) << bit for bit, test in enumerate(sieve.traits))
        try:
            self._table.update(event.tid, _TRAITS.pack(event.ts, bits, sieve.list_number, 0))
        except BpfError:
            self.refused += 1
        else:
            self.told += 1
        self._sent[event.tid] = _TOLD

    def _changes(self, kind: int, event: Event) -> None:
        born = event.first() if kind == _BORN else None
        if born:
            # The parent's call may tell state of the child what the child's own has not.
            self._forget(born)
        else:
            self._forget(event.tid)

    def _forget(self, tid: int) -> None:
        if self._sent.pop(tid, 0) == _TOLD:
            self._delete(tid)

    def _delete(self, tid: int) -> None:
        try:
            self._table.delete(tid)
        except BpfError as error:
            if error.errno != errno.ENOENT:  # It was refused.
                raise


class Telling:
    """Rules whose events are also looked at for what they tell of threads."""

    def __init__(self, rules: Matcher, traits: ThreadTraits) -> None:
        self.rules = rules
        self._match, self._look = rules.match, traits.look

    def match(self, event: Event) -> Rule | None:
        """The first rule that the event matches."""
        rule = self._match(event)
        self._look(event)
        return rule
