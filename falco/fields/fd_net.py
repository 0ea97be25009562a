"""fd.* of sockets: addresses, ports and networks by client and server, local and remote end.

Which end is the client needs a role: a socket has none before it connects, accepts or moves its first datagram, and
until then these fields have no value. Bound sockets have a server end only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.types import Format, ParamType
from falco.fields.fd_field import fd_field, fd_of, only_fd_events
from falco.fields.field import Extractor, Field, Many, Scope, Use
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import INET_TYPES, NETWORK_TYPES, SERVER_TYPES, lacks_role

if TYPE_CHECKING:
    from falco.events.event import Event

_V6_TYPES = (FdType.IPV6_SOCK, FdType.IPV6_SERVSOCK)
_PROTOCOLS: dict[int, str] = {L4.TCP: "tcp", L4.UDP: "udp", L4.ICMP: "icmp", L4.RAW: "raw"}
_EQUALITY = frozenset(("=", "!=", "in", "exists"))


def source_of(fd: FdInfo) -> bytes:
    """The source address, all zeros where the socket has none yet."""
    return fd.source or bytes(16 if fd.type in _V6_TYPES else 4)


def destination_of(fd: FdInfo) -> bytes:
    """The destination address, all zeros where the socket has none yet."""
    return fd.destination or bytes(16 if fd.type in _V6_TYPES else 4)


def connection(event: Event) -> FdInfo | None:
    """The event's fd if it is an inet socket with two ends whose role is known."""
    fd = fd_of(event)
    return fd if fd is not None and fd.role and fd.type in INET_TYPES else None


def serving(event: Event) -> FdInfo | None:
    """The event's fd if it is an inet socket with a server end: a connection whose role is known, or a bound one."""
    fd = fd_of(event)
    return fd if fd is not None and fd.type in NETWORK_TYPES and not lacks_role(fd) else None


def source_is_local(event: Event, fd: FdInfo) -> bool:
    """Whether the source is this host's (or this container's) end."""
    thread = event.thread
    return thread is not None and event.state.is_local(source_of(fd), thread)


def any_ip(event: Event) -> object:
    fd = fd_of(event)
    if fd is None or fd.type not in NETWORK_TYPES:
        return ()
    if fd.type in SERVER_TYPES:
        return (destination_of(fd),)
    return source_of(fd), destination_of(fd)


def client_ip(event: Event) -> bytes | None:
    fd = connection(event)
    return None if fd is None else source_of(fd)


def server_ip(event: Event) -> bytes | None:
    fd = serving(event)
    # Of a socket that was bound before the capture 0.15 shows the port, and no address (sinsp_filter_check_fd).
    return None if fd is None or fd.role == Role.NONE else destination_of(fd)


def local_ip(event: Event) -> bytes | None:
    fd = connection(event)
    if fd is None:
        return None
    return source_of(fd) if source_is_local(event, fd) else destination_of(fd)


def remote_ip(event: Event) -> bytes | None:
    fd = connection(event)
    if fd is None:
        return None
    return destination_of(fd) if source_is_local(event, fd) else source_of(fd)


def any_port(event: Event) -> object:
    fd = fd_of(event)
    if fd is None or fd.type not in NETWORK_TYPES:
        return ()
    if fd.type in SERVER_TYPES:
        return (fd.destination_port,)
    return fd.source_port, fd.destination_port


def client_port(event: Event) -> int | None:
    fd = connection(event)
    return None if fd is None else fd.source_port


def server_port(event: Event) -> int | None:
    fd = serving(event)
    return None if fd is None else fd.destination_port


def local_port(event: Event) -> int | None:
    fd = connection(event)
    if fd is None:
        return None
    return fd.source_port if source_is_local(event, fd) else fd.destination_port


def remote_port(event: Event) -> int | None:
    fd = connection(event)
    if fd is None:
        return None
    return fd.destination_port if source_is_local(event, fd) else fd.source_port


def client_proto(event: Event) -> str | None:
    """The port as text: names of services are never looked up for output (0.15 runs without resolution).

    Other fds that have a role (bound and unix sockets) give the empty text, as in sinsp_filter_check_fd::extract.
    """
    fd = fd_of(event)
    if fd is None or not fd.role:
        return None
    return str(fd.source_port) if fd.type in INET_TYPES else ""


def server_proto(event: Event) -> str | None:
    """The port as text; the empty text for bound sockets, as in sinsp_filter_check_fd::extract."""
    fd = serving(event)
    if fd is None:
        return None
    return str(fd.destination_port) if fd.type in INET_TYPES else ""


def local_proto(event: Event) -> str | None:
    port = local_port(event)
    return None if port is None else str(port)


def remote_proto(event: Event) -> str | None:
    port = remote_port(event)
    return None if port is None else str(port)


def l4proto(event: Event) -> str | None:
    """The transport; the text `<NA>` while the role is not known, except for raw sockets."""
    fd = fd_of(event)
    if fd is None:
        return None
    if fd.type not in NETWORK_TYPES or (lacks_role(fd) and fd.l4proto != L4.RAW):
        return "<NA>"
    return _PROTOCOLS.get(fd.l4proto, "<NA>")


def sockfamily(event: Event) -> str | None:
    fd = fd_of(event)
    if fd is None:
        return None
    if fd.type in NETWORK_TYPES:
        return "ip"
    return "unix" if fd.type == FdType.UNIX_SOCK else None


def is_server(event: Event) -> bool | None:
    """Bound sockets serve; connections do if their destination is local (the role does not count, as in 0.15)."""
    fd = fd_of(event)
    if fd is None or event.thread is None:
        return None
    if fd.type in SERVER_TYPES:
        return True
    return fd.type in INET_TYPES and event.state.is_local(destination_of(fd), event.thread)


def connected(event: Event) -> bool | None:
    fd = fd_of(event)
    return None if fd is None else fd.connected


def _either(name: str, type: ParamType, doc: str, extract: Extractor, format: Format = Format.NA) -> Field:
    # Ordering is defined for ports only; addresses and networks are equal or not.
    operators = None if type is ParamType.PORT else _EQUALITY
    return Field(
        name,
        type,
        doc,
        extract,
        Scope.EVENT,
        format,
        use=Use.FILTER_ONLY,
        many=Many.ENDS,
        constant=only_fd_events,
        operators=operators,
    )


def _net(name: str, doc: str, extract: Extractor, scope: Scope = Scope.EVENT) -> Field:
    return Field(name, ParamType.IPNET, doc, extract, scope, use=Use.FILTER_ONLY, constant=only_fd_events)


_T, _LOCAL = ParamType, Scope.VOLATILE
# Which end is local depends on interfaces and on containers' addresses, not on the event alone.
FIELDS = (
    _either("fd.ip", _T.IPADDR, "Address of either end of the connection.", any_ip),
    fd_field("fd.cip", _T.IPADDR, "Address of the client end.", client_ip),
    fd_field("fd.sip", _T.IPADDR, "Address of the server end.", server_ip),
    fd_field("fd.lip", _T.IPADDR, "Address of this host's end.", local_ip, _LOCAL),
    fd_field("fd.rip", _T.IPADDR, "Address of the far end.", remote_ip, _LOCAL),
    _either("fd.port", _T.PORT, "Port of either end, as number or service name.", any_port, Format.DEC),
    fd_field("fd.cport", _T.PORT, "Port of the client end.", client_port, format=Format.DEC),
    fd_field("fd.sport", _T.PORT, "Port of the server end.", server_port, format=Format.DEC),
    fd_field("fd.lport", _T.PORT, "Port of this host's end.", local_port, _LOCAL, Format.DEC),
    fd_field("fd.rport", _T.PORT, "Port of the far end.", remote_port, _LOCAL, Format.DEC),
    fd_field("fd.l4proto", _T.CHARBUF, "Transport: tcp, udp, icmp or raw; the text <NA> if not known yet.", l4proto),
    fd_field("fd.sockfamily", _T.CHARBUF, "Family of a socket: ip or unix.", sockfamily),
    fd_field("fd.is_server", _T.BOOL, "Whether this end serves the connection.", is_server, _LOCAL),
    _either("fd.proto", _T.PORT, "Port of either end by service name; same as fd.port.", any_port),
    fd_field("fd.cproto", _T.CHARBUF, "Port of the client end as text.", client_proto),
    fd_field("fd.sproto", _T.CHARBUF, "Port of the server end as text.", server_proto),
    fd_field("fd.lproto", _T.CHARBUF, "Port of this host's end as text.", local_proto, _LOCAL),
    fd_field("fd.rproto", _T.CHARBUF, "Port of the far end as text.", remote_proto, _LOCAL),
    _either("fd.net", _T.IPNET, "Network that holds the address of either end.", any_ip),
    _net("fd.cnet", "Network that holds the client's address.", client_ip),
    _net("fd.snet", "Network that holds the server's address.", server_ip),
    _net("fd.lnet", "Network that holds the address of this host's end.", local_ip, _LOCAL),
    _net("fd.rnet", "Network that holds the address of the far end.", remote_ip, _LOCAL),
    fd_field("fd.connected", _T.BOOL, "Whether the socket is connected.", connected),
)
