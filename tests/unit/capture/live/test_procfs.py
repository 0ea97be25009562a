from __future__ import annotations

import dataclasses
import shutil

import pytest

from falco.capture.live.procfs import look_again, reconcile, scan
from falco.state.snapshot import Machine
from falco.state.state import State
from tests.unit.capture.live.proctree import BOOT_NS, NOW_NS


def test_a_scan_holds_the_machine_its_accounts_and_its_processes(tree):
    tree.write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
    tree.write("etc/hostname", "box\n")
    place = tree.process(7, tids=(8,))
    tree.process(100)
    tree.fd(place, 3, "pipe:[1]")
    found = scan(tree.host)
    assert found.snapshot.machine == Machine(0, 0, 0, "box", BOOT_NS)
    assert [user.name for user in found.snapshot.users] == ["root"]
    assert list(found.snapshot.threads) == [7, 8, 100]
    assert {tid: set(t.fds) for tid, t in found.snapshot.threads.items()} == {7: {3}, 8: set(), 100: set()}
    assert found.trouble == ""


def test_other_names_in_proc_are_no_processes(tree):
    tree.write("proc/version", "")
    tree.write("proc/9", "no directory")
    tree.write("proc/12345678901/stat", "")
    (tree.root / "proc/self").mkdir()
    tree.process(7)
    assert set(scan(tree.host).snapshot.threads) == {7}


def test_what_is_born_meanwhile_is_found_too(tree):
    tree.process(7)

    def later() -> int:
        if not (tree.root / "proc/6").exists():
            tree.process(6)
        return NOW_NS

    host = dataclasses.replace(tree.host, now=later)
    assert set(scan(host).snapshot.threads) == {6, 7}


def test_a_host_without_proc_is_an_error(tree):
    (tree.root / "proc").rmdir()
    with pytest.raises(FileNotFoundError):
        scan(tree.host)


def test_trouble_is_told_in_one_sentence(tree):
    for pid in (7, 8):
        place = tree.process(pid)
        (tree.root / place / "cmdline").unlink()
        (tree.root / place / "cmdline").mkdir()
    found = scan(tree.host)
    assert found.trouble == "Not all of /proc could be read: cmdline refused 2 times"
    assert set(found.snapshot.threads) == {7, 8}


def loaded(tree):
    state = State()
    state.load(scan(tree.host).snapshot)
    return state


def test_a_scan_loads(tree):
    tree.process(7, ppid=100)
    tree.process(100, comm="sh")
    state = loaded(tree)
    parent = state.parent(state.threads[7])
    assert (state.threads[7].cwd, parent and parent.comm) == ("/home/u/", "sh")


def test_a_second_look_reads_only_what_differs(tree):
    for pid in (7, 8, 9):
        tree.process(pid)
    state = loaded(tree)
    tree.link("proc/8/exe", "/usr/bin/dog")
    shutil.rmtree(tree.root / "proc/9")
    tree.fd(tree.process(10), 3, "pipe:[1]")
    tree.now += 1000
    found = look_again(tree.host, state.threads)
    assert (set(found.changed.threads), set(found.unchanged)) == ({8, 10}, {7})
    assert set(found.changed.threads[10].fds) == {3}
    assert found.parents == dict.fromkeys((7, 8, 10), 1)


def test_after_a_loss_the_table_is_as_proc_says(tree):
    for pid in (7, 8, 9):
        tree.process(pid)
    state = loaded(tree)
    tree.link("proc/8/exe", "/usr/bin/dog")
    shutil.rmtree(tree.root / "proc/9")
    tree.process(10)
    tree.now += 1000
    done = reconcile(state, tree.host)
    assert (done.added, done.changed, done.vanished) == (1, 1, 1)
    state.end_merge()
    assert {tid: t.exepath for tid, t in state.threads.items()} == {
        7: "/usr/bin/cat", 8: "/usr/bin/dog", 10: "/usr/bin/cat",
    }  # fmt: skip
