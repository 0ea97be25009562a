"""Calls on processes."""

from __future__ import annotations

import pytest

from falco.capture.probe.calls_processes import IDS, LIFE, MEMORY, PROCESSES
from falco.capture.probe.text import code
from falco.state.handlers import PROCESS_LIFE


@pytest.mark.parametrize("call", LIFE, ids=lambda call: call.name)
def test_state_lives_on_the_events_of_process_life(call):
    assert code(call, "X") in PROCESS_LIFE


def test_state_follows_the_calls_that_change_processes():
    followed = {call.name for call in (*PROCESSES, *MEMORY, *IDS) if code(call, "X") in PROCESS_LIFE}
    assert followed == {
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setsid", "prctl", "prlimit64",
        "setrlimit"
    }  # fmt: skip
