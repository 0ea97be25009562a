"""Runs over Kubernetes audit events: the replay of a file, and what a web server takes while this host is watched."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from falco.errors import FalcoError
from falco.k8s_audit import preflight
from falco.k8s_audit.queue import AuditQueue
from falco.k8s_audit.turns import Turns
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.config_schema import Webserver
    from falco.engine.rule import Rule
    from falco.k8s_audit.event import AuditEvent
    from falco.k8s_audit.replay import AuditReader
    from falco.k8s_audit.ruleset import AuditRuleset

_NS = 1_000_000_000
_IDLE_S = 0.05
_BUSY = 0.25
_DRAIN_S = 5.0
"""How long the events that wait are still looked at when Falco is told to stop."""


class AuditInForce:
    """The rules that audit events are held against; a reload puts others in their place between two events."""

    __slots__ = ("match",)

    def __init__(self, ruleset: AuditRuleset) -> None:
        self.match: Callable[[AuditEvent], Rule | None]
        self.change(ruleset)

    def change(self, ruleset: AuditRuleset) -> None:
        """Put other rules in force."""
        self.match = ruleset.match


def limited(reader: AuditReader, seconds: int) -> Iterator[AuditEvent]:
    """-M: the events up to so many seconds after the first one, by their own times; all if seconds is 0."""
    end_ns = None
    for event in reader:
        if end_ns is None:
            end_ns = event.ts + seconds * _NS
        if seconds and event.ts >= end_ns:
            return
        yield event


class Listening:
    """The web server, and the turns in which its events are held against their rules.

    FalcoError, when it is made, if the server cannot listen. emit gets the rules that match; while alerts are crowded,
    events wait.
    """

    def __init__(
        self,
        settings: Webserver,
        rules: AuditInForce,
        emit: Callable[[Rule, AuditEvent], None],
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        # Its TLS, HTTP and event loop take time at the start that a replay has no use for.
        from falco.k8s_audit.server import WebServer  # noqa: PLC0415

        self._settings = _settled(settings)
        self._queue = AuditQueue(max(1, settings.queue_mb) << 20)
        self._server = WebServer(self._settings, self._queue)
        self._turns = Turns(self._queue, rules, emit, crowded)
        self.pause = self._turns.pause

    @property
    def num(self) -> int:
        """How many events were held against the rules."""
        return self._turns.num

    def start(self) -> None:
        """Let events come in."""
        for warning in preflight.warnings(self._settings):
            LOG.warning("%s", warning)
        self._server.start()

    def beside(self, running: Callable[[], bool], fill: Callable[[], float]) -> Callable[[], bool]:
        """What says whether to go on, and gives waiting events a turn each time that it is asked.

        fill says how full, from 0 to 1, the buffer of system calls is. When these pile up they come first, and clients
        are turned away before what they send costs anything.
        """

        def go_on() -> bool:
            self._queue.shut = fill() > _BUSY
            if not self._queue.shut:
                self._turns.work()
            return running()

        return go_on

    def alone(self, running: Callable[[], bool]) -> None:
        """Do nothing else until it is time to stop."""
        while running():
            self.pause(_IDLE_S)

    def reload(self, settings: Webserver) -> None:
        """Read certificates anew; after a mistake the old ones stay in use. Other settings wait for a restart."""
        if _settled(settings) != self._settings:
            LOG.warning("webserver: changed settings are taken up when Falco starts the next time")
        try:
            self._server.renew()
        except FalcoError as error:
            LOG.error("%s", error)

    def stop(self) -> None:
        """Let nothing more in, and hold what waits against the rules."""
        self._server.stop()
        self._turns.finish(_DRAIN_S)
        counts = self._server.counts
        LOG.info("webserver: %s events were accepted, %s could not be read", counts.accepted, counts.refused)
        if len(self._queue):
            LOG.error("webserver: %s accepted events were not held against the rules", len(self._queue))


def _settled(settings: Webserver) -> Webserver:
    """The settings with absolute paths: in the background the working directory changes."""
    paths = [str(Path(path).absolute()) if path else "" for path in (settings.ssl_certificate, settings.ssl_client_ca)]
    return dataclasses.replace(settings, ssl_certificate=paths[0], ssl_client_ca=paths[1])
