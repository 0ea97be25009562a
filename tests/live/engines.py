"""Container engines of a test's own: dockerd, podman and containerd with their sockets, data and one small image.

The image is made of busybox, so that no registry is needed. Where an engine is missing, starting it fails.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import grpc

from falco.containers import wire
from falco.containers.cri import SERVICES, CriEngine
from falco.containers.docker import DockerEngine
from falco.containers.engine import Engine, EngineError
from falco.state.engines import DOCKER, PODMAN

REPOSITORY, TAG = "localhost/falco-test/base", "1.0"
IMAGE = f"{REPOSITORY}:{TAG}"
_PROGRAMS = ("sh", "sleep", "cat", "true", "ls", "dpkg", "id", "touch", "stat")
_PATIENCE_S = 60
_PODMAN = "[containers]\ndefault_ulimits = ['nofile=20000:20000', 'nproc=20000:20000']\n"
_CONTAINERD = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = []
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{image}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
"""


def run(*command: str, **options: Any) -> str:
    """What a command prints; an error with all of it if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return str(done.stdout).strip()


def root_filesystem(folder: Path) -> Path:
    """A directory with busybox under the names of its programs."""
    root = folder / "image"
    for name in ("bin", "etc", "proc", "tmp"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for name in _PROGRAMS:
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    archive = folder / "image.tar"
    run("tar", "-C", str(root), "-cf", str(archive), ".")
    return archive


class Daemon:
    """A daemon for a with block, in a folder of its own, at a socket; engine asks it what Falco would."""

    engine: Engine

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "socket"
        folder.mkdir()

    def begin(self, *command: str, env: dict[str, str] | None = None) -> None:
        """Start the daemon and wait until it answers."""
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **(env or {})}, start_new_session=True
            )
        try:
            until = time.monotonic() + _PATIENCE_S
            while not self._answers():
                assert time.monotonic() < until, f"{command[0]} does not answer"
                time.sleep(0.1)
        except BaseException:
            self.end()
            raise

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(f"{self.folder}: {(self.folder / 'log').read_text()[-2000:]}")
        try:
            return self.engine.is_there and bool(self.engine.version())
        except EngineError:
            return False

    def end(self) -> None:
        """Stop it, and what it left mounted."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.engine.close()  # type: ignore[attr-defined]

    def pause(self) -> None:
        """Let it hang."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it work again."""
        self._process.send_signal(signal.SIGCONT)


class DockerDaemon(Daemon):
    """dockerd, without networks."""

    def __init__(self, folder: Path, archive: Path) -> None:
        super().__init__(folder)
        self.engine = DockerEngine(str(self.socket), DOCKER)
        self.begin(
            "dockerd", "--data-root", f"{folder}/root", "--exec-root", f"{folder}/exec", "-H", f"unix://{self.socket}",
            "-p", f"{folder}/pid", "--iptables=false", "--bridge=none",
        )  # fmt: skip
        self.do("import", "--change", "ENV PATH=/bin", "--change", 'CMD ["/bin/sleep","3600"]', str(archive), IMAGE)

    def do(self, *words: str) -> str:
        """A command of docker."""
        return run("docker", "-H", f"unix://{self.socket}", *words)

    def run(self, *words: str) -> str:
        """docker run without a network; the image and the command are among the words."""
        return self.do("run", "--network", "none", *words)

    def end(self) -> None:
        with suppress(AssertionError):
            left = self.do("ps", "-aq").split()
            if left:
                self.do("rm", "-f", *left)
        super().end()


class PodmanService(Daemon):
    """podman, and its service at a socket."""

    def __init__(self, folder: Path, archive: Path) -> None:
        super().__init__(folder)
        self.engine = DockerEngine(str(self.socket), PODMAN)
        (folder / "containers.conf").write_text(_PODMAN)
        self._env = {**os.environ, "CONTAINERS_CONF": f"{folder}/containers.conf"}
        self._podman = (
            "podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--runtime", "runc",
            "--cgroup-manager", "cgroupfs", "--storage-driver", "overlay", "--tmpdir", f"{folder}/tmp",
        )  # fmt: skip
        self.do("import", "--change", "ENV PATH=/bin", "--change", "CMD /bin/sleep 3600", str(archive), IMAGE)
        self.begin(*self._podman, "system", "service", "-t", "0", f"unix://{self.socket}", env=self._env)

    @property
    def by_hand(self) -> dict[str, str]:
        """The environment that has the event generator run containers with it."""
        command = shlex.join(self._podman)
        return {**self._env, "EVENT_GENERATOR_ENGINE": command, "EVENT_GENERATOR_IMAGE": IMAGE}

    def do(self, *words: str) -> str:
        """A command of podman."""
        return run(*self._podman, *words, env=self._env)

    def run(self, *words: str) -> str:
        """podman run without a network."""
        return self.do("run", "--network", "none", *words)

    def end(self) -> None:
        with suppress(AssertionError):
            self.do("rm", "-fa", "-t", "0")
        super().end()


class Containerd(Daemon):
    """containerd, asked and told by the CRI."""

    def __init__(self, folder: Path, docker: DockerDaemon) -> None:
        super().__init__(folder)
        self.engine = CriEngine(str(self.socket))
        config = folder / "config.toml"
        config.write_text(_CONTAINERD.format(folder=folder, socket=self.socket, image=IMAGE))
        self.begin("containerd", "-c", str(config))
        archive = folder / "image.tar"
        docker.do("save", "-o", str(archive), IMAGE)
        self._ctr("images", "import", str(archive))
        self.digest = next(line.split()[2] for line in self._ctr("images", "ls").splitlines() if line.startswith(IMAGE))
        self._ctr("images", "tag", IMAGE, f"{REPOSITORY}@{self.digest}")
        self._channel = grpc.insecure_channel(f"unix://{self.socket}")
        self._configs: dict[str, bytes] = {}

    def _ctr(self, *words: str) -> str:
        return run("ctr", "-a", str(self.socket), "-n", "k8s.io", *words)

    def sandbox(self, name: str, uid: str, namespace: str, labels: dict[str, str]) -> str:
        """A running sandbox on the host's network; its id."""
        security = wire.encode((1, wire.encode((1, 2))))
        config = wire.encode(
            (1, wire.encode((1, name), (2, uid), (3, namespace), (4, 1))),
            (3, str(self.folder)),
            *_pairs(6, labels),
            (8, wire.encode((1, f"/kubepods/burstable/pod{uid}"), (2, security))),
        )
        sandbox = wire.text(self._call("RunPodSandbox", (1, config)), 1)
        self._configs[sandbox] = config
        return sandbox

    def container(
        self, sandbox: str, name: str, command: list[str], labels: dict[str, str], mounts: dict[str, str]
    ) -> str:
        """A container that runs in a sandbox; its id. mounts are read-only, source by destination."""
        config = wire.encode(
            (1, wire.encode((1, name))),
            (2, wire.encode((1, IMAGE))),
            *((3, word) for word in command),
            *((7, wire.encode((1, inside), (2, source), (3, 1))) for inside, source in mounts.items()),
            *_pairs(9, labels),
            (15, wire.encode((2, wire.encode((3, wire.encode((1, 2))))))),
        )
        made = wire.text(self._call("CreateContainer", (1, sandbox), (2, config), (3, self._configs[sandbox])), 1)
        self._call("StartContainer", (1, made))
        return made

    def remove(self, sandbox: str) -> None:
        """Remove a sandbox with its containers."""
        for method in ("StopPodSandbox", "RemovePodSandbox"):
            self._call(method, (1, sandbox))
        del self._configs[sandbox]

    def _call(self, method: str, *fields: tuple[int, str | bytes]) -> wire.Message:
        call = self._channel.unary_unary(f"/{SERVICES[0]}/{method}")
        return wire.decode(call(wire.encode(*fields), timeout=_PATIENCE_S))

    def end(self) -> None:
        for sandbox in list(self._configs):
            with suppress(grpc.RpcError):
                self.remove(sandbox)
        self._channel.close()
        super().end()


def _pairs(number: int, texts: dict[str, str]) -> list[tuple[int, bytes]]:
    return [(number, wire.encode((1, key), (2, value))) for key, value in texts.items()]


class Engines:
    """All three, for a with block."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        # Paths of sockets may not be long.
        self._folder = Path(tempfile.mkdtemp(prefix="falco-"))
        self._stack.callback(self._clean)
        try:
            archive = root_filesystem(self._folder)
            self.docker = DockerDaemon(self._folder / "d", archive)
            self._stack.callback(self.docker.end)
            self.podman = PodmanService(self._folder / "p", archive)
            self._stack.callback(self.podman.end)
            self.containerd = Containerd(self._folder / "c", self.docker)
            self._stack.callback(self.containerd.end)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _clean(self) -> None:
        mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for path in reversed([path for path in mounted if path.startswith(f"{self._folder}/")]):
            subprocess.run(["umount", "-l", path], check=False)
        for _ in range(5):
            shutil.rmtree(self._folder, ignore_errors=True)
            if not self._folder.exists():
                return
            time.sleep(0.2)

    def config(self, wait_ms: int = 500, **instead: object) -> str:
        """falco.yaml for them; other sockets may be given by kind (docker, podman, cri)."""
        sockets = {"docker": self.docker.socket, "podman": self.podman.socket, "cri": self.containerd.socket, **instead}
        lines = "".join(f"  {kind}_sockets: [{path}]\n" for kind, path in sockets.items())
        return f"containers:\n  wait_ms: {wait_ms}\n{lines}"
