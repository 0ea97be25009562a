"""TLS towards a server: whom to trust, and who we are."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from falco.forwarders.destination import TryLaterError

if TYPE_CHECKING:
    from falco.config_forwarders import TlsForwarder


def context(settings: TlsForwarder) -> ssl.SSLContext:
    """The context for a connection. TryLaterError for files that cannot be used: certificates get replaced."""
    made = ssl.create_default_context()
    try:
        if settings.ca_file:
            made = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file:
            made.load_cert_chain(settings.cert_file, settings.key_file or None)
    except (OSError, ssl.SSLError) as error:
        raise TryLaterError(f"certificates cannot be used: {error}") from None
    if not settings.check_certificate:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made
