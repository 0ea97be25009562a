from __future__ import annotations

from typing import Any

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import fs
from falco.fields.field import VARIES
from falco.state.fds import FdType
from tests.facts import base_fact, fd_fact, name_fact, path_fact
from tests.unit.fields.reading import one, read

NONE = (None, None)
FIELDS = ("name", "source", "target")


def paths(event) -> dict[str, tuple[object, object]]:
    """Of each of the three: what it resolves to, and what was passed; only those that have a value."""
    found = {name: (read(fs.FIELDS, f"fs.path.{name}", event), read(fs.FIELDS, f"fs.path.{name}raw", event))
             for name in FIELDS}  # fmt: skip
    return {name: pair for name, pair in found.items() if pair != NONE}


ONE_PATH: list[tuple[str, dict[str, Any]]] = [
    ("SYSCALL_MKDIR_2_X", {"path": "x"}),
    ("SYSCALL_MKDIRAT_X", {"dirfd": -100, "path": "x"}),
    ("SYSCALL_RMDIR_2_X", {"path": "x"}),
    ("SYSCALL_UNLINK_2_X", {"path": "x"}),
    ("SYSCALL_UNLINKAT_2_X", {"dirfd": -100, "name": "x"}),
    ("SYSCALL_MKNOD_X", {"path": "x"}),
    ("SYSCALL_MKNODAT_X", {"dirfd": -100, "path": "x"}),
    ("SYSCALL_CHMOD_X", {"filename": "x"}),
    ("SYSCALL_FCHMODAT_X", {"dirfd": -100, "filename": "x"}),
    ("SYSCALL_CHOWN_X", {"path": "x"}),
    ("SYSCALL_LCHOWN_X", {"path": "x"}),
    ("SYSCALL_FCHOWNAT_X", {"dirfd": -100, "pathname": "x"}),
    ("SYSCALL_UMOUNT_X", {"name": "x"}),
    ("SYSCALL_UMOUNT2_X", {"name": "x"}),
    ("SYSCALL_OPEN_X", {"name": "x"}),
    ("SYSCALL_OPENAT_2_X", {"dirfd": -100, "name": "x"}),
]


@pytest.mark.parametrize(("symbol", "values"), ONE_PATH, ids=[symbol for symbol, _ in ONE_PATH])
def test_calls_with_one_path(box, symbol, values):
    assert paths(box.event(symbol, **values)) == {"name": ("/home/u/x", "x")}
    count = len(EVENT_TABLE[CODES[symbol]].params)
    assert paths(box.event(symbol, **values, count=count, extra=[base_fact("n", "/b")])) == {"name": ("/b/x", "x")}
    told = [base_fact("n", "/b"), path_fact("n", "/real")]
    if not symbol.startswith("SYSCALL_OPEN"):
        assert paths(box.event(symbol, **values, count=count, extra=told)) == {"name": ("/real", "x")}


TWO_PATHS = [
    ("SYSCALL_RENAME_X", {"oldpath": "a", "newpath": "b"}, "a", "b"),
    ("SYSCALL_RENAMEAT_X", {"olddirfd": -100, "oldpath": "a", "newdirfd": -100, "newpath": "b"}, "a", "b"),
    ("SYSCALL_RENAMEAT2_X", {"olddirfd": -100, "oldpath": "a", "newdirfd": -100, "newpath": "b"}, "a", "b"),
    ("SYSCALL_LINK_2_X", {"oldpath": "a", "newpath": "b"}, "b", "a"),
    ("SYSCALL_LINKAT_2_X", {"olddir": -100, "oldpath": "a", "newdir": -100, "newpath": "b"}, "b", "a"),
    ("SYSCALL_MOUNT_X", {"dev": "./a", "dir": "b"}, "./a", "b"),
]


@pytest.mark.parametrize(("symbol", "values", "source", "target"), TWO_PATHS, ids=[row[0] for row in TWO_PATHS])
def test_calls_with_two_paths(box, symbol, values, source, target):
    def expected(bases):
        return {
            name: (f"{base}/{passed.removeprefix('./')}", passed)
            for name, passed, base in zip(("source", "target"), (source, target), bases, strict=True)
        }

    assert paths(box.event(symbol, **values)) == expected(("/home/u", "/home/u"))
    # The probe's roles are the kernel's: what a link is made of is its source.
    bases = {"a": "/one", "./a": "/one", "b": "/two"}
    told = [base_fact("s", "/one"), base_fact("t", "/two")]
    assert paths(box.event(symbol, **values, extra=told)) == expected((bases[source], bases[target]))
    told = [*told, path_fact("s", "/real/one"), path_fact("t", "/real/two")]
    found = paths(box.event(symbol, **values, extra=told))
    assert {name: pair[0] for name, pair in found.items()} == {
        "source": f"/real{bases[source]}",
        "target": f"/real{bases[target]}",
    }


@pytest.mark.parametrize(
    ("target", "link", "resolved"),
    [
        ("file", "dir/link", "/home/u/dir/file"),
        ("../file", "/a/b/link", "/a/file"),
        ("/abs//file", "link", "/abs/file"),
        ("file", "/link", "/file"),
    ],
)
def test_a_symbolic_link_points_from_where_it_is(box, target, link, resolved):
    found = paths(box.event("SYSCALL_SYMLINK_X", target=target, linkpath=link))
    assert found["target"] == (resolved, target)
    assert found["source"][1] == link


def test_a_symbolic_link_by_the_kernels_word(box):
    event = box.event("SYSCALL_SYMLINKAT_X", target="file", linkdirfd=4, linkpath="link",
                      extra=[base_fact("t", "/four")])  # fmt: skip
    assert paths(event) == {"source": ("/four/link", "link"), "target": ("/four/file", "file")}


def test_what_is_mounted_need_not_be_a_file(box):
    assert paths(box.event("SYSCALL_MOUNT_X", dev="proc", dir="/proc"))["source"] == ("proc", "proc")


def test_a_directory_fd_is_where_a_path_starts(box):
    box.call("SYSCALL_OPEN", fd=4, name="/four", flags="O_DIRECTORY")
    assert paths(box.event("SYSCALL_UNLINKAT_2_X", dirfd=4, name="../x")) == {"name": ("/x", "../x")}
    assert paths(box.event("SYSCALL_UNLINKAT_2_X", dirfd=5, name="x")) == {"name": ("<UNKNOWN>/x", "x")}


def test_an_open_has_the_kernels_path(box):
    fact = fd_fact(3, FdType.FILE_V2, "/real")
    event = box.event("SYSCALL_OPEN_X", fd=3, name="link", count=6, extra=[base_fact("n", "/b"), fact])
    assert paths(event) == {"name": ("/real", "link")}


@pytest.mark.parametrize("symbol", ["SYSCALL_FCHMOD_X", "SYSCALL_FCHOWN_X"])
def test_calls_on_an_fd_have_its_path(box, symbol):
    event = box.event(symbol, res=0, fd=3, extra=[fd_fact(3, FdType.FILE_V2, "/real")])
    assert paths(event) == {"name": ("/real", None)}
    assert paths(box.event(symbol, res=-9, fd=4)) == {}


def test_calls_that_failed_have_none(box):
    told = [base_fact("n", "/b"), path_fact("n", "/real")]
    assert paths(box.event("SYSCALL_UNLINK_2_X", res=-2, path="x", extra=told)) == {}
    assert paths(box.event("SYSCALL_OPEN_X", fd=-2, name="x")) == {}
    assert paths(box.event("SYSCALL_RENAME_X", res=-1, oldpath="a", newpath="b")) == {}


def test_enters_and_other_calls_have_none(box):
    assert paths(box.event("SYSCALL_OPEN_E", name="x", count=1)) == {}
    assert paths(box.event("SYSCALL_CHROOT_X", res=0, path="x")) == {}
    assert paths(box.event("SYSCALL_READ_X", res=1)) == {}


def test_calls_without_an_event_of_their_own_have_what_facts_tell(box):
    generic = {"ID": 5, "nativeID": 76}
    assert paths(box.event("GENERIC_X", **generic)) == {}
    told = [base_fact("n", "/b"), name_fact("n", "x")]
    assert paths(box.event("GENERIC_X", **generic, count=2, extra=told)) == {"name": ("/b/x", "x")}
    assert paths(box.event("GENERIC_X", **generic, count=2, extra=[*told, path_fact("n", "/r")])) == {
        "name": ("/r", "x")
    }
    assert paths(box.event("GENERIC_X", **generic, count=2, extra=[name_fact("t", "x")])) == {"target": (None, "x")}
    fact = fd_fact(3, FdType.FILE_V2, "/f")
    assert paths(box.event("GENERIC_X", **generic, count=2, extra=[fact])) == {"name": ("/f", None)}
    assert paths(box.event("GENERIC_X", **generic, count=2, extra=[fact, *told])) == {"name": ("/b/x", "x")}
    assert paths(box.event("GENERIC_X", **generic)) == {}


@pytest.mark.parametrize("name", [f"fs.path.{name}{raw}" for name in FIELDS for raw in ("", "raw")])
def test_a_constant_is_what_events_have(box, name):
    field = one(fs.FIELDS, name)
    for symbol, values in ONE_PATH:
        found = field.fixed(EVENT_TABLE[CODES[symbol]])
        assert found is VARIES or read(fs.FIELDS, name, box.event(symbol, **values)) is found is None
    assert field.fixed(EVENT_TABLE[CODES["SYSCALL_READ_X"]]) is None
    assert field.fixed(EVENT_TABLE[CODES["SYSCALL_RENAME_X"]]) is (None if name.startswith("fs.path.name") else VARIES)


def given_by_kernel():
    """What tells whether fs.path.name is the kernel's."""
    origin = one(fs.FIELDS, "fs.path.name").kernel_path
    assert origin is not None
    assert origin.is_given is not None
    return origin.is_given


@pytest.mark.parametrize(
    ("extra", "given"),
    [([], False), ([base_fact("n", "/b")], True), ([path_fact("n", "/r")], True), ([base_fact("s", "/b")], False)],
)
def test_what_facts_tell_is_the_kernels(box, extra, given):
    assert given_by_kernel()(box.event("SYSCALL_UNLINK_2_X", path="x", extra=extra)) is given
    assert one(fs.FIELDS, "fs.path.nameraw").kernel_path is None


def test_the_path_of_an_fd_is_the_kernels_if_it_is(box):
    given = given_by_kernel()
    assert given(box.event("SYSCALL_FCHMOD_X", fd=3, extra=[fd_fact(3, FdType.FILE_V2, "/f")]))
    assert not given(box.event("SYSCALL_FCHMOD_X", fd=4))
