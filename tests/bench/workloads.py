"""What machines do all day: builds, git, a web server, a database, packages, images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.development import build, git
from tests.bench.installs import apt_get, docker_build, docker_socket
from tests.bench.servers import database, web, web_anew
from tests.bench.workload import Workload, place_of

if TYPE_CHECKING:
    from pathlib import Path

_BUILD = "docker build"

WORKLOADS = (
    Workload("make and gcc", build, ("make", "gcc"), aim=2),
    Workload("git", git, ("git",)),
    Workload("web server, kept connections", web, ("nginx", "gcc"), aim=15),
    Workload("web server, new connections", web_anew, ("nginx", "gcc"), aim=15),
    Workload("database", database, ("postgres", "initdb", "pg_ctl", "createdb", "pgbench"), aim=2),
    Workload("apt-get install", apt_get, ("debootstrap", "chroot")),
    Workload(_BUILD, docker_build, ("debootstrap", "chroot", "dockerd", "docker")),
)


def config(folder: Path) -> str:
    """What of falco.yaml is to be said where they are prepared below a directory."""
    return f"containers: {{docker_sockets: [{docker_socket(place_of(_BUILD, folder))}]}}\n"
