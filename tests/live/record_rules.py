"""Records what the event generator does, one small capture for each action and each near miss.

python -m tests.live.record_rules DIRECTORY [ACTION...], as root. tests/functional/test_rule_captures.py replays them. A
capture has the events of one run of the generator that rules or state look at, as the probe sent them.
"""

from __future__ import annotations

import gzip
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from falco.capture.live.asking import Asking
from falco.capture.live.loader import Loaded
from falco.capture.live.resolver import PathResolver
from falco.capture.live.ring import Ring, map_pages
from falco.capture.live.source import LiveSource
from falco.capture.probe.plan import REAL_ENTERS, Wanted, make_plan
from falco.commands.options import Options
from falco.commands.rules import load
from falco.events.event import Event
from falco.events.table import codes_named
from falco.state.clones import CLONES
from falco.state.handlers import PROCESS_LIFE
from falco.state.snapshot import Interface
from falco.state.state import State
from falco.state.users import User
from tests.events import Built, process, write_capture
from tests.live.engines import Engines
from tests.live.product import DEFAULT_RULES, Product
from tests.live.rules_in_force import ACTIONS, GENERATOR, NAME, generate, switches_file
from tests.live.watching import build_for
from tests.oracle.ours import each

RING = 1 << 27
ANSWERS = frozenset(codes_named("container"))
_LOOPBACK = Interface("lo", bytes((127, 0, 0, 1)), bytes((255, 0, 0, 0)), bytes((127, 255, 255, 255)))


class Recording:
    """The probe, sending what the rules look at, and what it sends while the generator runs."""

    def __init__(self, wanted: Wanted, generator: Path) -> None:
        self._generator = generator
        clock = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._loaded = Loaded(build_for(wanted), make_plan(wanted, clock), {"ring": RING})
        self._ring = Ring(map_pages(self._loaded.maps["ring"].fd), RING)
        self._source = LiveSource(self._ring, Event(State()), self._go_on, REAL_ENTERS | wanted.real)
        self._source.complete = PathResolver("/proc", Asking()).complete
        self._running: subprocess.Popen[bytes] | None = None
        self._until = 0
        self._loaded.attach()

    def of(self, *options: str) -> list[Built]:
        """The events of one run of the generator and of what it starts."""
        environment = {"PYTHONPATH": str(self._generator), "PATH": os.defpath}
        command = ["/usr/bin/python3", "-m", "falco_event_generator", "--once", *options]
        self._until, self._running = 0, None
        for _ in self._source:  # What has waited so far is nobody's.
            pass
        self._running = subprocess.Popen(command, cwd="/", env=environment, stdout=subprocess.DEVNULL)
        pid = self._running.pid
        seen = [Built(e.type, e.params(), e.ts, e.tid, e.cpu) for e in self._source]
        assert self._running.returncode == 0, command
        return _descendants(seen, pid)

    def _go_on(self) -> bool:
        if self._running is not None and self._running.poll() is None:
            self._until = 0
            return True
        # The source asks after each batch: everything that had been sent by the end is read.
        self._until = self._until or self._ring.produced
        return self._ring.position < self._until

    def close(self) -> None:
        """Take the probe out of the kernel."""
        self._ring.close()
        self._loaded.close()


def started(folder: Path, engines: Engines, rules: Sequence[Path], codes: frozenset[int], *options: str) -> list[Built]:
    """The events of the container that the generator has an engine run, and what the engine answered about it."""
    capture, which = folder / "started.scap", "container.id != host or evt.type=container"
    with Product(folder, rules, ["-w", str(capture), "--filter", which], engines.config(wait_ms=8000)) as falco:
        generate(*options, env=engines.podman.by_hand)
        falco.catch_up()
        assert falco.stop() == 0
    seen: list[tuple[str, Built]] = []

    def look(event: Event) -> None:
        if event.thread is not None and event.code in codes:
            seen.append((event.thread.container_id, Built(event.type, event.params(), event.ts, event.tid, event.cpu)))

    each(capture, look)
    capture.unlink()
    ours = {container for container, one in seen if one.type.code in ANSWERS and NAME.encode() in one.params[0]}
    assert len(ours) == 1, f"containers of the generator: {ours}, all events: {len(seen)}"
    return [one for container, one in seen if container in ours]


def _descendants(seen: list[Built], pid: int) -> list[Built]:
    """The events of a process and of those below it. A child may be heard of before its parent's call is over."""
    family = {pid}
    for _ in range(2):
        for one in seen:
            if one.type.code in CLONES and one.tid in family and one.params[0]:
                child = int.from_bytes(one.params[0], "little", signed=True)
                family.update({child} if child > 0 else set())
    return [one for one in seen if one.tid in family]


def main(directory: Path, names: Sequence[str]) -> None:
    """Record these actions."""
    directory = directory.resolve()
    os.chdir("/")  # Where this is started is nobody's business either.
    with Engines() if any(ACTIONS[name].engine for name in names) else nullcontext() as engines:
        _record(directory, names, engines)


def _record(directory: Path, names: Sequence[str], engines: Engines | None) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    above = [
        process(1, ptid=0, comm="systemd", exe="/sbin/init", exepath="/usr/lib/systemd/systemd"),
        process(os.getpid(), comm="python3", exe="python3", exepath="/usr/bin/python3.11"),
    ]
    users = [
        User(one.pw_uid, one.pw_gid, one.pw_name, one.pw_dir, "")
        for one in pwd.getpwall()
        if one.pw_uid < 1000 or one.pw_name == "nobody"
    ]
    with tempfile.TemporaryDirectory() as scratch:
        switches = switches_file(Path(scratch, "switches.yaml"))
        rules = load(Options(), [str(DEFAULT_RULES), str(switches)]).ruleset
        # Where the generator lies here is nobody's business.
        generator = shutil.copytree(GENERATOR, Path(scratch, "generator"))
        recording = Recording(Wanted(rules.codes | PROCESS_LIFE, rules.syscalls, rules.enters, times=True), generator)
        for name in names:
            for kind, more in (("fires", ()), ("near", ("--near-misses",))):
                if ACTIONS[name].engine and engines is not None:
                    files = (DEFAULT_RULES, switches)
                    events = started(Path(scratch), engines, files, rules.codes | PROCESS_LIFE, "--action", name, *more)
                else:
                    events = recording.of("--action", name, *more)
                plain = write_capture(Path(scratch, "one.scap"), events, above, [_LOOPBACK], users)
                (directory / f"{name}.{kind}.scap.gz").write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        recording.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(ACTIONS))
