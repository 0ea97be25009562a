"""The probe's C text, as far as it can be looked at without a compiler."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.capture.probe.calls import CALLS, LIFE
from falco.capture.probe.plan import Wanted, make_plan
from falco.capture.probe.text import code, generic, probe_text
from falco.events import native
from falco.events.syscalls import SYSCALL_NAMES
from falco.events.table import CODES, EVENT_TABLE, GENERIC_X

EVERYTHING = make_plan(Wanted(frozenset(range(len(EVENT_TABLE))), None), 0).programs
TEXT = probe_text(EVERYTHING, (), "/* the layout */\n")


def test_it_has_the_programs_that_are_asked_for_and_no_others_of_calls():
    text = probe_text(("exit_openat", "enter_close"), (), "")
    made = re.findall(r"^int ((?:enter|exit)_\w+)\(", text, re.MULTILINE)
    by_hand = {"exit_execve", "exit_execveat", "exit_clone", "exit_clone3", "exit_fork", "exit_vfork"}
    assert set(made) - by_hand == {"exit_openat", "enter_close"}


def test_it_has_every_program_that_a_plan_can_name():
    made = set(re.findall(r"^int (\w+)\(struct bpf_raw_tracepoint_args", TEXT, re.MULTILINE))
    assert set(EVERYTHING) <= made


def test_every_program_is_in_exactly_one_part():
    guards = re.findall(r"^#if IN_PART\(\d+\)\nint (\w+)\(", TEXT, re.MULTILINE)
    assert sorted(guards) == sorted(re.findall(r"^int (\w+)\(struct bpf_raw", TEXT, re.MULTILINE))


def test_the_layout_comes_first():
    assert TEXT.startswith("/* the layout */\n")


def test_the_kernels_own_functions_stand_aside():
    """linux/mm.h has an exit_mmap of its own."""
    text = probe_text(["exit_mmap"], [], "#include <linux/mm.h>\n")
    before, after = text.split("#include <linux/mm.h>\n")
    assert before == "#define exit_mmap kernels_exit_mmap\n"
    assert after.startswith("#undef exit_mmap\n")


@pytest.mark.parametrize("call", [*LIFE, *CALLS], ids=lambda call: call.name)
def test_a_call_has_its_codes_and_its_number_in_the_tables_order(call):
    symbol = f"{call.event}_X" if call.event else "GENERIC_X"
    assert code(call, "X") == CODES[symbol]
    assert code(call, "X") == GENERIC_X or EVENT_TABLE[code(call, "E")].name == EVENT_TABLE[code(call, "X")].name
    assert SYSCALL_NAMES[generic(call)] == call.name


def body(name):
    """The lines of a generated function."""
    found = re.search(rf"INLINE u32 {name}\(u64 native\) {{\n(.*?)\n}}", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


@given(st.integers(0, (1 << 32) - 1))
def test_masks_are_mapped_as_the_plain_function_does(value):
    for name, pairs in (
        ("clone_flags", native.CLONE_FLAGS),
        ("open_bits", native.OPEN_FLAGS),
        ("prot_flags", native.PROT_FLAGS),
        ("mmap_flags", native.MMAP_FLAGS),
    ):
        rows = re.findall(r"if \(native & (0x[0-9a-f]+)\) ours \|= (0x[0-9a-f]+);", body(name))
        ours = 0
        for bit, into in rows:
            ours |= int(into, 16) if value & int(bit, 16) else 0
        assert ours == native.flags(value, pairs)


@pytest.mark.parametrize(
    ("name", "pairs"), [("fcntl_command", native.FCNTL_COMMANDS), ("ptrace_request", native.PTRACE_REQUESTS)]
)
def test_commands_are_mapped_as_in_the_table(name, pairs):
    rows = re.findall(r"case (\d+): return (\d+);", body(name))
    assert tuple((int(value), int(ours)) for value, ours in rows) == pairs


def test_memory_is_read_by_names_that_bcc_does_not_know():
    """At each mention of its own it goes through all symbols of the kernel (c/runtime.h)."""
    assert "read_user_str(" in TEXT
    assert "bpf_probe_read" not in TEXT
