from __future__ import annotations

import dataclasses
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from falco.config_forwarders import Forwarders
from falco.errors import FalcoError
from falco.forwarders.destinations import CLIENTS, DESTINATIONS, make, to_install
from tests.unit.conftest import ROOT

if TYPE_CHECKING:
    from falco.forwarders.destination import Destination

URLS = {
    "syslog": "udp://localhost", "mqtt": "mqtt://localhost", "smtp": "smtp://localhost", "redis": "redis://localhost",
    "nats": "nats://localhost",
}  # fmt: skip


def settings(name, **changes):
    section = getattr(Forwarders(), name)
    if name in URLS:
        changes = {"url": URLS[name]} | changes
    return dataclasses.replace(section, **changes)


def test_each_section_of_the_configuration_has_its_destination():
    assert set(DESTINATIONS) == {field.name for field in dataclasses.fields(Forwarders)}


@pytest.mark.parametrize("name", DESTINATIONS)
def test_each_has_what_a_destination_has(name):
    made: Destination = make(name, settings(name))
    assert made.batch > 0
    made.idle()
    made.close()


@pytest.mark.parametrize("name", ["syslog", "mqtt", "smtp", "redis"])
def test_a_url_that_is_none_is_an_error_that_says_what_is_expected(name):
    with pytest.raises(FalcoError, match=f"forwarders.{name}: .*"):
        make(name, settings(name, url="nonsense"))


def test_a_client_that_is_missing_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "falco.forwarders.redis", raising=False)
    with pytest.raises(FalcoError, match=r"redis needs a package .* pip install --target \S+ 'redis>=5\.2,<9'"):
        make("redis", settings("redis"))


def test_clients_are_those_that_the_project_declares():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {name: [client] for name, client in CLIENTS.items()} == {name: declared[name] for name in CLIENTS}
    assert all(to_install(name).endswith(f"'{declared[name][0]}'") for name in DESTINATIONS if name in declared)


@pytest.mark.parametrize("name", DESTINATIONS)
def test_only_the_client_that_is_needed_is_loaded(name):
    clients = {"requests", "nats", "confluent_kafka", "paho", "redis"}
    own = {"nats": "nats", "kafka": "confluent_kafka", "mqtt": "paho", "redis": "redis"}
    http = {"webhook", "slack", "alertmanager", "elasticsearch", "loki"}
    text = f"import sys, falco.forwarders.cli, falco.forwarders.{name}; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
    )
    assert loaded & clients == ({own[name]} if name in own else {"requests"} if name in http else set())
    assert not [each for each in loaded if each.startswith(("falco.capture", "falco.state", "falco.engine"))]
