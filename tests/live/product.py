"""falco itself, watching this host as a process of its own: what it says and which alerts it gives."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_RULES = ROOT / "rules" / "falco_rules.yaml"
FALCO = (sys.executable, "-m", "falco.cli")
PATIENCE_S = 120
"""How long a machine under load may take for what an idle one does in a second or two."""
_LOST_S = 10
_CONFIG = """
stdout_output: {enabled: true}
log_stderr: true
log_syslog: false
json_output: true
outputs: {rate: 1000000, max_burst: 1000000}
alert_store: {enabled: false}
"""
_MARK = """
- rule: Mark
  desc: A test writes a file that only it knows. Of opens that read nothing is asked, so they cost what they would.
  condition: evt.type=openat and evt.is_open_write=true and fd.num>=0 and fd.name startswith "{folder}/mark-"
  output: "%fd.name"
  priority: INFO
"""

Alert = dict[str, Any]


class Product:
    """A falco with these rules files, for a with block: it is ready at its beginning and has ended at its end.

    config is more of falco.yaml, before a prefix of the command line (setpriv and the like), program what is run.
    """

    def __init__(
        self, folder: Path, rules: Sequence[Path], args: Sequence[str] = (), config: str = "",
        before: Sequence[str] = (), program: Sequence[str] = FALCO,
    ) -> None:  # fmt: skip
        folder.mkdir(exist_ok=True)
        self._folder, self._marks = folder.resolve(), 0
        marks = folder / "marks.yaml"
        marks.write_text(_MARK.format(folder=self._folder))
        self._config = folder / "falco.yaml"
        self._config.write_text(_CONFIG + config)
        self._out, self._err = folder / "out", folder / "err"
        given = [word for path in (*rules, marks) for word in ("-r", str(path))]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "UTC"}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*before, *program, "-c", str(self._config), *given, "-U", *args],
                stdout=out,
                stderr=err,
                env=environment,
            )

    def __enter__(self) -> Self:
        try:
            self.wait_for(lambda: self.said(r"^ready in \d+\.\d\d s$"))
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_S)
            finally:
                self.process.kill()
                self.process.wait()

    @property
    def output(self) -> str:
        """Its standard output so far."""
        return self._out.read_text()

    @property
    def errors(self) -> str:
        """Its standard error so far."""
        return self._err.read_text()

    def said(self, pattern: str) -> re.Match[str] | None:
        """A pattern's place in its standard error."""
        return re.search(pattern, self.errors, re.MULTILINE)

    def alerts(self, rule: str = "", text: str = "") -> list[Alert]:
        """Alerts so far, of a rule, and those with a text in what they say."""
        lines = [line for line in self.output.splitlines(keepends=True) if line.startswith("{") and line.endswith("\n")]
        found = [json.loads(line) for line in lines]
        return [alert for alert in found if rule in ("", alert["rule"]) and text in alert["output"]]

    def wait_for(self, what: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """What a question gives once it gives something; the whole standard error where it never does."""
        until = time.monotonic() + patience_s
        while not (found := what()):
            ended = self.process.poll()
            assert ended is None, f"falco ended with {ended}:\n{self.errors}"
            assert time.monotonic() < until, f"waited in vain:\n{self.errors}"
            time.sleep(0.02)
        return found

    def wait_for_alerts(self, count: int, rule: str = "", text: str = "") -> list[Alert]:
        """These alerts, once there are so many."""
        self.wait_for(lambda: len(self.alerts(rule, text)) >= count)
        return self.alerts(rule, text)

    def catch_up(self) -> None:
        """Wait until what was done so far has been looked at: events come in their order, and this is one more."""
        self._marks += 1
        mark = self._folder / f"mark-{self._marks}-"
        again, tail = 0.0, b""
        with self._out.open("rb") as out:
            out.seek(0, os.SEEK_END)

            def seen() -> bool:
                nonlocal again, tail
                if time.monotonic() >= again:
                    mark.write_text("")  # It may be lost where much is.
                    again = time.monotonic() + _LOST_S
                # What comes is read once: where there is much of it, reading all again each time would take for ever.
                tail = tail[-len(str(mark)) :] + out.read()
                return str(mark).encode() in tail

            self.wait_for(seen)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Its exit status after a signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)
