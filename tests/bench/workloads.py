"""What machines do all day, as workloads for figures about watching them: builds, git, a web server, a database, apt.

Each is made ready once, in a directory of its own, and can then be run again and again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SOURCES = 120
"""C files of the tree that is built; each includes what programs usually do."""
_HEADERS = ("stdio", "stdlib", "string", "errno", "unistd", "sys/socket", "netinet/in", "time", "pthread", "signal")
_FILES, _COMMITS = 400, 40
_CLIENTS = 8
_PATIENCE_S = 30


@dataclasses.dataclass(frozen=True, slots=True)
class Workload:
    """around prepares it in a directory and gives what runs it once; what it needs beside that is undone at the end."""

    name: str
    around: Callable[[Path], contextlib.AbstractContextManager[Callable[[], None]]]
    programs: tuple[str, ...]

    @property
    def lacks(self) -> str:
        """A program that it needs and this machine has not, empty if all are there."""
        return next((program for program in self.programs if shutil.which(program, path=_PATH) is None), "")


_POSTGRES = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))[-1:]
_PATH = os.pathsep.join((*_POSTGRES, os.environ["PATH"], "/usr/sbin"))


def run(*command: str | Path, cwd: Path | None = None, user: str = "") -> None:
    """Run a program to its end, as another user if one is named; CalledProcessError if it fails."""
    environment = {**os.environ, "PATH": _PATH, "LC_ALL": "C", "HOME": str(cwd or "/")}
    subprocess.run(
        command, check=True, cwd=cwd, env=environment, user=user or None, group=user or None, capture_output=True
    )  # fmt: skip


@contextlib.contextmanager
def build(folder: Path) -> Iterator[Callable[[], None]]:
    """make and gcc over a tree of C files."""
    includes = "".join(f"#include <{name}.h>\n" for name in _HEADERS)
    names = [f"part{number}" for number in range(SOURCES)]
    for name in names:
        (folder / f"{name}.h").write_text(f"int {name}(int);\n")
        (folder / f"{name}.c").write_text(f'{includes}#include "{name}.h"\nint {name}(int n) {{ return n + 1; }}\n')
    calls = "".join(f"  n = {name}(n);\n" for name in names)
    headers = "".join(f'#include "{name}.h"\n' for name in names)
    (folder / "main.c").write_text(f"{headers}int main(void) {{\n  int n = 0;\n{calls}  return n != {SOURCES};\n}}\n")
    objects = " ".join(f"{name}.o" for name in (*names, "main"))
    (folder / "Makefile").write_text(f"program: {objects}\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -O1 -Wall -c -o $@ $<\n")

    def again() -> None:
        for path in (*folder.glob("*.o"), folder / "program"):
            path.unlink(missing_ok=True)
        run("make", "-j2", cwd=folder)

    yield again


@contextlib.contextmanager
def git(folder: Path) -> Iterator[Callable[[], None]]:
    """Commits, a clone, its checkouts."""
    origin, clone = folder / "origin", folder / "clone"

    def again() -> None:
        for old in (origin, clone):
            shutil.rmtree(old, ignore_errors=True)
        origin.mkdir()
        run("git", "init", "-q", cwd=origin)
        for name, value in (("user.name", "a"), ("user.email", "a@localhost"), ("gc.auto", "0")):
            run("git", "config", name, value, cwd=origin)
        for number in range(_FILES):
            (origin / f"file{number}").write_text(f"{number}\n" * 50)
        for number in range(_COMMITS):
            (origin / f"file{number}").write_text(f"{number} again\n")
            run("git", "add", "-A", cwd=origin)
            run("git", "commit", "-q", "-m", str(number), cwd=origin)
        run("git", "clone", "-q", "--no-local", origin, clone)
        for back in ("HEAD~20", "HEAD~10", "HEAD~5"):
            run("git", "checkout", "-q", back, cwd=clone)
        run("git", "status", cwd=clone)
        run("git", "log", "--stat", cwd=clone)

    yield again


def _own_address() -> str:
    """An address of this machine that is not of its loopback, if it has one: rules tell these apart."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Nothing is sent there.
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _free_port(address: str = "127.0.0.1") -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, port: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            socket.create_connection((address, port)).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def _nginx(folder: Path, connections: int, requests: int) -> Iterator[Callable[[], None]]:
    address = _own_address()
    port, pid = _free_port(address), folder / "nginx.pid"
    (folder / "www").mkdir()
    (folder / "www" / "index.html").write_text("x" * 600)
    (folder / "nginx.conf").write_text(
        f"pid {pid}; worker_processes 2; error_log {folder}/error;\nevents {{}}\n"
        f"http {{ access_log {folder}/access; keepalive_requests 1000000; client_body_temp_path {folder}/t;"
        f" server {{ listen {address}:{port}; root {folder}/www; sendfile on; }} }}\n"
    )
    folder.chmod(0o755)
    client = folder / "requests"
    run("gcc", "-O1", "-o", client, Path(__file__).with_name("requests.c"))
    server = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-g", "daemon off;"], env={"PATH": _PATH})
    try:
        _wait_for(address, port)
        yield lambda: run(client, address, str(port), str(_CLIENTS), str(connections), str(requests))
    finally:
        server.terminate()
        server.wait(_PATIENCE_S)


def web(folder: Path) -> contextlib.AbstractContextManager[Callable[[], None]]:
    """nginx, asked over connections that are kept, as browsers and load generators do."""
    return _nginx(folder, connections=1, requests=6000)


def web_anew(folder: Path) -> contextlib.AbstractContextManager[Callable[[], None]]:
    """nginx, asked over a new connection each time."""
    return _nginx(folder, connections=1500, requests=1)


@contextlib.contextmanager
def database(folder: Path) -> Iterator[Callable[[], None]]:
    """PostgreSQL: a cluster is made, filled, and asked by four clients."""
    user, data, port = pwd.getpwnam("postgres"), folder / "data", str(_free_port())
    os.chown(folder, user.pw_uid, user.pw_gid)

    def again() -> None:
        shutil.rmtree(data, ignore_errors=True)
        here = ("-h", str(folder), "-p", port)
        run("initdb", "-D", data, "-A", "trust", "--no-sync", cwd=folder, user=user.pw_name)
        options = f"-k {folder} -p {port} -c listen_addresses="
        run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start", cwd=folder, user=user.pw_name)
        try:
            run("createdb", *here, "bench", cwd=folder, user=user.pw_name)
            run("pgbench", *here, "-i", "-s", "2", "-q", "bench", cwd=folder, user=user.pw_name)
            run("pgbench", *here, "-c", "4", "-t", "1500", "bench", cwd=folder, user=user.pw_name)
        finally:
            run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop", cwd=folder, user=user.pw_name)

    yield again


@contextlib.contextmanager
def packages(folder: Path) -> Iterator[Callable[[], None]]:
    """Packages are made, installed into a root directory of their own and removed."""
    made = folder / "made"
    for number in range(20):
        tree = folder / f"package{number}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN" / "control").write_text(
            f"Package: package{number}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@localhost>\nDescription: d\n"
        )
        (tree / "usr" / "share" / f"package{number}").mkdir(parents=True)
        for file in range(40):
            (tree / "usr" / "share" / f"package{number}" / f"file{file}").write_text("x" * 500)
    made.mkdir()
    root = folder / "root"

    def again() -> None:
        shutil.rmtree(root, ignore_errors=True)
        for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates"):
            (root / name).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        for number in range(20):
            run("dpkg-deb", "-b", folder / f"package{number}", made)
        run("dpkg", f"--root={root}", "-i", *sorted(made.glob("*.deb")), cwd=folder)
        run("apt-cache", "-o", f"Dir::State::status={root}/var/lib/dpkg/status", "dump", cwd=folder)
        run("dpkg", f"--root={root}", "-P", *(f"package{number}" for number in range(20)), cwd=folder)

    yield again


WORKLOADS = (
    Workload("build", build, ("make", "gcc")),
    Workload("git", git, ("git",)),
    Workload("web server, kept connections", web, ("nginx", "gcc")),
    Workload("web server, new connections", web_anew, ("nginx", "gcc")),
    Workload("database", database, ("postgres", "initdb", "pg_ctl", "createdb", "pgbench")),
    Workload("packages", packages, ("dpkg", "dpkg-deb", "apt-cache")),
)
