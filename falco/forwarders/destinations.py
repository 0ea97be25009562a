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


def make(name: str, settings: Forwarder) -> Destination:
    """The destination of that name. FalcoError if its client is not installed or a setting cannot be used."""
    try:
        module = importlib.import_module(f"falco.forwarders.{name}")
    except ImportError as error:
        raise FalcoError(
            f"forwarder {name} needs a package that is missing ({error}): pip install falco[{name}]"
        ) from None
    try:
        made: Destination = getattr(module, DESTINATIONS[name])(settings)
    except ValueError as error:
        raise FalcoError(f"forwarders.{name}: {error}") from None
    return made
