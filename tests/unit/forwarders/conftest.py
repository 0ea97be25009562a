from __future__ import annotations

import socket

import pytest

from tests.unit.forwarders.samples import serving


@pytest.fixture
def server():
    with serving() as made:
        yield made


@pytest.fixture
def closed_port():
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def closed():
    """closed(destination) is the destination, which is closed when the test ends."""
    made = []

    def keep(destination):
        made.append(destination)
        return destination

    yield keep
    for destination in made:
        destination.close()
