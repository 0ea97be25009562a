"""The main thing: hold the events of a capture against rules, and raise alerts."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.scap.reader import Reader, Wanted
from falco.capture.scap.stream import Stopped, open_stream
from falco.commands import audit, container_lookups, delivery, probing, report, rules, watch
from falco.commands.configuration import STDOUT, configure, log_as, rules_paths
from falco.commands.container_lookups import ContainerLookups
from falco.commands.daemon import daemonize
from falco.commands.host_paths import HostPaths
from falco.commands.in_force import InForce
from falco.commands.limited import Limited
from falco.commands.options import unused
from falco.commands.progress import Progress
from falco.commands.recording import recorder
from falco.commands.say import say
from falco.controls import Controls
from falco.drops import DropActions, Simulated
from falco.engine.waiting import Waiting
from falco.errors import FalcoError
from falco.escape import escape_controls
from falco.events.event import Event
from falco.k8s_audit.replay import AuditReader, holds_audit_events
from falco.logs import LOG, to_stderr
from falco.monitor import monitor, monitor_audit
from falco.outputs.alerts import Alerts
from falco.sight import Sight
from falco.state.state import State
from falco.stats import RuleCounts, StatsFile, drop_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from falco.capture.live.source import LiveSource
    from falco.capture.scap.recorder import Recorder
    from falco.capture.scap.stream import Stream
    from falco.commands.options import Options
    from falco.config import Loaded
    from falco.config_schema import Config
    from falco.engine.ruleset import Ruleset
    from falco.fields.path_tables import PathTables
    from falco.monitor import Source
    from falco.store.store import AlertStore

_LATER = (
    ("k8s_api", "-k", "the Kubernetes API is not asked yet"),
    ("mesos_api", "-m", "Mesos is not supported: mesos.* fields have no value"),
)
"""Options that are taken and do nothing."""


class Run:
    """One run, over a capture or on this host."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._alerts = Alerts(RuleCounts())
        self._controls = Controls(reload=self._reload, reopen=self._alerts.reopen, sample=self._sample)
        self._stats_file: StatsFile | None = None
        self._reader: Reader | LiveSource | None = None
        self._watch: watch.Watch | None = None
        self._paths: HostPaths | None = None
        self._recording: Recorder | None = None
        self._state: State | None = None
        self._audit_reader: AuditReader | None = None
        self._listening: audit.Listening | None = None
        self._config: Config
        self._drops: DropActions
        self._store: AlertStore | None = None
        self._in_force: InForce
        self._audit_in_force: audit.AuditInForce

    def prepare(self) -> None:
        """Load everything, and let alerts go where the configuration says. FalcoError."""
        loaded = configure(self._options)
        if loaded.path is not None:
            # A reload reads the same file, wherever the working directory is by then.
            self._options = dataclasses.replace(self._options, config=str(Path(loaded.path).absolute()))
        self._config = loaded.config
        log_as(loaded.config)
        _say_hello(self._options, loaded)
        ready = self._load_rules(loaded.config)
        self._recording = recorder(self._options)
        self._in_force = InForce(ready.ruleset, self._options.all_events)
        self._audit_in_force = audit.AuditInForce(ready.audit)
        self._let_out(loaded.config, ready)
        self._store = delivery.keep(self._alerts, loaded.config, replay=self._options.events_file is not None)
        self._drops = DropActions(loaded.config.syscall_event_drops, self._alerts.raise_alert, self._in_force.names)

    def open(self, path: str) -> Stream:
        """A file to replay, nothing read yet. CaptureError."""
        return open_stream(path, self._controls.running)

    def replay_file(self, stream: Stream) -> None:
        """Hold what a file has against the rules, until it ends or the user stops it. FalcoError."""
        interval_ms = self._options.stats_interval_ms if self._stats_file else 0
        with self._controls.installed(interval_ms), contextlib.suppress(Stopped), _progress(stream):
            of_audit = holds_audit_events(stream)
            what = "k8s audit" if of_audit else "system call"
            LOG.info("Reading %s events from file: %s", what, self._options.events_file)
            (self.replay_audit if of_audit else self.replay)(stream)

    def replay(self, stream: Stream) -> None:
        """Hold the events of a capture against the rules. CaptureError when it is damaged, after what came before."""
        options = self._options
        self._state = state = self._new_state()
        simulate = self._config.syscall_event_drops.simulate_drops
        seen = Wanted() if simulate else self._in_force.wanted
        self._reader = reader = Reader(stream, Event(state), state.load, seen)
        reader.on_paths = self._in_force.know
        recording = self._recording
        if recording is not None:
            recording.attach(reader, state)
        source: Source = Limited(reader, options.duration_s) if options.duration_s else reader
        if simulate:
            source = Simulated(source, self._drops)
        waiting = self._waiting(state)
        try:
            monitor(source, state, waiting, self._alerts, self._controls, recording)
        finally:
            waiting.finish()
            if recording is not None:
                recording.close()

    def watch(self, started: float) -> None:
        """Hold what happens on this host against the rules until told to stop. FalcoError if it cannot be watched."""
        options = self._options
        self._state = state = self._new_state()
        _tell_unseen(self._in_force.ruleset)
        size = watch.buffer_bytes(self._config.syscall_buf_mb)
        recording = self._recording
        with self._controls.installed(options.stats_interval_ms if self._stats_file else 0):
            running = self._alerts.ticking(watch.until(self._controls, options.duration_s))
            running, sleep = self._beside(running, lambda: watching.source.ring.fill)
            paths = HostPaths(self._in_force, options.host_root, recording, time.monotonic, self._now_ns, self._refit)
            waiting, self._paths = self._waiting(state), paths
            paths.look()
            running = waiting.ticking(paths.ticking(running), lambda: watching.now_ns)
            sight = Sight(self._alerts.raise_alert, self._config.health_file)
            asked = container_lookups.asked(options, self._config)
            containers = ContainerLookups(asked, state, lambda: watching.now_ns)
            need = probing.wanted(self._in_force, options)
            self._watch = watching = watch.Watch(need, Path(options.host_root), size, running, self._lost, sight, sleep)
            try:
                self._start_listening()
                watching.know(self._in_force.tables.files)
                containers.start()
                state.load(watching.start(state, self._in_force.wanted))
                self._reader = watching.source
                containers.first()
                watching.source.besides = containers.blocks
                if recording is not None:
                    recording.attach(watching.source, state)
                    recording.begin(watching.now_ns)
                to_stderr(f"ready in {time.perf_counter() - started:.2f} s\n")
                monitor(watching.source, state, waiting, self._alerts, self._controls, recording)
            finally:
                containers.close()
                watching.close()
                waiting.finish()
                if recording is not None:
                    recording.close()
                self._stop_listening()

    def listen(self, started: float) -> None:
        """Hold only the Kubernetes audit events that are posted against their rules, until told to stop."""
        if self._listening is None:
            raise FalcoError("without system calls there is only the web server to listen to: set webserver.enabled")
        with self._controls.installed(self._options.stats_interval_ms if self._stats_file else 0):
            self._start_listening()
            to_stderr(f"ready in {time.perf_counter() - started:.2f} s\n")
            try:
                self._listening.alone(self._alerts.ticking(watch.until(self._controls, self._options.duration_s)))
            finally:
                self._stop_listening()

    def open_webserver(self) -> None:
        """Have a web server that is ready to start, if there is to be one. FalcoError."""
        wanted = self._config.webserver
        if wanted.enabled and "k8s_audit" not in self._options.disable_source:
            self._listening = audit.Listening(
                wanted, self._audit_in_force, self._alerts.emit, lambda: self._alerts.crowded
            )

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

    def replay_audit(self, stream: Stream) -> None:
        """Hold the Kubernetes audit events of a file against their rules. CaptureError as in replay()."""
        if self._recording is not None:
            raise FalcoError(f"{stream.path} holds Kubernetes audit events: -w records only system calls")
        self._audit_reader = reader = AuditReader(stream)
        source = audit.limited(reader, self._options.duration_s)
        monitor_audit(source, self._audit_in_force, self._alerts, self._controls)

    def start_store(self) -> None:
        """Begin to keep alerts, in the process that this has become: a store that cannot be written is told now."""
        if self._store is not None:
            self._store.start()

    def open_stats(self) -> None:
        """Begin the file of -s. FalcoError."""
        path = self._options.stats_file
        if path is not None:
            try:
                self._stats_file = StatsFile(path, self._options.stats_extra)
            except OSError as error:
                raise FalcoError(f"Could not open stats file {path}: {error.strerror}") from None

    def finish(self, started: float) -> None:
        """Write what is buffered, and the counts of the run."""
        self._sample()
        if self._stats_file is not None:
            self._stats_file.close()
        if self._store is not None:
            self._store.close()
        self._alerts.close()
        summary = self._alerts.counts.summary()
        if self._options.writefile == STDOUT:
            to_stderr(summary)
        else:
            say(summary.splitlines())
        to_stderr(drop_summary(self._drops.detected, self._drops.acted))
        if self._state is not None:
            _tell_refused(self._state.refused)
        if self._options.verbose:
            events, elapsed = self._events(), time.perf_counter() - started
            rate = events / elapsed if elapsed else 0.0
            to_stderr(f"Driver Events:{events}\nDriver Drops:{self._drops.total}\n")
            to_stderr(f"Elapsed time: {elapsed:.3f}, Captured Events: {events}, {rate:.2f} eps\n")

    def _events(self) -> int:
        sources = (self._reader, self._audit_reader, self._listening)
        return sum(source.num for source in sources if source is not None)

    def _load_rules(self, wanted: Config) -> rules.Rules:
        paths = rules_paths(self._options, wanted)
        for path in paths:
            LOG.info("Loading rules from file %s:", path)
        ready = rules.load(self._options, paths, wanted.priority)
        report.warn(ready.warnings)
        if self._options.verbose:
            for line in ready.event_types:
                to_stderr(f"{escape_controls(line)}\n")
            say(ready.notes)
        return ready

    def _let_out(self, wanted: Config, ready: rules.Rules) -> None:
        replay = self._options.events_file is not None
        delivery.let_out(self._alerts, wanted, ready.templates, replay=replay)

    def _reload(self) -> None:
        """Take up changed configuration and rules; with a mistake in them everything stays as it was."""
        LOG.info("SIGHUP received, reloading configuration and rules")
        try:
            loaded = configure(self._options)
            ready = self._load_rules(loaded.config)
            self._see(self._in_force.with_rules(ready.ruleset))
            self._let_out(loaded.config, ready)
        except FalcoError as error:
            report.not_reloaded(error)
            self._see(self._in_force)
            return
        report.warn(loaded.warnings)
        log_as(loaded.config)
        self._drops.change(loaded.config.syscall_event_drops)
        self._in_force.change(ready.ruleset)
        if self._state is not None:
            self._state.heed(ready.ruleset.codes, ready.ruleset.syscalls)
        if self._paths is not None:
            self._paths.look()
        self._audit_in_force.change(ready.audit)
        if self._listening is not None:
            self._listening.reload(loaded.config.webserver)
        if self._reader is not None and self._options.filter is None:
            self._reader.wanted = self._in_force.wanted
        LOG.info("Reloaded")

    def _new_state(self) -> State:
        state = State(self._options.all_events)
        state.heed(self._in_force.ruleset.codes, self._in_force.ruleset.syscalls)
        return state

    def _waiting(self, state: State) -> Waiting:
        wait_ns = container_lookups.wait_ns(self._options, self._config)
        return Waiting(state, self._in_force, self._alerts, wait_ns)

    def _see(self, in_force: InForce) -> None:
        """Have the probe send what these rules want."""
        if self._watch is not None:
            self._watch.change(probing.wanted(in_force, self._options))
            _tell_unseen(in_force.ruleset)

    def _now_ns(self) -> int:
        return time.time_ns() if self._watch is None else self._watch.now_ns

    def _refit(self, tables: PathTables) -> None:
        """Have the probe send what the rules want now that their paths mean something else."""
        if self._watch is not None:
            self._watch.know(tables.files)
            try:
                self._watch.change(probing.wanted(self._in_force, self._options))
            except FalcoError as error:
                LOG.error("The probe cannot follow changed paths of the rules: %s", error)

    def _sample(self) -> None:
        if self._stats_file is not None:
            try:
                self._stats_file.write(self._events(), self._drops.total)
            except OSError as error:
                LOG.error("Could not write statistics: %s", error.strerror)


def run(options: Options) -> int:
    """Watch this host, or replay a capture from start to end."""
    if options.daemon and "-" in (options.events_file, options.writefile):
        raise FalcoError("-d leaves standard input and output behind: -e and -w need a file with it")
    started = time.perf_counter()
    this = Run(options)
    this.prepare()
    stream = this.open(options.events_file) if options.events_file is not None else None
    this.open_stats()
    if stream is None:
        this.open_webserver()
    if options.daemon and not daemonize(options.pidfile):
        return 0
    this.start_store()
    try:
        if stream is None and "syscall" in options.disable_source:
            this.listen(started)
        elif stream is None:
            this.watch(started)
        else:
            this.replay_file(stream)
    finally:
        if stream is not None:
            stream.close()
        this.finish(started)
    return 0


def _tell_unseen(ruleset: Ruleset) -> None:
    for name in probing.unseen(ruleset):
        LOG.warning("Rules look at %s events, which are not seen on a live host", name)


def _tell_refused(refused: Mapping[str, int]) -> None:
    """Say which tables of the state were full: alerts may lack what belongs there."""
    found = ", ".join(f"{count} {name}" for name, count in refused.items() if count)
    if found:
        LOG.warning("The tables of the state were full: %s not kept", found)


def _say_hello(options: Options, loaded: Loaded) -> None:
    if loaded.path is not None:
        LOG.info("Falco initialized with configuration file %s", loaded.path)
    else:
        LOG.info("Falco initialized. No configuration file found, proceeding with defaults")
    report.warn(loaded.warnings)
    for name, letter, why in _LATER:
        if getattr(options, name) is not None:
            LOG.warning("%s has no effect: %s", letter, why)
    for text in unused(options):
        LOG.warning("%s", text)


def _progress(stream: Stream) -> Progress:
    total = Path(stream.path).stat().st_size if Path(stream.path).is_file() else 0
    return Progress(stream.read_so_far, total, sys.stderr)
