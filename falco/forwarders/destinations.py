"""The destinations there are, by name; only the one that is wanted is imported, with the client that it needs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.config_forwarders import Forwarder
    from falco.forwarders.destination import Destination

DESTINATIONS = {
    "webhook": "WebhookDestination",
    "slack": "SlackDestination",
    "syslog": "SyslogDestination",
    "alertmanager": "AlertmanagerDestination",
    "elasticsearch": "ElasticsearchDestination",
    "loki": "LokiDestination",
    "nats": "NatsDestination",
    "kafka": "KafkaDestination",
    "mqtt": "MqttDestination",
    "redis": "RedisDestination",
    "smtp": "SmtpDestination",
    "program": "ProgramDestination",
}
"""The class of each, in the module falco.forwarders.NAME."""

CLIENTS = {
    "nats": "nats-py[nkeys]>=2.9,<3",
    "kafka": "confluent-kafka>=2.6,<3",
    "mqtt": "paho-mqtt>=2.1,<3",
    "redis": "redis>=5.2,<9",
}
"""The clients that no package of Falco brings, as pip takes them; the others need python3-requests or nothing."""
_TO_INSTALL = "python3 -m pip install --target /usr/local/lib/falco '{}'"
"""The packages' falco-forwarder looks there, so that Python's other programs are left as they are."""


def make(name: str, settings: Forwarder) -> Destination:
    """The destination of that name. FalcoError if its client is not installed or a setting cannot be used."""
    try:
        module = importlib.import_module(f"falco.forwarders.{name}")
    except ImportError as error:
        raise FalcoError(f"forwarder {name} needs a package that is missing ({error}): {to_install(name)}") from None
    try:
        made: Destination = getattr(module, DESTINATIONS[name])(settings)
    except ValueError as error:
        raise FalcoError(f"forwarders.{name}: {error}") from None
    return made


def to_install(name: str) -> str:
    """The command that installs what a destination needs."""
    return _TO_INSTALL.format(CLIENTS.get(name, "requests>=2.28,<3"))
