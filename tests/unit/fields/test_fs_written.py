from __future__ import annotations

import pytest

from falco.events.syscalls import codes_named
from falco.events.table import CODES, EVENT_TABLE
from falco.fields import fs_written
from falco.fields.field import VARIES
from falco.state.fds import FdType
from tests.facts import base_fact, fd_fact, name_fact
from tests.unit.fields.reading import one, read

FIELD = one(fs_written.FIELDS, "fs.path.written")
ROWS = [
    ("SYSCALL_OPEN_X", {"fd": 3, "name": "/a", "flags": "O_WRONLY"}, "/a"),
    ("SYSCALL_OPENAT_2_X", {"fd": 3, "dirfd": -100, "name": "/a", "flags": "O_RDWR"}, "/a"),
    ("SYSCALL_OPENAT2_X", {"fd": 3, "dirfd": -100, "name": "/a", "flags": "O_RDONLY"}, None),
    ("SYSCALL_OPEN_X", {"fd": -2, "name": "/a", "flags": "O_WRONLY"}, None),
    ("SYSCALL_CREAT_X", {"fd": 3, "name": "/a", "mode": 0o600}, "/a"),
    ("SYSCALL_MKNOD_X", {"path": "/a"}, "/a"),
    ("SYSCALL_MKNODAT_X", {"dirfd": -100, "path": "/a"}, "/a"),
    ("SYSCALL_RENAME_X", {"oldpath": "/a", "newpath": "/b"}, "/b"),
    ("SYSCALL_RENAMEAT_X", {"olddirfd": -100, "oldpath": "/a", "newdirfd": -100, "newpath": "/b"}, "/b"),
    ("SYSCALL_RENAMEAT2_X", {"olddirfd": -100, "oldpath": "/a", "newdirfd": -100, "newpath": "/b"}, "/b"),
    ("SYSCALL_RENAME_X", {"res": -1, "oldpath": "/a", "newpath": "/b"}, None),
    ("SYSCALL_LINK_2_X", {"oldpath": "/a", "newpath": "/b"}, "/b"),
    ("SYSCALL_LINKAT_2_X", {"olddir": -100, "oldpath": "/a", "newdir": -100, "newpath": "/b"}, "/b"),
    ("SYSCALL_SYMLINK_X", {"target": "/a", "linkpath": "/b"}, "/b"),
    ("SYSCALL_SYMLINKAT_X", {"target": "/a", "linkdirfd": -100, "linkpath": "/b"}, "/b"),
    ("SYSCALL_MOUNT_X", {"dev": "/a", "dir": "/b"}, "/b"),
    ("SYSCALL_UNLINK_2_X", {"path": "/a"}, None),
    ("SYSCALL_MKDIR_2_X", {"path": "/a"}, None),
    ("SYSCALL_CHMOD_X", {"filename": "/a"}, None),
]


@pytest.mark.parametrize(("symbol", "values", "path"), ROWS)
def test_what_is_written(box, symbol, values, path):
    assert read(fs_written.FIELDS, "fs.path.written", box.event(symbol, **values)) == path
    assert FIELD.fixed(EVENT_TABLE[CODES[symbol]]) in (path, VARIES)


@pytest.mark.parametrize(
    ("call", "role", "path"),
    [("truncate", "n", "/b/x"), ("move_mount", "t", "/b/x"), ("pivot_root", "t", None), ("ftruncate", "n", None)],
)
def test_calls_without_an_event_of_their_own(box, call, role, path):
    (number,) = codes_named(call)
    told = [base_fact(role, "/b"), name_fact(role, "x")]
    event = box.event("GENERIC_X", ID=number, nativeID=1, count=2, extra=told)
    assert read(fs_written.FIELDS, "fs.path.written", event) == path


def test_a_path_is_the_kernels_where_its_field_says_so(box):
    assert FIELD.kernel_path is not None
    given = FIELD.kernel_path.is_given
    assert given is not None
    fact = fd_fact(3, FdType.FILE_V2, "/real")
    opened = box.event("SYSCALL_OPEN_X", fd=3, name="l", flags="O_WRONLY", count=6, extra=[base_fact("n", "/"), fact])
    assert (given(opened), fs_written.written(opened)) == (True, "/real")
    assert not given(box.event("SYSCALL_OPEN_X", fd=3, name="l", flags="O_WRONLY"))
    assert not given(box.event("SYSCALL_READ_X", res=1))
