from __future__ import annotations

import errno
import threading
import time

import pytest

from falco import logs
from falco.outputs.channel import Queueing
from falco.outputs.dispatch import Dispatch
from falco.priority import Priority

PATIENT = Queueing(patient=True)


class Recorded:
    buffered = False

    def __init__(self, name, error=None):
        self.name, self.error, self.calls = name, error, []
        self.gate = threading.Event()
        self.gate.set()

    def _do(self, *calls):
        self.gate.wait(20)
        self.calls += calls
        if self.error:
            raise self.error

    def open(self):
        self._do("open")

    def write(self, lines):
        self._do(*lines)
        return len(lines)

    def reopen(self):
        self._do("reopen")

    def close(self):
        self._do("close")


@pytest.fixture(autouse=True)
def log_to_stderr():
    logs.setup()


def full():
    return OSError(errno.ENOSPC, "No space left on device")


def test_every_output_gets_everything():
    outputs = [Recorded("a"), Recorded("b")]
    dispatch = Dispatch(outputs, PATIENT)
    dispatch.open()
    dispatch.write("é\udcff", Priority.DEBUG)
    dispatch.reopen()
    dispatch.close()
    expected = ["open", ("é?".encode(), Priority.DEBUG), "reopen", "close"]
    assert [output.calls for output in outputs] == [expected, expected]


def test_a_failing_output_is_told_once_counted_and_does_not_stop_the_others(capsys):
    broken, fine = Recorded("file", full()), Recorded("stdout")
    dispatch = Dispatch([broken, fine], PATIENT)
    for _ in range(3):
        dispatch.write("x", Priority.DEBUG)
    dispatch.close()
    assert fine.calls == [(b"x", Priority.DEBUG)] * 3 + ["close"]
    err = capsys.readouterr().err
    assert err.count("No space left on device") == 1
    assert "file output: 4 alerts could not be written" in err


def test_a_hanging_output_neither_delays_nor_spares_another(capsys):
    hanging, fine = Recorded("program"), Recorded("stdout")
    hanging.gate.clear()
    dispatch = Dispatch([hanging, fine], Queueing(capacity=100, timeout_s=0.2))
    started = time.perf_counter()
    for _ in range(50):
        dispatch.write("x", Priority.DEBUG)
    assert time.perf_counter() - started < 1
    dispatch.close()
    assert len(fine.calls) == 51
    assert "program output: gave up after 0.2 s, 50 alerts were not delivered" in capsys.readouterr().err
    hanging.gate.set()


def gone():
    return BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_the_only_reader_gone_ends_the_run():
    dispatch = Dispatch([Recorded("stdout", gone())], PATIENT)
    with pytest.raises(BrokenPipeError):
        while True:
            dispatch.write("x", Priority.DEBUG)
    with pytest.raises(BrokenPipeError):
        dispatch.close()


def test_a_store_still_wants_what_the_only_reader_does_not(capsys):
    dispatch = Dispatch([Recorded("stdout", gone())], PATIENT, stored=True)
    for _ in range(3):
        dispatch.write("x", Priority.DEBUG)
    dispatch.close()
    assert dispatch.lost == {"stdout": 4}
    assert capsys.readouterr().err.count("Broken pipe") == 1


def test_one_of_two_readers_gone_does_not(capsys):
    dispatch = Dispatch([Recorded("stdout", gone()), Recorded("file")], PATIENT)
    dispatch.write("x", Priority.DEBUG)
    dispatch.close()
    assert "stdout output" in capsys.readouterr().err
    assert dispatch.lost["file"] == 0


def test_opening_names_the_output():
    with pytest.raises(OSError, match="Error with file output: No space left on device"):
        Dispatch([Recorded("file", full())]).open()


def test_after_a_reload_each_output_goes_on_behind_what_was_queued():
    output = Recorded("stdout")
    before, after = Dispatch([output]), Dispatch([output, Recorded("file")])
    output.gate.clear()
    before.write("old", Priority.DEBUG)
    before.begin_close()
    after.follow(before)
    after.write("new", Priority.DEBUG)
    output.gate.set()
    after.close()
    assert output.calls == [(b"old", Priority.DEBUG), "close", (b"new", Priority.DEBUG), "close"]


def test_it_is_crowded_where_one_output_is():
    slow, quick = Recorded("slow"), Recorded("quick")
    slow.gate.clear()
    both = Dispatch([slow, quick], Queueing(capacity=4))
    assert not both.crowded
    for _ in range(3):
        both.write("x", Priority.DEBUG)
    assert both.crowded
    slow.gate.set()
    both.close()
    assert not both.crowded
