"""All outputs as one: a line goes to each of them, and one that hangs or fails does not keep it from the others."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from falco.outputs.channel import Channel, Queueing, reason

if TYPE_CHECKING:
    from falco.outputs.output import Output
    from falco.priority import Priority


class Dispatch:
    """Queues lines for every output.

    A reader that has gone away from the only output (`falco ... | head`) ends the run: BrokenPipeError comes out. With
    stored, alerts go to the alert store as well, and somebody still wants them.
    """

    def __init__(
        self,
        outputs: Sequence[Output],
        queueing: Queueing = Queueing(),  # noqa: B008 - it is frozen
        *,
        stored: bool = False,
    ) -> None:
        self._outputs = tuple(outputs)
        self._patient = queueing.patient
        self._timeout_s = queueing.timeout_s
        alone = len(self._outputs) == 1 and not stored
        self._channels = tuple(Channel(output, queueing, alone=alone) for output in self._outputs)
        self._only = self._channels[0] if alone else None

    @property
    def lost(self) -> Mapping[str, int]:
        """How many lines each output could not write or had no room for."""
        return {channel.name: channel.lost + channel.refused for channel in self._channels}

    def open(self) -> None:
        """Open every output; OSError, with the output's name, for one that cannot be."""
        for output in self._outputs:
            try:
                output.open()
            except OSError as error:
                raise OSError(error.errno, f"Error with {output.name} output: {reason(error)}") from None

    def follow(self, before: Dispatch) -> None:
        """Write to each output only after what another dispatch has queued for it."""
        earlier = {channel.name: channel for channel in before._channels}
        for channel in self._channels:
            if channel.name in earlier:
                channel.follow(earlier[channel.name])

    @property
    def crowded(self) -> bool:
        """Whether an output is slow and has little room left."""
        return any(channel.crowded for channel in self._channels)

    def write(self, line: str, priority: Priority) -> None:
        """Queue a line for every output."""
        item = (line.encode("utf-8", "replace"), priority)
        for channel in self._channels:
            channel.put(item)
        if self._only is not None and self._only.reader_gone:
            raise BrokenPipeError

    def reopen(self) -> None:
        """Reopen every output."""
        for channel in self._channels:
            channel.reopen()

    def begin_close(self) -> None:
        """Let every output finish what is queued for it and close, in its own time."""
        for channel in self._channels:
            channel.begin_close()

    def close(self, since: float | None = None) -> None:
        """Deliver what is queued, within the time that is allowed, close the outputs and say what was lost.

        The time of a live run counts from now, or from since (of the monotonic clock).
        """
        self.begin_close()
        deadline = None if self._patient else (time.monotonic() if since is None else since) + self._timeout_s
        for channel in self._channels:
            channel.finish(deadline)
        if self._only is not None and self._only.reader_gone:
            raise BrokenPipeError
