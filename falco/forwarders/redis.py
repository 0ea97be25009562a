"""Alerts to a stream of Redis."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import redis

from falco.forwarders import secret
from falco.forwarders.destination import TryLaterError

if TYPE_CHECKING:
    from falco.config_forwarders import Redis
    from falco.store.record import StoredAlert


class RedisDestination:
    """Entries with two fields, id and alert. They are as safe as the server keeps them: `appendfsync always`."""

    batch = 200

    def __init__(self, settings: Redis) -> None:
        """ValueError for a URL that is none."""
        self._settings = settings
        self._client: redis.Redis | None = None
        redis.ConnectionPool.from_url(settings.url)

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        limit = self._settings.max_length or None
        try:
            pipeline = self._connected().pipeline(transaction=False)
            for alert in alerts:
                pipeline.xadd(self._settings.stream, {"id": alert.id, "alert": alert.json.encode()}, maxlen=limit)
            results = pipeline.execute(raise_on_error=False)
        except (redis.RedisError, OSError) as error:
            raise TryLaterError(f"{self._settings.url}: {error}") from None
        bad = next((i for i, result in enumerate(results) if isinstance(result, Exception)), None)
        yield len(alerts) if bad is None else bad
        if bad is not None:
            # Full, read-only, loading, no such right: none of this is about an alert.
            raise TryLaterError(f"{self._settings.url}: {results[bad]}")

    def idle(self) -> None:
        """Nothing to look after: the next command finds out."""

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                client.close()

    def _connected(self) -> redis.Redis:
        if self._client is None:
            settings = self._settings
            options: dict[str, object] = {"socket_timeout": settings.timeout}
            if settings.user or settings.password_file:
                options |= {"username": settings.user or None, "password": secret.read(settings.password_file)}
            if settings.url.startswith("rediss:"):
                options |= {"ssl_ca_certs": settings.ca_file or None, "ssl_certfile": settings.cert_file or None}
                options |= {"ssl_keyfile": settings.key_file or None}
                if not settings.check_certificate:
                    options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
            self._client = redis.Redis.from_url(settings.url, **cast(dict[str, Any], options))
        return self._client
