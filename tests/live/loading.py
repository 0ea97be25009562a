"""A load until standard input ends: processes that fork, open and connect as fast as they can, in bursts.

loading.py PLACE: half of what is opened lies below PLACE/sent. After a burst there is a pause as long as that, so that
whoever watches comes after: the load is to make its batches long, not to make it lose any.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

_BURST, _LEAST_PAUSE_S = 1000, 0.02


def fork() -> None:
    """A process begins and ends."""
    if not (pid := os.fork()):
        os._exit(0)
    os.waitpid(pid, 0)


def opening(place: Path) -> Callable[[], None]:
    """A file below sent is opened, and one beside that."""
    paths = [str(place / "sent" / "file"), str(place / "file")]
    (place / "sent").mkdir(exist_ok=True)
    for path in paths:
        Path(path).touch()

    def act() -> None:
        for path in paths:
            os.close(os.open(path, os.O_RDONLY))

    return act


def connecting(server: socket.socket) -> Callable[[], None]:
    """A datagram socket is made and connected."""

    def act() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.connect(server.getsockname())

    return act


def _forever(act: Callable[[], None], burst: int) -> None:
    while True:
        start = time.monotonic()
        for _ in range(burst):
            act()
        time.sleep(max(_LEAST_PAUSE_S, time.monotonic() - start))


def load(place: Path) -> None:
    """Have all of it done until standard input ends."""
    server = socket.socket(type=socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    pids = []
    for act, burst in ((fork, 20), (fork, 20), (opening(place), _BURST), (connecting(server), _BURST // 4)):
        if not (pid := os.fork()):
            _forever(act, burst)
        pids.append(pid)
    print("ready", flush=True)
    select.select([sys.stdin], [], [])
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    load(Path(sys.argv[1]))
