"""A scan of this machine's /proc held against what processes know of themselves."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from falco.capture.live.procfs import reconcile, scan
from falco.capture.live.procfs_host import this_host
from falco.state.fds import L4, FdType, Role
from falco.state.state import State
from tests.live import open_things

PROGRAM = Path(open_things.__file__)
LOOPBACK = socket.inet_aton("127.0.0.1")
HOST = this_host(Path("/"))
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and other roots need root")


def machine() -> State:
    state = State()
    state.load(scan(HOST).snapshot)
    return state


@contextmanager
def running(*command: str, **rest):
    """A process that waits until its input ends; its first line of output."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **rest) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@contextmanager
def opener(place: Path, family: int, *before: str):
    """What open_things tells."""
    command = (*before, sys.executable, str(PROGRAM), str(place), str(family))
    with running(*command, env={"MARK": "\udcff here"}) as (_, line):
        yield json.loads(line)


def test_of_our_own_process_it_knows_what_we_know():
    thread = machine().threads[os.getpid()]
    assert (thread.pid, thread.ptid, thread.uid, thread.gid) == (os.getpid(), os.getppid(), os.geteuid(), os.getegid())
    assert (thread.exepath, thread.root, thread.cwd) == (
        str(Path("/proc/self/exe").readlink()),
        "/",
        f"{Path.cwd()}/",
    )
    assert (thread.sid, thread.fdlimit) == (os.getsid(0), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    assert [thread.exe, *thread.args] == Path("/proc/self/cmdline").read_text().removesuffix("\0").split("\0")
    booted = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    assert abs(thread.clone_ts - booted - ticks * 10_000_000) < 20_000_000


def test_of_the_machine_it_knows_what_the_system_says():
    snapshot = scan(HOST).snapshot
    known = snapshot.machine
    assert known is not None
    assert (known.num_cpus, known.hostname) == (os.cpu_count(), socket.gethostname())
    assert known.memory_bytes == pytest.approx(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), rel=0.01)
    assert {row.name for row in snapshot.interfaces} <= {name.partition(":")[0] for _, name in socket.if_nameindex()}
    assert (0, "root") in {(user.uid, user.name) for user in snapshot.users}


def test_of_the_kernel_s_threads_it_says_nothing():
    state = machine()
    kernel = {int(p.name) for p in Path("/proc").iterdir() if p.name.isdecimal() and is_kernel_thread(p)}
    if not kernel or Path("/proc/2/comm").read_text() != "kthreadd\n":
        pytest.skip("no kernel threads in this pid namespace")
    assert not kernel & state.threads.keys()


def is_kernel_thread(place: Path) -> bool:
    try:
        # kthreadd's children; a program that the kernel starts as such has a command line.
        return "\nPPid:\t2\n" in (place / "status").read_text() and not (place / "cmdline").read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_every_open_thing_is_what_it_is(tmp_path, family):
    if family == socket.AF_INET6 and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6")
    with opener(tmp_path, family) as told:
        thread = machine().threads[told["pid"]]
    assert (thread.comm.encode(), thread.env) == (open_things.HOSTILE, ["MARK=\udcff here"])
    check_files(thread.fds, told, tmp_path)
    check_sockets(thread.fds, told, family == socket.AF_INET6, tmp_path)
    assert set(thread.others) == set(told["threads"])


def check_files(fds, told, place):
    data, status = fds[told["append"]], (place / "data").stat()
    assert (data.type, data.name, data.ino) == (FdType.FILE_V2, str(place / "data"), status.st_ino)
    assert data.open_flags & 0xF == 2 | 8  # O_WRONLY, O_APPEND; O_CREAT is no flag of an open file.
    assert fds[told["odd"]].name == f"{place}/o\udcff\nd"
    assert fds[told["gone"]].name == f"{place}/gone"
    assert (fds[told["directory"]].type, fds[told["directory"]].name) == (FdType.DIRECTORY, str(place))
    kinds = {
        "pipe": FdType.FIFO, "event": FdType.EVENT, "memory": FdType.MEMFD, "inotify": FdType.INOTIFY,
        "timer": FdType.TIMERFD, "signal": FdType.SIGNALFD, "poll": FdType.EVENTPOLL,
    }  # fmt: skip
    assert {name: fds[told[name]].type for name in kinds} == kinds


def check_sockets(fds, told, six, place):
    port, client = told["port"], told["client_port"]
    listener = fds[told["listener"]]
    assert (listener.type, listener.name, listener.role) == (
        (FdType.IPV6_SERVSOCK, f":::{port}", Role.SERVER) if six
        else (FdType.IPV4_SERVSOCK, f"127.0.0.1:{port}", Role.SERVER)
    )  # fmt: skip
    # Client and server show the same connection, the client's end first.
    for name, role in (("client", Role.CLIENT), ("server", Role.SERVER)):
        fd = fds[told[name]]
        assert (fd.type, fd.l4proto, fd.role) == (FdType.IPV4_SOCK, L4.TCP, role)
        assert fd.name == f"127.0.0.1:{client}->127.0.0.1:{port}"
    bound = fds[told["bound"]]
    assert (bound.l4proto, bound.destination_port, bound.name) == (
        L4.UDP, told["bound_port"], f"{'::1' if six else '127.0.0.1'}:{told['bound_port']}",
    )  # fmt: skip
    sender = fds[told["sender"]]
    assert (sender.l4proto, sender.name) == (L4.UDP, f"127.0.0.1:{told['sender_port']}->127.0.0.1:53")
    assert (fds[told["unix"]].type, fds[told["unix"]].name) == (FdType.UNIX_SOCK, str(place / "unix"))
    # A socket without any address is imported as one of 0.0.0.0, whatever its family.
    assert (fds[told["fresh"]].l4proto, fds[told["fresh"]].name) == (L4.TCP, "0.0.0.0:0->0.0.0.0:0")
    assert fds[told["netlink"]].type == FdType.NETLINK


@pytest.mark.skipif(shutil.which("ss") is None, reason="no ss")
def test_connections_are_those_that_ss_shows(tmp_path):
    with opener(tmp_path, socket.AF_INET) as told:
        shown = subprocess.run(["ss", "-tanpH"], capture_output=True, text=True, check=True).stdout
        thread = machine().threads[told["pid"]]
    for fields in (line.split() for line in shown.splitlines()):
        for number in re.findall(rf"pid={told['pid']},fd=(\d+)", " ".join(fields)):
            fd, ends = thread.fds[int(number)], (fields[3], fields[4])
            if fields[0] == "LISTEN":
                assert fd.name == ends[0]
            else:
                assert fd.name in ("->".join(ends), "->".join(reversed(ends)))


@ROOT
def test_sockets_are_those_of_their_network_namespace(tmp_path):
    script = f'ip link set lo up 2>/dev/null; exec "{sys.executable}" "{PROGRAM}" "{tmp_path}" {int(socket.AF_INET)}'
    with running("unshare", "-n", "sh", "-c", script) as (_, line):
        if not line:
            pytest.skip("no network namespaces, or no way to bring up a loopback")
        told = json.loads(line)
        fds = machine().threads[told["pid"]].fds
    assert fds[told["listener"]].name == f"127.0.0.1:{told['port']}"
    assert fds[told["server"]].role == Role.SERVER


@ROOT
def test_ids_in_a_pid_namespace_are_virtual():
    with running("unshare", "-p", "-f", "sh", "-c", "echo up; read x") as (process, _):
        state = machine()
        inner = [t for t in state.threads.values() if t.ptid == process.pid]
        assert [(t.vtid, t.vpid, t.comm) for t in inner] == [(1, 1, "sh")]
        assert inner[0].tid != 1
        process.communicate()


@ROOT
def test_another_root_is_known(tmp_path):
    code = f"import os; os.chroot({str(tmp_path)!r}); os.chdir('/'); print(1, flush=True); input()"
    with running(sys.executable, "-c", code) as (process, _):
        thread = machine().threads[process.pid]
    assert (thread.root, thread.cwd) == (str(tmp_path), f"{tmp_path}/")


def test_a_program_that_is_deleted_keeps_its_path(tmp_path):
    program = tmp_path / "mine"
    shutil.copy2(shutil.which("cat") or "/bin/cat", program)
    with subprocess.Popen([program], stdin=subprocess.PIPE) as process:
        program.unlink()
        time.sleep(0.05)
        thread = machine().threads[process.pid]
        process.communicate()
    assert (thread.exepath, thread.comm) == (str(program), "mine")


def test_processes_that_come_and_go_do_no_harm():
    churn = "while :; do for i in 1 2 3 4 5; do (exit) & done; wait; done"
    with ExitStack() as stack:
        process, _ = stack.enter_context(running("sh", "-c", f"echo; {churn}"))
        for _ in range(20):
            assert process.pid in scan(HOST).snapshot.threads


def test_after_a_loss_the_table_is_what_there_is():
    with running("sh", "-c", "echo; read x") as (gone, _):
        state = machine()
    with running("sh", "-c", "echo; read x") as (new, _):
        done = reconcile(state, HOST)
        assert done.added >= 1
        state.end_merge()
        assert (gone.pid in state.threads, state.threads[new.pid].comm) == (False, "sh")
