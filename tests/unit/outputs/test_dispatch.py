from __future__ import annotations

import errno

import pytest

from falco import logs
from falco.outputs.dispatch import Dispatch
from falco.priority import Priority


class Recorded:
    def __init__(self, name, error=None):
        self.name, self.error, self.calls = name, error, []

    def _do(self, call):
        self.calls.append(call)
        if self.error:
            raise self.error

    def open(self):
        self._do("open")

    def write(self, line, priority):
        self._do((line, priority))

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
    dispatch = Dispatch(outputs)
    dispatch.open()
    dispatch.write("é\udcff", Priority.DEBUG)
    dispatch.reopen()
    dispatch.close()
    expected = ["open", ("é?".encode(), Priority.DEBUG), "reopen", "close"]
    assert [output.calls for output in outputs] == [expected, expected]


def test_a_failing_output_is_told_once_counted_and_does_not_stop_the_others(capsys):
    broken, fine = Recorded("file", full()), Recorded("stdout")
    dispatch = Dispatch([broken, fine])
    for _ in range(3):
        dispatch.write("x", Priority.DEBUG)
    err = capsys.readouterr().err
    assert err.count("No space left on device") == err.count("\n") == 1
    assert len(fine.calls) == len(broken.calls) == 3
    assert dispatch.lost == {"file": 3, "stdout": 0}
    dispatch.close()
    assert "file output: 4 alerts could not be written" in capsys.readouterr().err


def test_it_is_told_even_if_the_log_goes_elsewhere(capsys):
    logs.setup(stderr=False)
    Dispatch([Recorded("file", full())]).write("x", Priority.DEBUG)
    assert "No space left" in capsys.readouterr().err


def test_the_only_reader_gone_ends_the_run():
    with pytest.raises(BrokenPipeError):
        Dispatch([Recorded("stdout", BrokenPipeError(errno.EPIPE, "Broken pipe"))]).write("x", Priority.DEBUG)


def test_one_of_two_readers_gone_does_not(capsys):
    dispatch = Dispatch([Recorded("stdout", BrokenPipeError(errno.EPIPE, "Broken pipe")), Recorded("file")])
    dispatch.write("x", Priority.DEBUG)
    assert "stdout output" in capsys.readouterr().err


def test_opening_names_the_output():
    with pytest.raises(OSError, match="Error with file output: No space left on device"):
        Dispatch([Recorded("file", full())]).open()
