"""What a container engine is to those who ask it, and how it says that it has no answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.state.containers import Container

ANSWER_S = 5.0
"""How long an engine may take for one answer, from asking to its last byte."""
LONGEST = 16 << 20
"""Bytes of an answer that are read: what is longer is refused. Labels and environment may be long, within reason."""

_OF_A_USER = re.compile(r"/run/user/(\d+)/")


class NoSuchContainerError(FalcoError):
    """The engine is well and has no such container."""


class EngineError(FalcoError):
    """The engine cannot be asked, or what it says makes no sense. The text is for users, without the engine's name."""


class LateAnswerError(EngineError):
    """It did not answer in time: the engine hangs, or what it has of this one container does."""


class BadAnswerError(EngineError):
    """What the engine says of this one container is of no use, and tells nothing about how the engine is doing.

    Whoever makes a container has a say in how long its answer is and what is in it. may_change says that the engine
    refused to answer, which it may not do the next time.
    """

    def __init__(self, text: str, *, may_change: bool = False) -> None:
        super().__init__(text)
        self.may_change = may_change


def owner_of(socket: str) -> int | None:
    """The user (uid) whom a socket's directory belongs to; None for the host's. Only the path tells it for certain, as
    what lies there is for that user to choose.
    """
    found = _OF_A_USER.search(socket)
    return None if found is None else int(found[1])


def is_socket(path: str) -> bool:
    """Whether there is a socket. A user's own lies where that user may have put anything, so no error is let out."""
    try:
        return Path(path).is_socket()
    except OSError:
        return False


class Engine(Protocol):
    """An engine at one socket. All of it may be called by any thread.

    kind is a number of state.engines: DOCKER, PODMAN or CRI. name is what logs call it: its kind and socket. owner is
    the uid of the user whose it is, None for the host's.
    """

    name: str
    kind: int
    owner: int | None

    @property
    def is_there(self) -> bool:
        """Whether its socket exists."""
        ...

    def look_up(self, container_id: str) -> tuple[Container, ...]:
        """The container, with its pod's sandbox before it where there is one.

        NoSuchContainerError, BadAnswerError; EngineError if the engine is in trouble.
        """
        ...

    def version(self) -> str:
        """What the engine says it is; EngineError."""
        ...
