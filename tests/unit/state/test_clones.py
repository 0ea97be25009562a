import pytest

from falco.state.clones import STALE_NS
from falco.state.fds import FdInfo, FdType
from falco.state.threads import CLONE_ACTIVE, CLONE_INVERTED, NO_ID
from tests.events import build, process

CONTAINER = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
CHILD = {
    "exe": "/bin/srv", "args": ["-d", ""], "comm": "srv2", "uid": 33, "gid": 34, "fdlimit": 1024,
    "pgft_maj": 1, "pgft_min": 2, "vm_size": 3, "vm_rss": 4, "vm_swap": 5, "cgroups": ["cpu=/x"],
}  # fmt: skip


def parent_exit(box, child, parent=100, kind="SYSCALL_CLONE_20_X", **values):
    """The event of a clone that returns in the parent."""
    ids = {"tid_": parent, "pid": parent, "ptid": 1, "vtid": parent, "vpid": parent}
    return box.event(kind, tid=parent, res=child, **{**ids, **CHILD, **values})


def child_exit(box, child, parent=100, kind="SYSCALL_CLONE_20_X", **values):
    """The event of a clone that returns in the child."""
    ids = {"tid_": child, "pid": child, "ptid": parent, "vtid": child, "vpid": child}
    return box.event(kind, tid=child, res=0, **{**ids, **CHILD, **values})


def test_a_child_of_the_parent_is_none_of_the_caller(box):
    """As runc does it twice: the last of them is left with a parent that lives."""
    parent_exit(box, 200)
    parent_exit(box, 201, parent=200, flags="CLONE_PARENT")
    parent_exit(box, 202, parent=201, flags="CLONE_PARENT")
    assert [box.state.threads[tid].ptid for tid in (200, 201, 202)] == [100, 100, 100]
    assert box.state.threads[202].exepath == box.state.threads[100].exepath


def test_the_parent_s_event_creates_the_child(box):
    server = box.state.threads[100]
    server.fds[3] = FdInfo(FdType.FILE_V2, "/x")
    server.kernel_exepath = True
    event = parent_exit(box, 200)
    child = box.state.threads[200]
    assert event.thread is server
    assert child.kernel_exepath
    assert (child.tid, child.pid, child.ptid, child.vtid, child.vpid) == (200, 200, 100, 200, 200)
    assert (child.comm, child.exe, child.args, child.uid, child.gid) == ("srv2", "/bin/srv", ["-d", ""], 33, 34)
    assert (child.exepath, child.root, child.sid, child.vpgid, child.tty) == ("/bin/srv", "/", 90, 91, 4)
    assert (child.loginuid, child.env, child.cwd) == (5, ["A=1"], "/srv/")
    assert (child.fdlimit, child.pfmajor, child.pfminor, child.vmsize, child.vmrss, child.vmswap) == (
        1024,
        1,
        2,
        3,
        4,
        5,
    )
    assert (child.clone_ts, child.cgroups) == (event.ts, (("cpu", "/x"),))
    assert (child.fds[3].name, child.main) == ("/x", child)
    assert child.fds is not server.fds
    assert (child.last_fd, child.nchilds, child.flags) == (0, 0, CLONE_ACTIVE)


def gone(box, tid):
    box.event("PROCEXIT_1_E", tid=tid)
    box.state.settle()


def test_a_child_that_ended_before_its_parent_s_call_returned_stays_away(box):
    child_exit(box, 200)
    gone(box, 200)
    parent_exit(box, 200)
    assert 200 not in box.state.threads
    # The next one with this id is another.
    parent_exit(box, 200)
    assert 200 in box.state.threads


def test_a_child_whose_parent_has_ended_before_it_began_is_the_reaper_s(box):
    box.state.add_thread(process(150))
    box.event("PROCEXIT_1_E", tid=150, reaper_tid=100)
    box.state.settle()
    child_exit(box, 200, parent=150)
    assert (box.state.threads[200].ptid, 150 in box.state.threads) == (100, False)


def test_a_child_long_after_one_that_ended_early_is_another(box):
    child_exit(box, 200)
    gone(box, 200)
    box.ts += STALE_NS
    parent_exit(box, 200)
    assert 200 in box.state.threads


def test_of_children_that_ended_early_only_the_latest_are_remembered(box):
    for tid in range(1000, 2100):
        child_exit(box, tid)
        gone(box, tid)
    assert (len(box.state.ended), 1000 in box.state.ended, 2099 in box.state.ended) == (1024, False, True)


def test_a_new_thread_shares_its_process(box):
    parent_exit(box, 102, flags="CLONE_THREAD|CLONE_FILES")
    thread, main = box.state.threads[102], box.state.threads[100]
    assert (thread.pid, thread.ptid, thread.main, thread.vpid) == (100, 100, main, 100)
    assert (thread.fds, thread.cwd, thread.env) == ({}, "", [])
    assert main.others.keys() == {101, 102}


def test_a_child_of_a_thread_inherits_of_the_process(box):
    main = box.state.threads[100]
    main.fds[3] = FdInfo(FdType.FILE_V2, "/x")
    parent_exit(box, 200, parent=101, pid=100, ptid=100)
    child = box.state.threads[200]
    assert (child.ptid, child.cwd, child.env, child.loginuid) == (101, "/srv/", ["A=1"], 6)
    assert child.fds.keys() == {3}


@pytest.mark.parametrize("res", [-11, None])
def test_a_failed_clone_does_nothing(box, res):
    before = set(box.state.threads)
    parent_exit(box, res)
    assert set(box.state.threads) == before


@pytest.mark.parametrize(
    "kind",
    [
        f"SYSCALL_{call}_X"
        for call in ("CLONE_16", "CLONE_17", "FORK", "FORK_17", "FORK_20", "VFORK", "VFORK_17", "VFORK_20")
    ],
)
def test_every_version_of_clone(box, kind):
    known = {param.name for param in build(kind).type.params}
    values = {name: value for name, value in CHILD.items() if name in known}
    ids = {"tid_": 100, "pid": 100, "ptid": 1, **({"vtid": 100, "vpid": 100} if "vtid" in known else {})}
    box.event(kind, tid=100, res=200, **ids, **values)
    child = box.state.threads[200]
    assert child.comm == ("srv2" if "comm" in known else "/bin/srv")
    assert (child.uid, child.gid, child.vmswap) == (33, 34, 5)


def test_the_first_version_of_clone(box):
    box.event("SYSCALL_CLONE_11_X", tid=100, res=200, tid_=100, pid=100, exe="x", uid=33, gid=34, fdlimit=9)
    child = box.state.threads[200]
    assert (child.comm, child.uid, child.gid, child.fdlimit) == ("x", 33, 34, 9)


def test_clone3(box):
    parent_exit(box, 200, kind="SYSCALL_CLONE3_X")
    assert box.state.threads[200].comm == "srv2"


def test_child_first(box):
    event = child_exit(box, 200)
    child = box.state.threads[200]
    assert event.thread is child
    assert child.flags & CLONE_INVERTED
    assert (child.ptid, child.cwd, child.clone_ts) == (100, "/srv/", event.ts)
    child.comm = "changed"
    parent_exit(box, 200)
    assert box.state.threads[200] is child
    assert not child.flags & CLONE_INVERTED


def test_thread_first(box):
    child_exit(box, 102, pid=100, ptid=1, flags="CLONE_THREAD")
    thread = box.state.threads[102]
    assert (thread.pid, thread.ptid, thread.main.tid) == (100, 100, 100)


def test_vfork_that_ends_late_does_not_replace_the_child(box):
    child_exit(box, 200)
    box.event("SYSCALL_EXECVE_19_X", tid=200, res=0, exe="ls", comm="ls", pid=200)
    box.ts += 10 * STALE_NS
    parent_exit(box, 200)
    assert box.state.threads[200].comm == "ls"


def test_a_leftover_of_a_child_first_is_replaced(box):
    child_exit(box, 200, parent=7)
    box.ts += 10 * STALE_NS
    parent_exit(box, 200)
    assert box.state.threads[200].ptid == 100


def test_parent_first_then_child(box):
    parent_exit(box, 200)
    child = box.state.threads[200]
    event = child_exit(box, 200)
    assert event.thread is box.state.threads[200] is child


def test_the_parent_s_event_replaces_a_leftover(box):
    old = box.state.threads[7]
    parent_exit(box, 7)
    assert box.state.threads[7] is not old
    assert box.state.threads[7].ptid == 100


@pytest.mark.parametrize(("age", "replaced"), [(STALE_NS, False), (STALE_NS + 2_000_000, True)])
def test_the_child_s_event_replaces_only_a_stale_entry(box, age, replaced):
    parent_exit(box, 200)
    old = box.state.threads[200]
    child_exit(box, 200, ts=old.clone_ts + age)
    assert (box.state.threads[200] is not old) is replaced


def test_the_child_s_event_keeps_what_is_older_than_the_capture(box):
    old = box.state.threads[7]
    child_exit(box, 7, vtid=70, vpid=70)
    assert box.state.threads[7] is old
    assert (old.vtid, old.vpid) == (70, 70)


def test_the_child_s_event_replaces_a_placeholder(box):
    box.event("SYSCALL_MKDIR_E", tid=200, path="x")
    child_exit(box, 200)
    assert box.state.threads[200].comm == "srv2"


def test_in_a_pid_namespace_only_the_child_s_event_creates(box):
    parent_exit(box, 5, vtid=2, vpid=2)
    assert 5 not in box.state.threads
    child_exit(box, 500, vtid=5, vpid=5)
    child = box.state.threads[500]
    assert (child.vtid, child.vpid, child.tid, child.pid) == (5, 5, 500, 500)


def test_a_child_that_its_parent_created_outside_learns_its_ids_inside(box):
    parent_exit(box, 500)
    child_exit(box, 500, vtid=1, vpid=1)
    child = box.state.threads[500]
    assert (child.vtid, child.vpid) == (1, 1)


@pytest.mark.parametrize("first", [parent_exit, child_exit])
def test_an_unknown_parent_looks_like_its_child(box, first):
    first(box, 301, 300)
    parent, child = box.state.threads[300], box.state.threads[301]
    assert (parent.comm, parent.exe, parent.args) == ("srv2", "/bin/srv", ["-d", ""])
    assert (parent.uid, parent.ptid, parent.placeholder) == (NO_ID, -1, False)
    assert (child.ptid, child.sid, child.loginuid, child.exepath) == (300, -1, NO_ID, "")
    parent.sid = 9
    parent_exit(box, 302, 300)
    assert box.state.threads[302].sid == 9


def test_the_event_of_an_unknown_parent_is_its_own(box):
    assert parent_exit(box, 301, 300).thread is box.state.threads[300]


def test_a_failed_clone_of_an_unknown_thread_has_none(box):
    assert parent_exit(box, -11, 300).thread is None
    assert 300 not in box.state.threads


def test_cgroups_tell_the_container(box):
    parent_exit(box, 200, cgroups=[f"cpu=/docker/{CONTAINER}"])
    assert box.state.threads[200].container_id == CONTAINER[:12]
    assert box.state.containers[CONTAINER[:12]].is_stub
    parent_exit(box, 201, cgroups=["cpu=/"])
    assert box.state.threads[201].container_id == ""


def test_without_cgroups_a_child_is_where_its_parent_is(box):
    box.state.threads[100].cgroups = (("cpu", f"/docker/{CONTAINER}"),)
    parent_exit(box, 200, cgroups=None)
    assert box.state.threads[200].container_id == CONTAINER[:12]
