import pytest

from falco.state.fds import FdInfo, FdType
from falco.state.threads import CLONE_CLOSED, CLONE_INVERTED, CLONE_THREAD, NO_ID, PIPE_SRC
from tests.events import build, process

CONTAINER = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
EXEC = {
    "exe": "ls", "args": ["-l", "x y"], "comm": "ls", "pid": 7, "ptid": 99, "fdlimit": 9, "pgft_maj": 1, "pgft_min": 2,
    "vm_size": 3, "vm_rss": 4, "vm_swap": 5, "cgroups": ["cpu=/y"], "env": ["B=2"], "tty": 3, "pgid": 77, "loginuid": 8,
}  # fmt: skip


def execve(box, filename="/bin/ls", res=0, **values):
    return box.call("SYSCALL_EXECVE_19", {"filename": filename}, res=res, **{**EXEC, **values})


def test_execve(box):
    shell = box.state.threads[7]
    shell.fds[3] = FdInfo(FdType.FILE_V2, "/x")
    before = shell.generation
    event = execve(box)
    assert event.thread is shell
    assert (shell.exe, shell.args, shell.comm, shell.pid, shell.fdlimit) == ("ls", ["-l", "x y"], "ls", 7, 9)
    assert (shell.pfmajor, shell.pfminor, shell.vmsize, shell.vmrss, shell.vmswap) == (1, 2, 3, 4, 5)
    assert (shell.cgroups, shell.env, shell.tty, shell.vpgid, shell.loginuid) == ((("cpu", "/y"),), ["B=2"], 3, 77, 8)
    assert shell.exepath == "/bin/ls"
    assert (shell.uid, shell.gid) == (1000, 1000)  # Not of whom a setuid program runs as.
    assert shell.ptid == 1  # It was known.
    assert shell.fds.keys() == {3}
    assert shell.cwd == "/home/u/"
    assert shell.generation > before


def test_a_parent_that_has_ended_gives_way_to_the_one_that_the_kernel_tells_of(box):
    shell = box.state.threads[7]
    box.state.lineage.adopt(shell, 50)
    execve(box)
    assert shell.ptid == 50  # The other is no more known.
    execve(box, ptid=1)
    assert shell.ptid == 1


def test_a_parent_that_the_kernel_tells_of_though_it_has_ended_is_its_reaper(box):
    box.state.add_thread(process(50))
    box.event("PROCEXIT_1_E", tid=50, reaper_tid=100)
    box.state.settle()
    box.state.lineage.adopt(box.state.threads[7], 60)
    execve(box, ptid=50)
    assert box.state.threads[7].ptid == 100


def test_control_groups_that_are_not_told_are_what_they_were(box):
    execve(box, cgroups=[f"cpu=/docker/{CONTAINER}"])
    shell = box.state.threads[7]
    known = shell.cgroups, shell.container_id
    execve(box, cgroups=[])
    assert (shell.cgroups, shell.container_id) == known == ((("cpu", f"/docker/{CONTAINER}"),), CONTAINER[:12])


def test_a_failed_execve_changes_nothing(box):
    shell = box.state.threads[7]
    before = {
        slot: getattr(shell, slot)
        for slot in shell.__slots__
        if slot not in ("enter", "enter_ts", "last_code", "last_fd")
    }
    event = execve(box, res=-2)
    assert {slot: getattr(shell, slot) for slot in before} == before
    assert event.error == 2


@pytest.mark.parametrize(
    ("filename", "exepath"),
    [
        ("/bin/../sbin/x", "/sbin/x"),
        ("x", "/home/u/x"),
        ("./x", "/home/u/x"),
        ("../x", "/home/x"),
        ("<NA>", "<NA>"),
        ("<NA>/x", "<NA>"),
    ],
)
def test_exepath(box, filename, exepath):
    execve(box, filename)
    assert box.state.threads[7].exepath == exepath


def test_exepath_without_enter_is_kept(box):
    box.event("SYSCALL_EXECVE_19_X", res=0, **EXEC)
    assert box.state.threads[7].exepath == "/bin/sh"


def test_newer_writers_tell_path_and_user(box):
    box.event("SYSCALL_EXECVE_19_X", res=0, **EXEC, uid=0, gid=5, trusted_exepath="/real/ls")
    shell = box.state.threads[7]
    assert (shell.exepath, shell.uid, shell.gid) == ("/real/ls", 0, 5)
    assert shell.kernel_exepath
    execve(box)
    assert not shell.kernel_exepath


@pytest.mark.parametrize(
    ("enter", "exepath"),
    [
        ({"dirfd": 3, "pathname": "x"}, "/opt/x"),
        ({"dirfd": -100, "pathname": "x"}, "/home/u/x"),
        ({"dirfd": 3, "pathname": "/x"}, "/x"),
        ({"dirfd": 4, "pathname": ""}, "/opt/tool"),
        ({"dirfd": -100, "pathname": "<NA>"}, "<NA>"),
    ],
)
def test_execveat(box, enter, exepath):
    shell = box.state.threads[7]
    shell.fds[3], shell.fds[4] = FdInfo(FdType.DIRECTORY, "/opt"), FdInfo(FdType.FILE_V2, "/opt/tool")
    values = {key: value for key, value in EXEC.items() if key != "pgid"}
    box.call("SYSCALL_EXECVEAT", enter, res=0, count=19, **values, vpgid=77)
    assert (shell.exepath, shell.comm, shell.vpgid) == (exepath, "ls", 77)


def test_execveat_without_enter(box):
    box.event("SYSCALL_EXECVEAT_X", res=0, exe="ls", comm="ls", pid=7, count=19)
    assert box.state.threads[7].exepath == "/bin/sh"
    box.event("SYSCALL_EXECVEAT_X", res=0, exe="ls", comm="ls", pid=7, trusted_exepath="/real/ls")
    assert box.state.threads[7].exepath == "/real/ls"


@pytest.mark.parametrize(
    ("version", "comm", "env", "cgroups", "tty", "exepath", "vpgid"),
    [
        (8, "ls", False, False, 0, "/bin/sh", -1),
        (13, "ls", False, False, 0, "/bin/sh", -1),
        (14, "ls", True, False, 0, "/bin/sh", -1),
        (15, "ls2", True, False, 0, "/bin/sh", -1),
        (16, "ls2", True, True, 0, "/bin/sh", -1),
        (17, "ls2", True, True, 3, "/bin/sh", -1),
        (18, "ls2", True, True, 3, "/bin/x", -1),
        (19, "ls2", True, True, 3, "/bin/x", 77),
    ],
)
def test_every_version_of_execve(box, version, comm, env, cgroups, tty, exepath, vpgid):
    call = f"SYSCALL_EXECVE_{version}"
    known = {param.name for param in build(f"{call}_X").type.params}
    values = {name: value for name, value in {**EXEC, "comm": "ls2"}.items() if name in known}
    box.call(call, {"filename": "/bin/x"} if build(f"{call}_E").type.params else None, res=0, **values)
    shell = box.state.threads[7]
    assert (shell.exe, shell.comm, shell.tty, shell.exepath, shell.vpgid) == ("ls", comm, tty, exepath, vpgid)
    assert (shell.env == ["B=2"], bool(shell.cgroups)) == (env, cgroups)


def test_the_oldest_kept_login_uid(box):
    execve(box, count=18)
    assert box.state.threads[7].loginuid == NO_ID


@pytest.mark.parametrize(
    ("raw", "env"), [(b"A=1\0\0\0\0", ["A=1"]), (b"A=1\0\0B=2\0", ["A=1", "", "B=2"]), (b"", []), (b"\0\0", [])]
)
def test_environment(box, raw, env):
    box.state.threads[7].env = ["OLD=1"]
    execve(box, env=raw)
    assert box.state.threads[7].env == env


def test_execve_of_an_unknown_thread(box):
    box.call("SYSCALL_EXECVE_19", {"filename": "ls"}, tid=400, res=0, **{**EXEC, "pid": 400})
    thread = box.state.threads[400]
    assert (thread.comm, thread.ptid, thread.uid, thread.exepath) == ("ls", 99, NO_ID, "ls")
    assert not thread.placeholder


def test_execve_enters_and_leaves_containers(box):
    execve(box, cgroups=[f"cpu=/docker/{CONTAINER}"])
    assert box.state.threads[7].container_id == CONTAINER[:12]
    execve(box, cgroups=["cpu=/"])
    assert box.state.threads[7].container_id == ""


def test_execve_keeps_only_the_marks_of_pipes_and_of_child_first(box):
    shell = box.state.threads[7]
    shell.flags = PIPE_SRC | CLONE_INVERTED | CLONE_CLOSED | CLONE_THREAD | 1
    execve(box)
    assert shell.flags & (PIPE_SRC | CLONE_INVERTED | CLONE_CLOSED | CLONE_THREAD | 1) == PIPE_SRC | CLONE_INVERTED


def test_execve_ends_the_other_threads(box):
    box.call("SYSCALL_EXECVE_19", {"filename": "/bin/ls"}, tid=100, res=0, **{**EXEC, "pid": 100})
    assert box.state.threads[100].nchilds == 0
    assert 101 not in box.state.threads
