"""What a container engine is to those who ask it, and how it says that it has no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.state.containers import Container

ANSWER_S = 5.0
"""How long an engine may take for one answer, from asking to its last byte."""
LONGEST = 16 << 20
"""Bytes of an answer that are read: what is longer is refused. Labels and environment may be long, within reason."""


class NoSuchContainerError(FalcoError):
    """The engine is well and has no such container."""


class EngineError(FalcoError):
    """The engine cannot be asked, or what it says makes no sense. The text is for users, without the engine's name."""


class Engine(Protocol):
    """An engine at one socket. All of it may be called by any thread.

    kind is a number of state.engines: DOCKER, PODMAN or CRI. name is what logs call it: its kind and socket.
    """

    name: str
    kind: int

    @property
    def is_there(self) -> bool:
        """Whether its socket exists."""
        ...

    def look_up(self, container_id: str) -> tuple[Container, ...]:
        """The container, with its pod's sandbox before it where there is one; NoSuchContainerError, EngineError."""
        ...

    def version(self) -> str:
        """What the engine says it is; EngineError."""
        ...
