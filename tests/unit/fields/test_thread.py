from __future__ import annotations

import pytest

from falco.events.table import CODES, EVENT_TABLE
from falco.fields import thread
from falco.state.threads import ThreadInfo
from tests.unit.fields.reading import one, read


def value(name, event, argument=None):
    return read(thread.FIELDS, f"thread.{name}", event, argument)


@pytest.fixture
def event(event_of, process):
    process.pfmajor, process.pfminor, process.vtid = 1, 2, 3
    process.vmsize, process.vmrss = 30, 20
    process.cgroups = [("cpu", "/a"), ("memory", "/b")]
    return event_of("SYSCALL_CHDIR_X", 0, "/")


def test_a_main_thread(event):
    names = ("tid", "ismain", "pfmajor", "pfminor", "vtid", "vmsize", "vmrss", "cgroups")
    assert [value(name, event) for name in names] == [100, True, 1, 2, 3, 30, 20, "cpu=/a memory=/b"]


def test_another_thread(event, state):
    other = ThreadInfo(101, 100, 100)
    other.vmsize = 30
    state.add_thread(other)
    event.thread, event.tid = other, 101
    names = ("tid", "ismain", "vtid", "vmsize", "vmrss", "cgroups")
    assert [value(name, event) for name in names] == [101, False, None, 0, 0, None]


def test_one_cgroup(event):
    assert value("cgroup", event, "memory") == "/b"
    assert value("cgroup", event, "blkio") is None


@pytest.mark.parametrize("subsystem", [None, "", "a-b", "cpu/x"])
def test_bad_cgroups(subsystem):
    field = one(thread.FIELDS, "thread.cgroup")
    assert field.bind is not None
    with pytest.raises(ValueError, match="needs the name of a subsystem"):
        field.bind(subsystem)


def switch(event_of, ts, cpu, tid=100):
    event = event_of("SCHEDSWITCH_6_E", 5, ts=ts)
    event.cpu, event.tid = cpu, tid
    return event


def test_the_last_slice_of_the_cpu(event_of, event):
    field = one(thread.FIELDS, "thread.exectime")
    assert field.bind is not None
    exectime = field.bind(None)
    moments = [(10, 0), (15, 1), (17, 0), (20, 1), (20, 0)]
    assert [exectime(switch(event_of, ts, cpu)) for ts, cpu in moments] == [0, 0, 7, 5, 3]
    assert exectime(event) == 0
    # Another use of the field has a clock of its own.
    assert field.bind(None)(switch(event_of, 30, 0)) == 0


def test_slices_add_up_for_each_thread(event_of, event):
    field = one(thread.FIELDS, "thread.totexectime")
    assert field.bind is not None
    total = field.bind(None)
    moments = [(10, 100), (17, 100), (20, 200), (25, 100)]
    assert [total(switch(event_of, ts, 0, tid)) for ts, tid in moments] == [0, 7, 3, 12]
    assert total(event) == 12
    event.thread = None
    assert total(event) is None


def test_shares_of_the_cpu_never_have_a_value(event):
    for name in ("cpu", "cpu.user", "cpu.system"):
        assert value(name, event) is None
        assert one(thread.FIELDS, f"thread.{name}").fixed(EVENT_TABLE[CODES["SYSCALL_OPEN_X"]]) is None


def test_without_a_thread_only_its_id_is_known(event):
    event.thread = None
    found = {name: value(name, event) for name in ("tid", "ismain", "pfmajor", "pfminor", "vtid", "vmsize", "cgroups")}
    assert found == {"tid": 100} | dict.fromkeys(("ismain", "pfmajor", "pfminor", "vtid", "vmsize", "cgroups"))
    assert value("cgroup", event, "cpu") is None
