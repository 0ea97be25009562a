"""What a destination is, and the two ways in which it can fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.store.record import StoredAlert


class TryLaterError(FalcoError):
    """It does not work now and may later: nobody there, overloaded, not allowed in. after_s is what was asked for."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class RefusedError(FalcoError):
    """The destination is there and does not want an alert: the next one, or with whole, any of the rest."""

    def __init__(self, reason: str, *, whole: bool = False) -> None:
        super().__init__(reason)
        self.whole = whole


class Destination(Protocol):
    """Takes alerts. It connects when there is something to send, and anew after close()."""

    batch: int
    """How many alerts it takes at once, at most."""

    def send(self, alerts: Sequence[StoredAlert]) -> Iterator[int]:
        """Send alerts in order. Each number that comes out says how many more are delivered for certain.

        TryLaterError and RefusedError are about the alert behind those.
        """
        ...

    def idle(self) -> None:
        """Nothing to send for a while: look whether the connection still stands. TryLaterError."""
        ...

    def close(self) -> None:
        """Let go of the connection; nothing that was not counted may still be sent then."""
        ...
