"""Workloads of servers: a web server that is asked in two ways, and a database."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.workload import PATH, PATIENCE_S, run, wait_for

if TYPE_CHECKING:
    from tests.bench.workload import Again

_CLIENTS = 8


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


@contextlib.contextmanager
def _nginx(folder: Path, connections: int, requests: int) -> Iterator[Again]:
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
    server = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-g", "daemon off;"], env={"PATH": PATH})
    try:
        wait_for(lambda: socket.create_connection((address, port)).close())
        yield lambda: run(client, address, str(port), str(_CLIENTS), str(connections), str(requests))
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def web(folder: Path) -> contextlib.AbstractContextManager[Again]:
    """nginx, asked over connections that are kept, as browsers and load generators do."""
    return _nginx(folder, connections=1, requests=6000)


def web_anew(folder: Path) -> contextlib.AbstractContextManager[Again]:
    """nginx, asked over a new connection each time."""
    return _nginx(folder, connections=1500, requests=1)


@contextlib.contextmanager
def database(folder: Path) -> Iterator[Again]:
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
