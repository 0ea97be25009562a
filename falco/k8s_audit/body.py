"""The body of a request, read only as far as it may be and there is room for it, with gzip taken off."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falco.k8s_audit.queue import AuditQueue

MAX_BODY = 16 << 20
"""Bytes of a body, both as it comes and without gzip."""
_STEP = 1 << 18
"""Bytes that are unpacked at once: a small piece of gzip can be a thousand times as long."""
_GZIP = 16 + zlib.MAX_WBITS


class RefusedError(Exception):
    """A request that gets an error: its status, the reason for whoever sent it."""

    def __init__(self, status: int, reason: str) -> None:
        self.status, self.reason = status, reason
        super().__init__(reason)


class Body:
    """Takes pieces of a body; its room in the queue is claimed until close(). RefusedError for a bad one."""

    def __init__(self, queue: AuditQueue, encoding: str, length: int | None) -> None:
        self._queue = queue
        self._claimed = 0
        self._came = 0
        self._data = bytearray()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise RefusedError(415, "Content-Encoding: only gzip is known")
        self._unpacker = zlib.decompressobj(_GZIP) if encoding.endswith("gzip") else None
        if length is not None and length > MAX_BODY:
            raise _too_large()
        if not queue.claim(0) or (length is not None and length > queue.limit - queue.used):
            raise full()

    def add(self, data: bytes) -> None:
        """Take the next piece."""
        self._came += len(data)
        if self._came > MAX_BODY:
            raise _too_large()
        if self._unpacker is None:
            self._keep(data)
        else:
            self._unpack(self._unpacker, data)

    def finish(self) -> bytes:
        """The whole body."""
        unpacker = self._unpacker
        if unpacker is not None and not unpacker.eof:
            self._keep(unpacker.decompress(b"", _STEP))  # What did not fit into the last step.
            if not unpacker.eof:
                raise RefusedError(400, "the gzip data has no end")
        return bytes(self._data)

    def close(self) -> None:
        """Give the room back."""
        self._queue.release(self._claimed)
        self._claimed = 0
        self._data.clear()

    def _unpack(self, unpacker: zlib._Decompress, data: bytes) -> None:
        try:
            while data:
                if unpacker.eof:
                    raise RefusedError(400, "more behind the end of the gzip data")
                self._keep(unpacker.decompress(data, _STEP))
                data = unpacker.unconsumed_tail or unpacker.unused_data
        except zlib.error:
            raise RefusedError(400, "not gzip data") from None

    def _keep(self, data: bytes) -> None:
        if len(self._data) + len(data) > MAX_BODY:
            raise _too_large()
        if not self._queue.claim(len(data)):
            raise full()
        self._claimed += len(data)
        self._data += data


def full() -> RefusedError:
    """The queue has no room."""
    return RefusedError(429, "too many audit events are waiting, try again")


def _too_large() -> RefusedError:
    return RefusedError(413, f"a body may have {MAX_BODY >> 20} MiB, also once it is unpacked")
