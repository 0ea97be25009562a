"""Alerts to a stream of NATS JetStream, which acknowledges each and drops a second one with the same Nats-Msg-Id."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib.util
import re
import threading
from collections.abc import Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import RawCredentials

from falco.forwarders import secret, tls
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.destinations import to_install

if TYPE_CHECKING:
    from falco.config_forwarders import Nats
    from falco.store.record import StoredAlert

T = TypeVar("T")

_HEADERS = b"NATS/1.0\r\nNats-Msg-Id: %s\r\n\r\n"
"""What goes before an alert; the server's limit is on both together."""
_ABOUT_ALERT = {10054}
"""JetStream's error for a message that is larger than the stream takes."""
_TOKEN = re.compile(r"-+BEGIN NATS USER JWT-+\s+[\w.-]+\s")
_SEED = re.compile(r"-+BEGIN USER NKEY SEED-+\s+(\w+)\s")


class NatsDestination:
    """The client is asynchronous, and has to answer the server's pings while nothing is sent: hence a loop in a thread
    of its own.
    """

    batch = 100

    def __init__(self, settings: Nats) -> None:
        """ValueError for credentials that nothing here can sign with."""
        if settings.credentials_file and importlib.util.find_spec("nkeys") is None:
            raise ValueError(f"credentials_file needs a package that is missing (nkeys): {to_install('nats')}")
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: Any = None

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        self._connect()
        stream = self._client.jetstream(timeout=self._settings.timeout)
        longest = self._client.max_payload
        for alert in alerts:
            data = alert.json.encode()
            if longest and len(_HEADERS % alert.id.encode()) + len(data) > longest:
                raise RefusedError(f"larger than the {longest} bytes that the server takes")
            publishing = stream.publish(self._settings.subject, data, headers={"Nats-Msg-Id": alert.id})
            self._do(publishing, "not acknowledged")
            yield 1

    def idle(self) -> None:
        """The client's loop answers the server."""

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(TryLaterError):
                self._do(client.close(), "not closed")
        thread, self._thread = self._thread, None
        loop, self._loop = self._loop, None
        if thread is not None and loop is not None:
            asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _connect(self) -> None:
        if self._client is not None and self._client.is_connected:
            return
        self.close()
        settings = self._settings
        options: dict[str, object] = {"allow_reconnect": False, "connect_timeout": settings.timeout, "name": "falco"}
        if settings.user:
            options |= {"user": settings.user, "password": secret.read(settings.password_file)}
        if settings.token_file:
            options["token"] = secret.read(settings.token_file)
        if settings.credentials_file:
            options["user_credentials"] = _credentials(settings.credentials_file)
        if settings.url.startswith("tls:") or settings.ca_file or settings.cert_file:
            options["tls"] = tls.context(settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="falco-nats", daemon=True)
        self._thread.start()
        self._client = self._do(nats.connect(settings.url, error_cb=_quiet, **options), "not connected")
        if settings.stream:
            self._do(self._make_stream(), f"stream {settings.stream}")

    async def _make_stream(self) -> None:
        stream = self._client.jetstream()
        try:
            await stream.find_stream_name_by_subject(self._settings.subject)
        except nats.js.errors.NotFoundError:
            await stream.add_stream(name=self._settings.stream, subjects=[self._settings.subject])

    def _do(self, work: Coroutine[Any, Any, T], what: str) -> T:
        """The result of some work in the loop, in time. RefusedError, TryLaterError."""
        assert self._loop is not None, "_connect() comes first"
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(self._settings.timeout + 1)
        except nats.js.errors.APIError as error:
            kind = RefusedError if error.err_code in _ABOUT_ALERT else TryLaterError
            raise kind(f"{self._settings.url}: {what}: {error.description}") from None
        except (TimeoutError, nats.errors.Error, OSError, concurrent.futures.TimeoutError) as error:
            future.cancel()
            raise TryLaterError(f"{self._settings.url}: {what}: {error or type(error).__name__}") from None


def _credentials(path: str) -> RawCredentials:
    """What a file of credentials holds. TryLaterError for what the client would fall over: files get replaced."""
    import nkeys  # noqa: PLC0415 - optional, and as large as the client

    text = secret.read(path)
    seed = _SEED.search(text)
    try:
        if _TOKEN.search(text) is None or seed is None:
            raise ValueError
        nkeys.from_seed(seed[1].encode())
    except (ValueError, nkeys.NkeysError):
        raise TryLaterError(f"{path} holds no credentials of NATS: a token and a seed are expected") from None
    return RawCredentials(text)


async def _cancel_all() -> None:
    """End what still runs in the loop, such as a connection that could not be made in time."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _quiet(_error: Exception) -> None:
    """The client prints its errors to standard error otherwise; each is an exception here as well."""
