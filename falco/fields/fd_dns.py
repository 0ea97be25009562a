"""fd.*ip.name: conditions name a host, and its addresses are looked up when the rules are loaded.

What is compared are addresses, so an event never waits for a name server; loading the rules again looks anew. A name
that has no address (yet) matches nothing. Printed is the name by which a condition asked for the address, if any did.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events.types import ParamType
from falco.fields.fd_field import only_fd_events
from falco.fields.fd_net import client_ip, local_ip, remote_ip, server_ip
from falco.fields.field import Extractor, Field

if TYPE_CHECKING:
    from falco.events.event import Event

Resolver = Callable[[str], tuple[bytes, ...]]
"""Host name -> its addresses, packed; empty for a name without any. ValueError for what cannot be a name."""


def system_resolver(name: str) -> tuple[bytes, ...]:
    """Ask the system's resolver (hosts file, name servers)."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise ValueError(f"{name} is not a host name") from None
    except OSError:
        return ()
    # A scope (fe80::1%eth0) is no part of an address.
    texts = {(family, str(address[0]).partition("%")[0]) for family, _, _, _, address in found}
    return tuple(sorted(socket.inet_pton(family, text) for family, text in texts))


class _Names:
    """The host names that conditions used, and by which of them an address was found (the last one)."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._names: dict[bytes, str] = {}

    def parse(self, name: str) -> tuple[object, ...]:
        addresses = self._resolver(name)
        self._names.update(dict.fromkeys(addresses, name))
        return addresses

    def printed(self, address_of: Callable[[Event], bytes | None]) -> Extractor:
        names = self._names

        def extract(event: Event) -> object:
            address = address_of(event)
            return None if address is None else names.get(address)

        return extract


_ENDS = (
    ("fd.cip.name", "Host name of the client end.", client_ip),
    ("fd.sip.name", "Host name of the server end.", server_ip),
    ("fd.lip.name", "Host name of this host's end.", local_ip),
    ("fd.rip.name", "Host name of the far end.", remote_ip),
)


def dns_fields(resolver: Resolver = system_resolver) -> tuple[Field, ...]:
    """The four fields, looking names up by resolver."""
    names = _Names(resolver)
    return tuple(
        Field(
            name,
            ParamType.CHARBUF,
            doc,
            names.printed(address_of),
            constant=only_fd_events,
            parse=names.parse,
            compared=address_of,
            operators=frozenset(("=", "!=", "in")),
        )
        for name, doc, address_of in _ENDS
    )
