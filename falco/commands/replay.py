"""A replay: the events of a file, a capture or one of Kubernetes audit events, from its start to its end."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.scap.reader import Reader
from falco.capture.scap.stream import Stopped, open_stream
from falco.capture.scap.wanted import Wanted
from falco.commands import audit
from falco.commands.limited import Limited
from falco.commands.progress import Progress
from falco.commands.run import Run
from falco.drops import Simulated
from falco.errors import FalcoError
from falco.events.event import Event
from falco.k8s_audit.replay import AuditReader, holds_audit_events
from falco.logs import LOG
from falco.monitor import monitor, monitor_audit

if TYPE_CHECKING:
    from falco.capture.scap.stream import Stream
    from falco.config_schema import Config
    from falco.monitor import Source


class Replay(Run):
    """One run over one file."""

    replay = True
    _reader: Reader | None = None
    _stream: Stream

    def begin(self) -> None:
        """Open the file; nothing is read yet. CaptureError."""
        self._stream = open_stream(str(self._options.events_file), self._controls.running)

    def go(self, started: float) -> None:
        """Hold what the file has against the rules, until it ends or the user stops it. FalcoError."""
        del started
        interval_ms, stream = self._options.stats_interval_ms if self._stats_file else 0, self._stream
        with (
            contextlib.closing(stream),
            self._controls.installed(interval_ms),
            contextlib.suppress(Stopped),
            _progress(stream),
        ):
            of_audit = holds_audit_events(stream)
            what = "k8s audit" if of_audit else "system call"
            LOG.info("Reading %s events from file: %s", what, self._options.events_file)
            (self._go_over_audit if of_audit else self._go_over_capture)(stream)

    def _go_over_capture(self, stream: Stream) -> None:
        """Hold the events of a capture against the rules. CaptureError when it is damaged, after what came before."""
        options = self._options
        self._state = state = self._new_state()
        simulate = self._config.syscall_event_drops.simulate_drops
        seen = Wanted() if simulate else self._in_force.wanted
        self._reader = reader = Reader(stream, Event(state), state.load, seen)
        self._sources.append(reader)
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

    def _go_over_audit(self, stream: Stream) -> None:
        """Hold the Kubernetes audit events of a file against their rules. CaptureError as for captures."""
        if self._recording is not None:
            raise FalcoError(f"{stream.path} holds Kubernetes audit events: -w records only system calls")
        reader = AuditReader(stream)
        self._sources.append(reader)
        source = audit.limited(reader, self._options.duration_s)
        monitor_audit(source, self._audit_in_force, self._alerts, self._controls)

    def _reloaded(self, wanted: Config) -> None:
        del wanted
        if self._reader is not None and self._options.filter is None:
            self._reader.wanted = self._in_force.wanted


def _progress(stream: Stream) -> Progress:
    total = Path(stream.path).stat().st_size if Path(stream.path).is_file() else 0
    return Progress(stream.read_so_far, total, sys.stderr)
