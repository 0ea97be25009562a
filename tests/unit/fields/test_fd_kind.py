from __future__ import annotations

import pytest

from falco.fields import fd_kind
from falco.state.fds import FdType
from tests.unit.fields.reading import read


@pytest.mark.parametrize(
    ("symbol", "char"),
    [
        ("SOCKET_SOCKET_E", "4"),
        ("SOCKET_ACCEPT4_5_E", "4"),
        ("SYSCALL_PIPE_E", "p"),
        ("SYSCALL_EVENTFD_E", "e"),
        ("SYSCALL_SIGNALFD_E", "s"),
        ("SYSCALL_TIMERFD_CREATE_E", "t"),
        ("SYSCALL_INOTIFY_INIT_E", "i"),
        ("SYSCALL_OPENAT_2_E", "f"),
        ("SYSCALL_DUP_E", "o"),
    ],
)
def test_the_kind_of_a_coming_fd_is_guessed_from_the_call(event_of, symbol, char):
    assert read(fd_kind.FIELDS, "fd.typechar", event_of(symbol)) == char


def test_every_kind_has_its_word_and_letter():
    pairs = zip(FdType, fd_kind.TYPE_WORDS, fd_kind.TYPE_CHARS, strict=True)
    found = {kind: (word, char) for kind, word, char in pairs}
    assert found[FdType.UNKNOWN] == ("<NA>", "o")
    assert found[FdType.UNSUPPORTED] == ("<NA>", "X")
    assert found[FdType.MEMFD] == ("<NA>", "?")
    assert found[FdType.IPV6_SERVSOCK] == ("ipv6", "6")
    assert found[FdType.EVENTPOLL] == ("eventpoll", "l")
