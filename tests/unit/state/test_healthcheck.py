from typing import Any

import pytest

from falco.state.containers import Container
from falco.state.healthcheck import mark
from falco.state.state import State
from tests.events import process

CHECK = ("/bin/check", "-x")


@pytest.fixture
def state():
    """runc (2) of the host made the container's first process (3), which has a child (4); a check (5) is runc's too."""
    made = State()
    made.containers["c"] = Container("c", 0, healthcheck=CHECK)
    inside: dict[str, Any] = {"container_id": "c", "exe": "/bin/check", "args": ["-x"]}
    for thread in (
        process(1, ptid=0),
        process(2, ptid=1),
        process(3, ptid=2, vpid=1, **inside),
        process(4, ptid=3, vpid=20, **inside),
        process(5, ptid=2, vpid=30, **inside),
        process(6, ptid=5, vpid=31, container_id="c"),
    ):
        made.add_thread(thread)
    return made


def marked(state, tid):
    mark(state, state.threads[tid])
    return state.threads[tid].healthcheck


@pytest.mark.parametrize(("tid", "is_check"), [(2, False), (3, False), (4, False), (5, True), (6, False)])
def test_mark(state, tid, is_check):
    assert marked(state, tid) is is_check


def test_children_of_a_check_belong_to_it(state):
    mark(state, state.threads[5])
    assert marked(state, 6)


@pytest.mark.parametrize(
    ("name", "value"), [("exe", "/bin/other"), ("args", []), ("args", ["-x", "y"]), ("container_id", "")]
)
def test_other_command_lines_are_no_check(state, name, value):
    setattr(state.threads[5], name, value)
    assert not marked(state, 5)


@pytest.mark.parametrize("healthcheck", [None, ()])
def test_containers_without_check(state, healthcheck):
    state.containers["c"] = Container("c", 0, healthcheck=healthcheck)
    assert not marked(state, 5)


def test_once_marked_stays_marked(state):
    mark(state, state.threads[5])
    state.threads[5].exe = "/bin/other"
    assert marked(state, 5)
