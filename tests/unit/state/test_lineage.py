"""Whose generation changes with whose; that no field changes without, tests/properties/test_generations.py proves."""

import pytest

from falco.state.containers import Container
from falco.state.state import State
from falco.state.threads import CLONE_THREAD, NO_PARENT
from tests.events import process


@pytest.fixture
def tree() -> State:
    """init (1), a server (100, its thread 101), the child of that thread (200), and the child of 300, which is gone."""
    state = State()
    family = process(1, ptid=0), process(100), process(101, 100, ptid=100, flags=CLONE_THREAD), process(200, ptid=101)
    for thread in (*family, process(301, ptid=300)):
        state.add_thread(thread)
    return state


def generations(state: State) -> dict[int, int]:
    return {tid: thread.generation for tid, thread in state.threads.items()}


def changed(state: State, before: dict[int, int]) -> set[int]:
    return {tid for tid, generation in generations(state).items() if generation != before.get(tid)}


@pytest.mark.parametrize(
    ("tid", "expected"), [(1, {1, 100, 101, 200}), (100, {100, 101, 200}), (101, {101, 200}), (200, {200})]
)
def test_a_change_is_one_of_all_who_descend_from_the_thread(tree, tid, expected):
    before = generations(tree)
    tree.lineage.changed(tree.threads[tid])
    assert changed(tree, before) == expected
    assert min(tree.threads[tid].generation for tid in expected) > max(before.values())


def test_a_parent_comes_and_goes(tree):
    before = generations(tree)
    parent = process(300)
    tree.add_thread(parent)
    assert changed(tree, before) == {300, 301}
    before = generations(tree)
    tree.remove_thread(parent)
    assert changed(tree, before) == {301}


def test_a_thread_that_is_given_another_parent_follows_that_one(tree):
    tree.lineage.adopt(tree.threads[200], 301)
    before = generations(tree)
    tree.lineage.changed(tree.threads[101])
    assert changed(tree, before) == {101}
    tree.lineage.changed(tree.threads[301])
    assert changed(tree, before) == {101, 301, 200}


def test_a_thread_that_is_in_no_table_only_gets_its_parent(tree):
    thread, before = process(500, ptid=1), generations(tree)
    tree.lineage.adopt(thread, 100)
    tree.lineage.changed(tree.threads[100])
    assert (thread.ptid, thread.generation, changed(tree, before)) == (100, 0, {100, 101, 200})


def test_what_a_process_leaves_behind_goes_to_the_reaper(tree):
    for thread in process(102, ptid=100), process(201, ptid=101):
        tree.add_thread(thread)
    before = generations(tree)
    tree.lineage.bequeath(tree.threads[101], 1)
    parents = {tid: tree.threads[tid].ptid for tid in (101, 102, 200, 201)}
    assert parents == {101: 100, 102: 1, 200: 1, 201: 1}  # Threads of the process are no children of it.
    assert changed(tree, before) == {102, 200, 201}


@pytest.mark.parametrize("reaper", [100, 101, 102])
def test_while_a_process_has_threads_it_has_the_children_of_those_that_ended(tree, reaper):
    tree.add_thread(process(102, 100, ptid=100, flags=CLONE_THREAD))
    tree.add_thread(process(201, ptid=100))
    tree.lineage.bequeath(tree.threads[101], reaper)
    tree.lineage.bequeath(tree.threads[100], reaper)
    assert (tree.threads[200].ptid, tree.threads[201].ptid) == (100, 100)


@pytest.mark.parametrize("reaper", [0, -1])
def test_without_a_reaper_orphans_have_the_parent_that_they_had(tree, reaper):
    before = generations(tree)
    tree.lineage.bequeath(tree.threads[101], reaper)
    assert (tree.threads[200].ptid, changed(tree, before), tree.lineage.heir_of(101)) == (101, set(), 101)


def test_who_has_the_children_of_those_that_ended(tree):
    shell = process(400)
    tree.add_thread(shell)
    tree.lineage.bequeath(shell, 100)
    assert tree.lineage.heir_of(400) == 400  # Its last event is being looked at.
    tree.remove_thread(shell)
    assert tree.lineage.heir_of(400) == 100
    server = tree.threads[100]
    tree.drop_others(server)
    tree.lineage.bequeath(server, 1)
    tree.remove_thread(server)
    assert (tree.lineage.heir_of(400), tree.lineage.heir_of(401)) == (1, 401)
    tree.add_thread(process(400))
    assert tree.lineage.heir_of(400) == 400


def test_heirs_of_each_other_have_an_end(tree):
    for tid, reaper in ((400, 401), (401, 400)):
        tree.lineage.bequeath(process(tid), reaper)
    assert tree.lineage.heir_of(400) in (400, 401)


def test_heirs_of_the_latest_only_are_known(tree):
    for tid in range(1000, 2100):
        tree.lineage.bequeath(process(tid), 1)
    assert [tree.lineage.heir_of(tid) for tid in (1000, 1075, 1076, 2099)] == [1000, 1075, 1, 1]


def test_one_that_took_the_place_of_another_has_its_own_parent_only(tree):
    tree.add_thread(process(301, ptid=200))
    before = generations(tree)
    tree.add_thread(process(300))
    assert changed(tree, before) == {300}


def test_threads_that_descend_from_each_other(tree):
    tree.lineage.adopt(tree.threads[1], 200)
    before = generations(tree)
    tree.lineage.changed(tree.threads[100])
    assert changed(tree, before) == {1, 100, 101, 200}


def test_who_stands_for_all_unknown_parents(tree):
    tree.add_thread(process(NO_PARENT, ptid=0))
    before = generations(tree)
    tree.lineage.changed(tree.threads[NO_PARENT])
    assert changed(tree, before) == tree.threads.keys()


def test_what_is_known_of_a_container_is_of_those_in_it(tree):
    tree.threads[100].container_id = tree.threads[200].container_id = "c"
    tree.threads[301].container_id = "d"
    before = generations(tree)
    tree.add_container(Container("c", 0))
    assert changed(tree, before) == {100, 200}


def test_generations_go_on_when_everything_is_forgotten(tree):
    last = tree.lineage.last
    tree.clear()
    thread = process(1)
    tree.add_thread(thread)
    assert thread.generation > last
