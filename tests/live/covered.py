"""One way to make each covered call, and what its exit then says: what tests/live/test_covered.py goes through.

Calls are made by their numbers, so that no library puts another in their place. What a call cannot do here, or would do
to this process, is made to fail: its event comes all the same.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

CWD, BAD_FD, BAD_PID = -100, 999, 0x3FFFFF
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
Arguments = Callable[["Scene"], tuple[int | bytes, ...]]
Values = Callable[["Scene"], dict[str, object]]


class Scene:
    """What the calls act on: files in a directory of their own, fds, sockets, memory."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        self.dir = bytes(directory)
        self.file = self.dir + b"/file"
        self.new, self.other = self.dir + b"/new", self.dir + b"/other"
        (directory / "file").write_bytes(b"0123456789")
        self.inode = (directory / "file").stat().st_ino
        self.fd = os.open(self.file, os.O_RDWR)
        self.dirfd = os.open(self.dir, os.O_DIRECTORY)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.client = socket.create_connection(self.server.getsockname())
        self.served, _ = self.server.accept()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.fresh = [socket.socket() for _ in range(8)]
        for waiting in (self.server, self.served, self.udp):
            waiting.setblocking(False)
        self._memory: list[ctypes.Array[ctypes.c_char]] = []
        self.pid = os.getpid()

    def at(self, data: bytes, size: int = 0) -> int:
        """The address of a copy of bytes that stays."""
        buffer = ctypes.create_string_buffer(data, max(len(data), size))
        self._memory.append(buffer)
        return ctypes.addressof(buffer)

    @property
    def address(self) -> bytes:
        """A struct sockaddr_in of the server."""
        host, port = self.server.getsockname()
        return struct.pack("=H", 2) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)

    def vector(self, *parts: bytes) -> int:
        """An array of struct iovec."""
        return self.at(b"".join(struct.pack("=QQ", self.at(part), len(part)) for part in parts))

    def message(self, *parts: bytes) -> int:
        """A struct msghdr, of a datagram to the server's address; with it room for a result of sendmmsg."""
        address = self.at(self.address)
        return self.at(struct.pack("=QQQQQQQQ", address, 16, self.vector(*parts), len(parts), 0, 0, 0, 0))

    def close(self) -> None:
        """Give back what was opened."""
        for fd in (self.fd, self.dirfd):
            os.close(fd)
        for one in (self.server, self.client, self.served, self.udp, *self.fresh):
            one.close()


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A covered call: its arguments, and parameters that its first exit has to have."""

    name: str
    arguments: Arguments
    expected: Values = lambda _: {}
    make: Callable[[Scene], None] | None = None
    """What to do instead of making the call by its number."""


def call(number: int, arguments: tuple[int | bytes, ...]) -> int:
    """Make a call; its result or, below 0, the error."""
    words = [ctypes.c_char_p(one) if isinstance(one, bytes) else ctypes.c_long(one) for one in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *words))
    return -ctypes.get_errno() if result < 0 else result


def _fork(_: Scene) -> None:
    # The C library has a fork that is a clone; the call by its number is fork itself.
    child = int(_libc.syscall(57))
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def _clone(_: Scene) -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def _vfork(_: Scene) -> None:
    # The interpreter starts programs that way, by the C library's vfork.
    subprocess.run(["/bin/true"], check=True)


def _thread(_: Scene) -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


# fmt: off
ROWS = (
    Row("open", lambda s: (s.file, os.O_RDWR | os.O_CLOEXEC), lambda s: {"name": s.file.decode(), "flags": 4099}),
    Row("creat", lambda s: (s.new, 0o640), lambda s: {"name": s.new.decode(), "mode": 0o640}),
    Row("openat", lambda s: (s.dirfd, b"file", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600),
        lambda s: {"dirfd": s.dirfd, "name": "file", "flags": 2 | 4 | 8, "mode": 0o600, "ino": s.inode}),
    Row("openat2", lambda s: (CWD, s.file, s.at(struct.pack("=QQQ", os.O_RDONLY, 0, 0x08)), 24),
        lambda s: {"dirfd": CWD, "name": s.file.decode(), "flags": 1}),
    Row("open_by_handle_at", lambda s: (s.dirfd, s.at(struct.pack("=Ii", 0, 0), 128), 0), lambda s: {}),
    Row("close", lambda s: (BAD_FD,), lambda s: {"res": -9, "fd": BAD_FD}),
    Row("rename", lambda s: (s.dir + b"/none", s.other), lambda s: {"res": -2, "newpath": s.other.decode()}),
    Row("renameat", lambda s: (s.dirfd, b"none", s.dirfd, b"o"), lambda s: {"olddirfd": s.dirfd, "oldpath": "none"}),
    Row("renameat2", lambda s: (s.dirfd, b"none", CWD, b"o", 1), lambda s: {"newdirfd": CWD, "flags": 1}),
    Row("link", lambda s: (s.file, s.dir + b"/linked"), lambda s: {"res": 0, "oldpath": s.file.decode()}),
    Row("linkat", lambda s: (s.dirfd, b"file", s.dirfd, b"again", 0), lambda s: {"newpath": "again"}),
    Row("symlink", lambda s: (b"to", s.dir + b"/sym"), lambda s: {"target": "to"}),
    Row("symlinkat", lambda s: (b"to", s.dirfd, b"sym2"), lambda s: {"linkpath": "sym2", "linkdirfd": s.dirfd}),
    Row("unlink", lambda s: (s.dir + b"/none",), lambda s: {"res": -2, "path": s.dir.decode() + "/none"}),
    Row("unlinkat", lambda s: (s.dirfd, b"none", 0x200), lambda s: {"name": "none", "flags": 0x200}),
    Row("mkdir", lambda s: (s.dir + b"/made", 0o750), lambda s: {"res": 0, "mode": 0o750}),
    Row("mkdirat", lambda s: (s.dirfd, b"made2", 0o700), lambda s: {"dirfd": s.dirfd, "path": "made2"}),
    Row("rmdir", lambda s: (s.dir + b"/nowhere",), lambda s: {"res": -2}),
    Row("mknod", lambda s: (s.dir + b"/fifo", 0o010600, 0), lambda s: {"res": 0, "mode": 0o010600}),
    Row("mknodat", lambda s: (s.dirfd, b"fifo2", 0o010600, 0), lambda s: {"path": "fifo2"}),
    Row("chmod", lambda s: (s.file, 0o600), lambda s: {"filename": s.file.decode(), "mode": 0o600}),
    Row("fchmod", lambda s: (s.fd, 0o640), lambda s: {"fd": s.fd, "mode": 0o640}),
    Row("fchmodat", lambda s: (s.dirfd, b"file", 0o644), lambda s: {"dirfd": s.dirfd, "filename": "file"}),
    Row("fchmodat2", lambda s: (s.dirfd, b"file", 0o600, 0), lambda s: {"filename": "file"}),
    Row("chown", lambda s: (s.file, 0, 0), lambda s: {"path": s.file.decode(), "uid": 0}),
    Row("lchown", lambda s: (s.file, 0, 0), lambda s: {"path": s.file.decode()}),
    Row("fchown", lambda s: (s.fd, 0, 0), lambda s: {"fd": s.fd}),
    Row("fchownat", lambda s: (s.dirfd, b"file", 0, 0, 0x100), lambda s: {"pathname": "file"}),
    Row("truncate", lambda s: (s.file, 20)),
    Row("ftruncate", lambda s: (s.fd, 20)),
    Row("mount", lambda s: (b"a", s.dir + b"/nowhere", b"tmpfs", 1 | 2, 0),
        lambda s: {"res": -2, "dev": "a", "type": "tmpfs", "flags": 3}),
    Row("umount2", lambda s: (s.dir + b"/nowhere", 2), lambda s: {"res": -2, "name": s.dir.decode() + "/nowhere"}),
    Row("open_tree", lambda s: (CWD, s.dir, 0)),
    Row("move_mount", lambda s: (BAD_FD, b"", BAD_FD, b"", 0)),
    Row("fsopen", lambda s: (b"tmpfs", 0)),
    Row("fsconfig", lambda s: (BAD_FD, 1, b"key", s.at(b"value"), 0), lambda s: {"cmd": 1, "key": "key"}),
    Row("fsmount", lambda s: (BAD_FD, 0, 0)),
    Row("fspick", lambda s: (CWD, s.dir + b"/nowhere", 0)),
    Row("setxattr", lambda s: (s.file, b"user.a", s.at(b"value"), 5, 0)),
    Row("lsetxattr", lambda s: (s.file, b"user.a", s.at(b"value"), 5, 0)),
    Row("fsetxattr", lambda s: (s.fd, b"user.a", s.at(b"value"), 5, 0)),
    Row("setxattrat", lambda s: (CWD, s.file, 0, b"user.a", s.at(struct.pack("=QII", s.at(b"value"), 5, 0)), 16)),
    Row("mount_setattr", lambda s: (CWD, s.dir + b"/nowhere", 0, 0, 0)),
    Row("chdir", lambda s: (bytes(Path.cwd()),), lambda s: {"res": 0, "path": str(Path.cwd())}),
    Row("fchdir", lambda s: (BAD_FD,), lambda s: {"res": -9, "fd": BAD_FD}),
    Row("chroot", lambda s: (s.dir + b"/nowhere",), lambda s: {"res": -2, "path": s.dir.decode() + "/nowhere"}),
    Row("pivot_root", lambda s: (s.dir + b"/nowhere", s.dir)),
    Row("dup", lambda s: (s.fd,)),
    Row("dup2", lambda s: (s.fd, s.fd), lambda s: {"res": s.fd}),
    Row("dup3", lambda s: (s.fd, s.fd, 0), lambda s: {"res": -22}),
    Row("fcntl", lambda s: (s.fd, 3, 0), lambda s: {"fd": s.fd, "cmd": 4}),
    Row("pipe", lambda s: (s.at(b"", 8),), lambda s: {"res": 0}),
    Row("pipe2", lambda s: (s.at(b"", 8), os.O_CLOEXEC), lambda s: {"res": 0}),
    Row("memfd_create", lambda s: (b"name", 1), lambda s: {"name": "name", "flags": 1}),
    Row("pidfd_open", lambda s: (s.pid, 0), lambda s: {"pid": s.pid}),
    Row("pidfd_getfd", lambda s: (BAD_FD, 7, 0), lambda s: {"pid_fd": BAD_FD, "target_fd": 7}),
    Row("eventfd", lambda s: (5,), lambda s: {"initval": 5}),
    Row("eventfd2", lambda s: (6, 0), lambda s: {"initval": 6}),
    Row("epoll_create", lambda s: (9,), lambda s: {"size": 9}),
    Row("epoll_create1", lambda s: (0,), lambda s: {"flags": 0}),
    Row("inotify_init", lambda s: ()),
    Row("inotify_init1", lambda s: (0,)),
    Row("signalfd", lambda s: (-1, s.at(bytes(8)), 8)),
    Row("signalfd4", lambda s: (-1, s.at(bytes(8)), 8, 0)),
    Row("timerfd_create", lambda s: (1, 0), lambda s: {"clockid": 1}),
    Row("userfaultfd", lambda s: (0,)),
    Row("io_uring_setup", lambda s: (4, s.at(b"", 120)), lambda s: {"entries": 4, "sq_entries": 4, "cq_entries": 8}),
    Row("ioctl", lambda s: (s.fd, 0x5401, 0), lambda s: {"fd": s.fd, "request": 0x5401}),
    Row("read", lambda s: (s.fd, s.at(b"", 8), 0), lambda s: {"res": 0, "fd": s.fd, "size": 0}),
    Row("write", lambda s: (s.fd, s.at(b"abc"), 3), lambda s: {"res": 3, "data": b"abc", "fd": s.fd, "size": 3}),
    Row("pread64", lambda s: (s.fd, s.at(b"", 8), 4, 0), lambda s: {"res": 4, "fd": s.fd, "size": 4, "pos": 0}),
    Row("pwrite64", lambda s: (s.fd, s.at(b"wxyz"), 4, 0), lambda s: {"res": 4, "data": b"wxyz", "pos": 0}),
    Row("readv", lambda s: (s.fd, s.vector(b"ab", b"cd"), 2), lambda s: {"fd": s.fd}),
    Row("writev", lambda s: (s.fd, s.vector(b"ab", b"cde"), 2), lambda s: {"res": 5, "data": b"abcde", "size": 5}),
    Row("preadv", lambda s: (s.fd, s.vector(b"..", b".."), 2, 0), lambda s: {"res": 4, "fd": s.fd, "pos": 0}),
    Row("pwritev", lambda s: (s.fd, s.vector(b"pq", b"rs"), 2, 0), lambda s: {"res": 4, "data": b"pqrs", "pos": 0}),
    Row("sendfile", lambda s: (BAD_FD, s.fd, 0, 1), lambda s: {"res": -9, "out_fd": BAD_FD, "in_fd": s.fd, "size": 1}),
    Row("splice", lambda s: (BAD_FD, 0, s.fd, 0, 7, 1), lambda s: {"fd_in": BAD_FD, "fd_out": s.fd, "size": 7}),
    Row("socket", lambda s: (2, 1, 6), lambda s: {"domain": 2, "type": 1, "proto": 6}),
    Row("socketpair", lambda s: (1, 1, 0, s.at(b"", 8)), lambda s: {"res": 0, "domain": 1, "type": 1}),
    Row("bind", lambda s: (s.server.fileno(), s.at(s.address), 16), lambda s: {"fd": s.server.fileno()}),
    Row("listen", lambda s: (s.server.fileno(), 77), lambda s: {"res": 0, "backlog": 77}),
    Row("connect", lambda s: (s.fresh[0].fileno(), s.at(s.address), 16),
        lambda s: {"res": 0, "fd": s.fresh[0].fileno()}),
    Row("accept", lambda s: (s.server.fileno(), 0, 0)),
    Row("accept4", lambda s: (s.server.fileno(), 0, 0, 0)),
    Row("sendto", lambda s: (s.udp.fileno(), s.at(b"hi"), 2, 0, s.at(s.address), 16),
        lambda s: {"res": 2, "data": b"hi", "fd": s.udp.fileno(), "size": 2}),
    Row("sendmsg", lambda s: (s.udp.fileno(), s.message(b"h", b"i"), 0),
        lambda s: {"res": 2, "data": b"hi", "size": 2}),
    Row("sendmmsg", lambda s: (s.udp.fileno(), s.message(b"hey"), 1, 0),
        lambda s: {"res": 1, "fd": s.udp.fileno(), "size": 3}),
    Row("recvfrom", lambda s: (s.served.fileno(), s.at(b"", 8), 8, 0, 0, 0), lambda s: {"res": -11, "size": 8}),
    Row("recvmsg", lambda s: (s.served.fileno(), s.message(b"..."), 0), lambda s: {"res": -11}),
    Row("recvmmsg", lambda s: (s.served.fileno(), s.message(b"..."), 1, 0, 0), lambda s: {"fd": s.served.fileno()}),
    Row("shutdown", lambda s: (s.udp.fileno(), 1), lambda s: {"fd": s.udp.fileno(), "how": 1}),
    Row("setuid", lambda s: (0,), lambda s: {"res": 0, "uid": 0}),
    Row("setgid", lambda s: (0,), lambda s: {"res": 0, "gid": 0}),
    Row("setreuid", lambda s: (-1, -1), lambda s: {"res": 0}),
    Row("setregid", lambda s: (-1, -1), lambda s: {"res": 0}),
    Row("setresuid", lambda s: (0, -1, -1), lambda s: {"ruid": 0, "euid": 0xFFFFFFFF}),
    Row("setresgid", lambda s: (0, -1, -1), lambda s: {"rgid": 0, "egid": 0xFFFFFFFF}),
    Row("setfsuid", lambda s: (0,)),
    Row("setfsgid", lambda s: (0,)),
    Row("setgroups", lambda s: (-1, 0)),
    Row("setsid", lambda s: ()),
    Row("setpgid", lambda s: (BAD_PID, 0), lambda s: {"res": -3, "pid": BAD_PID, "pgid": 0}),
    Row("capset", lambda s: (0, 0), lambda s: {"res": -14}),
    Row("setns", lambda s: (BAD_FD, 0x20000), lambda s: {"res": -9, "fd": BAD_FD, "nstype": 0x20}),
    Row("unshare", lambda s: (0x200,), lambda s: {"res": 0, "flags": 2}),
    Row("prctl", lambda s: (15, s.at(b"called")), lambda s: {"option": 15, "arg2_str": "called"}),
    Row("prlimit64", lambda s: (0, 7, 0, s.at(b"", 16)), lambda s: {"res": 0, "pid": 0, "resource": 7, "newcur": -1}),
    Row("setrlimit", lambda s: (99, s.at(struct.pack("=QQ", 5, 6))), lambda s: {"res": -22, "cur": 5, "max": 6}),
    Row("ptrace", lambda s: (16, BAD_PID, 1, 2), lambda s: {"res": -3, "request": 11, "pid": BAD_PID}),
    Row("kill", lambda s: (s.pid, 0), lambda s: {"res": 0, "pid": s.pid, "sig": 0}),
    Row("tkill", lambda s: (BAD_PID, 9), lambda s: {"tid": BAD_PID, "sig": 9}),
    Row("tgkill", lambda s: (BAD_PID, BAD_PID, 9), lambda s: {"pid": BAD_PID, "tid": BAD_PID, "sig": 9}),
    Row("process_vm_readv", lambda s: (BAD_PID, 0, 0, 0, 0, 0), lambda s: {"res": 0, "pid": BAD_PID}),
    Row("process_vm_writev", lambda s: (BAD_PID, 0, 0, 0, 0, 0), lambda s: {"pid": BAD_PID}),
    Row("bpf", lambda s: (5, 0, 0)),
    Row("seccomp", lambda s: (99, 3, 0), lambda s: {"op": 99, "flags": 3}),
    Row("init_module", lambda s: (0, 7, b"a=b"), lambda s: {"length": 7, "uargs": "a=b"}),
    Row("finit_module", lambda s: (BAD_FD, b"c=d", 2), lambda s: {"fd": BAD_FD, "uargs": "c=d", "flags": 2}),
    Row("delete_module", lambda s: (b"no_such_module", 0o4000), lambda s: {"name": "no_such_module"}),
    Row("stat", lambda s: (s.file, s.at(b"", 256)), lambda s: {"res": 0, "path": s.file.decode()}),
    Row("lstat", lambda s: (s.file, s.at(b"", 256)), lambda s: {"res": 0, "path": s.file.decode()}),
    Row("fstat", lambda s: (s.fd, s.at(b"", 256)), lambda s: {"res": 0, "fd": s.fd}),
    Row("newfstatat", lambda s: (s.dirfd, b"none", s.at(b"", 256), 0x100),
        lambda s: {"res": -2, "dirfd": s.dirfd, "path": "none", "flags": 0x100}),
    Row("access", lambda s: (s.file, 4), lambda s: {"res": 0, "name": s.file.decode(), "mode": 4}),
    Row("getcwd", lambda s: (s.at(b"", 4096), 4096), lambda s: {"path": str(Path.cwd())}),
    Row("lseek", lambda s: (s.fd, 3, 0), lambda s: {"res": 3, "fd": s.fd, "offset": 3, "whence": 0}),
    Row("getdents", lambda s: (BAD_FD, 0, 0), lambda s: {"res": -9, "fd": BAD_FD}),
    Row("getdents64", lambda s: (BAD_FD, 0, 0), lambda s: {"res": -9, "fd": BAD_FD}),
    Row("flock", lambda s: (s.fd, 1), lambda s: {"res": 0, "fd": s.fd, "operation": 1}),
    Row("copy_file_range", lambda s: (BAD_FD, 0, s.fd, 0, 9, 0),
        lambda s: {"res": -9, "fdin": BAD_FD, "fdout": s.fd, "len": 9}),
    Row("getsockname", lambda s: (BAD_FD, 0, 0)),
    Row("getpeername", lambda s: (BAD_FD, 0, 0)),
    Row("setsockopt", lambda s: (s.udp.fileno(), 1, 2, s.at(bytes(4)), 4),
        lambda s: {"res": 0, "level": 1, "optname": 2, "optlen": 4}),
    Row("getsockopt", lambda s: (s.udp.fileno(), 1, 3, s.at(b"", 4), s.at(struct.pack("=I", 4))),
        lambda s: {"res": 0, "level": 1, "optname": 3, "optlen": 4}),
    Row("io_uring_enter", lambda s: (BAD_FD, 1, 2, 1, 0), lambda s: {"res": -9, "to_submit": 1, "min_complete": 2}),
    Row("io_uring_register", lambda s: (BAD_FD, 8, 7, 6), lambda s: {"opcode": 8, "arg": 7, "nr_args": 6}),
    Row("mmap", lambda s: (0, 4096, 1 | 4, 0x22, -1, 0),
        lambda s: {"length": 4096, "prot": 5, "flags": 2 | 8, "fd": -1}),
    Row("munmap", lambda s: (0x10000000, 4096), lambda s: {"res": 0, "addr": 0x10000000, "length": 4096}),
    Row("brk", lambda s: (0,), lambda s: {"addr": 0}),
    Row("mprotect", lambda s: (1, 4096, 3), lambda s: {"res": -22, "addr": 1, "length": 4096, "prot": 3}),
    Row("mlock", lambda s: (0, 0), lambda s: {"res": 0}),
    Row("mlock2", lambda s: (0, 0, 1), lambda s: {"flags": 1}),
    Row("munlock", lambda s: (0, 0), lambda s: {"res": 0}),
    Row("mlockall", lambda s: (64,), lambda s: {"res": -22, "flags": 64}),
    Row("munlockall", lambda s: (), lambda s: {"res": 0}),
    Row("getuid", lambda s: ()),
    Row("geteuid", lambda s: ()),
    Row("getgid", lambda s: ()),
    Row("getegid", lambda s: ()),
    Row("getresuid", lambda s: (s.at(b"", 4), s.at(b"", 4), s.at(b"", 4)), lambda s: {"ruid": 0, "euid": 0, "suid": 0}),
    Row("getresgid", lambda s: (s.at(b"", 4), s.at(b"", 4), s.at(b"", 4)), lambda s: {"rgid": 0, "sgid": 0}),
    Row("execve", lambda s: (s.dir + b"/none", 0, 0), lambda s: {"res": -2, "filename": s.dir.decode() + "/none"}),
    Row("execveat", lambda s: (s.dirfd, b"none", 0, 0, 0), lambda s: {"res": -2, "tid": s.pid}),
    Row("clone", lambda s: (), make=_clone),
    Row("clone3", lambda s: (), make=_thread),
    Row("fork", lambda s: (), make=_fork),
    Row("vfork", lambda s: (), make=_vfork),
)
# fmt: on
