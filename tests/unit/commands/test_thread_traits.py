"""Which threads the probe is told of, when, and when that is taken back."""

from __future__ import annotations

import errno

import pytest

from falco.capture.live.bpf import BpfError
from falco.capture.probe.sieve import NO_SIEVE, make_sieve
from falco.capture.probe.sifted import SIFTED
from falco.capture.probe.text import code
from falco.commands.thread_traits import MOST, PAYS, ThreadTraits
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.state.snapshot import Snapshot
from falco.state.state import State
from tests.events import Builder, process

OPENAT = next(code(each.call, "X") for each in SIFTED if each.call.name == "openat")


class Table:
    """A map of the probe."""

    def __init__(self):
        self.rows, self.full = {}, False

    def add(self, key, value):
        if key in self.rows:
            raise BpfError("it is there", errno.EEXIST)
        self.update(key, value)

    def update(self, key, value):
        if self.full:
            raise BpfError("no room", errno.E2BIG)
        self.rows[key] = value

    def delete(self, key):
        if key not in self.rows:
            raise BpfError("nothing there", errno.ENOENT)
        del self.rows[key]


def sieve(*conditions):
    nodes = [check(parse_condition(text, "test"), SYSCALL_FIELDS) for text in conditions]
    return make_sieve(lambda call: nodes if call.name == "openat" else [])


@pytest.fixture
def box():
    state = State()
    state.load(Snapshot(threads={tid: process(tid, comm="cat", uid=5) for tid in (7, 8)}))
    return Builder(state)


@pytest.fixture
def traits():
    made = ThreadTraits(Table(), Table())
    made.change(sieve("proc.name = cat", "user.uid = 0", "proc.name = dog"))
    return made


def look(traits, event, times=1):
    for _ in range(times):
        traits.look(event)


def opened(box):
    return box.event("SYSCALL_OPENAT_2_X", fd=3, dirfd=-100, name="/a")


def test_a_thread_is_told_of_once_it_pays_with_the_time_of_the_event_and_a_bit_for_each_test(box, traits):
    event = opened(box)
    look(traits, event, PAYS - 1)
    assert traits._table.rows == {}
    look(traits, event, PAYS)
    wanted = sieve("proc.name = cat", "user.uid = 0", "proc.name = dog")
    holding = [(test.field.key, test.operand) == ("proc.name", "cat") for test in wanted.traits]
    bits = 1 << holding.index(True)
    told = event.ts.to_bytes(8, "little") + bits.to_bytes(8, "little") + wanted.list_number.to_bytes(8, "little")
    assert (traits._table.rows, traits.told) == ({7: told}, 1)


@pytest.mark.parametrize(
    ("symbol", "values"),
    [
        ("SYSCALL_EXECVE_19_X", {"res": 0}),
        ("SYSCALL_SETUID_X", {"res": 0}),
        ("SYSCALL_PRCTL_X", {"res": 0, "option": 15}),
        ("SYSCALL_CHROOT_X", {"res": 0}),
        ("PROCEXIT_1_E", {}),
        ("SYSCALL_CLONE_20_X", {"res": 0}),
    ],
)
def test_what_changes_a_thread_takes_back_what_was_told_of_it(box, traits, symbol, values):
    look(traits, opened(box), PAYS)
    assert list(traits._table.rows) == [7]
    look(traits, box.event(symbol, **values))
    assert traits._table.rows == {}
    assert traits._sent == {}


def test_a_parents_call_takes_back_what_was_told_of_its_child_and_not_of_itself(box, traits):
    for tid in (7, 8):
        box.tid = tid
        look(traits, opened(box), PAYS)
    look(traits, box.event("SYSCALL_CLONE_20_X", res=7))
    assert list(traits._table.rows) == [8]


def test_other_rules_take_back_all_and_without_tests_nothing_is_told(box, traits):
    look(traits, opened(box), PAYS)
    traits.change(NO_SIEVE)
    look(traits, opened(box), 2 * PAYS)
    assert traits._table.rows == {}
    traits.change(sieve("proc.name = cat"))
    look(traits, opened(box), PAYS)
    assert list(traits._table.rows) == [7]


def test_a_full_table_is_counted_and_what_was_refused_needs_no_taking_back(box, traits):
    traits._table.full = True
    look(traits, opened(box), 3 * PAYS)
    assert (traits.refused, traits.told) == (1, 0)
    traits.forget_all()


def test_threads_from_before_have_not_changed_unless_the_probe_knows_better(traits):
    traits._changed.rows[7] = b"later"
    traits.begin((7, 8))
    assert traits._changed.rows == {7: b"later", 8: (1).to_bytes(8, "little")}


def test_a_thread_that_state_does_not_know_is_not_told_of(traits):
    stranger = Builder(State(), tid=99)
    look(traits, opened(stranger), 2 * PAYS)
    assert traits._table.rows == {}


def test_not_more_threads_are_counted_than_there_is_room_for(box, traits):
    event = opened(box)
    for tid in range(1, 2 * MOST):
        event.tid = tid
        traits.look(event)
        assert len(traits._sent) <= MOST + 1
