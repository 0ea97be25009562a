from falco.state import container_table as module
from falco.state.containers import POD_UID, Container
from falco.state.engines import RKT


def test_the_table_of_containers_is_bounded(box, monkeypatch):
    monkeypatch.setattr(module, "MAX_CONTAINERS", 3)
    box.state.threads[7].container_id = "0"
    for number in range(4):
        box.state.add_container(Container(str(number), 0))
    # There was no room for the last one until those that no thread is in had gone.
    assert set(box.state.containers) == {"0", "3"}
    for tid, container in ((1, "4"), (100, "3")):
        box.state.threads[tid].container_id = container
        box.state.add_container(Container(container, 0))
    box.state.add_container(Container("5", 0))
    assert set(box.state.containers) == {"0", "3", "4"}
    box.state.add_container(Container("4", 0, name="new"))
    assert box.state.containers["4"].name == "new"
    assert box.state.refused["containers"] == 1


def test_all_containers_together_are_bounded(box, monkeypatch):
    def told(name, size):
        return Container(name, 0, json=bytes(size))

    monkeypatch.setattr(module, "MAX_CONTAINER_BYTES", 100_000)
    box.state.threads[7].container_id = "a"
    box.state.add_container(told("a", 20_000))
    box.state.add_container(told("b", 20_000))
    box.state.add_container(told("c", 25_000))
    assert set(box.state.containers) == {"a", "c"}  # Nobody is in b.
    box.state.add_container(told("a", 21_000))
    box.state.add_container(told("a", 90_000))
    assert len(box.state.containers["a"].json) == 21_000
    assert box.state.refused["containers"] == 1


def test_a_container_that_no_thread_is_in_any_more_is_forgotten_at_the_second_look(box):
    state = box.state
    for name in "ab":
        state.add_container(Container(name, 7, json=bytes(1000)))
    state.threads[7].container_id = "a"
    state.forget_idle_containers()
    state.add_container(Container("c", 7))
    state.forget_idle_containers()
    assert set(state.containers) == {"a", "c"}  # c has had one look.
    state.threads[1].container_id = "c"
    state.forget_idle_containers()
    state.threads[1].container_id = state.threads[7].container_id = ""
    state.forget_idle_containers()
    assert set(state.containers) == {"a", "c"}
    state.forget_idle_containers()
    assert not state.containers and state.containers._bytes == 0


def test_a_sandbox_without_a_process_is_kept_as_long_as_its_pod_has_one(box):
    state, labels = box.state, {POD_UID: "u"}
    state.add_container(Container("s", 8, labels=labels, is_pod_sandbox=True))
    state.add_container(Container("i", 8, labels=labels))
    state.add_container(Container("other", 8, labels={POD_UID: "v"}, is_pod_sandbox=True))
    state.add_container(Container("c", 8, labels=labels))
    state.threads[7].container_id = "c"
    for _ in range(2):
        state.forget_idle_containers()
    assert set(state.containers) == {"s", "c"}
    state.threads[7].container_id = ""
    for _ in range(2):
        state.forget_idle_containers()
    assert not state.containers


def test_an_idle_pod_of_rkt_is_no_pod_any_more(box):
    box.state.add_container(Container("pod:app", RKT))
    assert box.state.containers.pods == {"pod:app"}
    for _ in range(2):
        box.state.forget_idle_containers()
    assert not box.state.containers and not box.state.containers.pods
