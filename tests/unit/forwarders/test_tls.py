from __future__ import annotations

import ssl

import pytest

from falco.config_forwarders import Syslog
from falco.forwarders.destination import TryLaterError
from falco.forwarders.tls import context


def test_certificates_are_checked_unless_told_otherwise():
    assert context(Syslog()).verify_mode == ssl.CERT_REQUIRED
    assert context(Syslog()).check_hostname
    assert context(Syslog(check_certificate=False)).verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize("key", ["ca_file", "cert_file"])
@pytest.mark.parametrize("content", [None, "nonsense"])
def test_files_that_cannot_be_used_may_be_replaced(tmp_path, key, content):
    path = tmp_path / "pem"
    if content:
        path.write_text(content)
    with pytest.raises(TryLaterError, match="certificates cannot be used"):
        context(Syslog(ca_file=str(path)) if key == "ca_file" else Syslog(cert_file=str(path)))
