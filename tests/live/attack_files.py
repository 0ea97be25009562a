"""Attacks on files: every way to open, name, write and pass on one that rules protect.

What is made is removed by the test; mounts are in a mount namespace of the process. The directory lies on the file
system of /etc, so that files can be linked and moved between the two.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.live.attack_calls import CWD, SHADOW, TARGET, own_mounts, read, syscall
from tests.live.entry32 import call_32
from tests.live.opening import opened
from tests.live.uring import Uring

# -- 1: every call that opens ---------------------------------------------------------------------------------------


def by_handle(_: Path) -> None:
    handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136)
    mount = ctypes.c_int()
    syscall(303, CWD, SHADOW, handle, ctypes.byref(mount), 0)
    root = os.open("/", os.O_RDONLY)
    os.close(syscall(304, root, handle, os.O_RDONLY))


def creat(_: Path) -> None:
    os.close(opened("creat", TARGET.encode(), 0, 0o600))


def opens(way: str) -> Callable[[Path], None]:
    return lambda _: os.close(opened(way, SHADOW, os.O_RDONLY, 0))


# -- 2-5: paths -----------------------------------------------------------------------------------------------------


def from_root(_: Path) -> None:
    os.chdir("/")
    read("/proc/self/cwd/etc/shadow")


def by_dev_fd(_: Path) -> None:
    read(f"/dev/fd/{os.open('/etc/apt', os.O_RDONLY)}/../shadow")


def by_symlink(place: Path) -> None:
    (place / "link").symlink_to("/etc/shadow")
    read(str(place / "link"))


def by_linked_directory(place: Path) -> None:
    (place / "link").symlink_to("/etc/apt")
    read(f"{place}/link/..//./shadow")


def by_chain(place: Path) -> None:
    (place / "0").symlink_to("/etc/shadow")
    for number in range(1, 40):
        (place / str(number)).symlink_to(str(number - 1))
    read(str(place / "39"))


def relative(_: Path) -> None:
    os.chdir("/etc/apt")
    read("../shadow")


def by_fchdir(_: Path) -> None:
    os.fchdir(os.open("/etc", os.O_RDONLY))
    read("shadow")


def by_dirfd(_: Path) -> None:
    read("shadow", dir_fd=os.open("/etc", os.O_RDONLY))


def by_path_fd(_: Path) -> None:
    read(f"/proc/self/fd/{os.open(SHADOW, os.O_PATH)}")


def by_hard_link(place: Path) -> None:
    os.link(SHADOW, place / "hard")
    read(str(place / "hard"))


def by_bind_mount(place: Path) -> None:
    own_mounts()
    (place / "bound").touch()
    subprocess.run(["mount", "--bind", "/etc/shadow", place / "bound"], check=True)
    read(str(place / "bound"))


def by_overlay(place: Path) -> None:
    own_mounts()
    for name in ("layers", "merged"):
        (place / name).mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", place / "layers"], check=True)
    for name in ("upper", "scratch"):
        (place / "layers" / name).mkdir()
    options = f"lowerdir=/etc,upperdir={place}/layers/upper,workdir={place}/layers/scratch"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, place / "merged"], check=True)
    read(f"{place}/merged/shadow")


# -- 6-7: ways to write ---------------------------------------------------------------------------------------------


def by_rename(place: Path) -> None:
    (place / "new").write_text("x")
    (place / "new").rename(TARGET)


def by_exchange(place: Path) -> None:
    (place / "new").write_text("x")
    (place / "other").write_text("y")
    (place / "new").rename(TARGET)
    syscall(316, CWD, os.fsencode(TARGET), CWD, os.fsencode(place / "other"), 2)


def by_link(place: Path) -> None:
    (place / "new").write_text("x")
    os.link(place / "new", TARGET)


def by_truncate(place: Path) -> None:
    by_rename(place)
    os.truncate(TARGET, 0)


def by_splice(place: Path) -> None:
    (place / "from").write_text("x")
    into = os.open(TARGET, os.O_RDWR | os.O_CREAT, 0o600)
    ours = os.open(place / "from", os.O_RDONLY)
    os.copy_file_range(ours, into, 1)
    os.sendfile(into, ours, 0, 1)


def by_mapping(_: Path) -> None:
    into = os.open(TARGET, os.O_RDWR | os.O_CREAT, 0o600)
    os.ftruncate(into, 1)
    with mmap.mmap(into, 1) as memory:
        memory[0] = 1


def by_punching(_: Path) -> None:
    """Allocate, and take away again what is there."""
    into = os.open(TARGET, os.O_RDWR | os.O_CREAT, 0o600)
    syscall(285, into, 0, 0, 4096)
    syscall(285, into, 3, 0, 4096)  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE


# -- 8: files that somebody else has opened -------------------------------------------------------------------------


def by_inheritance(_: Path) -> None:
    descriptor = os.open(SHADOW, os.O_RDONLY)
    subprocess.run(["/usr/bin/head", "-c", "1"], stdin=descriptor, stdout=subprocess.DEVNULL, check=True)


def by_rights(_: Path) -> None:
    ours, theirs = socket.socketpair()
    socket.send_fds(ours, [b"x"], [os.open(SHADOW, os.O_RDONLY)])
    os.read(socket.recv_fds(theirs, 1, 1)[1][0], 1)


def by_pidfd(_: Path) -> None:
    descriptor = os.open(SHADOW, os.O_RDONLY)
    pid = os.fork()
    if not pid:
        os.close(descriptor)
        taken = syscall(438, os.pidfd_open(os.getppid()), descriptor, 0)
        os.read(taken, 1)
        os._exit(0)
    os.waitpid(pid, 0)


# -- 9-10: other entrances of the kernel ----------------------------------------------------------------------------


def uring_writes(_: Path) -> None:
    with Uring() as uring:
        assert uring.open(os.fsencode(TARGET), os.O_WRONLY | os.O_CREAT, mode=0o600) >= 0


def uring_renames(place: Path) -> None:
    (place / "new").write_text("x")
    with Uring() as uring:
        assert uring.rename(os.fsencode(place / "new"), os.fsencode(TARGET)) == 0


def uring_links(way: str) -> Callable[[Path], None]:
    def act(place: Path) -> None:
        (place / "new").write_text("x")
        with Uring() as uring:
            given = os.fsencode(place / "new"), os.fsencode(TARGET)
            assert (uring.link if way == "link" else uring.symlink)(*given) == 0

    return act


def uring_makes_directories(_: Path) -> None:
    with Uring() as uring:
        assert uring.mkdir(b"/usr/bin/falco-attack-made", 0o700) == 0
    Path("/usr/bin/falco-attack-made").rmdir()


def uring_unlinks(_: Path) -> None:
    with Uring() as uring:
        Path("/usr/bin/falco-attack-removed").write_text("x")
        assert uring.unlink(b"/usr/bin/falco-attack-removed") == 0


def compat(_: Path) -> None:
    assert call_32(5, SHADOW, os.O_RDONLY) >= 0
