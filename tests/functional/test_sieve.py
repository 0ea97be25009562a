"""What the default rules alert on in captures: the sieve would have let it through.

Recordings of what the event generator did have what the kernel told of every call, so its plain meaning can be held
against each. Of other captures only numbers and passed paths are known.
"""

from __future__ import annotations

from collections import Counter

import pytest

from falco.capture.probe.sieve import make_sieve
from falco.capture.probe.text import event_of
from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import open_stream
from falco.commands.in_force import InForce
from falco.commands.options import Options
from falco.commands.rules import load
from falco.events.event import Event
from falco.filter.superset import UNKNOWN_PATH, passes
from falco.monitor import monitor
from falco.state.state import State
from tests.conftest import CAPTURES
from tests.live import sifted_calls
from tests.live.rules_in_force import DEFAULT_RULES, switches_file
from tests.live.watching import Seen

PLACE = CAPTURES / "rules"
RECORDINGS = sorted(PLACE.glob("*.fires.scap.gz"))
OTHERS = sorted((*CAPTURES.glob("*.scap"), *CAPTURES.glob("made/*.scap")))


class Verified:
    """Finds rules as those in force do, and holds each match of a call that is sifted against the sieve."""

    pending = False

    def __init__(self, ruleset):
        self.rules = InForce(ruleset, all_events=False)
        self.passed: Counter[str] = Counter()
        self.kept_back: list[tuple[str, str, dict[str, object]]] = []
        self._tables = self._sieve = None

    def match(self, event):
        rule = self.rules.match(event)
        sifted = sifted_calls.sifted_of(event.code, event.params()) if rule is not None else None
        if sifted is not None:
            self._verify(rule, event, sifted.call.name)
        return rule

    def _verify(self, rule, event, name):
        if self._sieve is None or self._tables is not self.rules.tables:
            self._tables = self.rules.tables
            self._sieve = make_sieve(lambda call: [node for _, node in self.rules.remaining(*event_of(call, "X"))])
        names = [param.name for param in event.type.params]
        values = {name: event.param(i) for i, name in enumerate(names) if i < event.nparams}
        paths, numbers = sifted_calls.known(Seen(event.num, event.ts, event.tid, event.code, event.params(), values))
        if event.fd is not None and (event.fd.dev, event.fd.ino) in self._tables.files:
            paths = UNKNOWN_PATH  # The rules mean this file whatever it is called.
        if passes(self._sieve.supersets[name], paths, numbers):
            self.passed[name] += 1
        else:
            self.kept_back.append((rule.name, name, values))

    def emit(self, rule, event):
        """Nothing becomes of alerts."""

    def act(self):
        return True


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory):
    path = switches_file(tmp_path_factory.mktemp("rules") / "switches.yaml")
    return load(Options(), [str(DEFAULT_RULES), str(path)]).ruleset


def verified(ruleset, capture):
    """A capture, replayed."""
    found, state = Verified(ruleset), State()
    state.heed(ruleset.codes, ruleset.syscalls)
    stream = open_stream(str(capture))
    try:
        reader = Reader(stream, Event(state), state.load, found.rules.wanted)
        reader.on_paths = found.rules.know
        monitor(reader, state, found, found, found)
    finally:
        stream.close()
    return found


@pytest.mark.parametrize(
    ("captures", "calls", "least"),
    [(RECORDINGS, {"openat", "connect", "unlink", "socket"}, 10), (OTHERS, {"openat", "connect"}, 2)],
    ids=["recordings", "others"],
)
def test_whatever_the_default_rules_match_passes(ruleset, captures, calls, least):
    passed: Counter[str] = Counter()
    kept_back = []
    for capture in captures:
        found = verified(ruleset, capture)
        passed += found.passed
        kept_back += [(capture.name, *each) for each in found.kept_back]
    assert kept_back == []
    assert calls <= passed.keys(), passed
    assert len(passed) >= least, passed
