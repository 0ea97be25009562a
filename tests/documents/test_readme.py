"""Commands of the README are run as they stand there; those that are not are named here, with the reason."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import run_lines
from tests.documents.markdown import PROJECT, README, block, commands
from tests.unit.forwarders.samples import serving

LEFT = {
    "make ": "the image, the whole tests, or a live run: tests/appliance, tests/live",
    "cat /etc/shadow": "needs a live run: tests/live",
    run_lines.RUN: "tests/appliance/test_container.py starts every container by it",
    run_lines.REPLAY: "tests/appliance/test_readme.py",
    run_lines.AUDIT: "tests/appliance/test_readme.py",
    run_lines.BUILDER_IMAGE: "tests/appliance/test_builder.py",
    run_lines.BUILDER: "tests/appliance/test_builder.py",
    run_lines.PACKAGES: "tests/appliance/test_packages.py",
    run_lines.INSTALL: "tests/appliance/test_packages.py",
}
"""Commands by their beginnings."""
NO_COMMANDS = ("14:02:51", run_lines.LEAST, run_lines.SETTINGS)
"""Beginnings of what stands in a block and is none: what is printed, and parts of command lines."""
RUN = [command for _, command in commands(README) if command.startswith(".venv/bin/falco ")]
ALERTS = [command for _, command in commands(README) if command.startswith("falco alerts")]
(FORWARDER,) = [command for _, command in commands(README) if command.startswith("falco-forwarder ")]
PRINTED = {
    "six_behaviours.scap -r rules/": "Sensitive file read by an unexpected program",
    "-r my_rules.yaml": "Shell started (user=",
    "k8s_audit": "Attach/Exec Pod",
}
"""Part of a command -> what it has to print."""
ENVIRON = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONPATH": str(PROJECT)}
"""This tree's code runs, wherever .venv was made."""


def test_every_command_is_run_or_left_for_a_reason():
    known = (*LEFT, *NO_COMMANDS)
    strange = [
        f"{number}: {text}"
        for number, text in commands(README)
        if text not in (*RUN, *ALERTS, FORWARDER) and not text.startswith(known)
    ]
    assert not strange, strange
    assert len(RUN) >= 5 and len(ALERTS) >= 3


@pytest.mark.parametrize("beginning", [*LEFT, *NO_COMMANDS])
def test_what_is_left_is_there(beginning):
    assert [text for _, text in commands(README) if text.startswith(beginning)]


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
        timeout=120, env=ENVIRON,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for part, printed in PRINTED.items():
        assert part not in command or printed in done.stdout
    if " -w " in command:
        written = clone / command.split(" -w ")[1].split()[0]
        assert written.stat().st_size > 0


@pytest.fixture
def alerts(clone: Path) -> Path:
    """A clone whose falco.yaml has a store with the alerts of the capture of README's first command."""
    (clone / "falco.yaml").write_text(
        "rules_file: [rules/falco_rules.yaml]\nstdout_output: {enabled: true}\nlog_syslog: false\n"
        f"alert_store: {{enabled: true, path: {clone}/alerts.db}}\n"
    )
    done = subprocess.run(
        shlex.split(RUN[0]),
        check=True,
        cwd=clone,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=ENVIRON,
    )
    assert done.stdout.count("Sensitive file read") == 1
    return clone


@contextlib.contextmanager
def started(command: str, clone: Path) -> Iterator[subprocess.Popen[str]]:
    """A command of README, in a clone, which is told to end when nobody looks any more."""
    program, *words = shlex.split(command)
    words = [f".venv/bin/{program}", *words]
    with subprocess.Popen(words, cwd=clone, env=ENVIRON, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.mark.parametrize("command", ALERTS)
def test_command_about_the_alerts_of_the_readme(command, alerts):
    with started(command, alerts) as process:
        assert process.stdout is not None
        if "--since" in command:
            # The capture is older than that.
            assert process.stdout.read() == "" and process.wait(30) == 0
        else:
            lines = [process.stdout.readline() for _ in range(8)]
            assert sum("Sensitive file read by an unexpected program" in line for line in lines) == 1
            assert "--follow" in command or (process.stdout.read() == "" and process.wait(30) == 0)


def test_command_of_a_forwarder_of_the_readme(alerts):
    port = int(FORWARDER.rpartition(":")[2].strip("/"))
    with serving(port) as server, started(FORWARDER, alerts) as process:
        end = time.monotonic() + 60
        while len(server.requests) < 8:
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.02)
    bodies = [json.loads(request.body)["output"] for request in server.requests]
    assert len(bodies) == 8
    assert sum("Sensitive file read by an unexpected program" in body for body in bodies) == 1
