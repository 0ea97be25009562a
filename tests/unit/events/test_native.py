"""The kernel's numbers beside the event table's."""

from __future__ import annotations

import fcntl
import os

import pytest

from falco.events import native
from falco.events.flags import FLAG_TABLES

OPENS = dict(FLAG_TABLES["file_flags"])
COMMANDS = dict(FLAG_TABLES["fcntl_commands"])


@pytest.mark.parametrize("name", sorted(name for name in OPENS if hasattr(os, name) and name != "O_RDONLY"))
def test_open_flags_have_the_numbers_of_their_names(name):
    value = getattr(os, name)
    if name == "O_LARGEFILE":
        value = 0o100000  # 0 to programs of 64 bits, for which every open is one; the kernel sets it all the same
    assert native.open_flags(value) & OPENS[name] == OPENS[name]


def test_the_access_mode_is_a_number_not_bits():
    assert [native.open_flags(mode) for mode in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, 3)] == [1, 2, 3, 3]


@pytest.mark.parametrize("name", sorted(n for n in COMMANDS if hasattr(fcntl, n) and not n.endswith("64")))
def test_fcntl_commands_have_the_numbers_of_their_names(name):
    assert dict(native.FCNTL_COMMANDS)[getattr(fcntl, name)] == COMMANDS[name]


@pytest.mark.parametrize(
    ("pairs", "table"),
    [
        (native.OPEN_FLAGS, "file_flags"),
        (native.CLONE_FLAGS, "clone_flags"),
        (native.FCNTL_COMMANDS, "fcntl_commands"),
        (native.PTRACE_REQUESTS, "ptrace_requests"),
    ],
)
def test_each_number_stands_for_one_of_the_table(pairs, table):
    natives, ours = zip(*pairs, strict=True)
    assert len(set(natives)) == len(natives)
    assert len(set(ours)) == len(ours)
    assert set(ours) <= set(dict(FLAG_TABLES[table]).values())


def test_bits_are_taken_one_by_one():
    assert native.flags(0x100 | 0x10000 | 0x2, native.CLONE_FLAGS) == 0x8000 | 0x2000
