from __future__ import annotations

import time

import pytest

from falco.outputs.program import ProgramOutput
from falco.priority import Priority


def lines(*texts):
    return [(text, Priority.WARNING) for text in texts]


@pytest.fixture
def seen(tmp_path):
    return tmp_path / "seen"


def written(output, *texts):
    left = lines(*texts)
    while left:
        left = left[output.write(left) :]


@pytest.mark.parametrize(("keep_alive", "runs"), [(False, 3), (True, 1)])
def test_one_run_for_each_alert_or_one_for_all(seen, keep_alive, runs):
    output = ProgramOutput(f"echo run >>{seen}; cat >>{seen}", keep_alive=keep_alive)
    output.open()
    assert not seen.exists()
    written(output, b"a", b"b", b"c")
    output.close()
    assert seen.read_text().splitlines().count("run") == runs
    assert [line for line in seen.read_text().splitlines() if line != "run"] == ["a", "b", "c"]


@pytest.mark.parametrize("keep_alive", [False, True])
def test_an_alert_is_text_on_standard_input_and_nothing_else(seen, keep_alive):
    output = ProgramOutput(f"cat >{seen}", keep_alive=keep_alive)
    text = b"$(touch /x) `id` ; rm '\" \\ %s"
    written(output, text)
    output.close()
    assert seen.read_bytes() == text + b"\n"


def test_reopening_starts_a_kept_program_anew(seen):
    output = ProgramOutput(f"echo run >>{seen}; cat >>{seen}", keep_alive=True)
    written(output, b"a")
    output.reopen()
    written(output, b"b")
    output.close()
    assert seen.read_text() == "run\na\nrun\nb\n"


def test_a_kept_program_that_has_ended_is_started_anew(seen):
    output = ProgramOutput(f"read line; echo got $line >>{seen}", keep_alive=True)
    written(output, b"a")
    deadline = time.monotonic() + 20
    while not seen.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)  # The shell has written and is about to end.
    written(output, b"b")
    output.close()
    assert seen.read_text() == "got a\ngot b\n"


def test_a_program_that_cannot_be_run_is_an_error():
    with pytest.raises(OSError, match="ended with status 127"):
        ProgramOutput("/none/program 2>/dev/null", keep_alive=False).write(lines(b"a"))


def test_a_program_that_reads_nothing_is_no_error():
    assert ProgramOutput("true", keep_alive=False).write(lines(b"a" * 1_000_000)) == 1


def test_a_kept_program_that_does_not_end_with_its_input_is_ended():
    output = ProgramOutput("trap '' TERM; sleep 60 & wait; sleep 60", keep_alive=True, patience_s=0.1)
    written(output, b"a")
    started = time.monotonic()
    output.close()
    assert time.monotonic() - started < 20
