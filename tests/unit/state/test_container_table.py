from falco.state import container_table as module
from falco.state.containers import Container


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
