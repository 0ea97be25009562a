from __future__ import annotations

import pytest

from falco.fields import user
from falco.state.threads import NO_ID
from falco.state.users import User
from tests.unit.fields.reading import read, read_all


@pytest.fixture
def event(event_of, process, state):
    process.uid, process.gid, process.loginuid = 0, 50, 1000
    state.users[1000] = User(1000, 1000, "joe", "/home/joe", "/bin/bash")
    return event_of("SYSCALL_CHDIR_X", 0, "/")


def test_a_user_and_a_group(event):
    assert read_all(user.FIELDS, event) == {
        "user.uid": 0,
        "user.name": "root",
        "user.homedir": "/root",
        "user.shell": "/bin/sh",
        "user.loginuid": 1000,
        "user.loginname": "joe",
        "group.gid": 50,
        "group.name": "staff",
    }


def test_accounts_that_are_not_listed_have_no_names(event, process):
    process.uid, process.gid, process.loginuid = 7, 7, NO_ID
    assert {name: found for name, found in read_all(user.FIELDS, event).items() if found is not None} == {
        "user.uid": 7,
        "user.loginuid": -1,
        "group.gid": 7,
    }


def test_an_unknown_user_keeps_its_number(event, process):
    process.uid = NO_ID
    assert read(user.FIELDS, "user.uid", event) == 4294967295


def test_no_thread_no_value(event):
    event.thread = None
    assert set(read_all(user.FIELDS, event).values()) == {None}
