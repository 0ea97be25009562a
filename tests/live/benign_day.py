"""What happens on a host on an ordinary day, done in an hour's fraction: none of it is anybody's attack.

Servers run in the foreground as children of the test, so that all that happens is below one process.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_LOCK = "-oDPkg::Lock::Timeout=120"


def run(*words: object, **options: object) -> None:
    """Run a command; what it said if it failed."""
    done = subprocess.run(
        [str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options
    )  # type: ignore[call-overload]
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])


@contextlib.contextmanager
def server(*words: object, ready: Callable[[], object], log: Path, **options: object) -> Iterator[None]:
    """A server in the foreground, once a question is answered without an error."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options
        )  # type: ignore[call-overload]
        try:
            until = time.monotonic() + 60
            while True:
                try:
                    ready()
                    break
                except (OSError, AssertionError):
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < until, log.read_text()
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(30)


def answers(port: int) -> Callable[[], object]:
    """Whether somebody takes connections at a port of this host."""
    return lambda: socket.create_connection(("127.0.0.1", port), 1).close()


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def packages(_: Path) -> None:
    """apt-get: update, install, remove."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", _LOCK, "update", env=environment)
    run("apt-get", _LOCK, "install", "--yes", "--no-install-recommends", "hello", env=environment)
    run("apt-get", _LOCK, "remove", "--yes", "hello", env=environment)


def pip(place: Path) -> None:
    """A virtual environment, and a package put into it."""
    wheel = place / "nothing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("nothing.py", "")
        file.writestr("nothing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1.0\n")
        file.writestr("nothing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("nothing-1.0.dist-info/RECORD", "")
    run("/usr/bin/python3", "-m", "venv", place / "venv")
    run(place / "venv/bin/pip", "install", "--no-index", "--disable-pip-version-check", wheel)


def git(place: Path) -> None:
    """A clone of a local repository, a commit and a push."""
    who = ("-c", "user.name=n", "-c", "user.email=n@example.com")
    run("git", "init", "--quiet", "--bare", place / "bare")
    run("git", "clone", "--quiet", place / "bare", place / "clone")
    (place / "clone/file").write_text("x")
    run("git", "-C", place / "clone", "add", "file")
    run("git", "-C", place / "clone", *who, "commit", "--quiet", "--message", "Begin")
    run("git", "-C", place / "clone", "push", "--quiet", "origin", "HEAD")


def build(place: Path) -> None:
    """gcc."""
    (place / "hello.c").write_text('#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n')
    run("gcc", "-O2", "-o", place / "hello", place / "hello.c")
    run(place / "hello")


def rotation(place: Path) -> None:
    """logrotate, moving a log and copying another."""
    logs = [Path(f"/var/log/falco-benign-{name}.log") for name in ("moved", "copied")]
    state, conf = place / "logrotate.state", place / "logrotate.conf"
    conf.write_text(f"{logs[0]} {{\n rotate 2\n create\n compress\n}}\n{logs[1]} {{\n rotate 2\n copytruncate\n}}\n")
    for log in logs:
        with log.open("a") as file:
            file.write("line\n")
    run("logrotate", "--force", "--state", state, conf)


def tidy_up() -> None:
    """Remove the logs, which is nobody's ordinary work: to be done when nobody watches."""
    for left in Path("/var/log").glob("falco-benign-*"):
        left.unlink()


def ssh(place: Path) -> None:
    """A server with a key of its own, and somebody who logs in."""
    port = free_port()
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / name)
    shutil.copy(place / "user.pub", place / "authorized_keys")
    Path("/run/sshd").mkdir(exist_ok=True)
    conf = place / "sshd_config"
    conf.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nAuthorizedKeysFile {place}/authorized_keys\n"
        f"PidFile {place}/sshd.pid\nPermitRootLogin yes\nStrictModes no\nUsePAM yes\n"
    )
    with server("/usr/sbin/sshd", "-D", "-e", "-f", conf, ready=answers(port), log=place / "sshd.log"):
        run("ssh", "-i", place / "user", "-p", port, "-o", f"UserKnownHostsFile={place}/known",
            "-o", "StrictHostKeyChecking=no", "root@127.0.0.1", "id; ls /tmp > /dev/null")  # fmt: skip


def postgresql(place: Path) -> None:
    """A cluster is made, started, asked, and stopped."""
    bin_dir = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    owner = pwd.getpwnam("postgres")
    data, port = place / "pg", free_port()
    data.mkdir()
    os.chown(data, owner.pw_uid, owner.pw_gid)
    place.chmod(0o755)
    who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": data}
    run(bin_dir / "initdb", "-D", data / "db", "-A", "trust", **who)
    with server(bin_dir / "postgres", "-D", data / "db", "-p", port, "-k", data, ready=answers(port),
                log=place / "pg.log", **who):  # fmt: skip
        queries = "create table t (a int); insert into t values (1); select * from t; "
        for command in (queries, "vacuum analyze t"):
            run("psql", "-h", "127.0.0.1", "-p", port, "-d", "postgres", "-c", command, **who)


def nginx(place: Path) -> None:
    """A web server and somebody who reads a page."""
    port = free_port()
    (place / "index.html").write_text("hello")
    place.chmod(0o755)
    conf = place / "nginx.conf"
    conf.write_text(
        f"daemon off;\npid {place}/nginx.pid;\nerror_log {place}/error.log;\nevents {{}}\nhttp {{\n"
        f" access_log {place}/access.log;\n client_body_temp_path {place}/body;\n proxy_temp_path {place}/proxy;\n"
        f" fastcgi_temp_path {place}/fastcgi;\n uwsgi_temp_path {place}/uwsgi;\n scgi_temp_path {place}/scgi;\n"
        f" server {{ listen 127.0.0.1:{port}; root {place}; }}\n}}\n"
    )
    with server("nginx", "-c", conf, ready=answers(port), log=place / "nginx.log"):
        for _ in range(5):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html") as page:
                assert page.read() == b"hello"


def redis(place: Path) -> None:
    """A server that saves in the background."""
    port = free_port()
    with server("redis-server", "--port", port, "--dir", place, ready=answers(port), log=place / "redis.log"):
        for words in (("set", "a", "1"), ("get", "a"), ("bgsave",)):
            run("redis-cli", "-p", port, *words)


def cron(place: Path) -> None:
    """A user's job is run by cron within the minute."""
    done = place / "done"
    (place / "tab").write_text(f"* * * * * touch {done}\n")
    place.chmod(0o777)
    run("crontab", "-u", "daemon", place / "tab")
    try:
        with server("cron", "-f", ready=lambda: None, log=place / "output"):
            until = time.monotonic() + 75
            while not done.exists():
                assert time.monotonic() < until
                time.sleep(0.2)
    finally:
        run("crontab", "-u", "daemon", "-r")


@contextlib.contextmanager
def engine(place: Path) -> Iterator[Callable[..., None]]:
    """A docker of its own: calls its client."""
    host = f"unix://{place}/docker.sock"

    def client(*words: object) -> None:
        run("docker", "--host", host, *words, env={**os.environ, "DOCKER_BUILDKIT": "0"})

    with server("dockerd", "--host", host, "--data-root", place / "data", "--exec-root", place / "exec",
                "--bridge=none", "--iptables=false", "--pidfile", place / "docker.pid",
                ready=lambda: client("info"), log=place / "docker.log"):  # fmt: skip
        yield client


def docker(place: Path) -> None:
    """An image is built, with a program that is run on the way, and a container run of it."""
    context = place / "context"
    context.mkdir()
    (place / "hello.c").write_text("int main(void) { return 0; }\n")
    run("gcc", "-static", "-o", context / "hello", place / "hello.c")
    shutil.copy("/bin/busybox", context / "busybox")
    (context / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/sh\nCOPY hello /hello\n"
        "RUN mkdir -p /srv/app && cp /hello /srv/app/hello && rm /hello && chmod 755 /srv/app/hello\n"
        'CMD ["/srv/app/hello"]\n'
    )
    with engine(place) as client:
        client("build", "--network", "none", "--tag", "hello", context)
        client("run", "--rm", "--network", "none", "hello")


def tmpfiles(place: Path) -> None:
    """systemd-tmpfiles, in another root and in a container, where it does all that it does when systemd starts."""
    (place / "root/usr/lib/tmpfiles.d").mkdir(parents=True)
    (place / "root/usr/lib/tmpfiles.d/x.conf").write_text("d /run/x 0755 - - -\nf /etc/x 0644 - - - text\n")
    run("systemd-tmpfiles", f"--root={place}/root", "--create")
    context = place / "context"
    for name in ("etc", "usr"):
        (context / name).mkdir(parents=True)
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", context / "etc" / name)
    for name in ("bin", "lib", "lib64"):
        (context / name).symlink_to(f"usr/{name}")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    words = ("run", "--rm", "--network", "none", "--volume", "/usr:/usr:ro", "machine", "/usr/bin/systemd-tmpfiles")
    with engine(place) as client:
        client("build", "--tag", "machine", context)
        client(*words, "--create", "--remove", "--boot")


def puppet(_: Path) -> None:
    """Puppet, as Debian has it, finds a user as it should be."""
    run("puppet", "apply", "--execute", "user { 'daemon': ensure => present, password => '*' }")


DAY: Sequence[Callable[[Path], None]] = (
    packages, pip, git, build, rotation, ssh, postgresql, nginx, redis, docker, tmpfiles, puppet, cron,
)  # fmt: skip

if __name__ == "__main__":
    import tempfile

    for act in DAY:
        if len(sys.argv) == 1 or act.__name__ in sys.argv[1:]:
            with tempfile.TemporaryDirectory() as folder:
                began = time.monotonic()
                act(Path(folder))
                tidy_up()
                print(act.__name__, round(time.monotonic() - began, 1), flush=True)
