"""Loading as a plan wants it, in a kernel made up for it."""

from __future__ import annotations

import errno
import struct

import pytest

from falco.capture.live.bpf import BpfError
from falco.capture.live.loader import Loaded
from falco.capture.probe.object import KERNELS_FUNCTION, MapSpec, ProbeObject, ProgramSpec
from falco.capture.probe.plan import Plan
from falco.errors import FalcoError

MAPS = (MapSpec("exits", 3, 4, 4, 512, 0), MapSpec("slots", 2, 4, 2, 512, 0), MapSpec("ring", 27, 0, 0, 4096, 0))
LOAD_RING = b"\x18\x11" + bytes(14)


class FakeTable:
    """Of a map of programs it tells the numbers, as the kernel does."""

    def __init__(self, spec, fd):
        self.spec, self.fd, self.values, self.closed = spec, fd, {}, False

    def lookup(self, key):
        if key not in self.values:
            raise BpfError("nothing there", errno.ENOENT)
        value = self.values[key]
        return struct.pack("=I", struct.unpack("=i", value)[0] + 1000) if self.spec.type == 3 else value

    def lookup_cpus(self, key):
        return (self.lookup(key),)

    def update(self, key, value):
        self.values[key] = value

    def delete(self, key):
        del self.values[key]

    def close(self):
        self.closed = True


class FakeKernel:
    """Gives fds from 10 on, and refuses what it is told to. Programs have the number of their fd and 1000."""

    def __init__(self, refused=()):
        self.refused, self.tables, self.code, self.links = set(refused), {}, {}, {}
        self.steps, self._fd = [], 9
        self.waiting = lambda tables: None

    def _next(self, what):
        self.steps.append(what)
        if what in self.refused:
            raise BpfError(what, errno.EACCES, "the verifier's word")
        self._fd += 1
        return self._fd

    def create_map(self, spec):
        self.tables[spec.name] = FakeTable(spec, self._next(f"map {spec.name}"))
        return self.tables[spec.name]

    def load_program(self, name, kind, code):
        self.code[name] = code
        return self._next(f"program {name}")

    def program_id(self, program):
        return program + 1000

    def open_raw_tracepoint(self, tracepoint, program):
        link = self._next(f"tracepoint {tracepoint}")
        self.links[link] = program
        return link

    def linked_program(self, link):
        if link not in self.links:
            raise BpfError("no link", errno.EBADF)
        return self.links[link] + 1000

    def wait_for_programs(self):
        self.steps.append("wait")
        self.waiting(self.tables)

    def close(self, fd):
        self.steps.append(f"close {fd}")
        self.links.pop(fd, None)


def load(kernel=None, names=("on_exit", "exit_open", "exit_close"), **options):
    programs = tuple(ProgramSpec(name, LOAD_RING, ((4, "ring"),)) for name in names)
    plan = Plan(
        {"on_exit": "sys_exit", "on_exec": "sched_process_exec"},
        {"exits": {2: "exit_open", 3: "exit_close"}},
        {"slots": {2: b"\1\0", 3: b"\2\0"}},
    )
    return Loaded(ProbeObject(MAPS, programs, {}), plan, kernel=kernel or FakeKernel(), **options)


def test_maps_are_filled_before_anything_runs():
    kernel = FakeKernel()
    loaded = load(kernel)
    assert kernel.steps == [
        "map exits", "map slots", "map ring", "program exit_open", "program exit_close", "program on_exit",
    ]  # fmt: skip
    assert kernel.tables["exits"].values == {2: struct.pack("=i", 13), 3: struct.pack("=i", 14)}
    assert kernel.tables["slots"].values == {2: b"\1\0", 3: b"\2\0"}
    loaded.attach()
    assert kernel.steps[6:] == ["tracepoint sys_exit"]


def test_programs_get_the_fds_of_their_maps():
    kernel = FakeKernel()
    load(kernel)
    assert kernel.code["on_exit"] == b"\x18\x11\0\0" + struct.pack("=i", kernel.tables["ring"].fd) + bytes(8)


def test_calls_of_the_kernels_own_functions_are_marked_as_such_and_others_are_not():
    call = struct.Struct("=BBhi").pack
    wide = b"\x18\x01" + bytes(2) + struct.pack("=i", KERNELS_FUNCTION) + bytes(8)
    code = call(0x85, 0, 0, KERNELS_FUNCTION + 4711) + call(0x85, 0, 0, 158) + wide
    program = ProgramSpec("on_exit", code, ())
    kernel = FakeKernel()
    Loaded(ProbeObject(MAPS, (program,), {}), Plan({"on_exit": "sys_exit"}, {}, {}), kernel=kernel)
    assert kernel.code["on_exit"] == call(0x85, 0x20, 0, 4711) + code[8:]


def test_a_program_that_the_verifier_refuses_is_left_out():
    kernel = FakeKernel({"program exit_open"})
    loaded = load(kernel)
    assert loaded.left_out["exit_open"].endswith("the verifier's word")
    assert set(kernel.tables["exits"].values) == {3}
    loaded.attach()
    assert list(loaded.wrong()) == []


def test_a_program_that_is_not_in_the_probe_is_left_out():
    assert load().left_out == {"on_exec": "program on_exec is not in the compiled probe"}


def test_a_tracepoint_that_is_missing_leaves_its_program_out():
    loaded = load(FakeKernel({"tracepoint sched_process_exec"}), ("on_exit", "on_exec"))
    loaded.attach()
    assert set(loaded.left_out) == {"exit_open", "exit_close", "on_exec"}
    assert list(loaded.wrong()) == []


def test_nothing_that_can_be_attached_is_an_error():
    with pytest.raises(FalcoError, match="no part of the probe runs:\n") as failure:
        load(FakeKernel({"tracepoint sys_exit"})).attach()
    assert "tracepoint sys_exit: Permission denied" in str(failure.value)


def test_a_map_that_cannot_be_had_is_an_error_and_the_others_are_given_back():
    kernel = FakeKernel({"map ring"})
    with pytest.raises(BpfError, match="map ring"):
        load(kernel)
    assert [table.closed for table in kernel.tables.values()] == [True, True]


def test_another_size():
    assert load(entries={"ring": 1 << 20}).maps["ring"].spec.max_entries == 1 << 20


def test_a_slot_that_was_emptied_or_taken_is_told_and_mended():
    kernel = FakeKernel()
    loaded = load(kernel)
    loaded.attach()
    del kernel.tables["exits"].values[2]
    kernel.tables["exits"].values[3] = struct.pack("=i", 99)
    assert list(loaded.wrong()) == [
        "slot 2 of map exits no longer holds program exit_open",
        "slot 3 of map exits no longer holds program exit_close",
    ]
    loaded.mend()
    assert list(loaded.wrong()) == []


def test_an_array_that_was_changed_is_told_and_mended():
    kernel = FakeKernel()
    loaded = load(kernel)
    kernel.tables["slots"].values[3] = bytes(2)
    assert list(loaded.wrong()) == ["value 3 of map slots was changed"]
    loaded.mend()
    assert list(loaded.wrong()) == []


def test_a_value_that_we_changed_is_right():
    kernel = FakeKernel()
    loaded = load(kernel)
    loaded.set("slots", 3, b"\7\0")
    assert kernel.tables["slots"].values[3] == b"\7\0"
    assert list(loaded.wrong()) == []


def test_a_program_that_came_off_is_told_and_hung_up_again():
    kernel = FakeKernel()
    loaded = load(kernel)
    loaded.attach()
    kernel.links.clear()
    assert list(loaded.wrong()) == ["program on_exit no longer hangs on tracepoint sys_exit"]
    loaded.mend()
    assert list(loaded.wrong()) == []


def test_what_cannot_be_hung_up_again_stays_wrong():
    kernel = FakeKernel()
    loaded = load(kernel)
    loaded.attach()
    kernel.refused.add("tracepoint sys_exit")
    with pytest.raises(BpfError):
        loaded.reattach()
    assert list(loaded.wrong()) == ["program on_exit no longer hangs on tracepoint sys_exit"]
    kernel.refused.clear()
    loaded.mend()
    assert list(loaded.wrong()) == []


def test_reattaching_takes_off_before_it_hangs_up():
    kernel = FakeKernel()
    loaded = load(kernel)
    loaded.attach()
    (link,) = kernel.links
    loaded.reattach()
    assert kernel.steps[-2:] == [f"close {link}", "tracepoint sys_exit"]
    assert len(kernel.links) == 1


def test_another_plan_adds_and_takes_away_and_leaves_what_both_want():
    kernel = FakeKernel()
    loaded = load(kernel, ("on_exit", "on_exec", "exit_open", "exit_close"))
    loaded.attach()
    exits = dict(kernel.tables["exits"].values)
    before = len(kernel.steps)
    wanted = ("on_exit", "on_fork", "exit_close", "exit_chmod")
    plan = Plan(
        {"on_exit": "sys_exit", "on_fork": "sched_process_fork"},
        {"exits": {3: "exit_close", 90: "exit_chmod"}},
        {"slots": {3: b"\2\0", 90: b"\1\0"}},
    )
    loaded.change(ProbeObject(MAPS, tuple(ProgramSpec(name, LOAD_RING, ((4, "ring"),)) for name in wanted), {}), plan)
    steps = kernel.steps[before:]
    assert steps[:3] == ["program exit_chmod", "program on_fork", "tracepoint sched_process_fork"]
    assert sorted(steps[3:]) == ["close 13", "close 16", "close 18"], "exit_open, on_exec, and the latter's link"
    assert kernel.tables["exits"].values == {3: exits[3], 90: struct.pack("=i", 19)}
    assert kernel.tables["slots"].values == {2: bytes(2), 3: b"\2\0", 90: b"\1\0"}
    assert list(loaded.wrong()) == []
    assert loaded.left_out == {}


def test_programs_made_for_the_arrays_are_never_there_with_other_arrays():
    """Between two plans there are none of them."""
    kernel = FakeKernel()
    maps = (*MAPS, MapSpec("sieves", 3, 4, 4, 512, 0))
    names = ("on_exit", "exit_open", "sieve_1", "sieve_2")
    probe = ProbeObject(maps, tuple(ProgramSpec(name, LOAD_RING, ((4, "ring"),)) for name in names), {})

    def plan(which):
        tails = {"exits": {2: "exit_open"}, "sieves": {2: f"sieve_{which}"}}
        return Plan({"on_exit": "sys_exit"}, tails, {"slots": {2: bytes((which, 0)), 3: bytes((which, 0))}})

    loaded = Loaded(probe, plan(1), kernel=kernel)
    sieves, slots = kernel.tables["sieves"].values, kernel.tables["slots"]
    first, seen = sieves[2], []

    class Watched(dict[int, bytes]):
        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            seen.append((sieves.get(2), tuple(self.values())))

    slots.values = Watched(slots.values)
    kernel.waiting = lambda tables: seen.append((tables["sieves"].values.get(2), tuple(slots.values.values())))
    loaded.change(probe, plan(2))
    # What runs yet has ended before an array is another one: it could go on to a new program with what it has seen.
    assert seen == [(None, (b"\1\0", b"\1\0")), (None, (b"\2\0", b"\1\0")), (None, (b"\2\0", b"\2\0"))]
    assert sieves[2] not in (first, None)
    assert list(loaded.wrong()) == []


def test_everything_is_given_back():
    kernel = FakeKernel()
    with load(kernel) as loaded:
        loaded.attach()
    assert not kernel.links
    assert all(table.closed for table in kernel.tables.values())
    assert [step for step in kernel.steps if step.startswith("close")] == [f"close {fd}" for fd in (16, 13, 14, 15)]
