"""Who a process is, by what its cgroup file says: lines of many engines and set-ups."""

from pathlib import Path

import pytest
import yaml

from falco.capture.live.procfs_text import cgroup
from falco.state.state import State
from tests.events import process

CORPUS = yaml.safe_load(Path(__file__).with_name("cgroup_corpus.yaml").read_text())


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["what"])
def test_who_it_is(entry):
    state, thread = State(), process(7)
    thread.cgroups = cgroup(entry["lines"].encode())
    thread.env = entry.get("env", [])
    state.add_thread(thread)
    state.resolve_container(thread)
    known = state.containers.get(thread.container_id)
    type_name = "host" if not thread.container_id else "cri" if known is None else known.type_name
    assert (thread.container_id or "host", type_name) == (entry["id"], entry["type"])


def test_every_entry_says_where_it_is_from():
    assert all(entry["of"] for entry in CORPUS)
