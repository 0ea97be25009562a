"""Real servers that alerts are delivered to: each on a port of its own, its files in a directory of the test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

DEADLINE_S = 30


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def until(true: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait until something holds."""
    end = time.monotonic() + deadline_s
    while not true():
        assert time.monotonic() < end, f"{what}: not within {deadline_s} s"
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether somebody takes connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Process:
    """A server that can be killed and started again on the same port."""

    def __init__(self, command: Sequence[object], port: int, folder: Path) -> None:
        program = str(command[0])
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not installed; build/setup/apt-packages.txt names its package")
        self.port = port
        self._command = [str(word) for word in command]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start and wait until it listens."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )
        until(lambda: listens(self.port), self._command[0])

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def running(command: Sequence[object], port: int, folder: Path) -> Iterator[Process]:
    """A server for the time of a with block."""
    made = Process(command, port, folder)
    try:
        yield made
    finally:
        made.kill()


def certificates(folder: Path) -> Path:
    """ca.pem, and NAME.pem with NAME.key for a server on localhost and a client, made by openssl."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test CA"),
        *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"),
        *("-keyout", "ca.key", "-out", "ca.pem"),
    )
    for name in ("server", "client"):
        openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "2", "-copy_extensions", "copy", "-out", f"{name}.pem"),
        )
        (folder / f"{name}.key").chmod(0o644)  # Servers that give up root read it as someone else.
    return folder
