"""The main thing: hold events against rules, and raise alerts. What a replay and a live run have in common."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from falco.commands import audit, container_lookups, delivery, refusals, report, rules
from falco.commands.configuration import STDOUT, configure, log_as, rules_paths
from falco.commands.in_force import InForce
from falco.commands.options import unused
from falco.commands.recording import recorder
from falco.commands.say import say
from falco.controls import Controls
from falco.drops import DropActions
from falco.engine.waiting import Waiting
from falco.errors import FalcoError
from falco.escape import escape_controls
from falco.logs import LOG, to_stderr
from falco.outputs.alerts import Alerts
from falco.state.state import State
from falco.stats import RuleCounts, StatsFile, drop_summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from falco.capture.scap.recorder import Recorder
    from falco.commands.options import Options
    from falco.config import Loaded
    from falco.config_schema import Config
    from falco.stats import EventCounts
    from falco.store.store import AlertStore

_LATER = (("mesos_api", "-m", "Mesos is not supported: mesos.* fields have no value"),)
"""Options that are taken and do nothing."""


class Counted(Protocol):
    """A source of events, as far as counting them goes."""

    @property
    def num(self) -> int:
        """How many there were so far."""


class Run:
    """One run from its preparation to its end; replay.py and live.py say what it runs over."""

    replay = False
    """Whether events come from a file, with an end and with times of their own."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._alerts = Alerts(RuleCounts())
        self._controls = Controls(reload=self._reload, reopen=self._alerts.reopen, sample=self._sample)
        self._stats_file: StatsFile | None = None
        self._sources: list[Counted] = []
        self._recording: Recorder | None = None
        self._state: State | None = None
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
        self._store = delivery.keep(self._alerts, loaded.config, replay=self.replay)
        self._drops = DropActions(loaded.config.syscall_event_drops, self._alerts.raise_alert, self._in_force.names)

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

    def finish(self, started: float, ended: bool) -> None:
        """Write what is buffered, and the counts of the run; ended is False where a mistake broke it off."""
        self._sample()
        if self._stats_file is not None:
            self._stats_file.close()
        if self._store is not None:
            self._store.close()
        self._alerts.close()
        if ended or self._events():
            self._tell_counts(started)

    def _tell_counts(self, started: float) -> None:
        summary = self._alerts.counts.summary()
        if self._options.writefile == STDOUT:
            to_stderr(summary)
        else:
            say(summary.splitlines())
        to_stderr(drop_summary(self._drops.detected, self._drops.acted))
        refused = refusals.in_words(self._refused() or {})
        if refused:
            LOG.warning("%s", refused)
        if self._options.verbose:
            events, elapsed = self._events(), time.perf_counter() - started
            rate = events / elapsed if elapsed else 0.0
            to_stderr(f"Driver Events:{events}\nDriver Drops:{self._drops.total}\n")
            to_stderr(f"Elapsed time: {elapsed:.3f}, Captured Events: {events}, {rate:.2f} eps\n")

    @property
    def _sample_every_ms(self) -> int:
        return self._options.stats_interval_ms if self._stats_file else 0

    def _events(self) -> int:
        return sum(source.num for source in self._sources)

    def _by_event(self) -> EventCounts | None:
        """What became of events by their names, where that is known."""
        return None

    def _refused(self) -> refusals.Counts | None:
        """What tables and queues had no room for, where there are any."""
        return None if self._state is None else self._state.refused

    def _load_rules(self, wanted: Config) -> rules.Rules:
        paths = rules_paths(self._options, wanted)
        for path in paths:
            LOG.info("Loading rules from file %s:", path)
        ready = rules.load(self._options, paths, wanted.priority)
        report.warn(ready.warnings)
        if not (ready.ruleset.rules or ready.audit.any):
            LOG.warning("No rule is in force, so nothing gives an alert")
        if self._options.verbose:
            for line in ready.event_types:
                to_stderr(f"{escape_controls(line)}\n")
            say(ready.notes)
        return ready

    def _let_out(self, wanted: Config, ready: rules.Rules) -> None:
        delivery.let_out(self._alerts, wanted, ready.templates, replay=self.replay)
        if self._store is not None:
            self._store.limits = delivery.limits(wanted)

    def _reload(self) -> None:
        """Take up changed configuration and rules; with a mistake in them everything stays as it was."""
        LOG.info("SIGHUP received, reloading configuration and rules")
        try:
            loaded = configure(self._options)
            ready = self._load_rules(loaded.config)
        except FalcoError as error:
            report.not_reloaded(error)
        else:
            self._foresee(ready, lambda: self._take_up(loaded, ready))

    def _foresee(self, _ready: rules.Rules, take_up: Callable[[], None]) -> None:
        """Get ready for other rules, and then take them up."""
        take_up()

    def _take_up(self, loaded: Loaded, ready: rules.Rules) -> None:
        try:
            self._let_out(loaded.config, ready)
        except FalcoError as error:
            report.not_reloaded(error)
            self._not_reloaded()
            return
        report.warn(loaded.warnings)
        log_as(loaded.config)
        self._drops.change(loaded.config.syscall_event_drops)
        self._in_force.change(ready.ruleset)
        if self._state is not None:
            self._state.heed(ready.ruleset.codes, ready.ruleset.syscalls)
        self._audit_in_force.change(ready.audit)
        self._reloaded(loaded.config)
        LOG.info("Reloaded")

    def _not_reloaded(self) -> None:
        """Go back to what the rules in force want."""

    def _reloaded(self, wanted: Config) -> None:
        """Other rules and another configuration are in force now."""

    def begin(self) -> None:
        """Open what the events come from, still in the foreground. FalcoError."""
        raise NotImplementedError

    def go(self, started: float) -> None:
        """Hold the events against the rules, from start to end. FalcoError."""
        raise NotImplementedError

    def _new_state(self) -> State:
        state = State(self._options.all_events)
        state.heed(self._in_force.ruleset.codes, self._in_force.ruleset.syscalls)
        return state

    def _waiting(self, state: State) -> Waiting:
        wait_ns = container_lookups.wait_ns(self._options, self._config)
        return Waiting(state, self._in_force, self._alerts, wait_ns)

    def _sample(self) -> None:
        if self._stats_file is not None:
            try:
                by_event, refused = self._by_event(), self._refused()
                self._stats_file.write(self._events(), self._drops.total, by_event=by_event, refused=refused)
            except OSError as error:
                LOG.error("Could not write statistics: %s", error.strerror)


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
