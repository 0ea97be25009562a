from __future__ import annotations

import pytest

from falco.config_schema import Webserver
from falco.k8s_audit.preflight import is_loopback, warnings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Webserver(), "without TLS on 0.0.0.0, port 8765"),
        (Webserver(listen_address="::"), "without TLS"),
        (Webserver(listen_address="10.0.0.1"), "without TLS"),
        (Webserver(ssl_enabled=True), "from everybody"),
        (Webserver(ssl_enabled=True, ssl_client_ca="ca.pem"), ""),
        (Webserver(listen_address="127.0.0.1"), ""),
        (Webserver(listen_address="::1"), ""),
        (Webserver(listen_address="localhost"), ""),
    ],
)
def test_warnings(settings, words):
    found = list(warnings(settings))
    assert len(found) == bool(words)
    assert words in "".join(found)


def test_names_are_not_trusted_to_be_loopback():
    assert not is_loopback("localhost.example.com")
