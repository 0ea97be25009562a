"""A file system that answers everybody but falco: it goes on, says so, and neither waits again nor loses an event."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live.product import PATIENCE_S, Product

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root"),
    pytest.mark.skipif(not Path("/dev/fuse").exists(), reason="/dev/fuse is missing"),
]
RULES = """
- rule: Made
  desc: A directory is made.
  condition: evt.type=mkdir and evt.dir=< and evt.arg.path contains "{folder}"
  output: "%evt.arg.path is %fs.path.name"
  priority: INFO
"""
MANY = 20


@pytest.fixture
def unanswering(tmp_path):
    """Makes a directory of a name in a file system that does not answer, and the end of that file system."""
    folder = tmp_path / "mount"
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "tests.live.unanswering", str(folder)]
        server = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        )
        stack.callback(server.kill)

        assert server.stdin is not None
        assert server.stdout is not None
        written, told = server.stdin, server.stdout

        def make(name):
            written.write(f"{name}\n")
            assert told.readline() == "made\n"
            return folder / "d" / name

        yield make, server.kill


def test_falco_goes_on_beside_a_file_system_that_does_not_answer(tmp_path, unanswering):
    (tmp_path / "rules.yaml").write_text(RULES.format(folder=tmp_path))
    (tmp_path / "link").symlink_to(".")
    make, kill = unanswering
    with Product(tmp_path / "falco", [tmp_path / "rules.yaml"]) as falco, contextlib.ExitStack() as last:
        last.callback(kill)  # Or a thread of falco could not end.
        falco.catch_up()
        made = [make(f"x{number}") for number in range(MANY)]
        began = time.monotonic()
        falco.catch_up()
        assert time.monotonic() - began < PATIENCE_S
        assert len(falco.wait_for_alerts(MANY, "Made", str(made[0].parent))) == MANY
        assert len(falco.wait_for(lambda: falco.said(r"No answer within 50 ms: .*/mount/d of /proc/\d+/root"))[0]) > 0
        (tmp_path / "link" / "own").mkdir()
        (alert,) = falco.wait_for_alerts(1, "Made", "link/own")
        assert alert["output_fields"]["fs.path.name"] == f"{tmp_path}/own"
        assert falco.alerts("Falco internal: blind") == []
    assert falco.process.returncode == 0
    assert falco.said(rf"^.*: 1 questions were not answered in time, and {MANY - 1} not asked for that$")
