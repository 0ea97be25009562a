import pytest

from falco.state import fetching as module
from falco.state.containers import Container, stub
from falco.state.fetching import LONGEST_NS
from falco.state.state import State
from tests.events import process

ID = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
SHORT = ID[:12]


@pytest.fixture
def state():
    return State()


def sight(state, path=f"/docker/{ID}", tid=7):
    thread = process(tid)
    thread.cgroups = (("cpu", path),)
    state.add_thread(thread)
    state.resolve_container(thread)
    return thread


def test_a_container_is_fetched_from_its_first_process_to_the_answer(state):
    seen, answers = [], []
    state.fetching.on_sight = lambda container, thread: seen.append((container.id, container.type, thread.tid))
    state.fetching.before = lambda ts: answers.append((ts, state.containers[SHORT].name))
    state.fetching.after = lambda container: answers.append((container.name, SHORT in state.fetching))
    sight(state)
    sight(state, tid=8)
    assert SHORT in state.fetching and seen == [(SHORT, 0, 7), (SHORT, 0, 8)]
    state.learn_container(Container(SHORT, 0, name="web"), 5)
    assert answers == [(5, "incomplete"), ("web", False)]
    sight(state, tid=9)
    assert SHORT not in state.fetching and len(seen) == 2


def test_one_that_nothing_was_found_out_about_is_only_told_of(state):
    seen = []
    sight(state)
    state.learn_container(stub(SHORT, missing="no"), 5)
    state.fetching.on_sight = lambda container, thread: seen.append(container.id)
    sight(state, tid=8)
    assert SHORT not in state.fetching and seen == [SHORT]


@pytest.mark.parametrize("path", ["/", "/lxc/web", "/system.slice/runc-bpm-x.scope"])
def test_who_needs_no_engine_is_not_fetched(state, path):
    state.fetching.on_sight = lambda container, thread: pytest.fail(container.id)
    sight(state, path)
    assert not state.fetching


def test_a_cri_container_is_fetched_without_an_entry(state):
    sight(state, f"/kubepods.slice/cri-containerd-{ID}.scope")
    assert SHORT in state.fetching and SHORT not in state.containers


def test_an_answer_is_not_expected_for_ever(state):
    sight(state)
    assert state.fetching.is_expected(SHORT, 1000)
    assert state.fetching.is_expected(SHORT, 1000 + LONGEST_NS)
    assert not state.fetching.is_expected(SHORT, 1001 + LONGEST_NS)


def test_the_table_is_bounded(state, monkeypatch):
    monkeypatch.setattr(module, "MAX_CONTAINERS", 2)
    for number, letter in enumerate("abc"):
        sight(state, f"/docker/{letter * 64}", tid=number + 1)
    assert list(state.fetching) == ["b" * 12, "c" * 12]


def test_a_removed_container_is_kept_while_threads_are_in_it(state):
    thread = sight(state)
    state.forget_container(SHORT)
    assert SHORT in state.containers
    state.remove_thread(thread)
    state.forget_container(SHORT)
    state.forget_container("x")
    assert SHORT not in state.containers and SHORT not in state.fetching
