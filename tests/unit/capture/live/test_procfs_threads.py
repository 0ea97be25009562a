from __future__ import annotations

import shutil

import pytest

from falco.capture.live.procfs_reading import Unread, directory
from falco.capture.live.procfs_threads import ThreadReader
from falco.state.snapshot import Snapshot
from falco.state.threads import CLONE_CLOSED, CLONE_THREAD, NO_ID
from tests.unit.capture.live.proctree import BOOT_NS, NOW_NS, stat_line, status_text

CLONE_FILES = 1


def read(tree, *places, known=None):
    """The snapshot of the processes in these directories, and the tids that are as known."""
    snapshot = Snapshot()
    reader = ThreadReader(tree.host, snapshot, known)
    for place in places:
        with directory(str(tree.root / place), Unread()) as process:
            assert process is not None
            reader.process(process)
    return snapshot, reader.unchanged


def test_a_process_is_what_its_files_say(tree):
    thread = read(tree, tree.process(7, "cat", ppid=3, start=5000))[0].threads[7]
    assert (thread.tid, thread.pid, thread.ptid, thread.sid, thread.vpgid, thread.tty) == (7, 7, 3, 30, 20, 34816)
    assert (thread.comm, thread.exe, thread.exepath, thread.args) == ("cat", "cat", "/usr/bin/cat", ["-x"])
    assert (thread.env, thread.cwd, thread.root, thread.flags) == (["A=1", "B=2"], "/home/u", "/", 0)
    assert (thread.uid, thread.gid, thread.loginuid, thread.fdlimit) == (7, 9, 1000, 1024)
    assert (thread.vmsize, thread.vmrss, thread.vmswap, thread.pfminor, thread.pfmajor) == (3000, 1700, 5, 11, 12)
    assert (thread.vtid, thread.vpid, thread.clone_ts) == (7, 7, BOOT_NS + 50_000_000_000)
    assert thread.cgroups == (("cpu", "/a"), ("cpuacct", "/a"), ("name=systemd", "/b"), ("", "/c"))


def test_in_a_pid_namespace_the_inner_ids_are_virtual(tree):
    thread = read(tree, tree.process(7, ns="\t1"))[0].threads[7]
    assert (thread.tid, thread.vtid, thread.pid, thread.vpid, thread.vpgid) == (7, 1, 7, 1, 1)


def test_threads_share_what_the_process_has(tree):
    threads = read(tree, tree.process(7, tids=(8, 9)))[0].threads
    assert {t.tid: (t.pid, t.flags) for t in threads.values()} == {
        7: (7, 0), 8: (7, CLONE_THREAD | CLONE_FILES), 9: (7, CLONE_THREAD | CLONE_FILES),
    }  # fmt: skip
    assert (threads[8].exe, threads[8].exepath, threads[8].args, threads[8].fdlimit) == (
        "cat",
        "/usr/bin/cat",
        ["-x"],
        1024,
    )


def test_a_thread_has_its_own_name_and_user(tree):
    place = tree.process(7, tids=(8,))
    tree.write(f"{place}/task/8/stat", stat_line(8, "work er"))
    tree.write(f"{place}/task/8/status", status_text(8, 7, uid=33))
    thread = read(tree, place)[0].threads[8]
    assert (thread.comm, thread.uid, thread.ptid) == ("work er", 33, 1)


def test_the_kernel_s_own_threads_are_left_out(tree):
    assert read(tree, tree.process(2, "kthreadd", flags=0x200040))[0].threads == {}


def test_a_dead_process_is_left_out(tree):
    assert read(tree, tree.process(7, state="Z"))[0].threads == {}


def test_a_dead_first_thread_stays_for_the_others(tree):
    place = tree.process(7, state="Z", tids=(8,))
    tree.write(f"{place}/task/8/stat", stat_line(8, "cat"))
    threads = read(tree, place)[0].threads
    assert (set(threads), threads[7].flags) == ({7, 8}, CLONE_CLOSED)


def test_a_process_is_known_by_its_stat_alone(tree):
    place = tree.process(7)
    for name in ("status", "cmdline", "environ", "cgroup", "loginuid", "limits", "exe", "cwd", "root"):
        (tree.root / place / name).unlink()
    shutil.rmtree(tree.root / place / "task")
    thread = read(tree, place)[0].threads[7]
    assert (thread.comm, thread.pid, thread.vpid, thread.vtid, thread.vpgid) == ("cat", 7, 7, 7, 20)
    assert (thread.uid, thread.gid, thread.loginuid, thread.fdlimit) == (NO_ID, NO_ID, NO_ID, -1)
    assert (thread.exe, thread.args, thread.env, thread.cwd, thread.cgroups) == ("", [], [], "", ())


@pytest.mark.parametrize("stat", ["", "nonsense", "7 (cat) S"])
def test_a_process_without_stat_is_gone(tree, stat):
    place = tree.process(7)
    tree.write(f"{place}/stat", stat)
    assert read(tree, place)[0].threads == {}


def test_a_thread_that_goes_meanwhile_is_left_out(tree):
    place = tree.process(7, tids=(8, 9))
    (tree.root / place / "task/8/stat").unlink()
    shutil.rmtree(tree.root / place / "task/9")
    (tree.root / place / "task/9").write_text("")
    assert set(read(tree, place)[0].threads) == {7}


def test_garbled_files_keep_their_defaults(tree):
    place = tree.process(7)
    for name in ("status", "cgroup", "loginuid", "limits"):
        tree.write(f"{place}/{name}", b"\xff\x00Tgid:\t" + b"9" * 40 + b"\nMax open files  " + b"9" * 40 + b"\n")
    thread = read(tree, place)[0].threads[7]
    assert (thread.pid, thread.uid, thread.cgroups, thread.loginuid, thread.fdlimit) == (7, NO_ID, (), NO_ID, -1)


@pytest.mark.parametrize(
    ("raw", "exe", "args"),
    [
        (b"", "", []),
        (b"cat", "cat", []),
        (b"cat\0", "cat", []),
        (b"cat\0a\0\0b\0", "cat", ["a", "", "b"]),
        (b"\0\0", "", [""]),
        (b"nginx: master process", "nginx: master process", []),
        (b"\xff\n\0\xfe\0", "\udcff\n", ["\udcfe"]),
        (b"x" * 5000 + b"\0y\0", "x" * 4096, []),
    ],
)
def test_command_lines(tree, raw, exe, args):
    place = tree.process(7)
    tree.write(f"{place}/cmdline", raw)
    thread = read(tree, place)[0].threads[7]
    assert (thread.exe, thread.args) == (exe, args)


@pytest.mark.parametrize(
    ("raw", "loginuid"),
    [("4294967295", NO_ID), ("0", 0), ("1000\n", 1000), ("", NO_ID), ("-1", NO_ID), ("9" * 30, NO_ID)],
)
def test_login_users(tree, raw, loginuid):
    place = tree.process(7)
    tree.write(f"{place}/loginuid", raw)
    assert read(tree, place)[0].threads[7].loginuid == loginuid


def test_a_program_that_was_deleted_keeps_its_path(tree):
    place = tree.process(7)
    tree.link(f"{place}/exe", "/tmp/x (deleted)")
    assert read(tree, place)[0].threads[7].exepath == "/tmp/x"


def test_each_thread_is_known_up_to_when_it_was_read(tree):
    snapshot = read(tree, tree.process(7, tids=(8,)))[0]
    assert snapshot.read_at == {7: NOW_NS, 8: NOW_NS}


def test_threads_beyond_the_limit_are_refused(tree, monkeypatch):
    monkeypatch.setattr("falco.state.limits.MAX_THREADS", 1)
    snapshot = read(tree, tree.process(7, tids=(8,)))[0]
    assert (set(snapshot.threads), set(snapshot.read_at), snapshot.refused) == ({7}, {7}, {"threads": 1})


def test_what_is_known_is_not_read_again(tree):
    place = tree.process(7, tids=(8,))
    known = read(tree, place)[0].threads
    (tree.root / place / "cmdline").unlink()
    snapshot, unchanged = read(tree, place, known=known)
    assert (snapshot.threads, unchanged) == ({}, {7, 8})


@pytest.mark.parametrize("change", ["exe", "comm", "uid", "start"])
def test_a_process_that_differs_is_read_again(tree, change):
    place = tree.process(7)
    known = read(tree, place)[0].threads
    if change == "exe":
        tree.link(f"{place}/exe", "/usr/bin/dog")
    else:
        tree.thread(
            place,
            7,
            7,
            "dog" if change == "comm" else "cat",
            **{"uid": 8, "start": 5003} if change in ("uid", "start") else {},
        )
    snapshot, unchanged = read(tree, place, known=known)
    assert (set(snapshot.threads), unchanged) == ({7}, set())


def test_a_new_thread_of_a_known_process_takes_after_it(tree):
    place = tree.process(7)
    known = read(tree, place)[0].threads
    tree.thread(f"{place}/task/8", 8, 7, "cat")
    snapshot, unchanged = read(tree, place, known=known)
    assert (set(snapshot.threads), unchanged) == ({8}, {7})
    assert snapshot.threads[8].args == ["-x"]
