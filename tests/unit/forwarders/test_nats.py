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


TOKEN = "-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n"
SEED = "-----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n"


@pytest.mark.parametrize(
    "content",
    ["", "nonsense", TOKEN, SEED.format("SUAB"), TOKEN + SEED.format("SUAB"), TOKEN + SEED.format("S1\u00e4")],
    ids=["empty", "text", "no seed", "no token", "short seed", "no base32"],
)
def test_what_is_no_file_of_credentials_may_be_replaced(tmp_path, closed_port, content):
    path = tmp_path / "user.creds"
    path.write_text(content, encoding="utf-8")
    destination = NatsDestination(Nats(url=f"nats://127.0.0.1:{closed_port}", credentials_file=str(path)))
    with pytest.raises(TryLaterError, match=r"user.creds holds no credentials of NATS"):
        list(destination.send([stored()]))
    path.unlink()
    with pytest.raises(TryLaterError, match=r"user.creds cannot be read"):
        list(destination.send([stored()]))


def test_credentials_without_the_package_that_signs(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"nkeys.*pip install .*'nats-py\[nkeys\]"):
        NatsDestination(Nats(url="nats://x", credentials_file="user.creds"))
