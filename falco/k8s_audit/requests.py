"""What a request is answered: audit events are read and queued, everything else is told what is wrong with it."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

from falco.k8s_audit.body import Body, RefusedError, full
from falco.k8s_audit.document import decode, split_document
from falco.k8s_audit.event import BadAuditError

if TYPE_CHECKING:
    from falco.k8s_audit.queue import AuditQueue

HEALTH = "/healthz"
RETRY_AFTER_S = 1
"""What a client that met a full queue is told to wait."""


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """The head of a request. path is without query, headers have names in lower case.

    known says whether the client has shown a certificate.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    known: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; accepted and refused count events. complaint is what the log is told, if anything."""

    status: int
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    accepted: int = 0
    refused: int = 0
    complaint: str = ""

    @property
    def body(self) -> bytes:
        """A line of JSON."""
        key = "status" if self.status < 400 else "error"
        return json.dumps({key: self.text}).encode("ascii") + b"\n"


class Endpoint:
    """Answers requests for one path; with need_known only those of clients that have shown a certificate."""

    def __init__(self, path: str, queue: AuditQueue, *, need_known: bool = False) -> None:
        self._path = path
        self._queue = queue
        self._need_known = need_known

    async def answer(self, request: Request, pieces: AsyncIterator[bytes]) -> Answer:
        """The answer to a request; its body is asked for only as far as it is wanted."""
        try:
            return await self._answer(request, pieces)
        except RefusedError as error:
            return refusal(error.status, error.reason)

    async def _answer(self, request: Request, pieces: AsyncIterator[bytes]) -> Answer:
        if request.path == HEALTH and request.path != self._path:
            return Answer(200, "ok") if request.method in ("GET", "HEAD") else _wrong_method("GET")
        if request.path != self._path:
            raise RefusedError(404, f"audit events are posted to {self._path}")
        if request.method != "POST":
            return _wrong_method("POST")
        if self._need_known and not request.known:
            raise RefusedError(403, "a client certificate is needed")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise RefusedError(415, "Content-Type must be application/json")
        return await self._take(request, pieces)

    async def _take(self, request: Request, pieces: AsyncIterator[bytes]) -> Answer:
        length = request.headers.get("content-length")
        encoding = request.headers.get("content-encoding", "").strip().lower()
        body = Body(self._queue, encoding, None if length is None else int(length))
        try:
            async for piece in pieces:
                body.add(piece)
            return self._queue_events(body.finish())
        finally:
            body.close()

    def _queue_events(self, data: bytes) -> Answer:
        """Read the events and let them wait. All of the list or none: the client sends it again as a whole."""
        try:
            text = decode(data)
            size = 3 * sys.getsizeof(text)  # The whole, and its parts with what each text has beside its characters.
            if len(data) + size > self._queue.limit:
                raise RefusedError(413, "the body is larger than all that may wait")
            if not self._queue.claim(size):
                raise full()
            texts: tuple[str, ...] = ()
            try:
                document = split_document(text)
                texts = document.events
            finally:
                self._queue.put(texts, size)
        except BadAuditError as error:
            raise RefusedError(400, str(error)) from None
        taken, refused = len(texts), len(document.refused)
        told = f"{refused} of {taken + refused} events could not be read: {document.refused[0]}" if refused else ""
        return Answer(200, "ok", accepted=taken, refused=refused, complaint=told)


def refusal(status: int, reason: str) -> Answer:
    """The answer to a request that is not taken."""
    headers = (("Retry-After", str(RETRY_AFTER_S)),) if status in (429, 503) else ()
    return Answer(status, reason, headers, complaint=f"{status} {reason}")


def _wrong_method(allowed: str) -> Answer:
    return Answer(405, f"only {allowed} is allowed", (("Allow", allowed),), complaint="405 wrong method")
