from __future__ import annotations

from pathlib import Path

import pytest

from tests.sinks.servers import certificates


@pytest.fixture
def store(tmp_path):
    """Where the alerts of a test are, once there are any."""
    return tmp_path / "store" / "alerts.db"


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """The directory of certificates for servers on localhost and their clients."""
    return certificates(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def secret(tmp_path):
    """secret(text) is the path of a file that holds it."""

    def write(text: str) -> Path:
        path: Path = tmp_path / f"secret{len(list(tmp_path.glob('secret*')))}"
        path.write_text(f"{text}\n")
        return path

    return write
