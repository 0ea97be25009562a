import pytest

from falco.state.fds import FdInfo, FdType
from falco.state.threads import NO_ID
from tests.events import Builder
from tests.facts import comm_fact, marks_fact
from tests.unit.state.conftest import machine

CONTAINER = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"


def shell(box):
    return box.state.threads[7]


@pytest.mark.parametrize(
    ("path", "res", "cwd"),
    [
        ("sub", 0, "/home/u/sub/"),
        ("/etc", 0, "/etc/"),
        ("/etc/", 0, "/etc/"),
        ("..", 0, "/home/"),
        ("../..", 0, "/"),
        (".", 0, "/home/u/"),
        ("/", 0, "/"),
        ("sub", -2, "/home/u/"),
        ("x" * 2000, 0, "/PATH_TOO_LONG/"),
    ],
)
def test_chdir(box, path, res, cwd):
    box.call("SYSCALL_CHDIR", res=res, path=path)
    assert shell(box).cwd == cwd


def test_chdir_of_a_thread_is_its_process_s(box):
    before = box.state.threads[100].generation
    box.call("SYSCALL_CHDIR", tid=101, res=0, path="sub")
    assert box.state.threads[100].cwd == "/srv/sub/"
    assert box.state.threads[101].cwd == ""
    assert box.state.threads[100].generation > before


@pytest.mark.parametrize(
    ("fd", "res", "name", "cwd"),
    [
        (3, 0, "/var/log", "/var/log/"),
        (3, 0, "/", "/"),
        (3, 0, "", "/home/u/"),
        (3, -20, "/var", "/home/u/"),
        (9, 0, "/var", "/home/u/"),
    ],
)
def test_fchdir(box, fd, res, name, cwd):
    shell(box).fds[3] = FdInfo(FdType.DIRECTORY, name)
    box.call("SYSCALL_FCHDIR", {"fd": fd}, res=res)
    assert shell(box).cwd == cwd


def test_fchdir_without_enter(box):
    shell(box).fds[3] = FdInfo(FdType.DIRECTORY, "/var")
    box.event("SYSCALL_FCHDIR_X", res=0, fd=3)
    assert shell(box).cwd == "/var/"


@pytest.mark.parametrize(("res", "cwd"), [(5, "/true/"), (-34, "/home/u/")])
def test_getcwd(box, res, cwd):
    box.call("SYSCALL_GETCWD", res=res, path="/true")
    assert shell(box).cwd == cwd


@pytest.mark.parametrize(
    ("path", "res", "root"), [("/jail", 0, "/jail"), ("jail", 0, "/home/u/jail"), ("/jail", -1, "")]
)
def test_chroot(box, path, res, root):
    box.call("SYSCALL_CHROOT", res=res, path=path)
    assert shell(box).root == root


def test_chroot_may_enter_a_container(box):
    shell(box).cgroups = (("cpu", f"/docker/{CONTAINER}"),)
    box.call("SYSCALL_CHROOT", res=0, path="/jail")
    assert shell(box).container_id == CONTAINER[:12]


@pytest.mark.parametrize(
    ("call", "enter", "res", "uid", "gid"),
    [
        ("SYSCALL_SETUID", {"uid": 5}, 0, 5, 1000),
        ("SYSCALL_SETUID", {"uid": 5}, -1, 1000, 1000),
        ("SYSCALL_SETGID", {"gid": 5}, 0, 1000, 5),
        ("SYSCALL_SETGID", {"gid": 5}, -1, 1000, 1000),
        ("SYSCALL_SETRESUID", {"ruid": 4, "euid": 5, "suid": 6}, 0, 5, 1000),
        ("SYSCALL_SETRESUID", {"ruid": 4, "euid": NO_ID, "suid": 6}, 0, 1000, 1000),
        ("SYSCALL_SETRESUID", {"ruid": 4, "euid": 5, "suid": 6}, -1, 1000, 1000),
        ("SYSCALL_SETRESGID", {"rgid": 4, "egid": 5, "sgid": 6}, 0, 1000, 5),
        ("SYSCALL_SETRESGID", {"rgid": 4, "egid": NO_ID, "sgid": 6}, 0, 1000, 1000),
    ],
)
def test_ids(box, call, enter, res, uid, gid):
    box.call(call, enter, res=res)
    assert (shell(box).uid, shell(box).gid) == (uid, gid)


@pytest.mark.parametrize(
    ("symbol", "values", "uid", "gid"),
    [
        ("SYSCALL_SETUID_X", {"uid": 5}, 5, 1000),
        ("SYSCALL_SETRESGID_X", {"rgid": 4, "egid": 5, "sgid": 6}, 1000, 5),
        ("SYSCALL_SETREUID_X", {"ruid": 4, "euid": 5}, 5, 1000),
        ("SYSCALL_SETREUID_X", {"ruid": 4, "euid": NO_ID}, 1000, 1000),
        ("SYSCALL_SETREGID_X", {"rgid": 4, "egid": 5}, 1000, 5),
    ],
)
def test_ids_of_exits_that_tell_themselves(box, symbol, values, uid, gid):
    box.event(symbol, res=0, **values)
    assert (shell(box).uid, shell(box).gid) == (uid, gid)


def test_an_old_exit_without_its_enter_says_nothing(box):
    box.event("SYSCALL_SETUID_X", res=0)
    box.event("SYSCALL_SETUID_E", uid=5)
    box.event("SYSCALL_MKDIR_E", path="between")
    box.event("SYSCALL_SETUID_X", res=0)
    assert shell(box).uid == 1000


def test_ids_are_the_thread_s_own(box):
    box.call("SYSCALL_SETUID", {"uid": 5}, tid=101, res=0)
    assert (box.state.threads[101].uid, box.state.threads[100].uid) == (5, 0)


@pytest.mark.parametrize(("res", "sid"), [(7, 7), (-1, -1)])
def test_setsid(box, res, sid):
    box.call("SYSCALL_SETSID", res=res)
    assert shell(box).sid == sid


def test_setpgid_has_no_effect(box):
    before = shell(box).vpgid
    box.call("SYSCALL_SETPGID", {"pid": 0, "pgid": 9}, res=0)
    assert shell(box).vpgid == before


@pytest.mark.parametrize("call", ["SYSCALL_GETRLIMIT", "SYSCALL_SETRLIMIT"])
@pytest.mark.parametrize(
    ("resource", "res", "cur", "limit"),
    [
        ("RLIMIT_NOFILE", 0, 99, 99),
        ("RLIMIT_NOFILE", 0, -1, -1),
        ("RLIMIT_NOFILE", -1, 99, -1),
        ("RLIMIT_CORE", 0, 99, -1),
    ],
)
def test_rlimit(box, call, resource, res, cur, limit):
    box.call(call, {"resource": resource}, tid=101, res=res, cur=cur, max=100)
    assert box.state.threads[100].fdlimit == limit


def test_rlimit_without_enter(box):
    box.event("SYSCALL_SETRLIMIT_X", res=0, cur=99, resource="RLIMIT_NOFILE")
    assert shell(box).fdlimit == 99


@pytest.mark.parametrize(("pid", "tid", "limit"), [(101, 100, 99), (0, 7, 99), (5555, 7, -1)])
def test_prlimit(box, pid, tid, limit):
    box.call("SYSCALL_PRLIMIT", {"pid": pid, "resource": "RLIMIT_NOFILE"}, res=0, newcur=99)
    assert box.state.threads[tid].fdlimit == limit
    assert 5555 not in box.state.threads


@pytest.mark.parametrize(
    ("values", "comm"), [({"option": 15}, "new"), ({"option": 1}, "sh"), ({"option": 15, "res": -14}, "sh")]
)
def test_prctl(box, values, comm):
    box.call("SYSCALL_PRCTL", arg2_str="new", **values)
    assert shell(box).comm == comm


@pytest.mark.parametrize("all_events", [False, True])
def test_a_name_that_is_told_is_the_threads_own_whoever_gave_it(all_events):
    state = machine(all_events)
    before = state.threads[101].generation
    event = Builder(state, tid=101).event("PROCINFO_E", extra=[marks_fact(1), comm_fact("new")], count=2)
    assert event.hidden
    assert (state.threads[101].comm, state.threads[100].comm) == ("new", "srv")
    assert state.threads[101].generation > before


def test_a_procinfo_of_others_names_nobody(box):
    box.event("PROCINFO_E", cpu_usr=1, cpu_sys=2)
    assert shell(box).comm == "sh"


def test_a_name_for_an_unknown_thread_introduces_nobody(box):
    box.event("PROCINFO_E", tid=5555, extra=[comm_fact("new")], count=2)
    assert 5555 not in box.state.threads
