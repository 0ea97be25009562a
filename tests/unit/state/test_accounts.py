import pytest

from falco.state import accounts
from falco.state.users import Group, User

USER = {"uid": 1000, "gid": 100, "name": "u", "home": "/home/u", "shell": "/bin/sh"}


def test_users_come_and_go(box):
    box.event("USER_ADDED_E", **USER)
    assert box.state.users == {1000: User(1000, 100, "u", "/home/u", "/bin/sh")}
    box.event("USER_ADDED_E", **{**USER, "name": "v"})
    assert box.state.users[1000].name == "v"
    box.event("USER_DELETED_E", **USER)
    box.event("USER_DELETED_E", **USER)
    assert not box.state.users


def test_groups_come_and_go(box):
    box.event("GROUP_ADDED_E", gid=100, name="g")
    assert box.state.groups == {100: Group(100, "g")}
    box.event("GROUP_DELETED_E", gid=100)
    box.event("GROUP_DELETED_E", gid=100)
    assert not box.state.groups


def test_those_of_containers_are_not_the_host_s(box):
    box.event("USER_ADDED_E", **USER, container_id="c")
    box.event("GROUP_ADDED_E", gid=100, name="g", container_id="c")
    assert not box.state.users
    assert not box.state.groups
    box.event("USER_ADDED_E", **USER)
    box.event("GROUP_ADDED_E", gid=100, name="g")
    box.event("USER_DELETED_E", **USER, container_id="c")
    box.event("GROUP_DELETED_E", gid=100, container_id="c")
    assert box.state.users
    assert box.state.groups


def test_they_are_no_thread_s_doing(box):
    event = box.event("USER_ADDED_E", tid=-1, **USER)
    assert event.thread is None
    assert -1 not in box.state.threads


@pytest.mark.parametrize("limit", [2])
def test_the_tables_are_bounded(box, monkeypatch, limit):
    monkeypatch.setattr(accounts, "MAX_ACCOUNTS", limit)
    for number in range(5):
        box.event("USER_ADDED_E", **{**USER, "uid": number})
        box.event("GROUP_ADDED_E", gid=number, name="g")
    assert box.state.users.keys() == box.state.groups.keys() == {0, 1}
    box.event("USER_ADDED_E", **{**USER, "uid": 1, "name": "new"})
    assert box.state.users[1].name == "new"
