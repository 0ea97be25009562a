from __future__ import annotations

import time
from pathlib import Path

import pytest

from falco.capture.live.procfs_host import Host, accounts, machine, own_pid, this_host
from falco.state.snapshot import Machine, Snapshot
from falco.state.users import Group, User
from tests.unit.capture.live.proctree import BOOT_NS

KTHREADD = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n"


def test_our_number_is_that_of_the_hosts_proc(tree):
    tree.write("proc/2/stat", KTHREADD)
    assert own_pid(str(tree.host.root)) == 0, "it does not say who we are"
    (tree.host.proc / "self").symlink_to("4711")
    assert own_pid(str(tree.host.root)) == own_pid(f"{tree.host.root}/") == 4711


@pytest.mark.parametrize("stat", [KTHREADD.replace("2129984", "4194304"), KTHREADD[:20], "2 (a) S 0 0 0 0 -1 x 0", ""])
def test_a_number_of_a_pid_namespace_is_not_taken_for_the_kernel_s(tree, stat):
    tree.write("proc/2/stat", stat)
    (tree.host.proc / "self").symlink_to("1")
    assert own_pid(str(tree.host.root)) == 0


def test_machine(tree):
    tree.write("proc/stat", "cpu  1 2\ncpu0 1 2\ncpu1 1 2\nintr 5\nbtime 3\n")
    tree.write("proc/meminfo", "MemTotal:       24684096 kB\nMemFree:        1 kB\n")
    tree.write("proc/sys/kernel/pid_max", "32768\n")
    tree.write("etc/hostname", "box\n")
    tree.write("proc/sys/kernel/hostname", "container\n")
    assert machine(tree.host) == Machine(2, 24684096 * 1024, 32768, "box", BOOT_NS)


def test_the_name_is_the_kernel_s_where_the_host_has_no_file(tree):
    tree.write("proc/sys/kernel/hostname", "box\n")
    assert machine(tree.host).hostname == "box"


@pytest.mark.parametrize("text", ["", "nonsense", "MemTotal: 99999999999999999999 kB\n"])
def test_a_machine_that_tells_nothing_has_zeros(tree, text):
    for name in ("stat", "meminfo", "sys/kernel/pid_max"):
        tree.write(f"proc/{name}", text)
    assert machine(tree.host) == Machine(0, 0, 0, "", BOOT_NS)


def test_users_and_groups(tree):
    tree.write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\nu:x:1000:100::/home/u:\n")
    tree.write("etc/group", "root:x:0:\nstaff:x:50:u,v\n")
    snapshot = Snapshot()
    accounts(tree.host, snapshot)
    assert snapshot.users == [User(0, 0, "root", "/root", "/bin/bash"), User(1000, 100, "u", "/home/u", "")]
    assert snapshot.groups == [Group(0, "root"), Group(50, "staff")]


@pytest.mark.parametrize(
    "line",
    ["", "#c:x:1:1::/:", "u:x:1", "u:x:-1:1::/:", "u:x:x:1::/:", ":x:1:1::/:", "+", "u:x:4294967296:1::/:", "\0\udcff"],
)
def test_lines_that_make_no_sense_are_passed_over(tree, line):
    tree.write("etc/passwd", f"{line}\nroot:x:0:0:root:/root:/bin/bash\n")
    tree.write("etc/group", f"{line}\nroot:x:0:\n")
    snapshot = Snapshot()
    accounts(tree.host, snapshot)
    assert [user.name for user in snapshot.users] == ["root"]
    assert [group.gid for group in snapshot.groups if group.gid == 0] == [0]


def test_a_host_without_accounts_has_none(tree):
    snapshot = Snapshot()
    accounts(tree.host, snapshot)
    assert (snapshot.users, snapshot.groups) == ([], [])


def test_start_times_are_in_ns_since_the_epoch():
    host = Host(Path("/x"), 1_000, 250, lambda: 0)
    assert (host.start_ns(3), host.tick_ns, host.proc) == (12_001_000, 4_000_000, Path("/x/proc"))


def test_this_host_goes_by_the_clocks():
    host = this_host(Path("/"))
    booted = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert abs(host.boot_ns - booted) < 1_000_000_000
    assert this_host(Path("/"), 5).boot_ns == 5
