from __future__ import annotations

import struct

import pytest

from falco.events.table import EVENT_TABLE
from falco.fields.params import EMPTY, protocol_letter, renderer
from falco.state.fds import L4, FdInfo, FdType


def rendered(event, index):
    return renderer(event.code, index)(event, event.raw(index))


@pytest.mark.parametrize(
    ("fd", "shown"),
    [
        (3, ("3", "<f>/etc/passwd")),
        (4, ("4", "<d>/var/dir")),
        (5, ("5", "<4t>127.0.0.1:4000->10.0.0.1:80")),
        (8, ("8", "<6>")),
        (99, ("99", "")),
        (-100, ("-100", "AT_FDCWD")),
        (-9, ("-9", "EBADF")),
    ],
)
def test_fds_show_what_they_are(event_of, fd, shown):
    assert rendered(event_of("SYSCALL_READ_E", fd, 10), 0) == shown


def test_fd_names_lose_control_characters(event_of, process):
    process.fds[3].name = "/tmp/a\nb"
    assert rendered(event_of("SYSCALL_READ_E", 3, 10), 0) == ("3", "<f>/tmp/ab")


def test_a_socket_has_a_protocol_once_it_has_a_role():
    socket = FdInfo(FdType.IPV4_SOCK)
    socket.l4proto = L4.UDP
    assert protocol_letter(socket) == ""
    socket.l4proto = L4.RAW
    assert protocol_letter(socket) == "r"
    assert protocol_letter(FdInfo(FdType.FILE)) == ""


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/abs", ("/abs", "")),
        ("rel", ("rel", "/home/joe/rel")),
        ("../x/./y", ("../x/./y", "/home/x/y")),
        (".", (".", "/home/joe")),
        ("", ("", "/home/joe")),
        ("<NA>", ("<NA>", "")),
    ],
)
def test_relative_paths_resolve_from_the_working_directory(event_of, path, shown):
    assert rendered(event_of("SYSCALL_OPEN_X", -2, path, 1, 0), 1) == shown


@pytest.mark.parametrize(
    ("dirfd", "shown"), [(-100, "/home/joe/rel"), (4, "/var/dir/rel"), (77, "rel"), (None, "/home/joe/rel")]
)
def test_paths_of_at_calls_resolve_from_their_directory(event_of, dirfd, shown):
    assert rendered(event_of("SYSCALL_UNLINKAT_2_X", 0, dirfd, "rel", 0), 2) == ("rel", shown)


def test_a_path_of_an_unknown_thread_stays_as_it_is(event_of):
    event = event_of("SYSCALL_OPEN_X", -2, "rel", 1, 0)
    event.thread = None
    assert rendered(event, 1) == ("rel", "")
    assert rendered(event, 0) == ("-2", "")


@pytest.mark.parametrize(
    ("uid", "shown"), [(0, ("0", "root")), (4_000, ("4000", "<NA>")), (0xFFFFFFFF, ("-1", "<NONE>"))]
)
def test_user_ids_have_names(event_of, uid, shown):
    assert rendered(event_of("SYSCALL_SETUID_E", uid), 0) == shown


def test_group_ids_have_names(event_of):
    assert rendered(event_of("SYSCALL_SETGID_E", 50), 0) == ("50", "staff")


def test_pids_have_the_command(event_of):
    assert rendered(event_of("SYSCALL_KILL_E", 100, 9), 0) == ("100", "cat")
    assert rendered(event_of("SYSCALL_KILL_E", 101, 9), 0) == ("101", "")
    assert rendered(event_of("SYSCALL_KILL_E", 101, 9), 1) == ("9", "SIGKILL")


def test_polled_fds_show_type_and_events(event_of):
    fds = struct.pack("<HqHqHqH", 3, 3, 1, 77, 0x10, -1, 5)
    assert rendered(event_of("SYSCALL_POLL_E", fds, 5), 0) == ("3:f1 77:?10 18446744073709551615:?5", "")


def test_values_whose_type_the_event_chooses(event_of):
    error = b"\1" + (-2 & (1 << 64) - 1).to_bytes(8, "little")
    assert rendered(event_of("SOCKET_SETSOCKOPT_X", 0, 3, 1, 4, error, 8), 4) == ("-2", "ENOENT")
    assert rendered(event_of("SOCKET_SETSOCKOPT_X", 0, 3, 1, 4, b"\0ab\n", 8), 4) == ("ab.", "")
    assert rendered(event_of("SOCKET_SETSOCKOPT_X", 0, 3, 1, 4, b"\x63xx", 8), 4) == ("INVALID DYNAMIC PARAMETER", "")


def test_every_parameter_of_every_event_has_a_renderer(event_of):
    event = event_of("SYSCALL_READ_E", 3, 10)
    for event_type in EVENT_TABLE:
        for index, param in enumerate(event_type.params):
            if param.name and param.type not in EMPTY and param.type.name not in ("FDLIST", "DYN"):
                assert all(isinstance(part, str) for part in renderer(event_type.code, index)(event, bytes(8)))
