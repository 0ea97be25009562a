"""Workloads of installing: apt-get in a root directory of its own, and an image that docker builds.

Packages are downloaded when they are made ready, and kept, so that no run has to do with the network.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.appliance.engines import CACHE, base_directory
from tests.bench.cgroup import NAME
from tests.bench.workload import PATIENCE_S, run, wait_for

if TYPE_CHECKING:
    from tests.bench.workload import Again

_PACKAGES = ("cron", "logrotate", "nginx-light", "rsyslog")
"""Some with services, users and scripts of their own."""
_APT = ("apt-get", "-y", "-q", "--no-install-recommends")
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
_DAEMON = ("--bridge=none", "--iptables=false", "--exec-opt=native.cgroupdriver=cgroupfs")
_IMAGE = "falco-bench"
_SOURCES = 300
_DOCKERFILE = f"""
FROM {_IMAGE}
RUN printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
COPY packages /tmp/packages
RUN DEBIAN_FRONTEND=noninteractive {" ".join(_APT)} install /tmp/packages/*.deb && rm -rf /tmp/packages
COPY source /srv/app
RUN useradd --system --home-dir /srv/app app && chown -R app: /srv/app && chmod -R go-w /srv/app
USER app
RUN cd /srv/app && find . -type f | sort | xargs sha256sum > /tmp/sums && tar -czf /tmp/app.tar.gz .
CMD ["nginx", "-g", "daemon off;"]
"""


@contextlib.contextmanager
def _root(folder: Path, lower: tuple[Path, ...]) -> Iterator[Path]:
    """A root directory above others, which stay as they are; what is changed stands in its directory `upper`."""
    shutil.rmtree(folder, ignore_errors=True)
    root, upper, work = (folder / name for name in ("root", "upper", "work"))
    for directory in (root, upper, work):
        directory.mkdir(parents=True)
    options = f"lowerdir={':'.join(map(str, lower))},upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "-o", options, "overlay", root)
    try:
        run("mount", "-t", "proc", "proc", root / "proc")
        yield root
    finally:
        run("umount", "--recursive", root)


def _downloaded() -> Path:
    """The layer above the base that has apt's lists and archives in it."""
    kept = CACHE / "downloaded"
    if not (kept / ".done").exists():
        with _root(kept, (base_directory(),)) as root:
            shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
            script = root / "usr/sbin/policy-rc.d"
            script.write_text("#!/bin/sh\nexit 101\n")  # No services are to be started.
            script.chmod(0o755)
            run("chroot", root, *_APT, "update")
            run("chroot", root, *_APT, "--download-only", "install", *_PACKAGES)
        (kept / ".done").touch()
    return kept / "upper"


@contextlib.contextmanager
def apt_get(folder: Path) -> Iterator[Again]:
    """apt-get installs packages, with what their scripts do, and removes them."""
    lower = (_downloaded(), base_directory())

    def again() -> None:
        with _root(folder / "system", lower) as root:
            run("chroot", root, *_APT, "--no-download", "install", *_PACKAGES, env=_QUIET)
            run("chroot", root, *_APT, "purge", *_PACKAGES, env=_QUIET)

    yield again


def docker_socket(folder: Path) -> Path:
    """Where the docker of docker_build listens."""
    return folder / "docker.sock"


@contextlib.contextmanager
def docker_build(folder: Path) -> Iterator[Again]:
    """docker builds an image: packages, a tree of files, a user, and what is done with them."""
    docker = ("docker", "--host", f"unix://{docker_socket(folder)}")
    places = {"data-root": folder / "data", "exec-root": folder / "exec", "pidfile": folder / "pid"}
    command = ["dockerd", "--host", docker[2], *(f"--{name}={place}" for name, place in places.items()), *_DAEMON]
    context = _context(folder / "context")
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen([*command, f"--cgroup-parent=/{NAME}/docker"], stdout=log, stderr=log)
    try:
        wait_for(lambda: _answers(docker))
        archive = folder / "base.tar"
        run("tar", "-C", base_directory(), "--exclude=./.done", "-cf", archive, ".")
        run(*docker, "import", archive, _IMAGE)
        archive.unlink()
        yield lambda: run(
            *docker,
            "build",
            "--no-cache",
            "--rm",
            "--network=none",
            "--tag=built",
            context,
            env={"DOCKER_BUILDKIT": "0"},
        )
    finally:
        daemon.terminate()
        daemon.wait(PATIENCE_S)


def _answers(docker: tuple[str, ...]) -> None:
    if subprocess.run([*docker, "version"], check=False, capture_output=True).returncode:
        raise ConnectionRefusedError(docker[2])


def _context(folder: Path) -> Path:
    archives = _downloaded() / "var/cache/apt/archives"
    (folder / "packages").mkdir(parents=True)
    for package in archives.glob("*.deb"):
        shutil.copy(package, folder / "packages")
    (folder / "source").mkdir()
    for number in range(_SOURCES):
        (folder / "source" / f"file{number}").write_text(f"{number}\n" * 100)
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    return folder
