from __future__ import annotations

import sys
import threading
import time

from falco.k8s_audit.queue import AuditQueue

SIZE = sys.getsizeof("x" * 10)


def texts(*letters):
    return [letter * 10 for letter in letters]


def test_first_in_first_out():
    queue = AuditQueue(1000)
    queue.put(texts("a", "b", "c"), 0)
    assert [queue.take() for _ in range(4)] == [*texts("a", "b", "c"), None]


def test_room_is_claimed_waited_in_and_given_back():
    queue = AuditQueue(4 * SIZE)
    assert queue.claim(3 * SIZE)
    assert not queue.claim(SIZE + 1)
    queue.put(texts("a", "b"), 3 * SIZE)
    assert (queue.used, len(queue)) == (2 * SIZE, 2)
    queue.take()
    assert queue.used == SIZE
    assert queue.claim(3 * SIZE)
    assert not queue.claim(0), "a full queue takes nothing, not even what has no size yet"
    queue.release(3 * SIZE)
    assert queue.claim(0)


def test_waiting_ends_with_what_comes():
    queue = AuditQueue(1000)
    assert not queue.wait(0.001)
    timer = threading.Timer(0.05, lambda: queue.put(texts("a"), 0))
    timer.start()
    started = time.monotonic()
    assert queue.wait(20)
    assert time.monotonic() - started < 10
    assert queue.wait(20)
    timer.join()
