import pytest

from falco.state.containers import Container
from falco.state.fds import L4, FdInfo, FdType, Role
from falco.state.network import address_text, packed
from falco.state.snapshot import Machine, Snapshot
from falco.state.state import State
from falco.state.threads import CLONE_ACTIVE, CLONE_THREAD
from falco.state.users import Group, User
from tests.events import process

CONTAINER = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"


def load(*threads, **rest) -> State:
    state = State()
    state.load(Snapshot(threads={thread.tid: thread for thread in threads}, **rest))
    return state


def test_tables_are_taken_over():
    machine, user, group = Machine(2, 1, 2, "box", 3), User(0, 0, "root", "/root", "/bin/sh"), Group(0, "root")
    state = load(machine=machine, users=[user], groups=[group])
    assert (state.machine, state.users, state.groups) == (machine, {0: user}, {0: group})


def test_a_second_snapshot_replaces_all_but_containers():
    state = load(process(7), users=[User(0, 0, "root", "", "")])
    state.add_container(Container("c", 0))
    state.first_ts = 5
    state.load(Snapshot(threads={8: process(8)}))
    assert (set(state.threads), state.users, set(state.containers), state.first_ts) == ({8}, {}, {"c"}, 0)


@pytest.mark.parametrize(
    ("given", "cwd"), [("/", "/"), ("/home/u", "/home/u/"), ("/home/u/", "/home/u/"), ("", "/"), ("/a/../b", "/b/")]
)
def test_directories_end_in_a_slash(given, cwd):
    assert load(process(7, cwd=given)).threads[7].cwd == cwd


def test_directory_and_environment_are_the_first_thread_s():
    other = process(8, 7, flags=CLONE_THREAD, cwd="/other", env=["B=2"])
    state = load(other, process(7, cwd="/main", env=["A=1"]))
    assert (other.cwd, other.env) == ("", [])
    assert (other.main.cwd, other.main.env) == ("/main/", ["A=1"])
    assert state.threads[7].nchilds == 1


def test_empty_texts_behind_the_environment_are_none():
    assert load(process(7, env=["A=1", "", "B=2", "", ""])).threads[7].env == ["A=1", "", "B=2"]


def test_a_thread_without_process_gets_a_placeholder():
    state = load(process(8, 7, flags=CLONE_THREAD))
    assert state.threads[7].placeholder
    assert state.threads[8].main is state.threads[7]


def test_all_are_active_and_older_than_the_capture():
    thread = load(process(7)).threads[7]
    assert thread.flags & CLONE_ACTIVE
    assert thread.clone_ts == 0


def test_containers_are_resolved():
    state = State()
    state.add_container(Container(CONTAINER[:12], 0, name="web"))
    inside = process(7, cgroups=(("cpu", f"/docker/{CONTAINER}"),))
    state.load(Snapshot(threads={7: inside, 1: process(1)}))
    assert (inside.container_id, state.threads[1].container_id) == (CONTAINER[:12], "")
    assert state.containers[CONTAINER[:12]].name == "web"


def test_containers_that_ancestors_tell_are_resolved_in_any_order():
    task = "a9f41620-b165-4d24-abe0-af0af92e7b20"
    child = process(2, ptid=3, cgroups=(("cpu", f"/mesos/{task}"),))
    load(child, process(3, env=["MESOS_TASK_ID=a.b"]))
    assert child.container_id == task


def fd(kind, source="", sport=0, destination="", dport=0, l4proto=L4.TCP, name=""):
    made = FdInfo(kind, name)
    made.source, made.source_port = packed(source), sport
    made.destination, made.destination_port = packed(destination), dport
    made.l4proto = l4proto
    return made


V4, V6, BOUND4, BOUND6 = FdType.IPV4_SOCK, FdType.IPV6_SOCK, FdType.IPV4_SERVSOCK, FdType.IPV6_SERVSOCK


@pytest.mark.parametrize(
    ("given", "kind", "name", "role", "connected"),
    [
        (fd(V4, "10.0.0.5", 22, "1.2.3.4", 5000), V4, "1.2.3.4:5000->10.0.0.5:22", Role.SERVER, True),
        (fd(V4, "10.0.0.5", 80, "1.2.3.4", 5000), V4, "1.2.3.4:5000->10.0.0.5:80", Role.SERVER, True),
        (fd(V4, "10.0.0.5", 4000, "1.2.3.4", 22), V4, "10.0.0.5:4000->1.2.3.4:22", Role.CLIENT, True),
        (fd(V4, "10.0.0.5", 4000, "1.2.3.4", 53, L4.UDP), V4, "10.0.0.5:4000->1.2.3.4:53", Role.CLIENT, False),
        (fd(V4, "10.0.0.5", 0, "1.2.3.4", 0, L4.ICMP), V4, "10.0.0.5:0->1.2.3.4:0", Role.CLIENT, False),
        (fd(V4, "0.0.0.0", 1, "8.8.8.8", 53, L4.UDP), V4, "0.0.0.0:1->8.8.8.8:53", Role.CLIENT, False),
        (fd(V6, "::ffff:10.0.0.5", 80, "::ffff:1.2.3.4", 5), V4, "1.2.3.4:5->10.0.0.5:80", Role.SERVER, True),
        (fd(V6, "2001:db8::5", 80, "2001:db8::9", 5), V6, "2001:db8::5:80->2001:db8::9:5", Role.NONE, True),
        (fd(V6, "::", 1, "::", 0, L4.UDP), V4, "0.0.0.0:1->0.0.0.0:0", Role.CLIENT, False),
        (fd(BOUND4, destination="0.0.0.0", dport=22), BOUND4, "0.0.0.0:22", Role.NONE, False),
        (fd(BOUND6, destination="::", dport=80), BOUND6, ":::80", Role.NONE, False),
        (fd(BOUND6, destination="::ffff:1.2.3.4", dport=8), BOUND6, "::ffff:1.2.3.4:8", Role.NONE, False),
        (fd(FdType.UNIX_SOCK, name="/run/x"), FdType.UNIX_SOCK, "/run/x", Role.SERVER, False),
        (fd(FdType.UNIX_SOCK), FdType.UNIX_SOCK, "", Role.CLIENT, False),
        (fd(FdType.FILE_V2, name="/x/../y"), FdType.FILE_V2, "/x/../y", Role.NONE, False),
        (fd(FdType.FIFO, name="pipe:[5]"), FdType.FIFO, "pipe:[5]", Role.NONE, False),
        (fd(99, name="x"), FdType.UNSUPPORTED, "x", Role.NONE, False),
    ],
)
def test_fds(given, kind, name, role, connected):
    listeners = process(8)
    listeners.fds = {3: fd(BOUND4, destination="0.0.0.0", dport=22), 4: fd(BOUND6, destination="::", dport=80)}
    owner = process(7)
    owner.fds = {3: given}
    load(owner, listeners)
    assert (given.type, given.name, given.role, given.connected) == (kind, name, role, connected)


def test_ends_are_swapped_with_the_name():
    owner = process(7)
    owner.fds = {3: fd(V4, "10.0.0.5", 22, "1.2.3.4", 5000), 4: fd(BOUND4, destination="10.0.0.5", dport=22)}
    load(owner)
    taken = owner.fds[3]
    assert (address_text(taken.source), taken.source_port) == ("1.2.3.4", 5000)
    assert (address_text(taken.destination), taken.destination_port) == ("10.0.0.5", 22)
