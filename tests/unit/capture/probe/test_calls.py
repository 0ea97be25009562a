from __future__ import annotations

import pytest

from falco.capture.probe.calls import CALLS, LOOKS
from falco.events.syscalls import NATIVE, SYSCALL_NAMES
from falco.events.table import CODES, EVENT_TABLE

TYPED = [call for call in CALLS if call.event]
SPELT = {
    "umount2": "umount",
    "pread64": "pread",
    "pwrite64": "pwrite",
    "prlimit64": "prlimit",
    "renameat2": "renameat2",
}
"""Names that the table of system calls spells otherwise."""


def names(call):
    return [call.name, SPELT.get(call.name, call.name)]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_the_number_is_that_of_the_call(call):
    assert SYSCALL_NAMES[NATIVE["x86_64"][call.number]] in names(call)


@pytest.mark.parametrize("call", TYPED, ids=lambda call: call.name)
def test_both_halves_have_the_parameters_of_the_event_table(call):
    enter, exit_ = (EVENT_TABLE[CODES[f"{call.event}_{half}"]] for half in "EX")
    assert len(call.exit) == len(exit_.params)
    assert len(call.enter) == len(enter.params)


@pytest.mark.parametrize("call", [c for c in CALLS if c not in LOOKS], ids=lambda call: call.name)
def test_relative_paths_have_a_base(call):
    """But those of calls that only look, which no rule sees without -A, and which come by the thousands."""
    takes_a_path = any(text.startswith("TEXT(") for text in call.exit) and call.name.endswith(("at", "at2"))
    assert bool(call.bases) or not takes_a_path


def test_no_number_stands_twice():
    assert len({call.number for call in CALLS}) == len(CALLS)
    compat = [number for call in CALLS for number in call.compat]
    assert len(set(compat)) == len(compat)


def test_names_of_0_15_are_kept():
    sent_as = {call.name: EVENT_TABLE[CODES[f"{call.event}_X"]].name for call in TYPED}
    assert [sent_as[name] for name in ("accept4", "dup2", "dup3", "pipe2", "umount2")] == [
        "accept",
        "dup",
        "dup",
        "pipe",
        "umount",
    ]
