"""Real container engines for tests: dockerd of our own and podman, an image base by debootstrap, all in one cache."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("FALCO_APPLIANCE_CACHE", PROJECT / ".cache/appliance"))
BASE, IMAGE = "debian:bookworm-slim", "falco"
BRIDGE = "falco-test0"
SUITES = (("deb.debian.org/debian", "bookworm"), ("deb.debian.org/debian", "bookworm-updates"),
          ("security.debian.org/debian-security", "bookworm-security"))  # fmt: skip
_TRIMMED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/lib/apt/lists",
    "var/cache/apt",
)


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long a step took, and keep it beside the cache."""
    begin = time.monotonic()
    yield
    line = f"{time.monotonic() - begin:7.1f} s  {what}\n"
    print(line, end="", flush=True)
    with (CACHE / "timings.txt").open("a") as file:
        file.write(line)


def run(*command: str, check: bool = True, timeout: float = 120, env: dict[str, str] | None = None) -> str:
    """What a command prints, both ways. AssertionError with that if it fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False,
        env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}"
    return done.stdout


def until(what: Callable[[], object], seconds: float, failing: Callable[[], str]) -> float:
    """Wait until something holds; how long that took (s)."""
    begin = time.monotonic()
    while not what():
        assert time.monotonic() - begin < seconds, failing()
        time.sleep(0.1)
    return time.monotonic() - begin


def in_shell(command: str, docker: Engine, directory: Path, timeout: float = 120) -> str:
    """What a command line about docker prints, both ways, run as it stands where that means ours."""
    environ = {"DOCKER_HOST": docker.command[2]}
    return run("bash", "-c", f"cd {shlex.quote(str(directory))} && {command}", timeout=timeout, env=environ)


class Engine:
    """Docker or podman by its command line."""

    def __init__(self, name: str, command: tuple[str, ...], image: str) -> None:
        self.name, self.command, self.image = name, command, image
        self._started: list[str] = []

    def __call__(self, *arguments: str, check: bool = True, timeout: float = 120) -> str:
        return run(*self.command, *arguments, check=check, timeout=timeout)

    def start(self, *options: str, command: tuple[str, ...] = ()) -> Container:
        """A container of Falco in the background."""
        name = f"falco-test-{len(self._started)}-{os.getpid()}"
        self._started.append(name)
        self("run", "--detach", "--name", name, *options, self.image, *command)
        return Container(self, name)

    def remove_all(self) -> None:
        """Remove what was started, with its volumes."""
        for name in self._started:
            self("rm", "--force", "--volumes", name, check=False)


class Container:
    """A running container."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self.name = engine, name

    def wait_ready(self, seconds: float = 120) -> Container:
        """Return when it watches."""
        until(lambda: "ready in" in self.logs() or not self.running, seconds, self.logs)
        assert self.running, self.logs()
        return self

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return bool(self.state["Running"])

    @property
    def state(self) -> dict[str, object]:
        """What the engine says of it."""
        found: dict[str, object] = json.loads(self._engine("inspect", self.name))[0]["State"]
        return found

    def logs(self) -> str:
        """All it printed."""
        return self._engine("logs", self.name)

    def alerts(self) -> list[str]:
        """What it printed on standard output."""
        done = subprocess.run(
            [*self._engine.command, "logs", self.name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            check=True, timeout=60,
        )  # fmt: skip
        return done.stdout.splitlines()

    def execute(self, *command: str, check: bool = True) -> str:
        """Run a command in it."""
        return self._engine("exec", self.name, *command, check=check)

    def healthy(self) -> str:
        """What the health check says."""
        return self.execute("/usr/bin/python3", "-P", "-m", "falco.appliance.health", check=False).strip()

    def stop(self) -> float:
        """Stop it as users do; how long that took (s)."""
        begin = time.monotonic()
        self._engine("stop", self.name)
        return time.monotonic() - begin

    def wait_end(self, seconds: float = 30) -> int:
        """Its exit status."""
        until(lambda: not self.running, seconds, self.logs)
        return int(str(self.state["ExitCode"]))

    def process(self, part: str) -> int:
        """The host's id of the process in it whose command line has this part."""
        cgroup = str(self._engine("inspect", "--format", "{{.Id}}", self.name)).strip()
        for directory in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if part in line and cgroup in (directory / "cgroup").read_text():
                    return int(directory.name)
        raise AssertionError(f"no process {part} in {self.name}")


def has(engine: Engine, image: str) -> bool:
    """Whether the engine has an image."""
    return bool(engine("images", "--quiet", image).strip())


def base_directory() -> Path:
    """The root directory of a small Debian, made of its packages: registries of images may be out of reach."""
    CACHE.mkdir(parents=True, exist_ok=True)
    directory = CACHE / "base"
    if not (directory / ".done").exists():
        shutil.rmtree(directory, ignore_errors=True)
        with timed("debootstrap"):
            run("debootstrap", "--variant=minbase", "bookworm", str(directory), timeout=900)
        sources = "".join(f"deb http://{place} {suite} main\n" for place, suite in SUITES)
        (directory / "etc/apt/sources.list").write_text(sources)
        for name in _TRIMMED:
            shutil.rmtree(directory / name)
            (directory / name).mkdir()
        # Where pip asks through a proxy with a certificate of its own, building has to trust it as well.
        certificates = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
        if certificates:
            shutil.copy(certificates, directory / "etc/local-ca.pem")
        (directory / ".done").touch()
    return directory


def make_base(docker: Engine) -> None:
    """The image that ours is built from."""
    directory, archive = base_directory(), CACHE / "base.tar"
    run("tar", "-C", str(directory), "--exclude=./.done", "-cf", str(archive), ".")
    changes = ["--change", "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    if (directory / "etc/local-ca.pem").exists():
        changes += ["--change", "ENV PIP_CERT=/etc/local-ca.pem"]
    docker("import", *changes, str(archive), BASE)
    archive.unlink()


def make_bridge() -> None:
    """A bridge of our own: docker0 is taken away by any other dockerd that is to have none."""
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "address", "add", "172.31.254.1/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")


@contextlib.contextmanager
def dockerd() -> Iterator[Engine]:
    """A docker of our own, with its images in the cache."""
    runtime = Path(os.environ.get("FALCO_APPLIANCE_RUNTIME", "/run/falco-test-docker"))
    socket = runtime.with_suffix(".sock")
    engine = Engine("docker", ("docker", "--host", f"unix://{socket}"), IMAGE)
    CACHE.mkdir(parents=True, exist_ok=True)
    make_bridge()
    places = {
        "data-root": CACHE / "docker",
        "exec-root": runtime,
        "host": f"unix://{socket}",
        "pidfile": f"{runtime}.pid",
    }
    command = ["dockerd", "--bridge", BRIDGE, *(f"--{name}={place}" for name, place in places.items())]
    with (CACHE / "dockerd.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as daemon:
        try:
            until(lambda: "Server" in engine("version", check=False), 60, (CACHE / "dockerd.log").read_text)
            yield engine
        finally:
            daemon.terminate()


def podman(docker: Engine) -> Engine:
    """Podman, with the image that docker built."""
    conf = CACHE / "containers.conf"
    conf.write_text('[containers]\ndefault_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]\n')
    root = ("--root", str(CACHE / "podman"), "--runroot", "/run/falco-test-podman")
    command = ("env", f"CONTAINERS_CONF={conf}", "podman", *root, "--runtime", "runc", "--cgroup-manager", "cgroupfs")
    engine = Engine("podman", command, f"localhost/{IMAGE}")
    wanted = docker("inspect", "--format", "{{.Id}}", IMAGE).strip().removeprefix("sha256:")
    if wanted not in engine("images", "--quiet", "--no-trunc", engine.image):
        archive = CACHE / "image.tar"
        with timed("image handed to podman"):
            docker("save", "--output", str(archive), f"{IMAGE}:latest")
            engine("load", "--input", str(archive), timeout=600)
            engine("image", "prune", "--force")  # the one before has lost its name
        archive.unlink()
    return engine
