"""The event listener of supervisord: ends the container when the detector has ended, with its last words as reason.

Facts: supervisord.org/events.html. supervisord writes a line of `key:value` words and a payload of `len` bytes; it is
told READY before and RESULT after each.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from falco.appliance import place

_ENDED = frozenset(("PROCESS_STATE_EXITED", "PROCESS_STATE_FATAL"))
_LONGEST_REASON = 1000
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.+]+: |^\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}: ")
_ERRORS, _MEND = ("Runtime error: ", "Internal error: "), "To mend it: "
"""How falco begins the line that says why it ends, and the one that says what to do about it."""


class Listener:
    """Takes one event after the other. end is called, once the outcome is written, to stop everything."""

    def __init__(self, directory: Path, end: Callable[[], None], say: Callable[[str], None]) -> None:
        self._directory, self._end, self._say = directory, end, say
        self._last_words = self._error = ""

    def serve(self, lines: BinaryIO, answers: BinaryIO) -> None:
        """Answer until supervisord goes away."""
        while True:
            answers.write(b"READY\n")
            answers.flush()
            header = lines.readline()
            if not header:
                return
            words = _pairs(header.decode("utf-8", "replace"))
            self.take(words.get("eventname", ""), lines.read(int(words["len"])).decode("utf-8", "replace"))
            answers.write(b"RESULT 2\nOK")
            answers.flush()

    def take(self, name: str, payload: str) -> None:
        """One event."""
        head, _, text = payload.partition("\n")
        words = _pairs(head)
        process = words.get("processname", "")
        if name == "PROCESS_LOG_STDERR" and process == "detector":
            self._hear(text)
        elif name in _ENDED and process == "detector":
            well = name == "PROCESS_STATE_EXITED" and words.get("expected") == "1"
            self._finish(0 if well else 1)
        elif name in _ENDED:
            self._say(f"{process} (process {words.get('pid', '?')}) ended and is started again")

    def _hear(self, text: str) -> None:
        for line in filter(None, map(str.strip, text.splitlines())):
            self._last_words = _TIME.sub("", line)
            begins = next((begin for begin in _ERRORS if self._last_words.startswith(begin)), "")
            if begins:
                self._error = self._last_words.removeprefix(begins).removesuffix(" Exiting.")
            elif self._error and self._last_words.startswith(_MEND):
                self._error += " " + self._last_words.removesuffix(" Exiting.")

    def _finish(self, status: int) -> None:
        outcome = {"status": status, "reason": (self._error or self._last_words)[:_LONGEST_REASON]}
        (self._directory / place.OUTCOME).write_text(json.dumps(outcome), encoding="utf-8")
        self._end()


def _pairs(line: str) -> Mapping[str, str]:
    return dict(word.split(":", 1) for word in line.split() if ":" in word)


def main(directory: Path) -> None:
    """Listen on standard input."""

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    supervisord = os.getppid()
    Listener(directory, lambda: os.kill(supervisord, signal.SIGTERM), say).serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
