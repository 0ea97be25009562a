"""Alerts as lines, byte for byte as 0.15 prints them, text or JSON; nothing inside can break out of its line.

0.15 puts its JSON together from two writers: the outer keys by jsoncpp's FastWriter (alphabetical, no spaces), then
`, "output_fields": ` and the fields by the same writer (falco_formats::format_event). Alerts about Falco itself are
written by another library, all keys in order and without any space (falco_outputs::handle_msg).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from falco.alert import INTERNAL, Alert
from falco.escape import UNSAFE, escape_controls
from falco.priority import Priority

_LABELS = tuple(priority.label for priority in Priority)
_TIME_FIELD = {"syscall": "evt.time", "k8s_audit": "jevt.time"}
_JSON_SPECIAL = re.compile(f'["\\\\\t{UNSAFE}]')
_JSON_NAMED = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Formatter:
    """Makes the line of an alert; the configuration is settled when it is made."""

    def __init__(self, *, json_output: bool = False, include_output: bool = True, iso_8601: bool = False) -> None:
        self.json_output = json_output
        self._include_output = include_output
        self._iso_8601 = iso_8601
        self._second = -1
        self._clock = ""
        self._date = ""

    def line(self, alert: Alert) -> str:
        """The alert as one line without its line end."""
        return self._json(alert) if self.json_output else escape_controls(self._text(alert))

    def _text(self, alert: Alert) -> str:
        if alert.source == INTERNAL:
            fields = " ".join(f"{key}={value}" for key, value in sorted(alert.fields.items()))
            return f"{self._shown(alert.time_ns)}: {_LABELS[alert.priority]} {alert.text}({fields})"
        return f"{self._shown(alert.time_ns)}: {_LABELS[alert.priority]} {alert.text}"

    def _json(self, alert: Alert) -> str:
        at = f"{self._utc(alert.time_ns)}Z"
        if alert.source == INTERNAL:
            outer = {"output": alert.text, "priority": _LABELS[alert.priority], "rule": alert.rule, "time": at}
            texts = {key: str(value) for key, value in alert.fields.items()}
            parts = {key: quote(value) for key, value in outer.items()} | {"output_fields": encode(texts)}
            return "{" + ",".join(f'"{key}":{parts[key]}' for key in sorted(parts)) + "}"
        output = f'"output":{quote(self._text(alert))},' if self._include_output else ""
        head = f'{{{output}"priority":"{_LABELS[alert.priority]}","rule":{quote(alert.rule)},"time":"{at}"'
        return f'{head}, "output_fields": {encode(self._fields(alert))}}}'

    def _fields(self, alert: Alert) -> dict[str, object]:
        """The fields with the one that the line itself begins with, which 0.15 counts among them."""
        name = _TIME_FIELD[alert.source] + (".iso8601" if self._iso_8601 else "")
        # All values of Kubernetes audit events are text.
        at = self._shown(alert.time_ns) if alert.source == "k8s_audit" else alert.time_ns
        return {**alert.fields, name: at}

    def _shown(self, time_ns: int) -> str:
        """The time that begins the line."""
        if self._iso_8601:
            return f"{self._utc(time_ns)}+0000"
        second, rest = divmod(time_ns, 1_000_000_000)
        if second != self._second:
            self._keep_second(second)
        return f"{self._clock}.{rest:09d}"

    def _utc(self, time_ns: int) -> str:
        second, rest = divmod(time_ns, 1_000_000_000)
        if second != self._second:
            self._keep_second(second)
        return f"{self._date}.{rest:09d}"

    def _keep_second(self, second: int) -> None:
        # Alerts come in bursts, so most share their second with the one before.
        self._second = second
        self._clock = time.strftime("%H:%M:%S", time.localtime(second))
        self._date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def encode(fields: Mapping[str, object]) -> str:
    """A JSON object of scalars, keys in order, no spaces."""
    return "{" + ",".join(f"{quote(key)}:{_scalar(fields[key])}" for key in sorted(fields)) + "}"


def quote(text: str) -> str:
    """A JSON string as jsoncpp writes it: characters beyond ASCII as they are, hexadecimal digits in capitals."""
    return f'"{_JSON_SPECIAL.sub(_escape, text)}"'


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.17g}" if abs(value) < float("inf") else "null"
    return quote(str(value))


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    # A lone surrogate stands for a byte that is not UTF-8, which JSON cannot hold.
    return _JSON_NAMED.get(char) or ("\ufffd" if "\ud800" <= char <= "\udfff" else f"\\u{ord(char):04X}")
