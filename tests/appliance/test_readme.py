"""README's commands as they stand there, on a Debian with nothing on it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.appliance.engines import BASE, PROJECT, run, timed
from tests.documents.markdown import README, block
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
