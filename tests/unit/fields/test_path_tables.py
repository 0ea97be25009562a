from __future__ import annotations

from falco.fields.path_tables import NO_TABLES, PathTables


def test_tables_that_say_nothing_are_false():
    assert not NO_TABLES
    assert PathTables({"/bin": "/usr/bin"})
    assert PathTables(files={(1, 2): ("/etc/shadow",)})


def test_equal_tables_are_equal():
    assert PathTables({"/a": "/b"}, {(1, 2): ("/a",)}) == PathTables({"/a": "/b"}, {(1, 2): ("/a",)})
    assert PathTables({"/a": "/b"}) != NO_TABLES
