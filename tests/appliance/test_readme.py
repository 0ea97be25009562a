"""README's commands as they stand there: on a Debian with nothing on it, and those about the container."""

from __future__ import annotations

import subprocess
import urllib.request
from typing import TYPE_CHECKING

from tests.appliance.engines import BASE, PROJECT, Container, in_shell, run, timed, until
from tests.documents.markdown import README, block
from tests.documents.run_lines import AUDIT, REPLAY, SETTINGS, line
from tests.documents.test_readme import PRINTED, RUN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.appliance.engines import Engine

NAME = "falco-test-bare"


def test_the_commands_of_the_readme_on_a_bare_debian(docker: Engine, tmp_path: Path) -> None:
    clone = tmp_path / "falco"
    run("git", "clone", "--quiet", "--depth", "1", f"file://{PROJECT}", str(clone))
    (clone / "my_rules.yaml").write_text(block(README, "yaml"), encoding="utf-8")
    docker("rm", "--force", NAME, check=False)
    docker("run", "--detach", "--name", NAME, BASE, "sleep", "3600")
    try:
        docker("cp", str(clone), f"{NAME}:/falco")

        def shell(command: str, timeout: float = 120) -> str:
            done = subprocess.run(
                [*docker.command, "exec", "--workdir", "/falco", NAME, "bash", "-c", command], capture_output=True,
                text=True, timeout=timeout, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
            return done.stdout

        shell("chown -R 0:0 /falco && apt-get update && apt-get install --yes --no-install-recommends make", 300)
        with timed("make demo on a bare Debian"):
            assert "Sensitive file read by an unexpected program" in shell("make demo", 1800)
        for command in RUN:
            printed = shell(command)
            for part, wanted in PRINTED.items():
                assert part not in command or wanted in printed, command
    finally:
        docker("rm", "--force", "--volumes", NAME, check=False)


def test_the_line_that_replays_a_capture(docker: Engine) -> None:
    shown = in_shell(line(REPLAY), docker, PROJECT)
    assert "Sensitive file read by an unexpected program" in shown and "Events detected: 8" in shown


def test_the_line_that_takes_audit_events(docker: Engine) -> None:
    docker("rm", "--force", "falco-audit", check=False)
    in_shell(line(AUDIT), docker, PROJECT)
    try:
        container = Container(docker, "falco-audit").wait_ready(30)
        event = (PROJECT / "tests/captures/k8s_audit/attach_pod.json").read_bytes()
        request = urllib.request.Request(
            "http://127.0.0.1:8765/k8s_audit", data=event, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        until(lambda: "Program started in a pod or attached to" in docker("logs", "falco-audit"), 10, container.logs)
    finally:
        docker("rm", "--force", "--volumes", "falco-audit")


def test_the_variables_are_those_of_settings(docker: Engine, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://alerts.example.org/T0K3N\n")
    command = f"docker run --rm {line(SETTINGS)} -v {tmp_path}:/run/secrets:ro falco config --show-origin"
    shown = in_shell(command, docker, PROJECT)
    rows = {row.partition(":")[0]: row.split()[1:] for row in shown.splitlines()}
    assert rows["json_output"] == ["true", "#", "FALCO_JSON_OUTPUT"]
    assert rows["priority"] == ["warning", "#", "FALCO_PRIORITY"]
    assert rows["forwarders.webhook.enabled"][0] == "true"
    name = "forwarders.webhook.url_file"
    assert rows[name] == ["/run/secrets/url", "#", "FALCO_FORWARDERS__WEBHOOK__URL_FILE"] and "T0K3N" not in shown
