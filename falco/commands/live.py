"""A live run: what happens on this host, and Kubernetes audit events that are posted to it."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.live import scheduling
from falco.commands import audit, container_lookups, event_counts, probing, report, sifting, watch
from falco.commands.container_lookups import ContainerLookups
from falco.commands.foreseen import Foreseen
from falco.commands.host_paths import HostPaths
from falco.commands.refusals import LOOKUPS, SHORTENED, UNANSWERED, Refusals
from falco.commands.run import Run
from falco.commands.thread_traits import Telling
from falco.commands.watch import Around
from falco.errors import FalcoError
from falco.logs import LOG, to_stderr
from falco.monitor import monitor
from falco.sight import Sight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from falco.capture.live.source import LiveSource
    from falco.capture.probe.object import ProbeObject
    from falco.commands import refusals, rules
    from falco.config_schema import Config
    from falco.engine.ruleset import Ruleset
    from falco.engine.waiting import Waiting
    from falco.fields.path_tables import PathTables
    from falco.monitor import Matcher
    from falco.state.state import State
    from falco.stats import EventCounts


class Live(Run):
    """One run on this host."""

    _watch: watch.Watch | None = None
    _paths: HostPaths | None = None
    _source: LiveSource | None = None
    _listening: audit.Listening | None = None
    _foreseen: Foreseen[ProbeObject]
    _refused_beside: Callable[[], refusals.Counts] = dict
    _refitted: Foreseen[ProbeObject]

    def begin(self) -> None:
        """Have a web server that is ready to start, if there is to be one. FalcoError."""
        wanted = self._config.webserver
        if wanted.enabled and "k8s_audit" not in self._options.disable_source:
            self._listening = audit.Listening(
                wanted, self._audit_in_force, self._alerts.emit, lambda: self._alerts.crowded
            )

    def go(self, started: float) -> None:
        """Watch until told to stop, the host or, without system calls, only what is posted. FalcoError."""
        if self._listening is not None:
            self._sources.append(self._listening)
        with self._controls.installed(self._sample_every_ms):
            if "syscall" in self._options.disable_source:
                self._listen(started)
            else:
                self._watch_host(started)

    def _watch_host(self, started: float) -> None:
        """Hold what happens on this host against the rules. FalcoError if it cannot be watched."""
        self._state = state = self._new_state()
        self._foreseen, self._refitted = Foreseen(), Foreseen()
        _tell_unseen(self._in_force.ruleset)
        waiting = self._waiting(state)
        waiting.is_own = container_lookups.own_asking(self._options.host_root)
        health = self._config.health_file or self._options.service_health_file
        sight = Sight(self._alerts.raise_alert, health, self._by_event)
        around = Around(
            *self._turns(waiting), self._lost, sight, self._options.verify_filter, not self._options.skip_probe_build,
            self._go_first,
        )  # fmt: skip
        size = watch.buffer_bytes(self._config.syscall_buf_mb)
        need, host_root = probing.wanted(self._in_force, self._options), Path(self._options.host_root)
        sifting.tell_open(self._in_force, need)
        self._watch = watching = watch.Watch(need, host_root, size, around)
        asked, api = container_lookups.asked(self._options, self._config), container_lookups.k8s_api(self._options)
        containers = ContainerLookups(asked, state, self._stream_ns, api)
        self._refused_beside = lambda: {
            LOOKUPS: containers.lookups.refused, UNANSWERED: waiting.unanswered, SHORTENED: watching.shortened
        }  # fmt: skip
        try:
            self._start_listening()
            self._start(watching, state, containers)
            to_stderr(f"ready in {time.perf_counter() - started:.2f} s\n")
            self._monitor(watching, state, waiting)
        finally:
            watching.end()
            containers.close()
            watching.close()
            waiting.finish()
            if self._recording is not None:
                self._recording.close()
            self._stop_listening()
            self._foreseen.close()
            self._refitted.close()

    def _turns(self, waiting: Waiting) -> tuple[Callable[[], bool], Callable[[float], None]]:
        """What says whether to go on, and what to do instead of sleeping: all that has its turn between events."""
        running = self._alerts.ticking(watch.until(self._controls, self._options.duration_s))
        running = self._refitted.ticking(self._foreseen.ticking(self._drops.ticking(running, self._now_ns)))
        running = Refusals(lambda: self._refused() or {}, time.monotonic).ticking(running)
        running, sleep = self._beside(running, self._ring_fill)
        root, recording = self._options.host_root, self._recording
        self._paths = paths = HostPaths(self._in_force, root, recording, self._now_ns, self._stream_ns, self._refit)
        paths.look()
        return waiting.ticking(paths.ticking(running), self._stream_ns), self._getting_ready(sleep)

    def _getting_ready(self, sleep: Callable[[float], None]) -> Callable[[float], None]:
        """What to do where no event comes: generate code for the rules, or the first events would have to wait."""

        def idle(seconds: float) -> None:
            if not self._in_force.compile_next():
                sleep(seconds)

        return idle

    def _stream_ns(self) -> int:
        """How far events have been looked at: those in the ring have their waits still to come, however late it is."""
        source = self._source
        return source.event.ts if source is not None and source.is_behind else self._now_ns()

    def _ring_fill(self) -> float:
        return 0.0 if self._source is None else self._source.ring.fill

    def _start(self, watching: watch.Watch, state: State, containers: ContainerLookups) -> None:
        """Attach, and find out what was there before."""
        watching.know(self._in_force.tables.files)
        containers.start()
        state.load(watching.start(state, self._in_force.wanted))
        self._source = watching.source
        self._sources.append(watching.source)
        containers.first()
        watching.source.besides = containers.blocks
        if self._recording is not None:
            self._recording.attach(watching.source, state)
            self._recording.begin(watching.now_ns)

    def _go_first(self) -> None:
        scheduling.go_first(self._config.scheduling)

    def _monitor(self, watching: watch.Watch, state: State, waiting: Waiting) -> None:
        self._go_first()
        verified = sifting.Verified(waiting)
        matcher: Matcher = verified if self._options.verify_filter else waiting
        matcher = Telling(matcher, watching.traits)
        # What is there now stays, so that the collector need not look through it while events wait.
        gc.freeze()
        monitor(watching.source, state, matcher, self._alerts, self._controls, self._recording)
        if self._options.verify_filter:
            to_stderr(verified.summary())
        to_stderr(event_counts.summary(self._by_event() or {}))

    def _listen(self, started: float) -> None:
        """Hold only the Kubernetes audit events that are posted against their rules."""
        if self._listening is None:
            raise FalcoError("without system calls there is only the web server to listen to: set webserver.enabled")
        self._start_listening()
        to_stderr(f"ready in {time.perf_counter() - started:.2f} s\n")
        try:
            self._listening.alone(self._alerts.ticking(watch.until(self._controls, self._options.duration_s)))
        finally:
            self._stop_listening()

    def _beside(
        self, running: Callable[[], bool], fill: Callable[[], float]
    ) -> tuple[Callable[[], bool], Callable[[float], None]]:
        """What says whether to go on, and what to do instead of sleeping, with audit events' turns in both."""
        if self._listening is None:
            return running, time.sleep
        return self._listening.beside(running, fill), self._listening.pause

    def _start_listening(self) -> None:
        if self._listening is not None:
            self._listening.start()

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.stop()

    def _lost(self, lost: Mapping[str, int]) -> None:
        self._drops.take(time.time_ns(), lost, self._events())

    def _foresee(self, ready: rules.Rules, take_up: Callable[[], None]) -> None:
        """Have the probe for these rules built while the others stay in force, and then send what they want."""
        watching = self._watch
        if watching is None:
            take_up()
            return
        others = self._in_force.with_rules(ready.ruleset)
        if self._paths is not None:
            others.know(self._paths.foresee(ready.ruleset.rules))
        need = probing.wanted(others, self._options)

        def go_over(probe: ProbeObject) -> None:
            watching.know({*self._in_force.tables.files, *others.tables.files})
            try:
                watching.change(need, probe)
            except FalcoError as error:
                report.not_reloaded(error)
                self._not_reloaded()
            else:
                _tell_unseen(ready.ruleset)
                sifting.tell_open(others, need)
                take_up()

        self._foreseen.make(lambda: watching.build(need), go_over, report.not_reloaded)

    def _not_reloaded(self) -> None:
        if self._watch is not None:
            self._watch.change(probing.wanted(self._in_force, self._options))

    def _by_event(self) -> EventCounts | None:
        if self._watch is None or self._source is None:
            return None
        kept_back, matched = self._watch.kept_back(), self._alerts.counts.by_code
        shadow = self._options.verify_filter
        return event_counts.counted(kept_back, self._source.delivered, matched, shadow=shadow)

    def _refused(self) -> refusals.Counts | None:
        return None if self._state is None else {**self._state.refused, **self._refused_beside()}

    def _reloaded(self, wanted: Config) -> None:
        if self._paths is not None:
            self._paths.look()
        if self._listening is not None:
            self._listening.reload(wanted.webserver)
        if self._source is not None and self._options.filter is None:
            self._source.wanted = self._in_force.wanted

    def _now_ns(self) -> int:
        return time.time_ns() if self._watch is None else self._watch.now_ns

    def _refit(self, tables: PathTables) -> None:
        """Have the probe send what the rules want now that their paths mean something else."""
        watching = self._watch
        if watching is None:
            return
        watching.know(tables.files)
        need = probing.wanted(self._in_force, self._options)

        def go_over(probe: ProbeObject) -> None:
            if probing.wanted(self._in_force, self._options) != need:
                self._refit(self._in_force.tables)  # Other rules came into force meanwhile.
                return
            try:
                watching.change(need, probe)
            except FalcoError as error:
                _cannot_follow(error)

        if watching.needs(need):
            self._refitted.make(lambda: watching.build(need), go_over, _cannot_follow)


def _cannot_follow(error: FalcoError) -> None:
    LOG.error("The probe cannot follow changed paths of the rules: %s", error)


def _tell_unseen(ruleset: Ruleset) -> None:
    for name in probing.unseen(ruleset):
        LOG.warning("Rules look at %s events, which are not seen on a live host", name)
