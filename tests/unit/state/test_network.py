import pytest

from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import (
    Interfaces,
    address_text,
    endpoint,
    guess_role,
    narrow,
    packed,
    plain_endpoint,
    swap_ends,
    take_ends,
    tuple_name,
    unmapped,
)
from tests.events import ends
from tests.unit.state.conftest import INTERFACES


def socket(text: str, l4proto: int = L4.UDP) -> FdInfo:
    fd = FdInfo(FdType.UNKNOWN)
    take_ends(fd, ends(text))
    fd.l4proto = l4proto
    return fd


@pytest.mark.parametrize(
    ("address", "text"),
    [("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("2001:db8::5", "2001:db8::5")],
)
def test_address_text(address, text):
    assert address_text(packed(address)) == text
    assert endpoint(packed(address), 80) == f"{text}:80"


def test_no_address_has_no_text():
    assert address_text(b"") == ""


def test_plain_endpoint_keeps_the_mapping_visible():
    assert plain_endpoint(packed("::ffff:10.0.0.1"), 80) == "::ffff:10.0.0.1:80"
    assert plain_endpoint(packed("10.0.0.1"), 80) == "10.0.0.1:80"


@pytest.mark.parametrize(
    ("address", "plain", "meant"),
    [
        ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("::", "::", "0.0.0.0"),
        ("::1", "::1", "::1"),
    ],
)
def test_unmapped_and_narrow(address, plain, meant):
    assert unmapped(packed(address)) == packed(plain)
    assert narrow(packed(address)) == packed(meant)


@pytest.mark.parametrize(("text", "raw"), [("1.2.3.4", bytes((1, 2, 3, 4))), ("::1", bytes(15) + b"\1"), ("x", b"")])
def test_packed(text, raw):
    assert packed(text) == raw


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("10.0.0.5:1->1.2.3.4:80", FdType.IPV4_SOCK, "10.0.0.5:1->1.2.3.4:80"),
        ("2001:db8::5:1->2001:db8::6:80", FdType.IPV6_SOCK, "2001:db8::5:1->2001:db8::6:80"),
        ("::ffff:10.0.0.5:1->::ffff:1.2.3.4:80", FdType.IPV4_SOCK, "10.0.0.5:1->1.2.3.4:80"),
        ("::ffff:10.0.0.5:1->2001:db8::6:80", FdType.IPV6_SOCK, "10.0.0.5:1->2001:db8::6:80"),
        (":::1->::ffff:1.2.3.4:80", FdType.IPV4_SOCK, "0.0.0.0:1->1.2.3.4:80"),
    ],
)
def test_take_ends(text, kind, name):
    fd = socket(text)
    assert fd.type == kind
    assert tuple_name(fd) == name


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("10.0.0.5:1->1.2.3.4:80", False),
        ("1.2.3.4:80->10.0.0.5:1", False),
        ("::ffff:10.0.0.5:1->::ffff:1.2.3.4:80", False),
        ("10.0.0.5:2->1.2.3.4:80", True),
        ("10.0.0.5:80->1.2.3.4:1", True),
        ("2001:db8::5:1->2001:db8::6:80", True),
    ],
)
def test_take_ends_tells_whether_they_are_new(text, changed):
    fd = socket("10.0.0.5:1->1.2.3.4:80")
    before = tuple_name(fd)
    assert take_ends(fd, ends(text)) is changed
    assert (tuple_name(fd) != before) is changed


def test_take_ends_makes_a_bound_socket_a_connected_one():
    fd = FdInfo(FdType.IPV4_SERVSOCK)
    fd.destination, fd.destination_port = packed("10.0.0.5"), 53
    assert take_ends(fd, ends("10.0.0.9:5353->10.0.0.5:53"))
    assert fd.type == FdType.IPV4_SOCK


@pytest.mark.parametrize(
    ("l4proto", "name"), [(L4.TCP, "1.1.1.1:2->3.3.3.3:4"), (L4.ICMP, "1.1.1.1->3.3.3.3"), (L4.RAW, "1.1.1.1->3.3.3.3")]
)
def test_ports_are_not_shown_where_there_are_none(l4proto, name):
    assert tuple_name(socket("1.1.1.1:2->3.3.3.3:4", l4proto)) == name


def test_name_of_a_bound_socket():
    fd = FdInfo(FdType.IPV4_SERVSOCK)
    fd.destination, fd.destination_port = packed("10.0.0.5"), 53
    assert tuple_name(fd) == "10.0.0.5:53"


def test_swap_ends():
    fd = socket("1.1.1.1:2->3.3.3.3:4")
    swap_ends(fd)
    assert tuple_name(fd) == "3.3.3.3:4->1.1.1.1:2"


@pytest.mark.parametrize(
    ("text", "incoming", "role"),
    [
        ("1.1.1.1:2->3.3.3.3:4", True, Role.SERVER),
        ("1.1.1.1:2->3.3.3.3:4", False, Role.CLIENT),
        ("2001::1:2->2001::2:4", True, Role.CLIENT),
        ("2001::1:2->2001::2:4", False, Role.CLIENT),
    ],
)
def test_guess_role(text, incoming, role):
    assert guess_role(socket(text), incoming) == role


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("10.0.0.5", True),
        ("127.0.0.1", True),
        ("10.0.0.6", False),
        ("127.0.0.2", False),
        ("2001:db8::77", True),  # The first 64 bits decide.
        ("2001:db9::5", False),
        ("::", True),  # In the loopback's network.
    ],
)
def test_has(address, local):
    assert Interfaces(INTERFACES).has(packed(address)) is local


def test_no_interfaces_have_nothing():
    assert not Interfaces().has(packed("127.0.0.1"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0.0.0.0:1->10.0.0.5:80", "10.0.0.5:1->10.0.0.5:80"),  # An interface's own address.
        ("0.0.0.0:80->10.0.0.5:80", "0.0.0.0:80->10.0.0.5:80"),  # Both ends would be the same.
        ("0.0.0.0:1->10.0.0.77:80", "10.0.0.5:1->10.0.0.77:80"),  # The same subnet.
        ("0.0.0.0:1->127.8.8.8:80", "127.0.0.1:1->127.8.8.8:80"),
        ("0.0.0.0:1->8.8.8.8:80", "10.0.0.5:1->8.8.8.8:80"),  # The first that is not the loopback.
        ("8.8.8.8:80->0.0.0.0:1", "8.8.8.8:80->10.0.0.5:1"),
        ("1.2.3.4:80->8.8.8.8:1", "1.2.3.4:80->8.8.8.8:1"),
        ("0.0.0.0:1->0.0.0.0:2", "10.0.0.5:1->0.0.0.0:2"),
        (":::1->2001:db8::9:80", "2001:db8::5:1->2001:db8::9:80"),
        (":::1->2600::1:80", "2001:db8::5:1->2600::1:80"),
        ("2600::1:80->:::1", "2600::1:80->2001:db8::5:1"),
    ],
)
def test_complete(before, after):
    fd = socket(before)
    Interfaces(INTERFACES).complete(fd)
    assert tuple_name(fd) == after


def test_complete_without_interfaces_leaves_the_end_open():
    fd = socket("0.0.0.0:1->8.8.8.8:80")
    Interfaces().complete(fd)
    assert tuple_name(fd) == "0.0.0.0:1->8.8.8.8:80"


def test_complete_leaves_other_fds_alone():
    fd = FdInfo(FdType.IPV4_SERVSOCK)
    fd.destination = bytes(4)
    Interfaces(INTERFACES).complete(fd)
    assert fd.destination == bytes(4)
