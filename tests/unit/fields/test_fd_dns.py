from __future__ import annotations

import socket

import pytest

from falco.fields.fd_dns import dns_fields, system_resolver
from tests.unit.fields.reading import compared, one, read

SERVER, OTHER = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
HOSTS = {"web": (SERVER, OTHER), "nowhere": ()}


@pytest.fixture
def fields():
    return dns_fields(HOSTS.__getitem__)


@pytest.fixture
def event(event_of):
    return event_of("SYSCALL_READ_E", 5, 10, fd=5)


def test_conditions_compare_addresses(fields, event):
    field = one(fields, "fd.sip.name")
    assert field.parse is not None
    assert field.parse("web") == (SERVER, OTHER)
    assert compared(fields, "fd.sip.name", event) == SERVER
    assert field.operators == frozenset(("=", "!=", "in"))


def test_a_name_without_addresses_matches_nothing(fields):
    parse = one(fields, "fd.cip.name").parse
    assert parse is not None
    assert parse("nowhere") == ()


def test_outputs_print_the_name_that_was_asked_for(fields, event):
    assert read(fields, "fd.sip.name", event) is None
    parse = one(fields, "fd.rip.name").parse
    assert parse is not None
    parse("web")
    assert read(fields, "fd.sip.name", event) == "web"
    assert read(fields, "fd.cip.name", event) is None


def test_files_have_no_names(fields, event_of):
    assert read(fields, "fd.sip.name", event_of("SYSCALL_READ_E", 3, 10, fd=3)) is None


def test_the_system_resolver_gives_packed_addresses(monkeypatch):
    rows = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%eth0", 0, 0, 2)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    assert system_resolver("web") == (SERVER, bytes.fromhex("fe800000000000000000000000000001"))


def test_the_system_resolver_takes_unknown_names_for_names_without_address(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert system_resolver("nowhere.invalid") == ()


def test_what_cannot_be_a_name_is_an_error():
    with pytest.raises(ValueError, match="is not a host name"):
        system_resolver("a" * 70 + ".example")
