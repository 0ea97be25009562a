from __future__ import annotations

import pytest

from falco.config_forwarders import Nats
from falco.forwarders.destination import TryLaterError
from falco.forwarders.nats import NatsDestination
from tests.unit.forwarders.samples import stored


def test_nobody_listening_and_a_second_try_after_closing(closed_port):
    destination = NatsDestination(Nats(url=f"nats://127.0.0.1:{closed_port}", timeout=1))
    for _ in range(2):
        with pytest.raises(TryLaterError, match="not connected"):
            list(destination.send([stored()]))
        destination.close()
