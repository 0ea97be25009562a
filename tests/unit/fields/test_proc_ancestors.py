from __future__ import annotations

import pytest

from falco.fields import proc_ancestors
from falco.fields.field import Many
from falco.state.threads import ThreadInfo
from tests.unit.fields.reading import compared, one, read, read_all


def value(name, event, argument=None):
    return read(proc_ancestors.FIELDS, f"proc.{name}", event, argument)


def add(state, tid, ptid, comm, sid=1):
    thread = ThreadInfo(tid, tid, ptid)
    thread.comm, thread.exe, thread.exepath, thread.sid = comm, f"-{comm}", f"/bin/{comm}", sid
    thread.args, thread.env, thread.vpid = [f"--{comm}"], [f"IS={comm}"], tid + 1000
    state.add_thread(thread)
    return thread


@pytest.fixture
def event(event_of, state, process):
    """systemd(1) <- sshd(10) <- bash(20) <- cat(100), the last two in session 20."""
    add(state, 1, 0, "systemd")
    add(state, 10, 1, "sshd")
    add(state, 20, 10, "bash", sid=20)
    process.ptid, process.sid, process.vpgid, process.vpid = 20, 20, 100, 100
    return event_of("SYSCALL_CHDIR_X", 0, "/")


def test_the_parent(event):
    names = ("ppid", "pname", "pcmdline", "pexe", "pexepath", "pvpid")
    assert [value(name, event) for name in names] == [20, "bash", "bash --bash", "-bash", "/bin/bash", 1020]


def test_ancestors_by_index(event):
    assert [value("aname", event, str(index)) for index in range(5)] == ["cat", "bash", "sshd", "systemd", None]
    assert [value("apid", event, str(index)) for index in range(5)] == [100, 20, 10, 1, None]
    assert value("acmdline", event, "2") == "sshd --sshd"
    assert value("aexepath", event, "3") == "/bin/systemd"
    assert (value("aexe", event, "1"), value("aargs", event, "1"), value("aenv", event, "1")) == (
        "-bash",
        "--bash",
        "IS=bash",
    )


def test_without_index_conditions_see_all_ancestors_and_outputs_the_process_itself(event):
    assert compared(proc_ancestors.FIELDS, "proc.aname", event) == ("bash", "sshd", "systemd")
    assert compared(proc_ancestors.FIELDS, "proc.apid", event) == (20, 10, 1)
    assert value("aname", event) == "cat"
    field = one(proc_ancestors.FIELDS, "proc.aname")
    assert field.many is Many.ANCESTORS
    assert field.bind is not None
    assert field.bind(None)(event) == ("bash", "sshd", "systemd")


def test_a_loop_of_parents_ends(event, state):
    state.threads[1].ptid = 20
    assert compared(proc_ancestors.FIELDS, "proc.apid", event) == (20, 10, 1)


def test_the_parent_of_a_thread_is_who_made_it_its_ancestors_are_those_of_the_process(event, state, process):
    thread = ThreadInfo(101, 100, 100)
    state.add_thread(thread)
    event.thread = thread
    assert value("pname", event) == "cat"
    assert (value("ppid", event), value("aname", event, "1")) == (20, "bash")


@pytest.mark.parametrize("argument", ["x", "-1", "", "٣", "99999999999"])
def test_bad_indexes(argument):
    field = one(proc_ancestors.FIELDS, "proc.aname")
    assert field.bind is not None
    with pytest.raises(ValueError, match="the index is a number"):
        field.bind(argument)


def test_the_login_shell_is_the_oldest_shell(event, state):
    assert value("loginshellid", event) == 20
    state.threads[1].comm = "fish"
    assert value("loginshellid", event) == 1


def test_no_shell(event, state):
    state.threads[20].comm = "python"
    assert value("loginshellid", event) is None


def test_the_session_leader_is_the_process_of_that_id(event):
    assert [value(name, event) for name in ("sid", "sname", "sid.exe", "sid.exepath")] == [
        20,
        "bash",
        "-bash",
        "/bin/bash",
    ]


def test_else_the_eldest_ancestor_of_the_session_leads_it(event, state, process):
    for tid in (20, 10):
        state.threads[tid].sid = 5
    process.sid = 5
    assert value("sname", event) == "sshd"


def test_else_the_process_itself(event, process):
    process.sid = 5
    assert value("sname", event) == "cat"


def test_leaders(event, process):
    names = ("is_sid_leader", "is_vpgid_leader", "vpgid")
    assert [value(name, event) for name in names] == [False, True, 100]
    process.vpid, process.vpgid = 20, 3
    assert [value(name, event) for name in names] == [True, False, 3]


def test_unknown_parents_have_no_values(event, process):
    process.ptid = 999
    assert [value(name, event) for name in ("ppid", "pname", "pcmdline", "pvpid")] == [999, None, None, None]
    assert compared(proc_ancestors.FIELDS, "proc.aname", event) == ()


def test_no_thread_no_value(event):
    event.thread = None
    assert set(read_all(proc_ancestors.FIELDS, event).values()) == {None}
    assert value("aname", event, "2") is None
    assert compared(proc_ancestors.FIELDS, "proc.aname", event) == ()
