"""Watching this host: the probe built, loaded and attached, and what has to be looked after while events come."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.live import bpf, canary, procfs
from falco.capture.live.asking import Asking
from falco.capture.live.drops import Drops
from falco.capture.live.known_files import KnownFiles
from falco.capture.live.procfs_host import this_host
from falco.capture.live.resolver import PathResolver
from falco.capture.live.ring import Patience, Ring, map_pages
from falco.capture.live.source import LiveSource
from falco.capture.live.wall_clock import WallClock
from falco.capture.live.watchdog import Watchdog
from falco.capture.probe.plan import REAL_ENTERS, Wanted, make_plan
from falco.capture.probe.sifted import SIFTED
from falco.capture.probe.text import code
from falco.commands.building import Builder
from falco.commands.thread_traits import ThreadTraits
from falco.errors import FalcoError
from falco.events.event import Event
from falco.logs import LOG
from falco.state.fds import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from falco.capture.live.procfs_host import Host
    from falco.capture.probe.object import ProbeObject
    from falco.capture.probe.plan import Plan
    from falco.capture.scap import wanted
    from falco.fields.path_tables import FileId
    from falco.monitor import Controls
    from falco.sight import Sight
    from falco.state.snapshot import Snapshot
    from falco.state.state import State

_MB = 1 << 20
_LEAST_MB, _MOST_MB = 8, 64
_SHARE_OF_MEMORY = 1024
SENSELESS = "records of the probe that make no sense"
"""The cause of a loss on this side of the ring; the others are the probe's own (drops.CAUSES)."""
_LOOK_S = 1.0
"""How often lost records are looked for: they are to be told within two seconds."""
_MEND_S = 5.0
"""How often, at most, the thread table is brought back to what /proc says after a loss."""


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def buffer_bytes(asked_mb: int) -> int:
    """The size of the ring buffer: a power of two, of what was asked for (MB), or by the machine's memory if 0."""
    mb = asked_mb or min(max(_memory_mb() // _SHARE_OF_MEMORY, _LEAST_MB), _MOST_MB)
    return 1 << (mb * _MB).bit_length() - 1


def _memory_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MB


def until(controls: Controls, duration_s: int) -> Callable[[], bool]:
    """What says whether to go on: not duration_s after it was first asked, nor when the user asks to stop."""
    end = 0.0

    def running() -> bool:
        nonlocal end
        if duration_s:
            now = time.monotonic()
            end = end or now + duration_s
            if now >= end:
                return False
        return not controls.pending or controls.act()

    return running


@dataclasses.dataclass(frozen=True, slots=True)
class Around:
    """What a watch calls, and how it is done.

    running says whether to go on; sleep is called, with seconds, where nothing is to do; on_lost gets how many records
    were lost since the last time, by cause; sight is told whether all is seen. shadow has what the sieve keeps back
    sent too, marked. go_first is called by threads that the one for events waits for.
    """

    running: Callable[[], bool]
    sleep: Callable[[float], None]
    on_lost: Callable[[Mapping[str, int]], None]
    sight: Sight
    shadow: bool = False
    compiling: bool = True
    go_first: Callable[[], None] = lambda: None


class Watch:
    """The probe in the kernel and its source of events. Raises FalcoError if this host cannot be watched."""

    def __init__(self, need: Wanted, host_root: Path, ring_bytes: int, around: Around) -> None:
        _check_access()
        self._host: Host = this_host(host_root)
        self._around, self._patience = around, Patience(around.sleep)
        self._need, self._half, self._is_whole = need, 0, True
        plan = make_plan(need, self._host.boot_ns, shadow=around.shadow)
        self._builder = Builder(self._host.root, compiling=around.compiling)
        self._loaded = self._builder.load(plan, {"ring": ring_bytes})
        self._tell_left_out({})
        self._ring = Ring(map_pages(self._loaded.maps["ring"].fd), ring_bytes)
        self._drops = Drops(self._loaded.maps["counts"])
        self._canary = canary.Canary(self._loaded, self._ring, around.sight)
        self._wall_clock = WallClock(self._host.now)
        self._asking = Asking(around.go_first)
        self.traits = ThreadTraits(self._loaded.maps["told_traits"], self._loaded.maps["changed_at"])
        self.traits.change(need.sieve)
        self._watchdog = Watchdog(around.sight.stuck, around.sight.moving)
        self._next_look = self._next_mend = 0.0
        self._lost = False
        self._known_files = KnownFiles(self._loaded.maps)
        self._senseless = 0
        self._kept_back: dict[int, int] | None = None
        """The last counts, once the probe is no longer there to ask."""
        self._count_senseless: Callable[[], int] = lambda: 0
        self._state: State
        self.source: LiveSource

    @property
    def left_out(self) -> Mapping[str, str]:
        """Programs that the kernel refused, with its reasons."""
        return self._loaded.left_out

    def start(self, state: State, wanted_here: wanted.Wanted) -> Snapshot:
        """Attach, and then find out what was there before: nothing that happens in between is missed."""
        self._state = state
        self.source = LiveSource(
            self._ring, Event(state), self._idle, REAL_ENTERS | self._need.real, wanted_here, self._patience
        )
        self._count_senseless = lambda: self.source.malformed
        self.source.own_code, self.source.on_own = canary.CODE, self._canary.saw
        resolver = PathResolver(str(self._host.proc), self._asking, self._drops.moved)
        self.source.complete = resolver.complete
        before = dict(self._loaded.left_out)
        self._loaded.attach()
        self._tell_left_out(before)
        try:
            found = procfs.scan(self._host)
        except OSError as error:
            raise FalcoError(f"{self._host.proc}: {error.strerror}: processes cannot be known without it") from None
        if found.trouble:
            LOG.warning("%s", found.trouble)
        self._teach_roles(found.snapshot)
        self.traits.begin(found.snapshot.threads)
        return found.snapshot

    def build(self, need: Wanted) -> ProbeObject:
        """The probe for other needs. ProbeError. It changes nothing and may take seconds: a thread may do it."""
        return self._builder.build(self._plan(need))

    def needs(self, need: Wanted) -> bool:
        """Whether anything has to change for these needs."""
        return need != self._need or not self._is_whole

    def change(self, need: Wanted, probe: ProbeObject | None = None) -> None:
        """Send what is wanted now. FalcoError if the probe for it cannot be had; then everything stays as it was.

        If the kernel refuses when it is half done, the next change begins anew, be it back to what was before. probe is
        what build() has made for it, if it has.
        """
        if not self.needs(need):
            return
        half, before = 1 - self._half, dict(self._loaded.left_out)
        plan, probe = self._plan(need), probe or self.build(need)
        self._loaded.change(probe, plan)
        self._need, self._half = need, half
        self.traits.change(need.sieve)
        self.source.expect(REAL_ENTERS | need.real)
        self._tell_left_out(before)

    def kept_back(self) -> dict[int, int]:
        """How many calls the sieve has kept back, by the codes of their exits. BpfError."""
        if self._kept_back is not None:
            return self._kept_back
        table, sums = self._loaded.maps["sifted_calls"], dict[int, int]()
        for sifted in SIFTED:
            number = code(sifted.call, "X")
            sums[number] = sums.get(number, 0) + sum(map(_number, table.lookup_cpus(sifted.call.number)))
        return sums

    def know(self, files: Iterable[FileId]) -> None:
        """The files that rules may mean by whatever name: what is done with them always passes the sieve."""
        self._known_files.know(files)

    def end(self) -> None:
        """No more events are looked at from now on, and that is no blindness."""
        self._watchdog.close()

    def close(self) -> None:
        """Take the probe out of the kernel, and tell of what was lost since the last look."""
        self._look()
        self._kept_back = self.kept_back()
        self._around.sight.close()
        self._asking.close()
        self._ring.close()
        self._loaded.close()

    @property
    def now_ns(self) -> int:
        """The time of the events' clock."""
        return self._host.now()

    @property
    def lost(self) -> int:
        """How many records were lost so far."""
        return self._drops.total

    @property
    def shortened(self) -> int:
        """How many records came without a parameter that they had no room for."""
        return self._drops.shortened

    def _plan(self, need: Wanted) -> Plan:
        """What the half of the tables that is not in force is to hold."""
        return make_plan(need, self._host.boot_ns, 1 - self._half, self._around.shadow)

    def _tell_left_out(self, known: Mapping[str, str]) -> None:
        for name, reason in self._loaded.left_out.items():
            calls = [call for call, program in self._need.sieve.by_call.items() if program == name]
            if name in known:
                continue
            if calls:
                LOG.warning(
                    "probe: every %s call that rules look at leaves the kernel, as what tests it (%s) is left out: %s",
                    ", ".join(calls), name, reason,
                )  # fmt: skip
            else:
                LOG.warning("probe: %s is left out: %s", name, reason)

    def _teach_roles(self, snapshot: Snapshot) -> None:
        """Tell the probe which of the sockets that were there are whose: a server's or a client's."""
        roles = self._loaded.maps["roles"]
        for thread in snapshot.threads.values():
            for fd in thread.fds.values():
                if fd.role in (Role.CLIENT, Role.SERVER) and fd.ino:
                    roles.update(fd.ino.to_bytes(8, "little"), bytes((int(fd.role),)))

    def _idle(self) -> bool:
        """Between two batches of events: what has to be done now and then. False to stop."""
        self._watchdog.beat()
        self._canary.beat()
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_S
            self._look()
            self._around.sight.beat()
            self._wall_clock.look()
            if not self.source.is_behind:
                self._state.caught_up(self.now_ns)
            if self._lost and now >= self._next_mend:
                self._next_mend, self._lost = now + _MEND_S, False
                self._mend()
        return self._around.running()

    def _look(self) -> None:
        lost = self._drops.look()
        senseless = self._count_senseless()
        if senseless > self._senseless:
            lost[SENSELESS] = senseless - self._senseless
            self._senseless = senseless
        if lost:
            self._lost = True
            self._around.on_lost(lost)

    def _mend(self) -> None:
        self.traits.forget_all()
        try:
            done = procfs.reconcile(self._state, self._host)
        except OSError as error:
            LOG.error("Events were lost, and %s cannot be read: %s", self._host.proc, error.strerror)
            return
        LOG.info("Threads brought up to date: %s new, %s changed, %s gone", done.added, done.changed, done.vanished)


class _NoAccessError(FalcoError):
    in_lines = True


def _check_access() -> None:
    try:
        bpf.check_access()
    except bpf.BpfError as error:
        raise _NoAccessError(
            f"this host cannot be watched: {error}\nCaptures can be replayed by any user: falco -e FILE"
        ) from None
