"""Attacks by processes that are not what they say, and on privileges, namespaces and other processes."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.live.attack_calls import CWD, SHADOW, own_mounts, read, syscall

# -- 13-15: who it is that does it ----------------------------------------------------------------------------------

CAT = "/usr/bin/cat"


def execs(program: str | int, *argv: str) -> None:
    """Run a program that reads the password hashes in a child."""
    pid = os.fork()
    if not pid:
        sys.stdout.flush()
        os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
        os.execve(program, list(argv) or ["x", "/etc/shadow"], {})
    os.waitpid(pid, 0)


def copied(place: Path, name: str) -> str:
    """A copy of cat."""
    return str(shutil.copy(CAT, place / name))


def exec_symlink(place: Path) -> None:
    (place / "sshd").symlink_to(CAT)
    execs(str(place / "sshd"), "sshd", "/etc/shadow")


def exec_copy(place: Path) -> None:
    execs(copied(place, "sshd"), "sshd", "/etc/shadow")


def exec_hard_link(place: Path) -> None:
    os.link(copied(place, "original"), place / "sshd")
    execs(str(place / "sshd"), "sshd", "/etc/shadow")


def exec_by_fd(place: Path) -> None:
    execs(os.open(copied(place, "program"), os.O_RDONLY), "/usr/sbin/sshd", "/etc/shadow")


def exec_proc_fd(place: Path) -> None:
    execs(f"/proc/self/fd/{os.open(copied(place, 'program'), os.O_RDONLY)}", "sshd", "/etc/shadow")


def exec_deleted(place: Path) -> None:
    descriptor = os.open(copied(place, "program"), os.O_RDONLY)
    (place / "program").unlink()
    execs(descriptor, "sshd", "/etc/shadow")


def exec_memory(_: Path) -> None:
    descriptor = os.memfd_create("sshd", 0)
    os.write(descriptor, Path(CAT).read_bytes())
    execs(f"/proc/self/fd/{descriptor}", "sshd", "/etc/shadow")


def exec_script(place: Path) -> None:
    script = place / "sshd"
    script.write_text(f"#!{copied(place, 'interpreter')} /etc/shadow\n")
    script.chmod(0o755)
    execs(str(script), "sshd")


def exec_loader(place: Path) -> None:
    loader = str(Path("/lib64/ld-linux-x86-64.so.2").resolve())
    execs(loader, "sshd", copied(place, "program"), "/etc/shadow")


def lie_by_name(_: Path) -> None:
    syscall(157, 15, b"sshd", 0, 0, 0)
    pid = os.fork()
    if not pid:
        read(SHADOW)
        os._exit(0)
    os.waitpid(pid, 0)


def lie_by_arguments(place: Path) -> None:
    execs(copied(place, "program"), "/usr/sbin/sshd", "/etc/shadow")


def without_arguments(place: Path) -> None:
    script = place / "program"
    script.write_text("x")
    code = "open('/etc/shadow').read()"
    pid = os.fork()
    if not pid:
        environment = ctypes.create_string_buffer(f"PYTHONSTARTUP={place}/start".encode())
        (place / "start").write_text(code)
        block = (ctypes.c_void_p * 2)(ctypes.addressof(environment), None)
        descriptor = os.open(place / "start", os.O_RDONLY)
        os.dup2(descriptor, 0)
        syscall(59, os.fsencode(os.path.realpath(sys.executable)), (ctypes.c_void_p * 1)(None), block)
    os.waitpid(pid, 0)


def setuid_program(place: Path) -> None:
    program = copied(place, "program")
    Path(program).chmod(0o4755)
    place.chmod(0o755)
    pid = os.fork()
    if not pid:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        execs(program)
        os._exit(0)
    os.waitpid(pid, 0)


# -- 17, 19, 20: namespaces, privileges, other processes ------------------------------------------------------------


def nsenter(_: Path) -> None:
    subprocess.run(["nsenter", "--target", str(os.getpid()), "--uts", "true"], check=True)


def unshares(_: Path) -> None:
    subprocess.run(["unshare", "--uts", "true"], check=True)


def overwrites_runtime(_: Path) -> None:
    runtime = Path("/usr/bin/falco-attack-runc")
    runtime.write_text("x")
    try:
        held = os.open(runtime, os.O_PATH)
        os.close(os.open(f"/proc/self/fd/{held}", os.O_WRONLY))
    finally:
        runtime.unlink()


def becomes_root(_: Path) -> None:
    pid = os.fork()
    if not pid:
        syscall(157, 8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
        os.setresuid(65534, 65534, 65534)
        head = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0))
        syscall(126, head, ctypes.create_string_buffer(struct.pack("=6I", 1 << 7, 1 << 7, 0, 0, 0, 0)))
        syscall(105, 0)
        os._exit(0)
    os.waitpid(pid, 0)


def exec_binfmt(place: Path) -> None:
    """A file that the kernel has an interpreter for, by its ending."""
    own_mounts()
    registry = Path("/proc/sys/fs/binfmt_misc")
    subprocess.run(["mount", "-t", "binfmt_misc", "none", registry], check=True)
    interpreter = copied(place, "interpreter")
    (place / "program.falco-attack").write_text("nothing\n")
    (place / "program.falco-attack").chmod(0o755)
    (registry / "register").write_text(f":falco-attack:E::falco-attack::{interpreter}:")
    try:
        execs(str(place / "program.falco-attack"), "sshd", "/etc/shadow")
    finally:
        (registry / "falco-attack").write_text("-1")


def named_like_puppet(_: Path) -> None:
    """The system's Ruby, with Puppet's name and an argument of Puppet's, runs something else."""
    code = "$0 = '/usr/bin/puppet apply'; File.read('/etc/shadow')"
    subprocess.run(["puppet", "-e", code, "/usr/bin/puppet", "apply"], executable="/usr/bin/ruby", check=True)


def mode(way: str) -> Callable[[Path], None]:
    def act(place: Path) -> None:
        path = os.fsencode(copied(place, "program"))
        match way:
            case "fchmodat2":
                syscall(452, CWD, path, 0o4755, 0)
            case "fchmod":
                os.fchmod(os.open(path, os.O_RDONLY), 0o4755)
            case _:
                os.chmod(path, 0o4755)  # noqa: PTH101 - the call of this name is meant

    return act


def capabilities(way: str) -> Callable[[Path], None]:
    """Let whoever runs a program become anybody."""

    def act(place: Path) -> None:
        path, name = os.fsencode(copied(place, "program")), b"security.capability"
        value = ctypes.create_string_buffer(struct.pack("<5I", 0x02000000, 1 << 7, 0, 0, 0), 20)
        match way:
            case "setxattrat":
                given = ctypes.create_string_buffer(struct.pack("=QII", ctypes.addressof(value), 20, 0), 16)
                syscall(463, CWD, path, 0, name, given, 16)
            case "fsetxattr":
                syscall(190, os.open(path, os.O_RDONLY), name, value, 20, 0)
            case _:
                syscall(189 if way == "lsetxattr" else 188, path, name, value, 20, 0)

    return act


def writes_memory(way: str) -> Callable[[Path], None]:
    def act(_: Path) -> None:
        buffer = ctypes.create_string_buffer(b"before", 16)
        pid = os.fork()
        if not pid:
            os.kill(os.getpid(), 19)
            os._exit(0)
        os.waitpid(pid, os.WUNTRACED)
        here = struct.pack("=QQ", ctypes.addressof(buffer), 6)
        if way == "vm":
            vector = ctypes.create_string_buffer(here)
            syscall(311, pid, vector, 1, vector, 1, 0)
        else:
            with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
                memory.seek(ctypes.addressof(buffer))
                memory.write(b"after!")
        os.kill(pid, 9)
        os.waitpid(pid, 0)

    return act


def preload_file(_: Path) -> None:
    Path("/etc/ld.so.preload").touch()
    Path("/etc/ld.so.preload").unlink()
