"""One client's connection: HTTP/1.1 between a stream of bytes and the endpoint, with a deadline for everything.

The protocol is h11's; this module moves the bytes. Whoever sends a head or a body too slowly is cut off, whoever gets
an error while still sending is listened to for a moment more, so that the error reaches it.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import http
import ssl
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING

import h11

from falco.k8s_audit.requests import Answer, Endpoint, Request, refusal

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

CHUNK = 1 << 16
MAX_HEAD = 1 << 14
"""Bytes of a request's line and headers after which no more of them are waited for."""
_SHOWN = 120


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a client has for a head, once begun, and for a body; how long it may be silent between requests,
    and how long it is listened to after an error.
    """

    head_s: float = 10.0
    body_s: float = 30.0
    idle_s: float = 120.0
    linger_s: float = 1.0


class Connection:
    """Serves the requests of one client until it goes or has to go. told gets every answer."""

    def __init__(
        self,
        reader: StreamReader,
        writer: StreamWriter,
        endpoint: Endpoint,
        told: Callable[[Answer], None],
        patience: Patience,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._endpoint, self._told, self._patience = endpoint, told, patience
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        tls = writer.get_extra_info("ssl_object")
        self._known = isinstance(tls, ssl.SSLObject) and bool(tls.getpeercert())

    async def serve(self) -> None:
        """Answer requests. Raises what the network does: OSError, TimeoutError, ssl.SSLError."""
        first = True
        while await self._one(first):
            self._http.start_next_cycle()
            first = False
        await self._linger()
        self._writer.close()

    async def _one(self, first: bool) -> bool:
        """Answer one request; False if there was none or it has to be the last."""
        try:
            request = await self._head(first)
            if request is None:
                return False
            answer = await self._answered(request)
        except h11.RemoteProtocolError as error:
            request, answer = None, refusal(error.error_status_hint, f"not HTTP/1.1: {error}"[:_SHOWN])
        self._told(answer)
        await self._send(request, answer)
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _head(self, first: bool) -> Request | None:
        """The next request's head; None if the client has gone, or has nothing more to say after the first one."""
        if not first and not self._http.trailing_data[0]:
            try:
                async with asyncio.timeout(self._patience.idle_s):
                    self._http.receive_data(await self._reader.read(CHUNK))
            except TimeoutError:
                return None
        async with asyncio.timeout(self._patience.head_s):
            event = self._next_event()
            while event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(CHUNK))
                event = self._next_event()
        return self._request(event) if isinstance(event, h11.Request) else None

    def _next_event(self) -> object:
        try:
            return self._http.next_event()
        except ValueError:  # h11 before 0.15 makes a number of a length with thousands of digits.
            raise h11.RemoteProtocolError("bad Content-Length") from None

    def _request(self, head: h11.Request) -> Request:
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
        path = head.target.decode("ascii").partition("?")[0]
        return Request(head.method.decode("ascii"), path, headers, self._known)

    async def _answered(self, request: Request) -> Answer:
        try:
            async with asyncio.timeout(self._patience.body_s), contextlib.aclosing(self._pieces()) as pieces:
                return await self._endpoint.answer(request, pieces)
        except TimeoutError:
            return refusal(408, f"the request took longer than {self._patience.body_s:g} seconds")

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes."""
        if self._http.they_are_waiting_for_100_continue:
            await self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(CHUNK))
            elif isinstance(event, h11.Data):
                yield bytes(event.data)
            else:
                return

    async def _send(self, request: Request | None, answer: Answer) -> None:
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        self._skip_rest()
        body = b"" if request is not None and request.method == "HEAD" else answer.body
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer.body))), *answer.headers]
        if request is None or self._http.their_state is not h11.DONE:
            headers.append(("Connection", "close"))
        events: list[h11.Event] = [_response(answer.status, headers)]
        events += [h11.Data(data=body)] if body else []
        await self._write(b"".join(self._http.send(event) or b"" for event in (*events, h11.EndOfMessage())))

    def _skip_rest(self) -> None:
        """Pass over the rest of a request as far as it was read: if that is all of it, the connection stays usable."""
        try:
            while self._http.their_state is h11.SEND_BODY and self._http.next_event() is not h11.NEED_DATA:
                pass
        except h11.RemoteProtocolError:
            return  # The state says so, and the connection ends behind the answer.

    async def _write(self, data: bytes | None) -> None:
        self._writer.write(data or b"")
        async with asyncio.timeout(self._patience.head_s):
            await self._writer.drain()

    async def _linger(self) -> None:
        """Read on for a moment: closing while the client sends would make its system throw our answer away."""
        if self._http.our_state is h11.IDLE or self._reader.at_eof():
            return
        try:
            async with asyncio.timeout(self._patience.linger_s):
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                while await self._reader.read(CHUNK):
                    pass
        except TimeoutError:
            return


def _response(status: int, headers: list[tuple[str, str]]) -> h11.Response:
    return h11.Response(status_code=status, headers=headers, reason=http.HTTPStatus(status).phrase)
