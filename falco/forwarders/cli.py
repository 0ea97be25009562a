"""The command `falco-forwarder`: delivers what is in the alert store to one destination, and tells how that goes."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from falco import config, logs
from falco.config_forwarders import Program, lacking
from falco.errors import ConfigError, FalcoError, Problem, nearest
from falco.escape import escape_controls
from falco.forwarders import capabilities
from falco.forwarders.dead_letters import DeadLetters
from falco.forwarders.delivery import Delivery, Place
from falco.forwarders.destinations import DESTINATIONS, make
from falco.forwarders.health import JSON_FILE, METRICS_FILE, Health
from falco.logs import LOG
from falco.store import cursors

if TYPE_CHECKING:
    from falco.config_forwarders import Forwarder


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FalcoError(f"{message}; --help lists the options")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status. None: that of this process, which then gives up its privileges."""
    logs.setup()
    try:
        return _run(_parser().parse_args(sys.argv[1:] if argv is None else argv), confined=argv is None)
    except SystemExit as end:  # argparse has printed its help.
        return int(end.code or 0)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ConfigError as error:
        # The lines of a problem are lines on purpose.
        logs.to_stderr("".join(f"{escape_controls(line)}\n" for line in f"falco-forwarder: {error}".split("\n")))
    except (FalcoError, OSError, sqlite3.Error) as error:
        logs.to_stderr(f"falco-forwarder: {escape_controls(str(error))}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="falco-forwarder", description="Deliver the alerts in the alert store to a destination.")
    add = parser.add_argument
    add("name", metavar="NAME", help=", ".join(DESTINATIONS))
    add("-c", dest="config", metavar="FILE", help="configuration, else ./falco.yaml or /etc/falco/falco.yaml")
    add("-o", "--option", metavar="KEY=VALUE", action="append", default=[], help="override a setting")
    questions = parser.add_mutually_exclusive_group()
    add = questions.add_argument
    add("--drain", action="store_true", help="deliver what there is, then end")
    add("--dead-letters", action="store_true", help="list the alerts that the destination did not want, as JSON")
    add("--resend", metavar="ID", help="let the running forwarder send a dead letter again, or `all` of them")
    add("--health", action="store_true", help="print how it is doing, as JSON; status 1 if not well")
    add("--metrics", action="store_true", help="the same in Prometheus' text format")
    return parser


def _run(options: argparse.Namespace, *, confined: bool) -> int:
    name = options.name
    if name not in DESTINATIONS:
        close = nearest(name, DESTINATIONS)
        raise FalcoError(f"there is no destination {name!r}" + (f", did you mean {close}?" if close else ""))
    loaded = config.load(config.find(options.config), options.option)
    wanted = loaded.config
    settings: Forwarder = getattr(wanted.forwarders, name)
    if confined and not (isinstance(settings, Program) and settings.keep_capabilities):
        capabilities.drop_all()
    logs.setup(wanted.log_level, to_syslog=wanted.log_syslog, iso_8601=wanted.time_format_iso_8601)
    store = Path(wanted.alert_store.path).absolute()
    place = Place(store, cursors.directory(store, name))
    answers: dict[str, Callable[[], int]] = {
        "health": lambda: _print_health(place.folder),
        "metrics": lambda: _print(place.folder / METRICS_FILE),
        "dead_letters": lambda: _list(place.folder),
        "resend": lambda: _resend(place.folder, options.resend),
    }
    asked = next((answer for key, answer in answers.items() if getattr(options, key)), None)
    if asked:
        return asked()
    _require(name, settings, loaded.path)
    return _forward(name, settings, place, drain=options.drain)


def _require(name: str, settings: Forwarder, path: str | None) -> None:
    """ConfigError unless the destination has all that it cannot do without. Who starts it wants it, enabled or not."""
    where = f"forwarders.{name} in {path or 'falco.yaml (there is none)'}, or -o"
    problems = [
        Problem(f"forwarder {name} started but no {key}: give it in {where}", expected=tuple(expected))
        for key, expected in lacking(name, settings)
    ]
    if problems:
        raise ConfigError(problems)


def _forward(name: str, settings: Forwarder, place: Place, *, drain: bool) -> int:
    if not settings.enabled:
        LOG.warning("forwarders.%s.enabled is false: the store does not keep alerts until they are delivered", name)
    destination = make(name, settings)
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(place.folder), contextlib.closing(DeadLetters(place.folder)) as letters:
        health = Health(name, place.folder)
        delivery = Delivery(place, settings, destination, letters, health)

        def stop(number: int, _frame: FrameType | None) -> None:
            LOG.info("%s received, exiting", signal.Signals(number).name)
            delivery.stop.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        LOG.info("%s: delivering the alerts of %s", name, place.store)
        try:
            delivery.run(drain=drain)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return int(drain and bool(health.trouble))


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a forwarder's directory: two of the same name would deliver everything twice."""
    file = os.open(folder / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise FalcoError(f"another falco-forwarder works in {folder}") from None
    finally:
        os.close(file)


def _print(path: Path) -> int:
    if not path.exists():
        raise FalcoError(f"{path} is not there: the forwarder has not run yet")
    sys.stdout.write(path.read_text(encoding="utf-8"))
    return 0


def _print_health(folder: Path) -> int:
    _print(folder / JSON_FILE)
    return int(not json.loads((folder / JSON_FILE).read_bytes())["up"])


def _list(folder: Path) -> int:
    with contextlib.closing(_letters(folder)) as letters:
        for letter in letters.all():
            entry = {"id": letter.alert.id, "reason": letter.reason, "refusals": letter.refusals}
            entry |= {
                "put_aside": letter.put_aside_ns / 1e9,
                "again": letter.again,
                "alert": json.loads(letter.alert.json),
            }
            sys.stdout.write(json.dumps(entry) + "\n")
    return 0


def _resend(folder: Path, name: str) -> int:
    with contextlib.closing(_letters(folder)) as letters:
        count = letters.send_again(None if name == "all" else name)
    if not count:
        raise FalcoError(f"there is no dead letter {name!r}" if name != "all" else "there are no dead letters")
    sys.stdout.write(f"{count} will be sent again by the running falco-forwarder\n")
    return 0


def _letters(folder: Path) -> DeadLetters:
    if not (folder / "dead_letters.db").exists():
        raise FalcoError(f"{folder} has no dead letters: the forwarder has not run yet")
    return DeadLetters(folder)


if __name__ == "__main__":
    sys.exit(main())
