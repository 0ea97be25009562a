"""What is kept of an event that waits for what a container engine has yet to say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

from falco.engine.failure import RuleFailure
from falco.errors import FalcoError
from falco.filter.freeze import freeze
from falco.state.threads import ThreadInfo

if TYPE_CHECKING:
    from falco.engine.rule import Rule
    from falco.events.event import Event
    from falco.filter.ast import Node
    from falco.outputs.alerts import Template
    from falco.state.state import State


@dataclasses.dataclass(slots=True)
class _Remains:
    """What is left of an event that waits, for fields that are fetched: they read thread and state."""

    ts: int
    num: int
    code: int
    thread: ThreadInfo
    state: State


@dataclasses.dataclass(slots=True, eq=False)
class Held:
    """An event that waits until a time, and the rules that it may match in order: what has to hold, and the output."""

    until: int
    remains: Event
    starts: bool
    rules: list[tuple[Rule, Node | bool, Template]]


def remains_of(event: Event, container_id: str) -> Event:
    """What fields that are fetched read of an event, with a thread that is in the container and nothing else."""
    thread = ThreadInfo(event.tid, event.tid)
    thread.container_id = container_id
    return cast("Event", _Remains(event.ts, event.num, event.code, thread, event.state))


def left_of(rule: Rule, node: Node, event: Event) -> Node | bool:
    """Whether a rule's condition holds, or what the answer has still to decide of it. RuleFailure."""
    try:
        return freeze(node, event)
    except FalcoError:
        raise
    except Exception as error:
        raise RuleFailure(rule, event, error) from error
