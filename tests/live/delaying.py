"""A proxy in front of a Unix socket that lets each answer begin only after a while."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self


class Delaying:
    """Passes bytes between those who connect at path and target, for a with block; what target says comes late."""

    def __init__(self, path: Path, target: Path, delay_s: float) -> None:
        self.path, self._target, self._delay_s = path, target, delay_s
        self.connections = 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(64)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                asking, _ = self._socket.accept()
                self.connections += 1
                answering = socket.socket(socket.AF_UNIX)
                answering.connect(str(self._target))
                for pair in ((asking, answering, 0.0), (answering, asking, self._delay_s)):
                    threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, delay_s: float) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            time.sleep(delay_s)
            target.sendall(piece)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
