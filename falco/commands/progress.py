"""A progress bar on a terminal, for captures that take longer than a second; silent everywhere else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

_WIDTH = 40


class Progress:
    """Shows how much of total bytes has been read, for the time of a with block.

    A thread of its own looks at the clock, so that the event loop pays nothing.
    """

    def __init__(
        self, read_so_far: Callable[[], int], total: int, stream: TextIO, after_s: float = 1.0, every_s: float = 0.2
    ) -> None:
        self._read_so_far, self._total, self._stream = read_so_far, total, stream
        self._after_s, self._every_s = after_s, every_s
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Progress:
        """Start to watch, if somebody can see it."""
        if self._total > 0 and self._stream.isatty():
            self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wipe the bar away."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        if self._done.wait(self._after_s):
            return
        try:
            while True:
                # The cursor goes back, so that an alert on the same terminal takes the line over.
                self._stream.write(f"\r{bar(self._read_so_far(), self._total)}\r")
                self._stream.flush()
                if self._done.wait(self._every_s):
                    break
            self._stream.write("\r" + " " * (_WIDTH + 8) + "\r")
            self._stream.flush()
        except (OSError, ValueError):
            return  # The terminal has gone, and with it the reason to be here.


def bar(done: int, total: int) -> str:
    """The bar for so many of total bytes."""
    share = min(1.0, done / total)
    full = round(share * _WIDTH)
    return f"[{'#' * full}{'.' * (_WIDTH - full)}] {share:4.0%}"
