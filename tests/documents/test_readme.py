"""Commands of the README are run as they stand there; those that are not are named here, with the reason."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.documents.markdown import PROJECT, README, block, commands

LEFT = {
    "make ": "the image, the whole tests, or a live run: tests/appliance, tests/live",
    "cat /etc/shadow": "needs a live run: tests/live",
    "docker ": "needs the engine: tests/appliance",
    "falco alerts": "needs the store of a live run: tests/unit/commands",
    "falco-forwarder ": "needs a destination: tests/sinks",
    "build/packaging/build": "needs rpmbuild: tests/appliance",
}
"""Commands by their beginnings."""
NO_COMMANDS = ("14:02:51", "--cap-drop ALL", "-e FALCO_JSON_OUTPUT", "/etc/")
"""Beginnings of what stands in a block and is none: what is printed, and parts of command lines."""
RUN = [command for _, command in commands(README) if command.startswith(".venv/bin/falco ")]
PRINTED = {
    "six_behaviours.scap -r rules/": "Sensitive file read by an unexpected program",
    "-r my_rules.yaml": "Shell started (user=",
    "k8s_audit": "Attach/Exec Pod",
}
"""Part of a command -> what it has to print."""


def test_every_command_is_run_or_left_for_a_reason():
    known = (*LEFT, *NO_COMMANDS)
    strange = [
        f"{number}: {text}" for number, text in commands(README) if text not in RUN and not text.startswith(known)
    ]
    assert not strange, strange
    assert len(RUN) >= 5


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory that looks like a clone and may be written."""
    for name in (".venv", "tests", "rules", "rootfs", "falco"):
        (tmp_path / name).symlink_to(PROJECT / name)
    (tmp_path / "my_rules.yaml").write_text(block(README, "yaml"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("command", RUN)
def test_command_of_the_readme(command, clone):
    done = subprocess.run(
        command, shell=True, check=False, cwd=clone, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for part, printed in PRINTED.items():
        assert part not in command or printed in done.stdout
    if " -w " in command:
        written = clone / command.split(" -w ")[1].split()[0]
        assert written.stat().st_size > 0
