from __future__ import annotations

import time

import pytest

from tests.unit.conftest import CAT_WRITE, falco

pytestmark = pytest.mark.usefixtures("away_from_any_configuration")


@pytest.mark.parametrize("args", [("-e", "-"), ("-e", CAT_WRITE, "-w", "-")])
def test_the_background_has_no_standard_streams(config_file, rules_file, args):
    done = falco("-d", "-c", config_file, "-r", rules_file, *args)
    assert done.returncode == 1
    assert "need a file" in done.stderr


def test_in_the_background_only_the_files_speak(config_file, rules_file, tmp_path):
    done = falco(
        *("-d", "-P", tmp_path / "pid", "-c", config_file, "-e", CAT_WRITE, "-r", rules_file),
        *("-o", "file_output.enabled=true", "-o", "file_output.filename=alerts"),
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert int((tmp_path / "pid").read_text()) > 0
    alerts, deadline = tmp_path / "alerts", time.monotonic() + 20
    while not alerts.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "An open was seen /dev/null" in alerts.read_text()
