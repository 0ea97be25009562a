"""The command: falco-event-generator."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from falco_event_generator.actions import ACTIONS
from falco_event_generator.scene import Scene

if TYPE_CHECKING:
    from falco_event_generator.action import Action

VARIABLE = "EVENT_GENERATOR_ACTIONS"
_EXAMPLES = f"""
Without --action, or {VARIABLE} with names separated by commas or blanks, it goes through all actions, again and again.
Only run it where nothing is at stake: it does what intruders do, though it undoes it. Most of it needs root.

  falco-event-generator --once                                  every action once
  falco-event-generator --action write_below_etc --once         one of them
  falco-event-generator --near-misses --once                    what must not give an alert
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; its exit status: 0, 1 if an action went wrong, 2 for a wrong command line."""
    options = _parser().parse_args(argv)
    if options.list:
        for name, action in ACTIONS.items():
            print(f"{name:50} {action.rule}; near miss: {action.difference}")
        return 0
    wrong = 0
    while True:
        for name in options.action or _from_environment() or ACTIONS:
            if name not in ACTIONS:
                print(f"falco-event-generator: there is no action {name} (--list shows them)", file=sys.stderr)
                return 2
            wrong += not _run(ACTIONS[name], near=options.near_misses)
            if not options.once:
                time.sleep(options.interval)
        if options.once:
            return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "falco-event-generator",
        description="Do what Falco's default rules alert on, and undo it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--action", action="append", metavar="NAME", help="only this one; may be given several times")
    parser.add_argument("--list", action="store_true", help="list the actions with their rules and end")
    parser.add_argument("--once", action="store_true", help="end after the last action")
    parser.add_argument("--interval", type=float, default=1.0, metavar="S", help="seconds between actions")
    parser.add_argument("--near-misses", action="store_true", help="do what differs in one condition")
    return parser


def _from_environment() -> list[str]:
    return os.environ.get(VARIABLE, "").replace(",", " ").split()


def _run(action: Action, *, near: bool) -> bool:
    """Do it in a process of its own, so that the next finds everything as it was; whether it worked."""
    pid = os.fork()
    if not pid:
        os._exit(_do(action, near=near))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _do(action: Action, *, near: bool) -> int:
    try:
        with Scene() as scene:
            shown = (action.near if near else action.run)(scene)
    except (OSError, RuntimeError) as error:
        print(f"{action.name}: {error}", file=sys.stderr, flush=True)
        return 1
    print(f"{action.name}\t{shown}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
