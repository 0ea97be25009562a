"""Audit events out of a file: one Event, EventList or list of events a line, as API servers write their audit logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from falco.k8s_audit.document import decode, read_document
from falco.k8s_audit.event import BadAuditError

if TYPE_CHECKING:
    from falco.capture.scap.stream import Stream
    from falco.errors import CaptureError
    from falco.k8s_audit.event import AuditEvent

MAX_LINE = 32 << 20
"""Bytes of a line; what a web server takes at once is half of it."""


def holds_audit_events(stream: Stream) -> bool:
    """Whether a stream that nothing was read from yet begins like JSON, which no .scap capture does."""
    return stream.available(1) and stream.buffer[:1] in (b"{", b"[")


class AuditReader:
    """Iterates over the events of a stream; num is how many there were so far.

    Raises CaptureError at the first line that is no audit event, after all that came before it.
    """

    def __init__(self, stream: Stream) -> None:
        self.num = 0
        self._stream = stream
        self._line = 0

    def __iter__(self) -> Iterator[AuditEvent]:
        for line in self._lines():
            if not line.strip():
                continue
            try:
                document = read_document(decode(line))
            except BadAuditError as error:
                raise self._error(str(error)) from None
            for event in document.events:
                self.num += 1
                event.num = self.num
                yield event
            if document.refused:
                raise self._error(document.refused[0])

    def locate(self, error: Exception) -> CaptureError:
        """An error about the current event, with its place."""
        return self._error(str(error))

    def _error(self, reason: str) -> CaptureError:
        return self._stream.error(f"line {self._line} is no Kubernetes audit event: {reason}")

    def _lines(self) -> Iterator[bytes]:
        """The lines of the stream, which stands at the beginning of the one that was yielded last."""
        stream = self._stream
        while True:
            self._line += 1
            have = searched = 0
            while True:
                have = len(stream.buffer) - stream.pos
                end = stream.buffer.find(b"\n", stream.pos + searched)
                if end >= 0 or have > MAX_LINE:
                    break
                searched = have
                if not stream.fill(have + 1):
                    end = len(stream.buffer)
                    break
            size = have if end < 0 else end - stream.pos
            if size > MAX_LINE:
                raise self._error(f"longer than {MAX_LINE} bytes")
            if not have:
                return
            yield stream.buffer[stream.pos : stream.pos + size]
            stream.pos = min(stream.pos + size + 1, len(stream.buffer))
