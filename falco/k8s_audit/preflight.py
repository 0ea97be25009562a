"""What to warn about before the web server starts: who else could post events, or read them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.config_schema import Webserver


def warnings(settings: Webserver) -> Iterator[str]:
    """Sentences about settings that work, and let more people in than may be wanted."""
    where = f"{settings.listen_address}, port {settings.listen_port}"
    if is_loopback(settings.listen_address):
        return
    if not settings.ssl_enabled:
        yield (
            f"webserver: audit events are taken without TLS on {where}: whoever reaches it can read along and post "
            "made-up events. Set ssl_enabled, or listen_address: 127.0.0.1"
        )
    elif not settings.ssl_client_ca:
        yield (
            f"webserver: audit events are taken from everybody on {where}: whoever reaches it can post made-up events. "
            "Set ssl_client_ca to let in only clients with a certificate"
        )


def is_loopback(address: str) -> bool:
    """Whether only this host reaches an address; not for a name that is none of the usual ones."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
