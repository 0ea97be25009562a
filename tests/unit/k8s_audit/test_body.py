from __future__ import annotations

import gzip

import pytest

from falco.k8s_audit import body
from falco.k8s_audit.body import Body, RefusedError
from falco.k8s_audit.queue import AuditQueue

MB = 1 << 20


def read(data, encoding="", piece=1000, limit=100 * MB, length=None):
    queue = AuditQueue(limit)
    made = Body(queue, encoding, length)
    try:
        for at in range(0, len(data), piece):
            made.add(data[at : at + piece])
        assert queue.used <= limit
        return made.finish()
    finally:
        made.close()
        assert queue.used == 0


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "x-gzip"])
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_a_body_in_pieces(encoding, piece):
    data = bytes(range(256)) * 20
    packed = gzip.compress(data) if "gzip" in encoding else data
    assert read(packed, encoding, piece) == data


@pytest.mark.parametrize("size", [body._STEP - 1, body._STEP, body._STEP + 1, 3 * body._STEP])
def test_gzip_around_the_step(size):
    assert read(gzip.compress(b"x" * size), "gzip", 10) == b"x" * size


@pytest.mark.parametrize(
    ("data", "encoding", "status"),
    [
        (b"x", "br", 415),
        (b"x" * (16 * MB + 1), "", 413),
        (gzip.compress(b"x" * (16 * MB + 1), mtime=0), "gzip", 413),
        (b"no gzip at all", "gzip", 400),
        (gzip.compress(b"x" * 1000, mtime=0)[:-3], "gzip", 400),
        (b"", "gzip", 400),
        (gzip.compress(b"x", mtime=0) + b"y", "gzip", 400),
        (gzip.compress(b"x", mtime=0) + gzip.compress(b"y", mtime=0), "gzip", 400),
    ],
)
def test_what_is_refused(data, encoding, status):
    with pytest.raises(RefusedError) as caught:
        read(data, encoding, 1 << 16)
    assert caught.value.status == status


def test_a_full_queue_refuses_before_and_while_reading():
    queue = AuditQueue(1000)
    assert queue.claim(1000)
    with pytest.raises(RefusedError, match="too many") as caught:
        Body(queue, "", None)
    assert caught.value.status == 429
    for length in (None, 5000):
        with pytest.raises(RefusedError, match="too many"):
            read(b"x" * 5000, limit=3000, length=length)


def test_a_length_that_is_too_large_is_refused_at_once():
    with pytest.raises(RefusedError, match="16 MiB"):
        Body(AuditQueue(100 * MB), "", 16 * MB + 1)


def test_a_bomb_is_not_unpacked_beyond_the_bound(monkeypatch):
    kept = []
    monkeypatch.setattr(body.Body, "_keep", lambda self, data: kept.append(len(data)))
    Body(AuditQueue(MB), "gzip", None).add(gzip.compress(b"\0" * (8 * MB)))
    assert max(kept) <= body._STEP
