"""TLS as the web server's settings want it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.config_schema import Webserver


def server_context(settings: Webserver) -> ssl.SSLContext | None:
    """The context for connections, None without TLS. FalcoError for files that cannot be used.

    Client certificates are looked at where there are authorities for them, but not demanded here: the kubelet, which
    asks for the health, has none to show. A certificate of someone else ends the connection.
    """
    if not settings.ssl_enabled:
        if settings.ssl_client_ca:
            raise FalcoError("webserver: ssl_client_ca needs ssl_enabled: client certificates come with TLS only")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load(context, settings)
    return context


def load(context: ssl.SSLContext, settings: Webserver) -> None:
    """Read certificate, key and authorities, also anew: connections from now on get them. FalcoError."""
    try:
        context.load_cert_chain(settings.ssl_certificate)
    except (OSError, ValueError) as error:
        raise _unusable("ssl_certificate", settings.ssl_certificate, error) from None
    if settings.ssl_client_ca:
        context.verify_mode = ssl.CERT_OPTIONAL
        try:
            context.load_verify_locations(settings.ssl_client_ca)
        except (OSError, ValueError) as error:
            raise _unusable("ssl_client_ca", settings.ssl_client_ca, error) from None


def _unusable(key: str, path: str, error: Exception) -> FalcoError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FalcoError(f"webserver: {key} {path} cannot be used: {reason}")
