from __future__ import annotations

import asyncio
import json

import pytest

from falco.k8s_audit.queue import AuditQueue
from falco.k8s_audit.requests import Endpoint, Request

EVENT = b'{"kind":"Event","auditID":"a","stageTimestamp":"2019-05-13T08:00:00Z"}'
JSON = {"content-type": "application/json"}


class Pieces:
    """A body whose reading is counted."""

    def __init__(self, *pieces):
        self.left = list(pieces)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


def ask(method="POST", path="/k8s_audit", headers=JSON, body=(EVENT,), queue=None, known=False, need_known=False):
    queue = AuditQueue(1 << 20) if queue is None else queue
    pieces = Pieces(*body)
    request = Request(method, path, headers, known)
    answer = asyncio.run(Endpoint("/k8s_audit", queue, need_known=need_known).answer(request, pieces))
    return answer, queue, pieces


def test_events_wait_in_the_queue_once_they_are_answered():
    answer, queue, _ = ask(body=(b"[", EVENT, b",", EVENT, b"]"))
    assert (answer.status, answer.accepted, answer.complaint, len(queue)) == (200, 2, "", 2)
    assert [queue.take(), queue.take()] == [EVENT.decode(), EVENT.decode()]


def test_the_queue_holds_the_texts_and_no_more():
    _, queue, _ = ask()
    assert 0 < queue.used < 2 * len(EVENT)
    queue.take()
    assert queue.used == 0


def test_bad_neighbours_are_told_and_the_others_taken():
    answer, queue, _ = ask(body=(b"[7,", EVENT, b"]"))
    assert (answer.status, answer.accepted, answer.refused, len(queue)) == (200, 1, 1, 1)
    assert "1 of 2 events could not be read: an event is no JSON object" in answer.complaint


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"path": "/other"}, 404),
        ({"method": "GET"}, 405),
        ({"path": "/healthz"}, 405),
        ({"headers": {}}, 415),
        ({"headers": {"content-type": "text/plain"}}, 415),
        ({"headers": {**JSON, "content-encoding": "br"}}, 415),
        ({"headers": {**JSON, "content-length": "99999999"}}, 413),
        ({"need_known": True}, 403),
        ({"body": ()}, 400),
        ({"body": (b"{",)}, 400),
        ({"body": (b'{"kind":0}',)}, 400),
        ({"body": (b"5E5555",)}, 400),
        ({"body": (b"\xff",)}, 400),
        ({"body": (b"[" * 1000 + b"]" * 1000,)}, 400),
        ({"body": (b"[" + b"{}," * 9000 + b"{}]",), "queue": AuditQueue(100_000)}, 413),
        ({"body": (b"[" + b"{}," * 2_000_000 + b"{}]",), "queue": AuditQueue(100 << 20)}, 400),
    ],
)
def test_what_is_refused(given, status):
    answer, queue, _ = ask(**given)
    assert (answer.status, answer.accepted, len(queue), queue.used) == (status, 0, 0, 0)
    assert answer.complaint.startswith(str(status))
    assert json.loads(answer.body).keys() == {"error"}


@pytest.mark.parametrize(
    "headers", [{"content-type": "Application/JSON; charset=utf-8"}, {**JSON, "content-length": "70"}]
)
def test_headers_that_are_fine(headers):
    assert ask(headers=headers)[0].status == 200


def test_a_full_queue_answers_429_without_reading_on():
    queue = AuditQueue(1000)
    assert queue.claim(1000)
    answer, _, pieces = ask(queue=queue, body=(EVENT, EVENT))
    assert (answer.status, dict(answer.headers)["Retry-After"], len(pieces.left)) == (429, "1", 2)


def test_a_list_that_does_not_fit_is_left_out_as_a_whole():
    queue = AuditQueue(1000)
    assert queue.claim(500)
    answer, _, _ = ask(queue=queue, body=(b"[", EVENT, b",", EVENT, b"]"))
    assert (answer.status, len(queue), queue.used) == (429, 0, 500)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/healthz", 200), ("HEAD", "/healthz", 200)])
def test_health_needs_no_certificate(method, path, status):
    assert ask(method, path, {}, need_known=True)[0].status == status


def test_a_known_client_may_post():
    assert ask(known=True, need_known=True)[0].status == 200
