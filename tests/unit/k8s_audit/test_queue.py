from __future__ import annotations

import threading
import time

from falco.k8s_audit.event import AuditEvent
from falco.k8s_audit.queue import AuditQueue


def test_first_in_first_out():
    queue = AuditQueue(100)
    events = [AuditEvent({}, number, 10) for number in range(3)]
    queue.put(events, 0)
    assert [queue.take(), queue.take(), queue.take(), queue.take()] == [*events, None]


def test_room_is_claimed_waited_in_and_given_back():
    queue = AuditQueue(100)
    assert queue.claim(60)
    assert not queue.claim(41)
    queue.put([AuditEvent({}, 0, 30), AuditEvent({}, 0, 20)], 60)
    assert (queue.used, len(queue)) == (50, 2)
    queue.take()
    assert queue.used == 20
    assert queue.claim(80)
    assert not queue.claim(0), "a full queue takes nothing, not even what weighs nothing yet"
    queue.release(80)
    assert queue.claim(0)


def test_waiting_ends_with_what_comes():
    queue = AuditQueue(100)
    assert not queue.wait(0.001)
    timer = threading.Timer(0.05, lambda: queue.put([AuditEvent({}, 0, 1)], 0))
    timer.start()
    started = time.monotonic()
    assert queue.wait(20)
    assert time.monotonic() - started < 10
    assert queue.wait(20)
    timer.join()
