from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.events import facts
from falco.events.decode import AF_INET, AF_INET6, AF_UNIX, EventError, SockTuple
from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE
from falco.state.fds import L4, FdType, Role
from falco.state.state import State
from tests.events import build, ends
from tests.facts import attribute_fact, base_fact, comm_fact, fd_fact, marks_fact, name_fact, path_fact


def with_facts(*extra: bytes, symbol: str = "SYSCALL_OPENAT_2_X") -> Event:
    """An event that has all parameters of its row and these behind them."""
    built = build(symbol, extra=extra, count=len(EVENT_TABLE))
    assert len(built.params) == len(built.type.params) + len(extra)
    return built.frame(Event(State()), 1)


PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60).map("/{}".format)
ADDRESSES = {AF_INET: st.binary(min_size=4, max_size=4), AF_INET6: st.binary(min_size=16, max_size=16)}
PORTS, POINTERS = st.integers(0, 0xFFFF), st.integers(0, (1 << 64) - 1)
TUPLES = st.one_of(
    *(
        st.builds(SockTuple, st.just(family), source, PORTS, destination=source, destination_port=PORTS)
        for family, source in ADDRESSES.items()
    ),
    st.builds(SockTuple, st.just(AF_UNIX), source_pointer=POINTERS, destination_pointer=POINTERS, path=PATHS),
)
KINDS = {AF_INET: FdType.IPV4_SOCK, AF_INET6: FdType.IPV6_SOCK, AF_UNIX: FdType.UNIX_SOCK}


def test_an_event_without_more_parameters_has_none():
    event = with_facts()
    assert not facts.told(event)
    assert facts.fd_fact(event) == b""
    assert (facts.base(event, facts.NAMED), facts.name(event, facts.NAMED), facts.path(event, facts.NAMED)) == (
        None,
    ) * 3
    assert facts.marks(event) == 0


@given(st.integers(-1, 1 << 40), PATHS, st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1))
def test_what_is_told_of_a_file_is_read_back(number, path, device, inode):
    raw = fd_fact(number, FdType.FILE_V2, path, device=device, inode=inode)
    event = with_facts(marks_fact(0), raw)
    assert facts.fd_fact(event) == raw
    assert facts.fd_number(raw) == number
    fact = facts.decode_fd(raw)
    assert (fact.number, fact.type, fact.path, fact.ends) == (number, FdType.FILE_V2, path, None)
    assert (fact.device, fact.inode) == (device, inode)


@given(TUPLES, st.sampled_from(Role), st.sampled_from(L4), st.booleans())
def test_what_is_told_of_a_socket_is_read_back(tuple_, role, l4proto, connected):
    raw = fd_fact(5, KINDS[tuple_.family], tuple_, role=role, l4proto=l4proto, connected=connected)
    fact = facts.decode_fd(facts.fd_fact(with_facts(raw)))
    assert (fact.ends, fact.role, fact.l4proto, fact.connected) == (tuple_, role, l4proto, connected)


@given(PATHS, PATHS, PATHS)
def test_each_role_has_its_own(source, target, passed):
    event = with_facts(base_fact("s", source), path_fact("t", target), name_fact("s", passed), base_fact("t", "/"))
    assert facts.base(event, facts.SOURCE) == source
    assert facts.base(event, facts.TARGET) == "/"
    assert facts.path(event, facts.TARGET) == target
    assert facts.name(event, facts.SOURCE) == passed
    assert facts.path(event, facts.SOURCE) is facts.base(event, facts.NAMED) is None


@given(st.sampled_from("nst"), PATHS)
def test_a_path_is_written_as_the_probe_does(role, path):
    assert facts.path_fact(ord(role), path) == path_fact(role, path)


def test_a_long_path_is_cut():
    written = facts.path_fact(facts.NAMED, "/" + "x" * 5000)
    assert len(written) == facts.LONGEST_PATH + 2
    assert len(facts.path(with_facts(written), facts.NAMED) or "") == facts.LONGEST_PATH - 1


def test_bytes_that_are_no_text_survive():
    assert facts.path(with_facts(b"Pn/\xff\n\0"), facts.NAMED) == "/\udcff\n"


@pytest.mark.parametrize("bits", [0, facts.COMPAT, facts.IO_URING, 0x80000003])
def test_marks(bits):
    assert facts.marks(with_facts(b"", marks_fact(bits))) == bits


@pytest.mark.parametrize(
    ("value", "told"), [(b"", b""), (b"\1\0", b"\1\0"), (bytes(range(24)), bytes(range(24))), (b"x" * 99, b"x" * 24)]
)
def test_an_attribute_tells_what_its_value_begins_with(value, told):
    assert facts.attribute(with_facts(b"", attribute_fact("user.ü", value))) == ("user.ü", told)


def test_a_name_is_told():
    assert facts.comm(with_facts(marks_fact(1), comm_fact("ü"))) == "ü"


def test_of_no_name_nothing_is_told():
    assert facts.comm(with_facts(marks_fact(1))) is None
    assert facts.comm(with_facts()) is None


def test_of_no_attribute_nothing_is_told():
    assert facts.attribute(with_facts(marks_fact(1))) is None


def test_flags_become_the_tables():
    bits = dict(EVENT_TABLE[CODES["SYSCALL_OPEN_X"]].params[2].flags or ())
    fact = facts.decode_fd(fd_fact(3, FdType.FILE_V2, "/x", flags=0o2102001))
    assert fact.open_flags == bits["O_CLOEXEC"] | bits["O_LARGEFILE"] | bits["O_APPEND"] | bits["O_WRONLY"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Z123456789",
        b"F",
        fd_fact(3, FdType.FILE_V2, "/x")[:29],
        fd_fact(3, 22, "/x"),
        fd_fact(3, FdType.FILE_V2, "/x", role=3),
        fd_fact(3, FdType.FILE_V2, "/x", l4proto=6),
        fd_fact(3, FdType.FILE_V2, "relative"),
        fd_fact(3, FdType.FILE_V2, "/" + "x" * 5000),
        b"Bn",
        b"Bnrelative\0",
        b"Bx/\0",
        b"Pn/open",
        attribute_fact("a", b"")[:-1],
        attribute_fact("a", b"")[:29],
        attribute_fact("a" * 256, b""),
        b"C",
        b"Cname",
        comm_fact("x" * 16),
        b"M\0\0\0",
        b"M\0\0\0\0\0",
    ],
)
def test_what_is_not_a_fact_is_a_later_tables(raw):
    assert list(facts.each(with_facts(raw, marks_fact(1)))) == [marks_fact(1)]


def test_a_tuple_that_is_too_short_is_an_error():
    raw = fd_fact(3, FdType.IPV4_SOCK, ends("10.0.0.1:1->10.0.0.2:2"))[:-1]
    with pytest.raises(EventError, match="socket tuple of family 2 has only 12 bytes"):
        facts.decode_fd(facts.fd_fact(with_facts(raw)))


@pytest.mark.parametrize("kind", [FdType.IPV4_SOCK, FdType.IPV6_SERVSOCK, FdType.UNIX_SOCK])
def test_a_tuple_of_another_family_is_an_error(kind):
    other = ends("1f->2e /x") if kind != FdType.UNIX_SOCK else ends("::1:1->::2:2")
    with pytest.raises(EventError, match=f"fact about an fd of type {kind} has a tuple of family"):
        facts.decode_fd(facts.fd_fact(with_facts(fd_fact(3, kind, other))))
