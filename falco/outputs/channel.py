"""The way to one output: a bounded queue and a thread, so that whoever raises alerts never waits for who takes them."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING

from falco.logs import LOG, complain

if TYPE_CHECKING:
    from falco.outputs.output import Line, Output

_BLOCK_BYTES = 8192
"""What buffered_outputs collects, as stdio does."""
_BATCH = 1024
"""Lines that are handed to an output in one call, at most."""
_STEP_S = 0.002
_TELL_AFTER_S = 5.0
_HANGS_AFTER_S = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Queueing:
    """How alerts wait for an output.

    patient is for replays, which are in no hurry: they wait for room, and at the end for everything to be delivered,
    until nothing has moved for timeout_s. A live run refuses what finds no room, and at its end waits for timeout_s.
    """

    capacity: int = 10_000
    patient: bool = False
    timeout_s: float = 60.0
    buffered: bool = False


_REOPEN, _CLOSE = "reopen", "close"


class Channel:
    """Hands lines to an output, in order. A failure is told once until it is over, and what is lost is counted.

    put() is for any thread, reopen() and close() are for the one that looks at events, the rest is for the channel's
    own. alone means that there is no other output which waiting would delay: a patient channel then waits without end.
    """

    def __init__(self, output: Output, queueing: Queueing, *, alone: bool = False) -> None:
        self.name = output.name
        self.lost = 0
        """Lines that the output could not write."""
        self.refused = 0
        """Lines that found the queue full."""
        self.reader_gone = False
        """The output is a pipe that nobody reads any more."""
        self._output = output
        self._capacity = max(1, queueing.capacity)
        self._patient = queueing.patient
        self._timeout_s = float("inf") if alone and queueing.patient else queueing.timeout_s
        self._buffered = queueing.buffered and output.buffered
        self._queue: SimpleQueue[Line | str] = SimpleQueue()
        self._giving = threading.Lock()
        self._given = 0
        self._done = 0
        self._stuck = False
        self._failing = 0
        self._seen_done, self._seen_at = -1, 0.0
        self._thread: threading.Thread | None = None
        self._after: threading.Thread | None = None

    def follow(self, before: Channel) -> None:
        """Write nothing until another channel to the same output has written everything."""
        self._after = before._thread

    def put(self, line: Line) -> None:
        """Queue a line, or count it as refused."""
        if self._given - self._done >= self._capacity and not self._room():
            self._refuse()
            return
        with self._giving:
            self._given += 1
        self._queue.put(line)
        if self._thread is None:
            self._start()

    @property
    def crowded(self) -> bool:
        """Whether the queue is more than half full, of an output that takes lines, if slowly.

        One that has taken none for a while is not waited for: it may hang for an hour.
        """
        now = time.monotonic()
        if self._given - self._done <= self._capacity // 2 or self._done != self._seen_done:
            self._seen_done, self._seen_at = self._done, now
        return self._given - self._done > self._capacity // 2 and now - self._seen_at < _HANGS_AFTER_S

    def reopen(self) -> None:
        """Reopen the output after what is queued."""
        self._queue.put(_REOPEN)
        self._start()

    def begin_close(self) -> None:
        """Close the output after what is queued; the thread ends then."""
        self._queue.put(_CLOSE)
        self._start()

    def finish(self, deadline: float | None = None) -> None:
        """Wait until the thread has ended, and say what was lost. deadline is monotonic time; None is for patience."""
        thread = self._thread
        assert thread is not None, "begin_close() comes first"
        if deadline is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
        else:
            self._outwait(lambda: not thread.is_alive())
        if thread.is_alive():
            waiting = self._given - self._done
            complain(f"{self.name} output: gave up after {self._timeout_s:g} s, {waiting} alerts were not delivered")
        if self.lost > 1:
            complain(f"{self.name} output: {self.lost} alerts could not be written")
        if self.refused:
            complain(f"{self.name} output: {self.refused} alerts found its queue of {self._capacity} full")

    def _room(self) -> bool:
        """Wait for room if there is time for that; whether there is some."""
        if not self._patient or self.reader_gone:
            return False
        if not self._stuck:
            self._stuck = not self._outwait(lambda: self._given - self._done < self._capacity)
        return not self._stuck

    def _outwait(self, over: Callable[[], bool]) -> bool:
        """Wait for something as long as lines get out; False if none has for the time that is allowed."""
        moved, done, told = time.monotonic(), self._done, False
        while not over():
            time.sleep(_STEP_S)
            now = time.monotonic()
            if self._done != done:
                moved, done = now, self._done
            elif self.reader_gone or now - moved > self._timeout_s:
                return over()
            elif now - moved > _TELL_AFTER_S and not told:
                told = True
                until = "" if self._timeout_s == float("inf") else f", for {self._timeout_s:g} s at most"
                complain(f"{self.name} output: waiting for it to take {self._given - done} alerts{until}")
        return True

    def _refuse(self) -> None:
        self.refused += 1
        if self.refused == 1:
            complain(f"{self.name} output: its queue of {self._capacity} alerts is full, further ones are lost")

    def _start(self) -> None:
        # Late, so that it is a thread of the process that Falco becomes in the background.
        with self._giving:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"falco-{self.name}", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        if self._after is not None:
            self._after.join()
        held: list[Line] = []
        size = 0
        while True:
            item = self._queue.get()
            if isinstance(item, tuple):
                held.append(item)
                size += len(item[0])
                full = not self._buffered or size >= _BLOCK_BYTES or 2 * len(held) >= self._capacity
                if len(held) < _BATCH and (not full or not self._queue.empty()):
                    continue
            self._write(held)
            held, size = [], 0
            if isinstance(item, str):
                self._attempt(self._output.reopen if item is _REOPEN else self._output.close)
                if item is _CLOSE:
                    return

    def _write(self, lines: list[Line]) -> None:
        while lines:
            try:
                taken = self._output.write(lines)
            except OSError as error:
                self._failed(error)
                taken = 1
            else:
                self._stuck = False
                self._recovered()
            lines = lines[taken:]
            self._done += taken

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        self.reader_gone = isinstance(error, BrokenPipeError)
        self.lost += 1
        self._failing += 1
        if self._failing == 1:
            complain(f"{self.name} output: an alert could not be written: {reason(error)}")

    def _recovered(self) -> None:
        if self._failing:
            LOG.info("%s output: works again, %d alerts could not be written", self.name, self._failing)
            self._failing = 0


def reason(error: OSError) -> str:
    """What went wrong, in words, with the file that it concerns."""
    text = error.strerror or str(error)
    return f"{error.filename}: {text}" if error.filename else text
