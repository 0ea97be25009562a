from __future__ import annotations

import ssl

import pytest

from falco.config_schema import Webserver
from falco.errors import FalcoError
from falco.k8s_audit.tls import server_context
from tests.certificates import authority, signed


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    ca = authority(folder, "ca")
    return ca, signed(folder, "server", ca)


def test_without_tls_there_is_no_context():
    assert server_context(Webserver()) is None


def test_old_versions_of_tls_are_not_spoken(files):
    context = server_context(Webserver(ssl_enabled=True, ssl_certificate=str(files[1])))
    assert context is not None
    assert (context.minimum_version, context.verify_mode) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_NONE)


def test_authorities_make_client_certificates_looked_at(files):
    context = server_context(Webserver(ssl_enabled=True, ssl_certificate=str(files[1]), ssl_client_ca=str(files[0])))
    assert context is not None
    assert context.verify_mode == ssl.CERT_OPTIONAL


def test_what_cannot_be_used_is_named(files, tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for settings, words in (
        (Webserver(ssl_enabled=True, ssl_certificate="/none.pem"), "ssl_certificate /none.pem cannot be used: No such"),
        (Webserver(ssl_enabled=True, ssl_certificate=str(empty)), "ssl_certificate"),
        (Webserver(ssl_enabled=True, ssl_certificate=str(files[0])), "ssl_certificate"),
        (Webserver(ssl_enabled=True, ssl_certificate=str(files[1]), ssl_client_ca=str(empty)), "ssl_client_ca"),
        (Webserver(ssl_client_ca=str(files[0])), "ssl_client_ca needs ssl_enabled"),
    ):
        with pytest.raises(FalcoError, match=words):
            server_context(settings)
