"""Calls on sockets."""

from __future__ import annotations

import pytest

from falco.capture.probe.calls_network import NETWORK, SOCKETCALLS

NAMES = {call.name for call in NETWORK}


@pytest.mark.parametrize(("number", "name"), [(1, "socket"), (3, "connect"), (5, "accept"), (11, "sendto"),
                                              (14, "setsockopt"), (18, "accept4"), (20, "sendmmsg")])  # fmt: skip
def test_i386s_socketcall_has_the_numbers_of_linux_net_h(number, name):
    assert SOCKETCALLS[number] == name


def test_every_socketcall_is_covered():
    assert set(SOCKETCALLS) - {""} <= NAMES


def test_the_probe_learns_roles_from_the_calls_that_give_them():
    assert {call.name for call in NETWORK if call.setup} == {"bind", "listen", "connect", "accept", "accept4"}


def test_calls_that_send_say_whether_they_connected():
    assert {call.name for call in NETWORK if call.mark} == {"sendto", "sendmsg", "sendmmsg"}
