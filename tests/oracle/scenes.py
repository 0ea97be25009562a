"""Captures written to compare state with sysdig: what happens in them, and where the two differ on purpose."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from falco.events.decode import Dyn, SockAddr, SockTuple
from falco.state.fds import FdInfo, FdType
from falco.state.network import packed
from falco.state.threads import CLONE_THREAD, ThreadInfo
from tests.events import Builder, addr, ends, process

CAUSES = {
    "components": "sysdig takes `./` and `../` for components wherever they stand in a name",
    "root": "sysdig glues a second slash to the directory `/`",
    "dirfd": "after a failed openat sysdig shows the directory that dirfd is",
    "ascii": "sysdig replaces what is not ASCII in a path by dots",
    "reopened": "sysdig removes an fd that was opened while its number was being closed",
    "mapped": "sysdig loses the protocol of a socket that becomes an IPv4 one, and its name with it",
    "partly": "sysdig 0.29.3 keeps an end that a datagram changed; 0.15 took both",
    "bound": "sysdig writes the ends of a bound socket's datagram over its protocol",
    "ports": "sysdig looks for the ports of an IPv6 socket in the wrong bytes, and guesses its role by what is there",
    "unknown": "sysdig makes the entry of an unknown thread anew when it forks, and gives the child login uid 0",
    "environment": "sysdig gives a child of a thread no environment; it has its process's",
    "process": "sysdig keeps a process whose threads have all exited, if its main thread was not the last",
    "exec": "sysdig counts the threads that an exec has ended",
    "birth": "sysdig keeps the entry of an unknown thread although its birth is seen after all",
}


@dataclasses.dataclass(slots=True)
class Scene:
    """Events on a machine; different holds (event number, field) -> cause."""

    builder: Builder = dataclasses.field(default_factory=Builder)
    threads: list[ThreadInfo] = dataclasses.field(default_factory=list)
    different: dict[tuple[int, str], str] = dataclasses.field(default_factory=dict)

    def add(self, symbol: str, /, **values: object) -> None:
        """An event."""
        self.builder.add(symbol, **values)

    def call(self, name: str, enter: dict[str, object] | None = None, /, **values: object) -> None:
        """Both halves of a call."""
        tid = {"tid": values["tid"]} if "tid" in values else {}
        self.add(f"{name}_E", **tid, **(enter or {}))
        self.add(f"{name}_X", **values)

    def differs(self, cause: str, *fields: str) -> None:
        """In these fields of the last event."""
        for field in fields:
            self.different[len(self.builder.built), field] = cause


def _machine() -> Scene:
    scene = Scene()
    server = process(
        100,
        comm="srv",
        exe="/bin/srv",
        exepath="/bin/srv",
        cwd="/srv",
        args=["-d", ""],
        env=["A=1"],
        sid=90,
        loginuid=5,
    )
    worker = process(101, 100, 100, comm="worker", exe="/bin/srv", flags=CLONE_THREAD | 1)
    scene.threads = [process(1, ptid=0, comm="init"), process(7, comm="sh", cwd="/home/u"), server, worker]
    return scene


def files() -> Scene:  # noqa: PLR0915 - a list of what happens
    s = _machine()
    s.call("SYSCALL_OPEN", fd=3, name="/etc/passwd", flags="O_RDONLY")
    s.call("SYSCALL_OPEN", fd=-2, name="x")
    s.call("SYSCALL_OPENAT_2", fd=4, dirfd=-100, name="d", flags="O_DIRECTORY")
    s.call("SYSCALL_OPENAT_2", fd=5, dirfd=4, name="f")
    s.call("SYSCALL_OPENAT_2", fd=-2, dirfd=4, name="f")
    s.differs("dirfd", "fd.name", "fd.type", "fd.name_changed")
    s.call("SYSCALL_OPENAT_2", fd=-2, dirfd=-100, name="f")
    s.call("SYSCALL_OPENAT_2", fd=6, dirfd=-100, name="/", flags="O_DIRECTORY")
    s.call("SYSCALL_OPENAT_2", fd=8, dirfd=6, name="etc/shadow")
    s.differs("root", "fd.name")
    s.call("SYSCALL_OPENAT_2", fd=8, dirfd=44, name="unk")
    for name in ("/a//b/./c/../d/", "../../../../x/..", "", "..", ".", ".hidden/..x"):
        s.call("SYSCALL_OPEN", fd=9, name=name)
    for name in ("/a/foo../bar", "/a/foo./bar"):
        s.call("SYSCALL_OPEN", fd=9, name=name)
        s.differs("components", "fd.name")
    s.call("SYSCALL_OPEN", fd=9, name="/tmp/\x01z")
    s.call("SYSCALL_OPEN", fd=9, name="/tmp/é")
    s.differs("ascii", "fd.name")
    s.add("SYSCALL_OPEN_X", fd=10, name="/no/enter")
    s.add("SYSCALL_OPENAT_2_X", fd=11, dirfd=-100, name="/no/enter")
    for fd in (10, 11, 77):
        s.call("SYSCALL_READ", {"fd": fd}, res=3)
    s.call("SYSCALL_CREAT", fd=12, name="new")
    s.call("SYSCALL_OPENAT", {"dirfd": 4, "name": "old", "flags": "O_RDONLY"}, fd=13)
    s.call("SYSCALL_DUP", {"fd": 3}, res=20)
    s.call("SYSCALL_DUP", {"fd": 99}, res=21)
    s.call("SYSCALL_FCNTL", {"fd": 3, "cmd": "F_DUPFD"}, res=22)
    s.call("SYSCALL_FCNTL", {"fd": 3, "cmd": "F_GETFD"}, res=23)
    s.call("SYSCALL_CLOSE", {"fd": 3}, res=0)
    s.call("SYSCALL_READ", {"fd": 3}, res=3)
    s.call("SYSCALL_CLOSE", {"fd": 4}, res=-9)
    s.call("SYSCALL_READ", {"fd": 4}, res=3)
    s.call("SYSCALL_PIPE", res=0, fd1=27, fd2=28, ino=9)
    s.call("SYSCALL_READ", {"fd": 27}, res=3)
    s.call("SYSCALL_EVENTFD", res=29)
    s.call("SYSCALL_SIGNALFD", {"fd": -1}, res=30)
    s.call("SYSCALL_TIMERFD_CREATE", res=31)
    s.call("SYSCALL_INOTIFY_INIT", res=32)
    s.call("SYSCALL_CHDIR", res=0, path="sub/../sub2")
    s.call("SYSCALL_CHDIR", res=-2, path="nosuch")
    s.call("SYSCALL_FCHDIR", {"fd": 4}, res=0)
    s.call("SYSCALL_GETCWD", res=3, path="/really")
    s.call("SYSCALL_CHROOT", res=0, path="jail")
    s.call("SYSCALL_OPEN", tid=100, fd=3, name="/old")
    s.add("SYSCALL_CLOSE_E", tid=100, fd=3)
    s.call("SYSCALL_OPEN", tid=101, fd=3, name="/new")
    s.differs("reopened", "proc.fdopencount")
    s.add("SYSCALL_CLOSE_X", tid=100, res=0)
    s.differs("reopened", "proc.fdopencount")
    s.add("SYSCALL_READ_E", tid=100, fd=3)
    s.differs("reopened", "fd.name", "fd.type", "fd.name_changed", "proc.fdopencount")
    return s


def sockets() -> Scene:  # noqa: PLR0915 - a list of what happens
    s = _machine()

    def socket(fd: int, domain: int = 2, type: int = 1, proto: int = 0) -> None:
        s.call("SOCKET_SOCKET", {"domain": domain, "type": type, "proto": proto}, fd=fd)

    def connect(fd: int, text: str, res: int = 0) -> None:
        s.call("SOCKET_CONNECT", {"fd": fd}, res=res, tuple=ends(text))

    def send(fd: int, text: str | None, call: str = "SOCKET_SENDTO") -> None:
        s.call(call, {"fd": fd, "tuple": ends(text) if text else None}, res=1)

    def receive(fd: int, text: str | None, call: str = "SOCKET_RECVFROM") -> None:
        s.call(call, {"fd": fd}, res=1, tuple=ends(text) if text else None)

    socket(3)
    connect(3, "10.0.0.5:4000->93.1.1.1:80")
    send(3, "10.0.0.5:4001->93.1.1.1:81")
    socket(3)
    connect(3, "0.0.0.0:4000->93.1.1.2:80", -115)
    socket(3)
    connect(3, "10.0.0.5:4000->93.1.1.3:80", -111)
    socket(4, 10)
    connect(4, "::ffff:10.0.0.5:4000->::ffff:93.1.1.1:80")
    s.differs("mapped", "fd.name", "fd.l4proto")
    socket(4, 10, 2, 17)
    connect(4, "2001:db8::5:4000->2001:db8::6:53")
    socket(5, 2, 2, 17)
    s.call("SOCKET_BIND", {"fd": 5}, res=0, addr=addr("0.0.0.0:53"))
    receive(5, "10.0.0.9:5353->10.0.0.5:53")
    s.differs("bound", "fd.name")
    socket(6, 2, 2, 0)
    send(6, "0.0.0.0:0->8.8.8.8:53")
    receive(6, "8.8.8.8:53->10.0.0.5:40000")
    s.differs("partly", "fd.name")
    socket(7, 2, 2, 17)
    receive(7, "10.0.0.9:5353->10.0.0.5:54")
    receive(7, "10.0.0.10:5353->10.0.0.5:54")
    send(60, "0.0.0.0:0->8.8.8.8:53")
    send(61, ":::0->2001:db8::1:53")
    send(62, None)
    socket(8, 10, 2, 17)
    receive(8, "2001:db8::9:5353->2001:db8::5:54")
    s.differs("ports", "fd.name")
    socket(9, 10, 1, 6)
    s.call("SOCKET_BIND", {"fd": 9}, res=0, addr=addr("::ffff:10.0.0.5:8080"))
    socket(10, 10, 1, 6)
    s.call("SOCKET_BIND", {"fd": 10}, res=0, addr=addr(":::8080"))
    socket(10)
    s.call("SOCKET_BIND", {"fd": 10}, res=0, addr=addr("10.0.0.5:0"))
    for fd, text in enumerate(
        (
            "10.0.0.77:1111->10.0.0.5:8080",
            "::ffff:10.0.0.77:1111->::ffff:10.0.0.5:8080",
            "2001:db8::9:5353->2001:db8::5:54",
            "ffff8800->ffff8801 /run/x.sock",
        ),
        11,
    ):
        s.call("SOCKET_ACCEPT_5", fd=fd, tuple=ends(text))
    s.call("SOCKET_ACCEPT4_5", fd=15, tuple=None)
    s.call("SOCKET_ACCEPT4_5", fd=-11, tuple=None)
    s.call("SOCKET_ACCEPT4_5", fd=-11, tuple=ends("10.0.0.77:1111->10.0.0.5:8080"))
    socket(16, 1)
    s.call("SOCKET_BIND", {"fd": 16}, res=0, addr=addr("/run/b.sock"))
    socket(17, 1)
    connect(17, "a1->b2 /run/b.sock")
    socket(18, 1, 2)
    send(18, "a1->b2 /run/c.sock", "SOCKET_SENDMSG")
    receive(18, "a1->b3 /run/d.sock", "SOCKET_RECVMSG")
    socket(19, 16, 3)
    s.call("SOCKET_BIND", {"fd": 19}, res=0, addr=SockAddr(16))
    s.call("SOCKET_CONNECT", {"fd": 19}, res=0, tuple=SockTuple(16))
    socket(20, 17, 3, 3)
    s.call("SYSCALL_READ", {"fd": 20}, res=3)
    for fd, kind, proto in ((21, 3 | 0x80000, 1), (22, 3, 1), (23, 3, 255), (24, 3, 0)):
        socket(fd, 2, kind, proto)
        send(fd, "10.0.0.5:0->8.8.8.8:0")
    s.call("SOCKET_SOCKETPAIR", res=0, fd1=25, fd2=26, source=1, peer=2)
    s.call("SYSCALL_READ", {"fd": 26}, res=3)
    s.call("SOCKET_GETSOCKOPT", res=0, fd=3, val=Dyn(0, bytes(8)))
    s.call("SOCKET_SETSOCKOPT", res=0, fd=3, val=Dyn(0, bytes(8)))
    socket(31)
    send(31, "10.0.0.5:1->8.8.8.8:53")
    return s


_CHILD = {"exe": "exe", "args": ["x"], "comm": "srv", "uid": 33, "gid": 34, "fdlimit": 1024, "cgroups": ["cpu=/"]}


def _look(s: Scene, *tids: int) -> None:
    for tid in tids:
        s.add("SYSCALL_MKDIR_E", tid=tid, path="x")


def _fork(s: Scene, parent: int, child: int, pid: int, ptid: int, child_first: bool = False) -> None:
    def in_parent() -> None:
        ids = {"tid_": parent, "pid": pid, "ptid": ptid, "vtid": parent, "vpid": pid}
        s.add("SYSCALL_CLONE_20_X", tid=parent, res=child, **ids, **_CHILD)

    def in_child() -> None:
        ids = {"tid_": child, "pid": child, "ptid": parent, "vtid": child, "vpid": child}
        s.add("SYSCALL_CLONE_20_X", tid=child, res=0, **ids, **_CHILD)

    s.add("SYSCALL_CLONE_20_E", tid=parent)
    order: tuple[Callable[[], None], ...] = (in_child, in_parent) if child_first else (in_parent, in_child)
    for half in order:
        half()


def _exec(s: Scene, tid: int, filename: str, res: int = 0, ptid: int = 1) -> None:
    values = {"exe": "ls", "args": ["-l"], "comm": "ls", "cgroups": ["cpu=/"], "env": ["B=2"], "tty": 3, "loginuid": 7}
    ids = {"pid": tid, "ptid": ptid, "pgid": tid}
    s.call("SYSCALL_EXECVE_19", {"filename": filename}, tid=tid, res=res, **values, **ids)


def births() -> Scene:
    """Processes come about in all the ways that there are."""
    s = _machine()
    _fork(s, 100, 200, 100, 1)
    _look(s, 200)
    _fork(s, 200, 201, 200, 100, child_first=True)
    _look(s, 201)
    _exec(s, 201, "../bin/ls", ptid=200)
    _exec(s, 201, "nosuch", res=-2, ptid=200)
    _exec(s, 201, "<NA>", ptid=200)
    s.add("SYSCALL_EXECVE_19_X", tid=201, res=0, exe="no enter", comm="no enter", pid=201, ptid=200)
    _exec(s, 400, "ls", ptid=100)
    _look(s, 400)
    # A process in a pid namespace: only the child's event tells the child.
    s.call("SYSCALL_CLONE_20", tid=200, res=5, tid_=200, pid=200, ptid=101, vtid=2, vpid=2, **_CHILD)
    s.add("SYSCALL_CLONE_20_X", tid=500, res=0, tid_=500, pid=500, ptid=200, vtid=5, vpid=5, **_CHILD)
    _look(s, 500, 5)
    return s


def odd_births() -> Scene:
    """Where 0.15 knows less than the events say."""
    s = _machine()
    _fork(s, 101, 200, 100, 100)
    s.differs("environment", "proc.env")
    _look(s, 200)
    s.differs("environment", "proc.env")
    _fork(s, 300, 301, 300, 1, child_first=True)
    s.differs("unknown", "evt.latency")
    s.different[len(s.builder.built) - 1, "user.loginuid"] = "unknown"
    _look(s, 300)
    _look(s, 301)
    s.differs("unknown", "user.loginuid")
    _look(s, 600)
    s.add("SYSCALL_CLONE_20_X", tid=600, res=0, tid_=600, pid=600, ptid=7, vtid=600, vpid=600, **_CHILD)
    known = ("proc.name", "proc.pname", "proc.exe", "proc.args", "proc.cwd", "proc.vpid", "thread.vtid")
    s.differs("birth", *known, "proc.ppid", "proc.apid[1]", "proc.apid[2]", "proc.fdlimit", "user.uid")
    return s


def threads() -> Scene:
    """What threads share, and how they end."""
    s = _machine()
    ids = {"pid": 100, "ptid": 1, "flags": "CLONE_THREAD|CLONE_FILES"}
    s.call("SYSCALL_CLONE_20", tid=100, res=102, tid_=100, vtid=100, vpid=100, **ids, **_CHILD)
    s.add("SYSCALL_CLONE_20_X", tid=102, res=0, tid_=102, vtid=102, vpid=100, **ids, **_CHILD)
    _look(s, 100, 102)
    s.call("SYSCALL_CHDIR", tid=102, res=0, path="sub/../sub2")
    s.call("SYSCALL_OPEN", tid=102, fd=3, name="x")
    s.call("SYSCALL_READ", {"fd": 3}, tid=100, res=1)
    s.call("SYSCALL_SETUID", {"uid": 55}, tid=100, res=0)
    s.call("SYSCALL_SETUID", {"uid": 56}, tid=100, res=-1)
    s.call("SYSCALL_SETRESUID", {"ruid": 1, "euid": 2, "suid": 3}, tid=100, res=0)
    s.call("SYSCALL_SETRESUID", {"ruid": 1, "euid": 0xFFFFFFFF, "suid": 3}, tid=100, res=0)
    s.call("SYSCALL_SETSID", tid=100, res=100)
    s.call("SYSCALL_SETRLIMIT", {"resource": "RLIMIT_NOFILE"}, tid=102, res=0, cur=77, max=88)
    s.add("PROCEXIT_1_E", tid=102)
    _look(s, 102, 100)
    s.add("PROCEXIT_1_E", tid=100)
    _look(s, 100)
    s.add("PROCEXIT_1_E", tid=101)
    s.add("PROCEXIT_1_E", tid=7)
    _look(s, 7)
    return s


def ends_of_processes() -> Scene:
    """Where 0.15 keeps what is gone."""
    s = _machine()
    s.threads.append(process(102, ptid=100, comm="child"))
    _exec(s, 100, "/bin/ls")
    s.differs("exec", "proc.nchilds")
    s.threads += [process(110, comm="two"), process(111, 110, 110, comm="two", flags=CLONE_THREAD | 1)]
    s.threads.append(process(112, ptid=110, comm="child"))
    s.add("PROCEXIT_1_E", tid=110)
    s.add("PROCEXIT_1_E", tid=111)
    _look(s, 112)
    s.differs("process", "proc.pname", "proc.apid[1]", "proc.apid[2]")
    return s


def _fd(kind: int, source: str = "", sport: int = 0, destination: str = "", dport: int = 0, l4proto: int = 2) -> FdInfo:
    fd = FdInfo(kind)
    fd.source, fd.source_port = packed(source), sport
    fd.destination, fd.destination_port, fd.l4proto = packed(destination), dport, l4proto
    return fd


def opening() -> Scene:
    s = _machine()
    v4, v6 = FdType.IPV4_SOCK, FdType.IPV6_SOCK
    fds = [
        _fd(v4, "10.0.0.5", 22, "1.2.3.4", 5000),
        _fd(v4, "10.0.0.5", 4000, "1.2.3.4", 80),
        _fd(v4, "0.0.0.0", 4000, "8.8.8.8", 53, 3),
        _fd(v4, "10.0.0.5", 0, "1.2.3.4", 0, 4),
        _fd(FdType.IPV4_SERVSOCK, destination="0.0.0.0", dport=22),
        _fd(FdType.IPV6_SERVSOCK, destination="::", dport=80),
        _fd(FdType.IPV6_SERVSOCK, destination="::ffff:10.0.0.5", dport=81),
        _fd(v6, "2001:db8::5", 80, "2001:db8::9", 6000),
        _fd(v6, "::ffff:10.0.0.5", 80, "::ffff:1.2.3.4", 6000),
        _fd(v6, "::", 4000, "2001:db8::9", 6000, 3),
        _fd(v6, "::", 4000, "::", 0, 3),
        FdInfo(FdType.UNIX_SOCK, "/run/x.sock"),
        FdInfo(FdType.UNIX_SOCK),
        FdInfo(FdType.FILE_V2, "/etc/x", 1, 0x801),
        FdInfo(FdType.DIRECTORY, "/dir"),
        FdInfo(FdType.FIFO, "pipe:[1]"),
        FdInfo(FdType.FILE, "/old/file"),
    ]
    s.threads[1].fds = dict(enumerate(fds, 3))
    s.threads += [
        process(8, 7, 7, comm="t", flags=CLONE_THREAD | 1, cwd="/x", env=["Q=1"]),
        process(12, comm="e", cwd=""),
    ]
    for number in (*s.threads[1].fds, 99):
        s.add("SYSCALL_READ_E", fd=number)
    s.add("SYSCALL_READ_E", tid=8, fd=3)
    s.add("SYSCALL_READ_X", tid=12, res=3)
    s.add("SYSCALL_READ_X", tid=13, res=3)
    return s


def clock_set_back() -> Scene:
    s = _machine()
    later = s.builder.ts
    s.call("SYSCALL_READ", {"fd": 3}, res=1)
    s.add("SYSCALL_READ_E", fd=3)
    s.add("SYSCALL_READ_X", ts=later - 5_000_000_000, res=1)
    s.call("SYSCALL_NANOSLEEP", res=0)
    return s


SCENES: dict[str, Callable[[], Scene]] = {
    scene.__name__: scene
    for scene in (files, sockets, births, odd_births, threads, ends_of_processes, opening, clock_set_back)
}
