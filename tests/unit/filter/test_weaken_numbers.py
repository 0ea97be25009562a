"""Comparisons of numbers: what they let through, and what they do not."""

from __future__ import annotations

import pytest

from falco.events.table import CODES
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.parser import parse_condition
from falco.filter.superset import ALWAYS, UNKNOWN_PATH, Kind, Number, Param, passes
from falco.filter.vocabulary import TRANSFERS, with_params
from falco.filter.weaken import superset_of
from falco.state.fds import L4

VOCABULARY = with_params(TRANSFERS, CODES["SYSCALL_CHMOD_X"], ["mode"])
LOCAL, NEAR, FAR = 0x7F000001, 0x0A000001, 0x09090909


def superset(text):
    return superset_of([check(parse_condition(text, "test"), SYSCALL_FIELDS)], VOCABULARY)


def lets(text, numbers):
    return passes(superset(text), UNKNOWN_PATH, numbers)


@pytest.mark.parametrize(
    ("condition", "number", "through", "kept_back"),
    [
        ("evt.rawres >= 0", Number.RESULT, 0, -2),
        ("evt.rawres in (1, 2)", Number.RESULT, 2, 3),
        ("not evt.rawres in (1, 2)", Number.RESULT, 3, 2),
        ("evt.res = SUCCESS", Number.RESULT, 7, -2),
        ("evt.res != SUCCESS", Number.RESULT, -2, 7),
        ("not evt.res = SUCCESS", Number.RESULT, -2, 7),
        ("evt.res in (ENOENT, SUCCESS)", Number.RESULT, -2, -13),
        ("not evt.res in (ENOENT, EACCES)", Number.RESULT, 0, -13),
        ("evt.failed = true", Number.RESULT, -1, 0),
        ("not evt.failed = true", Number.RESULT, 0, -1),
        ("evt.failed != true", Number.RESULT, 0, -1),
        ("fd.typechar in (4, 6)", Number.KIND, Kind.INET, Kind.UNIX),
        ("fd.typechar = 4", Number.KIND, Kind.INET, Kind.FILE),
        ("not fd.typechar in (4, 6)", Number.KIND, Kind.UNIX, Kind.INET),
        ("fd.typechar != u", Number.KIND, Kind.INET, Kind.UNIX),
        ("fd.type in (file, pipe)", Number.KIND, Kind.PIPE, Kind.DIRECTORY),
        ("fd.sockfamily = ip", Number.KIND, Kind.INET, Kind.UNIX),
        ("not fd.sockfamily = ip", Number.KIND, Kind.UNIX, Kind.INET),
        ("fd.sockfamily != ip", Number.KIND, Kind.UNIX, Kind.INET),
        ("not fd.sockfamily != ip", Number.KIND, Kind.FILE, Kind.UNIX),
        ("fd.l4proto = tcp", Number.TRANSPORT, L4.TCP, L4.UDP),
        ("not fd.l4proto in (tcp, udp)", Number.TRANSPORT, L4.ICMP, L4.UDP),
        ("fd.sport >= 30000 and fd.sport <= 32767", Number.SERVER_PORT, 31000, 443),
        ("not fd.cport = 22", Number.CLIENT_PORT, 23, 22),
        ("fd.sip = 10.0.0.1", Number.SERVER, NEAR, FAR),
        ("fd.sip in (10.0.0.1, 9.9.9.9)", Number.SERVER, FAR, LOCAL),
        ("not fd.sip in (10.0.0.1, ::1)", Number.SERVER, FAR, NEAR),
        ("fd.snet in (127.0.0.0/8, 10.0.0.0/24)", Number.SERVER, LOCAL, FAR),
        ("not fd.snet in (127.0.0.0/8, 10.0.0.0/24)", Number.SERVER, FAR, LOCAL),
        ("fd.cnet != 127.0.0.0/8", Number.CLIENT, FAR, LOCAL),
        ("evt.rawarg.mode = 7", Param("mode"), 7, 6),
        ("evt.arg.mode contains S_ISUID", Param("mode"), 0o4755, 0o755),
    ],
)  # fmt: skip
def test_numbers(condition, number, through, kept_back):
    assert lets(condition, {number: int(through)})
    assert not lets(condition, {number: int(kept_back)})
    assert lets(condition, {})


def test_a_name_can_change_unless_it_is_known_that_it_cannot():
    assert lets("fd.name_changed = true", {})
    assert lets("not fd.name_changed = true", {})
    assert not lets("fd.name_changed = true", {Number.RENAMES: 0})
    assert lets("not fd.name_changed = true", {Number.RENAMES: 0})


@pytest.mark.parametrize(
    ("condition", "client", "server", "passed"),
    [
        ("fd.port = 22", 22, 1, True),
        ("fd.port = 22", 1, 22, True),
        ("fd.port = 22", 1, 2, False),
        ("fd.port != 22", 1, 22, False),
        ("fd.port != 22", 1, 2, True),
        ("not fd.port = 22", 22, 1, False),
        ("not fd.port != 22", 22, 1, True),
        ("not fd.port != 22", 1, 2, False),
    ],
)
def test_of_two_ends_one_is_enough_but_for_being_different(condition, client, server, passed):
    assert lets(condition, {Number.CLIENT_PORT: client, Number.SERVER_PORT: server}) is passed


@pytest.mark.parametrize(
    "condition",
    [
        "not fd.typechar = 4",
        "not fd.typechar = f",
        "fd.typechar = o",
        "fd.typechar in (4, e)",
        'fd.l4proto = "<NA>"',
        "evt.res = ENOSUCHERROR",
        "evt.res contains E",
        "evt.arg.mode = S_ISUID",
        "not evt.arg.mode contains S_ISUID",
        "evt.arg.mode contains NOTHING",
        "evt.arg.flags contains O_TRUNC",
        "evt.rawarg.flags = 1",
        "fd.lport = 22",
        "not fd.sip = ::1",
    ],
)
def test_what_cannot_be_tested_holds_always(condition):
    assert superset(condition) == ALWAYS


@pytest.mark.parametrize("condition", ["fd.sip = ::1", "fd.snet = ::/8", "not fd.sip != ::1"])
def test_what_can_only_be_an_address_of_ipv6_passes_while_none_is_known(condition):
    assert lets(condition, {})


def test_what_is_known_is_of_ipv4():
    assert not lets("fd.sip = ::1", {Number.SERVER: LOCAL})
    assert not lets("fd.snet = ::/8", {Number.SERVER: LOCAL})
