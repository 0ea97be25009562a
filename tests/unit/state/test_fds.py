from falco.state.fds import L4, FdInfo, FdType, Role


def test_a_new_fd_has_no_ends():
    fd = FdInfo(FdType.FILE_V2, "/x", 1, 2, 3)
    assert (fd.name, fd.open_flags, fd.dev, fd.ino) == ("/x", 1, 2, 3)
    assert (fd.source, fd.destination, fd.l4proto, fd.role) == (b"", b"", L4.UNKNOWN, Role.NONE)
    assert not fd.connected


def test_a_copy_is_equal_and_independent():
    fd = FdInfo(FdType.IPV4_SOCK, "a", 1, 2, 3)
    fd.source, fd.source_port, fd.role, fd.connected = b"abcd", 80, Role.SERVER, True
    other = fd.copy()
    assert {slot: getattr(other, slot) for slot in FdInfo.__slots__} == {
        slot: getattr(fd, slot) for slot in FdInfo.__slots__
    }
    other.name = "b"
    assert fd.name == "a"
