"""`falco alerts`: what is in the alert store, or comes into it."""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from falco import config
from falco.commands.parser import Parser
from falco.commands.say import say
from falco.config_values import SEVERITY
from falco.errors import FalcoError
from falco.priority import Priority
from falco.store.query import NotYetError, Reader, Selection

if TYPE_CHECKING:
    from falco.store.record import StoredAlert

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_AGO = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhd])")
_POLL_S = 0.1


def alerts(argv: Sequence[str], now_s: Callable[[], float] = time.time) -> int:
    """Print what the command line, without `alerts`, asks for. FalcoError."""
    options = _parser(now_s).parse_args(list(argv))
    settings = config.load(config.find(options.config), options.option or ()).config.alert_store
    wanted = Selection(options.since or 0, options.priority, tuple(options.rule or ()), tuple(options.tag or ()))
    form = _as_json if options.json else _as_text
    path = Path(settings.path)
    try:
        with Reader(path) as reader:
            last = _print(reader.select(wanted), form, with_id=options.ids)
    except sqlite3.Error as error:
        if not options.follow or (path.exists() and not isinstance(error, NotYetError)):
            raise FalcoError(f"alert store {path}: {error}") from None
        last = 0
    if options.follow:
        _follow(path, wanted, last, lambda found: _print(found, form, with_id=options.ids))
    return 0


def _parser(now_s: Callable[[], float]) -> argparse.ArgumentParser:
    parser = Parser(prog="falco alerts", add_help=False, description="Print the alerts in the alert store.")
    add = parser.add_argument
    add("-h", "--help", action="help", help="print this")
    add("-c", dest="config", metavar="FILE", help="configuration, else ./falco.yaml or /etc/falco/falco.yaml")
    add("-o", "--option", metavar="KEY=VALUE", action="append", help="override a setting, such as alert_store.path; *")
    add("--since", metavar="WHEN", type=lambda text: since_ns(text, now_s()), help="10m, 3h, 2d ago, or ISO 8601")
    add("--rule", metavar="NAME", action="append", help="of this rule; * in it stands for any text; *")
    add("--tag", metavar="TAG", action="append", help="of rules with this tag; *")
    add("--priority", metavar="SEVERITY", type=_severity, default=Priority.DEBUG, help="as severe as this, or more")
    add("--json", action="store_true", help="one JSON object a line, as json_output prints it")
    add("--ids", action="store_true", help="each alert's id before it")
    add("--follow", action="store_true", help="go on with alerts as they come")
    return parser


def since_ns(text: str, now_s: float) -> int:
    """A time (ns) as it is written on a command line: so long ago, or ISO 8601 (local time unless it says another)."""
    ago = _AGO.fullmatch(text)
    if ago:
        return int((now_s - float(ago[1]) * _UNITS_S[ago[2]]) * 1e9)
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp() * 1e9)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither 10m, 3h or 2d nor a time like 2026-11-25T04:00"
        ) from None


def _severity(text: str) -> Priority:
    try:
        return cast(Priority, SEVERITY.parse(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(SEVERITY.expected)}") from None


def _print(found: Iterator[StoredAlert], form: Callable[[StoredAlert], str], *, with_id: bool) -> int:
    """Print alerts and return the last one's number, 0 if there was none."""
    last = 0
    for alert in found:
        say([f"{alert.id} {form(alert)}" if with_id else form(alert)])
        last = alert.seq
    return last


def _as_json(alert: StoredAlert) -> str:
    return alert.json


def _as_text(alert: StoredAlert) -> str:
    fields: Mapping[str, object] = json.loads(alert.json)
    # Alerts about Falco itself have their text without a time.
    text = str(fields.get("output", ""))
    return text if alert.source != "internal" else f"{fields.get('time')}: {alert.priority.label} {text}"


def _follow(path: Path, wanted: Selection, last: int, put: Callable[[Iterator[StoredAlert]], int]) -> None:
    """Print alerts as they come until the user has seen enough. The store may begin, or be begun anew, at any time."""
    store = ""
    while True:
        try:
            with Reader(path) as reader:
                last = 0 if store and reader.identity != store else last
                store, seen = reader.identity, -1
                file = path.stat().st_ino
                while path.stat().st_ino == file:
                    if reader.changes() != seen:
                        seen = reader.changes()
                        last = max(last, put(reader.select(wanted, last)))
                    time.sleep(_POLL_S)
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
        time.sleep(_POLL_S)
