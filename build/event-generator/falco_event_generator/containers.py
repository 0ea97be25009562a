"""Actions for which an engine really has to run a container.

EVENT_GENERATOR_ENGINE is the engine's command, docker or podman with options of theirs. EVENT_GENERATOR_IMAGE is the
image.
"""

from __future__ import annotations

import os
import shlex
import subprocess

from falco_event_generator.action import Act, Action
from falco_event_generator.scene import NAME, Scene


def runs_container(*options: str, name: str = NAME) -> Act:
    """Run a container of this name, which lives for some seconds: of one that is gone, no engine tells anything."""

    def act(scene: Scene) -> str:
        image = os.environ.get("EVENT_GENERATOR_IMAGE", "debian:bookworm-slim")
        engine = shlex.split(os.environ.get("EVENT_GENERATOR_ENGINE", "docker"))
        command = [*engine, "run", "--rm", "--network", "none", "--name", name, *options, image, "sleep", "5"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ChildProcessError(f"{engine[0]} run: {done.stderr.strip()}")
        return name

    return act


ACTIONS = (
    Action("Launch Privileged Container", runs_container("--privileged"), runs_container(), "the privileges",
           engine=True),
    Action("Launch Sensitive Mount Container", runs_container("-v", "/etc:/host/etc:ro"),
           runs_container("-v", "/srv:/host/srv:ro"), "the directory", engine=True),
    Action("Launch Disallowed Container", runs_container(), runs_container(name=f"{NAME}-allowed"), "its name",
           ("allowed_containers", f"(container.name={NAME}-allowed)"), engine=True),
)  # fmt: skip
