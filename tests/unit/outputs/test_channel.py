from __future__ import annotations

import errno
import threading
import time

import pytest

from falco import logs
from falco.outputs.channel import Channel, Queueing, reason
from falco.priority import Priority


class Recorded:
    """An output that notes what it is given, fails where errors say so, and waits at a gate that may be shut."""

    def __init__(self, name="file", errors=(), buffered=False):
        self.name, self.buffered = name, buffered
        self.calls: list[object] = []
        self.errors = list(errors)
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def open(self):
        self.calls.append("open")

    def write(self, lines):
        self.entered.set()
        self.gate.wait(20)
        if self.errors:
            error = self.errors.pop(0)
            if error is not None:
                raise error
        self.calls += [line for line, _ in lines]
        return len(lines)

    def reopen(self):
        self.calls.append("reopen")

    def close(self):
        self.calls.append("close")


@pytest.fixture(autouse=True)
def log_to_stderr():
    logs.setup()


def line(text):
    return (text, Priority.DEBUG)


def full():
    return OSError(errno.ENOSPC, "No space left on device")


def ended(channel, deadline_s=None):
    channel.begin_close()
    channel.finish(None if deadline_s is None else time.monotonic() + deadline_s)


def test_everything_arrives_in_order_before_the_end():
    output = Recorded()
    channel = Channel(output, Queueing(patient=True))
    texts = [b"%d" % number for number in range(5000)]
    for text in texts:
        channel.put(line(text))
    channel.reopen()
    ended(channel)
    assert output.calls == [*texts, "reopen", "close"]


def test_whoever_puts_does_not_wait_and_what_finds_no_room_is_counted(capsys):
    output = Recorded()
    output.gate.clear()
    channel = Channel(output, Queueing(capacity=10))
    channel.put(line(b"first"))
    assert output.entered.wait(20)
    started = time.perf_counter()
    for _ in range(20):
        channel.put(line(b"x"))
    assert time.perf_counter() - started < 1
    assert channel.refused == 11
    output.gate.set()
    ended(channel, 20)
    assert output.calls == [b"first", *[b"x"] * 9, "close"]
    err = capsys.readouterr().err
    assert err.count("file output: its queue of 10 alerts is full") == 1
    assert "file output: 11 alerts found its queue of 10 full" in err


def test_a_patient_one_waits_for_room():
    output = Recorded()
    output.gate.clear()
    channel = Channel(output, Queueing(capacity=3, patient=True))
    threading.Timer(0.1, output.gate.set).start()
    for number in range(10):
        channel.put(line(b"%d" % number))
    ended(channel)
    assert channel.refused == 0
    assert output.calls == [*(b"%d" % number for number in range(10)), "close"]


def test_the_patience_has_an_end_which_is_told(capsys):
    output = Recorded()
    output.gate.clear()
    channel = Channel(output, Queueing(capacity=2, patient=True, timeout_s=0.1))
    for _ in range(5):
        channel.put(line(b"x"))
    assert channel.refused == 3
    ended(channel)
    assert "file output: gave up after 0.1 s, 2 alerts were not delivered" in capsys.readouterr().err
    output.gate.set()


def test_a_live_run_waits_until_a_deadline(capsys):
    output = Recorded()
    output.gate.clear()
    channel = Channel(output, Queueing(timeout_s=0.1))
    channel.put(line(b"x"))
    ended(channel, 0.1)
    assert "1 alerts were not delivered" in capsys.readouterr().err
    output.gate.set()


def test_a_failure_is_told_once_and_its_end_too(capsys):
    output = Recorded(errors=[full(), full(), None])
    channel = Channel(output, Queueing(patient=True))
    for text in (b"a", b"b", b"c"):
        channel.put(line(text))
    ended(channel)
    assert output.calls == [b"c", "close"]
    assert channel.lost == 2
    err = capsys.readouterr().err
    assert err.count("No space left on device") == 1
    assert "works again, 2 alerts could not be written" in err
    assert "file output: 2 alerts could not be written" in err


def test_it_is_told_even_if_the_log_goes_elsewhere(capsys):
    logs.setup(stderr=False)
    channel = Channel(Recorded(errors=[full()]), Queueing(patient=True))
    channel.put(line(b"x"))
    ended(channel)
    assert "No space left" in capsys.readouterr().err


def test_a_reader_that_is_gone_is_noticed():
    channel = Channel(Recorded(errors=[BrokenPipeError(errno.EPIPE, "Broken pipe")]), Queueing(patient=True))
    channel.put(line(b"x"))
    ended(channel)
    assert channel.reader_gone


@pytest.mark.parametrize("texts", [[b"x" * 9000], [b"x"] * 6])
def test_buffered_lines_wait_for_a_block_or_for_half_of_the_queue(texts):
    output = Recorded(buffered=True)
    channel = Channel(output, Queueing(capacity=12, buffered=True))
    channel.put(line(b"short"))
    assert not output.entered.wait(0.05)
    for text in texts:
        channel.put(line(text))
    assert output.entered.wait(20)
    ended(channel, 20)
    assert output.calls == [b"short", *texts, "close"]


def test_buffered_lines_are_written_at_the_end():
    output = Recorded(buffered=True)
    channel = Channel(output, Queueing(buffered=True))
    channel.put(line(b"x"))
    ended(channel, 20)
    assert output.calls == [b"x", "close"]


def test_one_channel_writes_after_another():
    output = Recorded()
    output.gate.clear()
    before, after = Channel(output, Queueing()), Channel(output, Queueing())
    before.put(line(b"old"))
    before.begin_close()
    after.follow(before)
    after.put(line(b"new"))
    output.gate.set()
    ended(after, 20)
    assert output.calls == [b"old", "close", b"new", "close"]


def test_reasons():
    assert reason(OSError(2, "No such file", "/x")) == "/x: No such file"
    assert reason(OSError("plain")) == "plain"


def test_a_queue_is_crowded_while_more_than_half_of_it_is_taken(monkeypatch):
    output = Recorded()
    output.gate.clear()
    channel = Channel(output, Queueing(capacity=10))
    channel.put(line(b"first"))
    assert output.entered.wait(20)
    for _ in range(4):
        channel.put(line(b"x"))
    assert not channel.crowded
    channel.put(line(b"x"))
    assert channel.crowded
    monkeypatch.setattr("falco.outputs.channel._HANGS_AFTER_S", 0.01)
    time.sleep(0.02)
    assert not channel.crowded, "an output that hangs is not waited for"
    output.gate.set()
    ended(channel)
    assert not channel.crowded
