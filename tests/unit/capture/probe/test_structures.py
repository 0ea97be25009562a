"""The declarations of structures agree with each other."""

from __future__ import annotations

from falco.capture.probe import structures


def test_every_renamed_or_conditional_member_is_one_that_is_read():
    known = {f"{row.name}.{member}" for row in structures.STRUCTURES for member in row.members.split()}
    assert {*structures.RENAMED, *structures.NEWER, *structures.BIT_FIELDS} - known == set()
    assert set(structures.PRIVATE) == {row.name for row in structures.STRUCTURES if not row.header}


def test_what_is_read_without_calls_is_a_structure_or_a_member_that_is_read():
    known = {f"{row.name}.{member}" for row in structures.STRUCTURES for member in row.members.split()}
    assert set(structures.TYPED) - known == set()
    assert set(structures.DIRECTLY) - {row.name for row in structures.STRUCTURES} == set()
