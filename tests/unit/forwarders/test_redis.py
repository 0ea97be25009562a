from __future__ import annotations

import pytest

from falco.config_forwarders import Redis
from falco.forwarders.destination import TryLaterError
from falco.forwarders.redis import RedisDestination
from tests.unit.forwarders.samples import stored


def test_nobody_listening(closed_port):
    with pytest.raises(TryLaterError, match="refused"):
        list(RedisDestination(Redis(url=f"redis://127.0.0.1:{closed_port}")).send([stored()]))


def test_what_is_no_url_of_redis():
    with pytest.raises(ValueError, match="Redis URL"):
        RedisDestination(Redis(url="127.0.0.1:6379"))
