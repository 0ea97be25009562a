from __future__ import annotations

import asyncio
import contextlib

import pytest

from falco.k8s_audit.connection import CHUNK, MAX_HEAD, Connection, Patience
from falco.k8s_audit.queue import AuditQueue
from falco.k8s_audit.requests import Endpoint

EVENT = b'{"kind":"Event","auditID":"a","stageTimestamp":"2019-05-13T08:00:00Z"}'
HEAD = b"POST /k8s_audit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
POST = HEAD + b"Content-Length: %d\r\n\r\n" % len(EVENT) + EVENT
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = Patience(linger_s=0.2)
QUICK = Patience(head_s=0.2, body_s=0.3, idle_s=0.4, linger_s=0.2)


class Talk:
    """One connection that is talked over with plain bytes."""

    def __init__(self, limit=1 << 20, patience=SLOW):
        self.queue = AuditQueue(limit)
        self.answers = []
        self.ended = None
        self._patience = patience

    def say(self, *parts, every_s=0.0, end=True):
        """What comes back for these parts until the server closes, or is silent for five seconds."""
        return asyncio.run(self._say(parts, every_s, end))

    async def _say(self, parts, every_s, end):
        done = asyncio.Event()

        async def serve(reader, writer):
            try:
                endpoint = Endpoint("/k8s_audit", self.queue)
                await Connection(reader, writer, endpoint, self.answers.append, self._patience).serve()
                self.ended = "closed"
            except (TimeoutError, OSError) as error:
                self.ended = type(error).__name__
            writer.transport.abort()
            done.set()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            got = asyncio.create_task(self._listen(reader))
            with contextlib.suppress(ConnectionError):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(every_s)
            if end:
                writer.write_eof()
            got = await got
            writer.close()
            await asyncio.wait_for(done.wait(), 10)
        return got

    async def _listen(self, reader):
        got = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while part := await asyncio.wait_for(reader.read(1 << 16), 5):
                got += part
        return got


def statuses(got):
    return [int(line.split(b" ")[1]) for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")] + [
        int(part[:3]) for part in got.split(b"}\nHTTP/1.1 ")[1:]
    ]


def test_a_request_after_the_other_on_one_connection():
    talk = Talk()
    assert statuses(talk.say(POST, HEALTH, POST, every_s=0.05)) == [200, 200, 200]
    assert (len(talk.queue), talk.ended) == (2, "closed")


def test_silence_after_a_request_is_nothing_to_complain_of():
    talk = Talk(patience=QUICK)
    assert statuses(talk.say(POST, end=False)) == [200]
    assert talk.ended == "closed"


def test_requests_sent_all_at_once():
    talk = Talk()
    assert statuses(talk.say(POST + POST + HEALTH)) == [200, 200, 200]
    assert len(talk.queue) == 2


def test_a_body_in_chunks():
    talk = Talk()
    chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in EVENT) + b"0\r\n\r\n"
    assert statuses(talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)) == [200]
    assert len(talk.queue) == 1


def test_a_client_that_waits_is_told_to_go_on():
    head = HEAD + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(EVENT)
    assert statuses(Talk().say(head, EVENT, every_s=0.1)) == [100, 200]


def test_a_client_that_waits_is_not_told_to_go_on_with_a_full_queue():
    head = HEAD + b"Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n"
    talk = Talk(limit=1000)
    got = talk.say(head, end=False)
    assert (statuses(got), talk.ended) == ([429], "closed")
    assert b"Retry-After: 1\r\n" in got
    assert b"Connection: close\r\n" in got


def test_an_error_reaches_a_client_that_still_sends():
    talk = Talk(limit=1000)
    assert statuses(talk.say(HEAD + b"Content-Length: 900000\r\n\r\n", *[b"x" * 90_000] * 10, end=False)) == [429]


@pytest.mark.parametrize(
    "request_",
    [b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", b"PUT /k8s_audit HTTP/1.1\r\nHost: x\r\n\r\n"],
)
def test_the_connection_outlives_an_error_whose_request_is_over(request_):
    assert statuses(Talk().say(request_, POST, every_s=0.05))[1:] == [200]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n\r\n\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * (MAX_HEAD + 3 * CHUNK), 431),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: nonsense\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /x HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 404),
    ],
)
def test_what_is_no_request_gets_an_error_and_no_more(data, status):
    talk = Talk()
    got = talk.say(data, end=False)
    assert statuses(got)[:1] == [status]
    assert len(got) < 500
    assert len(talk.answers[0].complaint) < 200


def test_a_client_that_breaks_off_leaves_nothing_behind():
    talk = Talk()
    assert statuses(talk.say(HEAD + b"Content-Length: 100\r\n\r\n{")) == [400]
    assert (talk.queue.used, len(talk.queue)) == (0, 0)


def test_whoever_never_says_anything_is_cut_off():
    talk = Talk(patience=QUICK)
    assert (talk.say(end=False), talk.ended, talk.answers) == (b"", "TimeoutError", [])


def test_whoever_begins_a_second_head_and_stops_is_cut_off():
    talk = Talk(patience=QUICK)
    assert statuses(talk.say(POST + b"POST /k8s", end=False)) == [200]
    assert (len(talk.queue), talk.ended) == (1, "TimeoutError")


def test_silence_is_no_request():
    talk = Talk()
    assert (talk.say(b""), talk.ended, talk.answers) == (b"", "closed", [])


def test_whoever_sends_a_head_byte_by_byte_is_cut_off():
    talk = Talk(patience=QUICK)
    assert talk.say(*[bytes((byte,)) for byte in POST], every_s=0.01, end=False) == b""
    assert (talk.ended, len(talk.queue)) == ("TimeoutError", 0)


def test_whoever_sends_a_body_byte_by_byte_is_cut_off():
    talk = Talk(patience=QUICK)
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(EVENT)
    assert statuses(talk.say(head, *[bytes((byte,)) for byte in EVENT], every_s=0.01, end=False)) == [408]
    assert (talk.queue.used, len(talk.queue)) == (0, 0)


def test_head_answers_have_no_body():
    got = Talk().say(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert got.endswith(b"\r\n\r\n")
