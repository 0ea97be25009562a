from __future__ import annotations

from typing import Any

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import fdlist
from falco.fields.field import VARIES

FIELDS: dict[str, Any] = {field.name: field for field in fdlist.FIELDS}


def values(event):
    return {name.removeprefix("fdlist."): field.extract(event) for name, field in FIELDS.items()}


def test_the_fds_of_a_poll(event_of):
    event = event_of("SYSCALL_POLL_E", [(3, 1), (5, 1), (8, 1), (99, 1), (-1, 1)], 5)
    assert values(event) == {
        "nums": "3,5,8,99,-1",
        "names": "/etc/passwd,127.0.0.1:4000->10.0.0.1:80,<NA>,<NA>,<NA>",
        "cips": "127.0.0.1,::",
        "sips": "10.0.0.1,::",
        "cports": "4000,0",
        "sports": "80,0",
    }


def test_the_list_is_in_another_place_where_the_call_returns(event_of):
    assert values(event_of("SYSCALL_PPOLL_X", 1, [(3, 1)]))["names"] == "/etc/passwd"


def test_no_list_no_value(event_of):
    for event in (event_of("SYSCALL_POLL_E", [], 5), event_of("SYSCALL_POLL_E"), event_of("SYSCALL_READ_E", 3, 1)):
        assert set(values(event).values()) == {None}
    event = event_of("SYSCALL_POLL_E", [(3, 1)], 5)
    event.thread = None
    assert set(values(event).values()) == {None}


def test_lists_without_sockets_have_no_addresses(event_of):
    found = values(event_of("SYSCALL_POLL_E", [(3, 1)], 5))
    assert [found[name] for name in ("nums", "cips", "sports")] == ["3", None, None]


def test_only_polls_have_lists():
    assert FIELDS["fdlist.nums"].fixed(EVENT_TABLE[CODES["SYSCALL_POLL_X"]]) is VARIES
    assert FIELDS["fdlist.nums"].fixed(EVENT_TABLE[CODES["SYSCALL_SELECT_X"]]) is None
