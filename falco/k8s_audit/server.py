"""The web server that takes audit events: a thread of its own, whose only way to the rest is the queue.

It accepts connections itself, so that those whose TLS handshake is not over yet count too: an attacker must not be able
to use up the file descriptors of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import socket
import ssl
import sys
import threading
import time
from typing import TYPE_CHECKING

from falco.errors import FalcoError
from falco.k8s_audit import tls
from falco.k8s_audit.connection import CHUNK, Connection, Patience
from falco.k8s_audit.requests import Answer, Endpoint
from falco.logs import LOG

if TYPE_CHECKING:
    from falco.config_schema import Webserver
    from falco.k8s_audit.queue import AuditQueue

MAX_CONNECTIONS = 128
_HANDSHAKE_S = 10.0
_SWITCH_S = 0.001
_BACKLOG = 128
_LINES, _WINDOW_S = 20, 10.0
"""How many complaints the log gets in that time at most; the others are counted."""


@dataclasses.dataclass(slots=True)
class Counts:
    """What the server has done: events accepted, events that could not be read, answers by status."""

    accepted: int = 0
    refused: int = 0
    answers: dict[int, int] = dataclasses.field(default_factory=dict)


class WebServer:
    """Listens from start() to stop(). FalcoError, when it is made, if it cannot listen or has no certificate."""

    def __init__(self, settings: Webserver, queue: AuditQueue, patience: Patience | None = None) -> None:
        self.counts = Counts()
        self._settings = settings
        self._patience = patience or Patience()
        self._tls = tls.server_context(settings)
        self._endpoint = Endpoint(settings.k8s_audit_endpoint, queue, need_known=bool(settings.ssl_client_ca))
        self._socket = _listen(settings.listen_address, settings.listen_port)
        self._thread = threading.Thread(target=self._run, name="webserver", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._main: asyncio.Task[None] | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._complaints = _Complaints()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Begin to accept connections."""
        scheme = "http" if self._tls is None else "https"
        LOG.info(
            "Starting internal webserver, listening on %s", f"{scheme}://{self._settings.listen_address}:{self.port}"
        )
        # Two threads want to run now: the one that watches system calls must not wait long for its turn.
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more, cut off who is connected, and wait for the thread. What is queued stays there."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._cancel)
            self._thread.join()
        elif not self._loop.is_closed():
            self._loop.close()
        self._socket.close()
        self._complaints.close()

    def renew(self) -> None:
        """Read certificates anew for connections from now on. FalcoError, and then the old ones stay in use."""
        if self._tls is not None:
            tls.server_context(self._settings)  # Tried on a context of its own first.
            tls.load(self._tls, self._settings)

    def _run(self) -> None:
        # Signals are for the main thread, which would go on sleeping if they came here.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._loop.set_exception_handler(lambda _, found: self._complaints.add(f"webserver: {found.get('message')}"))
        try:
            self._main = self._loop.create_task(self._listen())
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._main)
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    async def _listen(self) -> None:
        """Accept connections until cancelled, which ends those that are there too."""
        try:
            await self._accept()
        finally:
            for task in self._clients:
                task.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)

    async def _accept(self) -> None:
        room = asyncio.Semaphore(MAX_CONNECTIONS)
        while True:
            await room.acquire()
            try:
                client, address = await self._loop.sock_accept(self._socket)
            except OSError as error:
                room.release()
                self._complaints.add(f"webserver: a connection could not be accepted: {error.strerror}")
                await asyncio.sleep(0.5)
                continue
            task = self._loop.create_task(self._serve(client, str(address[0])))
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
            task.add_done_callback(lambda _: room.release())

    async def _serve(self, client: socket.socket, address: str) -> None:
        """Serve one client to its end, whatever that is."""
        writer: asyncio.StreamWriter | None = None
        patience = self._patience
        if len(self._clients) > MAX_CONNECTIONS // 2:
            # Whoever holds connections without using them keeps others out for a short time only.
            patience = dataclasses.replace(patience, idle_s=min(patience.idle_s, patience.head_s))
        try:
            reader, writer = await self._streams(client)

            def told(answer: Answer) -> None:
                self._count(answer, address)

            await Connection(reader, writer, self._endpoint, told, patience).serve()
        except TimeoutError:
            self._complaints.add(f"webserver: {address} was too slow and is cut off")
        except (ssl.SSLError, OSError) as error:
            self._complaints.add(f"webserver: {address}: {getattr(error, 'reason', None) or error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - a defect in what serves one client must not end the others
            LOG.error("webserver: internal error: %s: %s", type(error).__name__, error)
        finally:
            if writer is not None:
                writer.transport.abort()
            client.close()

    async def _streams(self, client: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader = asyncio.StreamReader(CHUNK, self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol,
            client,
            ssl=self._tls,
            ssl_handshake_timeout=None if self._tls is None else _HANDSHAKE_S,
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)

    def _count(self, answer: Answer, address: str) -> None:
        counts = self.counts
        counts.accepted += answer.accepted
        counts.refused += answer.refused
        counts.answers[answer.status] = counts.answers.get(answer.status, 0) + 1
        if answer.complaint:
            self._complaints.add(f"webserver: {address}: {answer.complaint}")


class _Complaints:
    """Lines for the log, bounded: whoever reaches the server must not be able to fill a disk."""

    def __init__(self) -> None:
        self._until = 0.0
        self._lines = self._left_out = 0

    def add(self, line: str) -> None:
        now = time.monotonic()
        if now >= self._until:
            self.close()
            self._until, self._lines = now + _WINDOW_S, 0
        self._lines += 1
        if self._lines <= _LINES:
            LOG.warning("%s", line)
        else:
            self._left_out += 1

    def close(self) -> None:
        """Say how many lines were left out."""
        if self._left_out:
            LOG.warning("webserver: %s more complaints like these", self._left_out)
            self._left_out = 0


def _listen(address: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        both = family is socket.AF_INET6 and address == "::" and socket.has_dualstack_ipv6()
        listening = socket.create_server((address, port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        raise FalcoError(f"webserver: cannot listen on {address}, port {port}: {error.strerror}") from None
    listening.setblocking(False)
    return listening
