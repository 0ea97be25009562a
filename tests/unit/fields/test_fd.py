from __future__ import annotations

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import fd
from falco.fields.field import VARIES
from falco.state.fds import FdInfo, FdType
from tests.unit.fields.reading import read


def value(name, event):
    return read(fd.FIELDS, f"fd.{name}", event)


NAMES = tuple(field.name.removeprefix("fd.") for field in fd.FIELDS)


def test_a_file(event_of, process):
    process.container_id = "c0ffee"
    process.fds[3].dev, process.fds[3].ino = 0x801, 77
    event = event_of("SYSCALL_READ_E", 3, 10, fd=3)
    assert {name: value(name, event) for name in NAMES} == {
        "num": 3,
        "type": "file",
        "typechar": "f",
        "name": "/etc/passwd",
        "directory": "/etc",
        "filename": "passwd",
        "uid": "1003",
        "containername": "c0ffee:/etc/passwd",
        "containerdirectory": "c0ffee:/etc",
        "name_changed": False,
        "dev": 0x801,
        "dev.major": 8,
        "dev.minor": 1,
        "ino": 77,
    }


def test_a_directory_is_its_own_directory_and_has_no_file_name(event_of):
    event = event_of("SYSCALL_READ_E", 4, 10, fd=4)
    assert [value(name, event) for name in ("type", "typechar", "directory", "filename")] == [
        "directory",
        "d",
        "/var/dir",
        None,
    ]


def test_a_socket_has_no_directory(event_of):
    event = event_of("SYSCALL_READ_E", 5, 10, fd=5)
    found = [value(name, event) for name in ("type", "typechar", "name", "directory", "containerdirectory", "filename")]
    assert found == ["ipv4", "4", "127.0.0.1:4000->10.0.0.1:80", None, None, None]


@pytest.mark.parametrize(
    ("path", "directory", "filename"),
    [
        ("/etc/passwd", "/etc", "passwd"),
        ("/vmlinuz", "/", "vmlinuz"),
        ("noslash", "/", "/"),
        ("/a/b/", "/a/b/", "/a/b/"),
        ("", "/", "/"),
    ],
)
def test_paths_are_cut_at_the_last_slash(event_of, process, path, directory, filename):
    process.fds[3].name = path
    event = event_of("SYSCALL_READ_E", 3, 10, fd=3)
    assert (value("directory", event), value("filename", event)) == (directory, filename)


def test_a_failed_open_shows_what_it_tried(event_of):
    event = event_of("SYSCALL_OPEN_X", -2, "/no/such", 1)
    event.path = "/no/such"
    found = {name: value(name, event) for name in ("num", "name", "directory", "containername", "typechar")}
    assert found == {
        "num": -1,
        "name": "/no/such",
        "directory": "/no",
        "containername": ":/no/such",
        "typechar": "f",
    }
    assert [value(name, event) for name in ("filename", "type", "dev", "ino", "name_changed")] == [None] * 5


def test_an_unknown_fd_has_an_empty_name_where_the_call_returns(event_of):
    event = event_of("SYSCALL_READ_X", 5, b"hello", fd=99)
    found = [value(name, event) for name in ("num", "name", "directory", "typechar", "type", "filename")]
    assert found == [99, "", "/", "o", None, None]


def test_an_unknown_fd_has_no_name_where_the_call_begins(event_of):
    event = event_of("SYSCALL_READ_E", 99, 5, fd=99)
    names = ("name", "directory", "containername", "containerdirectory")
    assert [value(name, event) for name in names] == [None] * 4


def test_a_failed_connect_shows_the_address_it_tried(event_of):
    event = event_of("SOCKET_CONNECT_X", -111, None, fd=5)
    assert value("name", event) == "127.0.0.1:4000->10.0.0.1:80"
    event.path = "127.0.0.1:4001->10.0.0.9:81"
    assert value("name", event) == "127.0.0.1:4001->10.0.0.9:81"


def test_calls_that_work_on_no_fd_have_no_values(event_of):
    event = event_of("SYSCALL_CHDIR_X", 0, "/tmp", fd=3)
    assert [value(name, event) for name in NAMES] == [None] * len(NAMES)
    assert fd.FIELDS[0].fixed(EVENT_TABLE[CODES["SYSCALL_CHDIR_X"]]) is None
    assert fd.FIELDS[0].fixed(EVENT_TABLE[CODES["SYSCALL_CLOSE_X"]]) is VARIES


def test_events_without_a_thread_have_no_values(event_of):
    event = event_of("SYSCALL_READ_X", 5, b"hello")
    event.thread = None
    assert [value(name, event) for name in NAMES] == [None] * len(NAMES)


def test_large_device_numbers(event_of, process):
    process.fds[3] = FdInfo(FdType.FILE_V2, "/x", dev=(0x12 << 20) | (0xFD << 8) | 0x34)
    event = event_of("SYSCALL_READ_E", 3, 10, fd=3)
    assert (value("dev.major", event), value("dev.minor", event)) == (0xFD, 0x1234)


def told(name, event):
    """Whether the kernel gave the path, and which file it is."""
    origin = next(field.kernel_path for field in fd.FIELDS if field.name == name)
    assert origin is not None
    assert origin.is_given is not None
    return origin.is_given(event), None if origin.file is None else origin.file(event)


def test_what_the_kernel_tells_of_a_path(event_of, process):
    assert [field.name for field in fd.FIELDS if field.kernel_path] == ["fd.name", "fd.directory"]
    event = event_of("SYSCALL_READ_E", 3, 10, fd=3)
    process.fds[3].dev, process.fds[3].ino = 0x801, 77
    assert told("fd.name", event) == (False, None)
    process.fds[3].kernel_path = True
    assert told("fd.name", event) == (True, (0x801, 77))
    assert told("fd.directory", event) == (True, None)
    assert told("fd.name", event_of("SYSCALL_OPEN_X", -2, "/no/such", 1, 0, fd=-1)) == (None, None)
