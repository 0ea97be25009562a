"""The covered system calls: one row each, from which the probe's C text is generated (see text.py).

Parameters are written as the C macros of c/runtime.h, c/kernel.h and c/values.h: A0..A5 are the call's arguments, RET
its result. A call that 0.15 has an event for has that event's code; others have their own code, and those without any
are generic events. Numbers are those of the kernel's system call tables (x86-64 and i386).
"""

from __future__ import annotations

import dataclasses

NO_ENTER: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Base:
    """A path that a call was given: which role it plays (n: name, s: source, t: target), and from where it resolves."""

    role: str
    dirfd: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A system call. event is the pair's symbol without _E and _X, empty for the generic event.

    compat are its numbers on i386, number is -1 where x86-64 has no such call. fd is the C expression of the fd that
    the exit has a fact about. bases are the paths it was given. setup is a C statement that runs before anything is
    decided or sent.
    """

    name: str
    number: int
    compat: tuple[int, ...]
    event: str
    enter: tuple[str, ...] = ()
    exit: tuple[str, ...] = ()
    fd: str = ""
    bases: tuple[Base, ...] = ()
    setup: str = ""


CWD = "-100"
_RES = "S64(RET)"
_GENERIC = ("U16(c->generic)", "U16(c->slot)")


def _at(role: str, dirfd: str, name: str) -> Base:
    return Base(role, f"(s32){dirfd}" if dirfd != CWD else CWD, name)


def _own(name: str) -> tuple[Base, ...]:
    return (_at("n", CWD, name),)


def _generic(name: str, number: int, compat: tuple[int, ...], fd: str = "", *bases: Base) -> Call:
    return Call(name, number, compat, "", _GENERIC, _GENERIC, fd, bases)


_OPEN_FACTS = ("U32(opened_device(c))", "U64(opened_inode(c))")

# fmt: off
FILES = (
    Call("open", 2, (5,), "SYSCALL_OPEN",
         ("TEXT(A0)", "U32(open_flags(A1))", "U32(open_mode(A1, A2))"),
         ("FD(RET)", "TEXT(A0)", "U32(open_flags(A1))", "U32(open_mode(A1, A2))", *_OPEN_FACTS),
         "RET", _own("A0")),
    Call("creat", 85, (8,), "SYSCALL_CREAT",
         ("TEXT(A0)", "U32(A1 & 07777)"),
         ("FD(RET)", "TEXT(A0)", "U32(A1 & 07777)", *_OPEN_FACTS, "U16(0)"),
         "RET", _own("A0")),
    Call("openat", 257, (295,), "SYSCALL_OPENAT_2",
         ("FD(A0)", "TEXT(A1)", "U32(open_flags(A2))", "U32(open_mode(A2, A3))"),
         ("FD(RET)", "FD(A0)", "TEXT(A1)", "U32(open_flags(A2))", "U32(open_mode(A2, A3))", *_OPEN_FACTS),
         "RET", (_at("n", "A0", "A1"),)),
    Call("openat2", 437, (437,), "SYSCALL_OPENAT2",
         ("FD(A0)", "TEXT(A1)", "U32(open_flags(how(A2, 0)))", "U32(open_mode(how(A2, 0), how(A2, 8)))",
          "U32(how(A2, 16))"),
         ("FD(RET)", "FD(A0)", "TEXT(A1)", "U32(open_flags(how(A2, 0)))", "U32(open_mode(how(A2, 0), how(A2, 8)))",
          "U32(how(A2, 16))", *_OPEN_FACTS),
         "RET", (_at("n", "A0", "A1"),)),
    Call("open_by_handle_at", 304, (342,), "SYSCALL_OPEN_BY_HANDLE_AT", NO_ENTER,
         ("FD(RET)", "FD(A0)", "U32(open_flags(A2))", "OPENED_PATH", *_OPEN_FACTS), "RET"),
    Call("close", 3, (6,), "SYSCALL_CLOSE", ("FD(A0)",), (_RES, "FD(A0)"), "A0"),
    Call("rename", 82, (38,), "SYSCALL_RENAME", NO_ENTER, (_RES, "TEXT(A0)", "TEXT(A1)"),
         "", (_at("s", CWD, "A0"), _at("t", CWD, "A1"))),
    Call("renameat", 264, (302,), "SYSCALL_RENAMEAT", NO_ENTER,
         (_RES, "FD(A0)", "TEXT(A1)", "FD(A2)", "TEXT(A3)"), "", (_at("s", "A0", "A1"), _at("t", "A2", "A3"))),
    Call("renameat2", 316, (353,), "SYSCALL_RENAMEAT2", NO_ENTER,
         (_RES, "FD(A0)", "TEXT(A1)", "FD(A2)", "TEXT(A3)", "U32(A4)"),
         "", (_at("s", "A0", "A1"), _at("t", "A2", "A3"))),
    Call("link", 86, (9,), "SYSCALL_LINK_2", NO_ENTER, (_RES, "TEXT(A0)", "TEXT(A1)"),
         "", (_at("s", CWD, "A0"), _at("t", CWD, "A1"))),
    Call("linkat", 265, (303,), "SYSCALL_LINKAT_2", NO_ENTER,
         (_RES, "FD(A0)", "TEXT(A1)", "FD(A2)", "TEXT(A3)", "U32(A4)"),
         "", (_at("s", "A0", "A1"), _at("t", "A2", "A3"))),
    Call("symlink", 88, (83,), "SYSCALL_SYMLINK", NO_ENTER, (_RES, "TEXT(A0)", "TEXT(A1)"),
         "", (_at("t", CWD, "A1"),)),
    Call("symlinkat", 266, (304,), "SYSCALL_SYMLINKAT", NO_ENTER, (_RES, "TEXT(A0)", "FD(A1)", "TEXT(A2)"),
         "", (_at("t", "A1", "A2"),)),
    Call("unlink", 87, (10,), "SYSCALL_UNLINK_2", NO_ENTER, (_RES, "TEXT(A0)"), "", _own("A0")),
    Call("unlinkat", 263, (301,), "SYSCALL_UNLINKAT_2", NO_ENTER, (_RES, "FD(A0)", "TEXT(A1)", "U32(A2)"),
         "", (_at("n", "A0", "A1"),)),
    Call("mkdir", 83, (39,), "SYSCALL_MKDIR_2", ("U32(A1)",), (_RES, "TEXT(A0)", "U32(A1)"), "", _own("A0")),
    Call("mkdirat", 258, (296,), "SYSCALL_MKDIRAT", NO_ENTER, (_RES, "FD(A0)", "TEXT(A1)", "U32(A2)"),
         "", (_at("n", "A0", "A1"),)),
    Call("rmdir", 84, (40,), "SYSCALL_RMDIR_2", NO_ENTER, (_RES, "TEXT(A0)"), "", _own("A0")),
    Call("mknod", 133, (14,), "SYSCALL_MKNOD", NO_ENTER, (_RES, "TEXT(A0)", "U32(A1)", "U32(A2)"), "", _own("A0")),
    Call("mknodat", 259, (297,), "SYSCALL_MKNODAT", NO_ENTER, (_RES, "FD(A0)", "TEXT(A1)", "U32(A2)", "U32(A3)"),
         "", (_at("n", "A0", "A1"),)),
    Call("chmod", 90, (15,), "SYSCALL_CHMOD", NO_ENTER, (_RES, "TEXT(A0)", "U32(mode_bits(A1))"), "", _own("A0")),
    Call("fchmod", 91, (94,), "SYSCALL_FCHMOD", NO_ENTER, (_RES, "FD(A0)", "U32(mode_bits(A1))"), "A0"),
    Call("fchmodat", 268, (306,), "SYSCALL_FCHMODAT", NO_ENTER, (_RES, "FD(A0)", "TEXT(A1)", "U32(mode_bits(A2))"),
         "", (_at("n", "A0", "A1"),)),
    Call("fchmodat2", 452, (452,), "SYSCALL_FCHMODAT", NO_ENTER, (_RES, "FD(A0)", "TEXT(A1)", "U32(mode_bits(A2))"),
         "", (_at("n", "A0", "A1"),)),
    Call("chown", 92, (182, 212), "SYSCALL_CHOWN", NO_ENTER, (_RES, "TEXT(A0)", "U32(A1)", "U32(A2)"), "", _own("A0")),
    Call("lchown", 94, (16, 198), "SYSCALL_LCHOWN", NO_ENTER, (_RES, "TEXT(A0)", "U32(A1)", "U32(A2)"), "", _own("A0")),
    Call("fchown", 93, (95, 207), "SYSCALL_FCHOWN", NO_ENTER, (_RES, "FD(A0)", "U32(A1)", "U32(A2)"), "A0"),
    Call("fchownat", 260, (298,), "SYSCALL_FCHOWNAT", NO_ENTER,
         (_RES, "FD(A0)", "TEXT(A1)", "U32(A2)", "U32(A3)", "U32(A4)"), "", (_at("n", "A0", "A1"),)),
    _generic("truncate", 76, (92, 193), "", _at("n", CWD, "A0")),
    _generic("ftruncate", 77, (93, 194), "A0"),
    Call("mount", 165, (21,), "SYSCALL_MOUNT", ("U32(mount_flags(A3))",),
         (_RES, "TEXT(A0)", "TEXT(A1)", "TEXT(A2)", "U32(mount_flags(A3))"),
         "", (_at("s", CWD, "A0"), _at("t", CWD, "A1"))),
    Call("umount2", 166, (22, 52), "SYSCALL_UMOUNT", ("U32(A1)",), (_RES, "TEXT(A0)"), "", _own("A0")),
    _generic("open_tree", 428, (428,), "RET", _at("n", "A0", "A1")),
    _generic("move_mount", 429, (429,), "", _at("s", "A0", "A1"), _at("t", "A2", "A3")),
    _generic("fsopen", 430, (430,), "RET"),
    Call("fsconfig", 431, (431,), "SYSCALL_FSCONFIG", NO_ENTER,
         (_RES, "FD(A0)", "U32(A1)", "TEXT(A2)", "P_EMPTY", "TEXT(A1 == 1 ? A3 : 0)", "S32(A4)"), "A0"),
    _generic("fsmount", 432, (432,), "RET"),
    _generic("fspick", 433, (433,), "RET", _at("n", "A0", "A1")),
    _generic("mount_setattr", 442, (442,), "", _at("n", "A0", "A1")),
    Call("chdir", 80, (12,), "SYSCALL_CHDIR", NO_ENTER, (_RES, "CWD_OR(A0)")),
    Call("fchdir", 81, (133,), "SYSCALL_FCHDIR", ("FD(A0)",), (_RES, "FD(A0)"), "A0"),
    Call("chroot", 161, (61,), "SYSCALL_CHROOT", NO_ENTER, (_RES, "TEXT(A0)"), "", _own("A0")),
    _generic("pivot_root", 155, (217,), "", _at("t", CWD, "A0"), _at("s", CWD, "A1")),
)

FDS = (
    Call("dup", 32, (41,), "SYSCALL_DUP", ("FD(A0)",), ("FD(RET)",), "RET"),
    Call("dup2", 33, (63,), "SYSCALL_DUP", ("FD(A0)",), ("FD(RET)",), "RET"),
    Call("dup3", 292, (330,), "SYSCALL_DUP", ("FD(A0)",), ("FD(RET)",), "RET"),
    Call("fcntl", 72, (55, 221), "SYSCALL_FCNTL", ("FD(A0)", "U8(fcntl_command(A1))"),
         ("FD(RET)", "FD(A0)", "U8(fcntl_command(A1))", "U64(A2)"), "A0"),
    Call("pipe", 22, (42,), "SYSCALL_PIPE", NO_ENTER, ("S64(RET)", "FD(USER(s32, A0))", "FD(USER(s32, A0 + 4))",
         "U64(number_of(inode_of(file_of(c->task, USER(s32, A0)))))")),
    Call("pipe2", 293, (331,), "SYSCALL_PIPE", NO_ENTER, ("S64(RET)", "FD(USER(s32, A0))", "FD(USER(s32, A0 + 4))",
         "U64(number_of(inode_of(file_of(c->task, USER(s32, A0)))))")),
    Call("memfd_create", 319, (356,), "SYSCALL_MEMFD_CREATE", NO_ENTER, ("FD(RET)", "TEXT(A0)", "U32(A1)"), "RET"),
    Call("pidfd_open", 434, (434,), "SYSCALL_PIDFD_OPEN", NO_ENTER, ("FD(RET)", "PID(A0)", "U32(A1)"), "RET"),
    Call("pidfd_getfd", 438, (438,), "SYSCALL_PIDFD_GETFD", NO_ENTER,
         ("FD(RET)", "FD(A0)", "FD(A1)", "U32(A2)"), "RET"),
    Call("eventfd", 284, (323,), "SYSCALL_EVENTFD", ("U64(A0)", "U32(0)"), ("FD(RET)", "U64(A0)", "U32(0)"), "RET"),
    Call("eventfd2", 290, (328,), "SYSCALL_EVENTFD", ("U64(A0)", "U32(A1)"), ("FD(RET)", "U64(A0)", "U32(A1)"), "RET"),
    Call("epoll_create", 213, (254,), "SYSCALL_EPOLL_CREATE", ("S32(A0)",), (_RES, "S32(A0)"), "RET"),
    Call("epoll_create1", 291, (329,), "SYSCALL_EPOLL_CREATE1", ("U32(A0)",), (_RES, "U32(A0)"), "RET"),
    Call("inotify_init", 253, (291,), "SYSCALL_INOTIFY_INIT", ("U8(0)",), ("FD(RET)", "U8(0)"), "RET"),
    Call("inotify_init1", 294, (332,), "SYSCALL_INOTIFY_INIT", ("U8(A0)",), ("FD(RET)", "U8(A0)"), "RET"),
    Call("signalfd", 282, (321,), "SYSCALL_SIGNALFD", ("FD(A0)", "U32(0)", "U8(0)"),
         ("FD(RET)", "FD(A0)", "U32(0)", "U8(0)"), "RET"),
    Call("signalfd4", 289, (327,), "SYSCALL_SIGNALFD", ("FD(A0)", "U32(0)", "U8(A3)"),
         ("FD(RET)", "FD(A0)", "U32(0)", "U8(A3)"), "RET"),
    Call("timerfd_create", 283, (322,), "SYSCALL_TIMERFD_CREATE", ("U8(A0)", "U8(A1)"),
         ("FD(RET)", "U8(A0)", "U8(A1)"), "RET"),
    Call("userfaultfd", 323, (374,), "SYSCALL_USERFAULTFD", NO_ENTER, (_RES, "U32(A0)"), "RET"),
    Call("io_uring_setup", 425, (425,), "SYSCALL_IO_URING_SETUP", NO_ENTER,
         (_RES, "U32(A0)", "U32(USER(u32, A1))", "U32(USER(u32, A1 + 4))", "U32(USER(u32, A1 + 8))",
          "U32(USER(u32, A1 + 12))", "U32(USER(u32, A1 + 16))", "U32(USER(u32, A1 + 20))"), "RET"),
    Call("ioctl", 16, (54,), "SYSCALL_IOCTL_3", ("FD(A0)", "U64(A1)", "U64(A2)"),
         (_RES, "FD(A0)", "U64(A1)", "U64(A2)"), "A0"),
    Call("read", 0, (3,), "SYSCALL_READ", ("FD(A0)", "U32(A2)"), (_RES, "DATA(A1)", "FD(A0)", "U32(A2)"), "A0"),
    Call("write", 1, (4,), "SYSCALL_WRITE", ("FD(A0)", "U32(A2)"), (_RES, "DATA(A1)", "FD(A0)", "U32(A2)"), "A0"),
    Call("pread64", 17, (180,), "SYSCALL_PREAD", ("FD(A0)", "U32(A2)", "U64(A3)"),
         (_RES, "DATA(A1)", "FD(A0)", "U32(A2)", "U64(A3)"), "A0"),
    Call("pwrite64", 18, (181,), "SYSCALL_PWRITE", ("FD(A0)", "U32(A2)", "U64(A3)"),
         (_RES, "DATA(A1)", "FD(A0)", "U32(A2)", "U64(A3)"), "A0"),
    Call("readv", 19, (145,), "SYSCALL_READV", ("FD(A0)",), (_RES, "U32(RET)", "VECTOR(A1, A2)", "FD(A0)"), "A0"),
    Call("writev", 20, (146,), "SYSCALL_WRITEV", ("FD(A0)", "U32(vector_size(c, A1, A2))"),
         (_RES, "VECTOR(A1, A2)", "FD(A0)", "U32(vector_size(c, A1, A2))"), "A0"),
    Call("preadv", 295, (333,), "SYSCALL_PREADV", ("FD(A0)", "U64(A3)"),
         (_RES, "U32(RET)", "VECTOR(A1, A2)", "FD(A0)", "U64(A3)"), "A0"),
    Call("pwritev", 296, (334,), "SYSCALL_PWRITEV", ("FD(A0)", "U32(vector_size(c, A1, A2))", "U64(A3)"),
         (_RES, "VECTOR(A1, A2)", "FD(A0)", "U32(vector_size(c, A1, A2))", "U64(A3)"), "A0"),
    Call("sendfile", 40, (187, 239), "SYSCALL_SENDFILE", ("FD(A0)", "FD(A1)", "U64(A2 ? USER(u64, A2) : 0)", "U64(A3)"),
         (_RES, "U64(A2 ? USER(u64, A2) : 0)", "FD(A0)", "FD(A1)", "U64(A3)"), "A0"),
    Call("splice", 275, (313,), "SYSCALL_SPLICE", ("FD(A0)", "FD(A2)", "U64(A4)", "U32(A5)"),
         (_RES, "FD(A0)", "FD(A2)", "U64(A4)", "U32(A5)"), "A0"),
)

_QUEUE = ("U8(queue_percent(c, A0))", "U32(queue_now(c, A0))", "U32(queue_most(c, A0))")

NETWORK = (
    Call("socket", 41, (359,), "SOCKET_SOCKET", ("U32(A0)", "U32(A1)", "U32(A2)"),
         ("FD(RET)", "U32(A0)", "U32(A1)", "U32(A2)", "U32(0)"), "RET"),
    Call("socketpair", 53, (360,), "SOCKET_SOCKETPAIR", ("U32(A0)", "U32(A1)", "U32(A2)"),
         (_RES, "FD(USER(s32, A3))", "FD(USER(s32, A3 + 4))",
          "U64(socket_of(file_of(c->task, USER(s32, A3))))", "U64(socket_of(file_of(c->task, USER(s32, A3 + 4))))",
          "U32(A0)", "U32(A1)", "U32(A2)")),
    Call("bind", 49, (361,), "SOCKET_BIND", ("FD(A0)",), (_RES, "ADDRESS(A1, A2)", "FD(A0)"), "A0", (), "bound(c)"),
    Call("listen", 50, (363,), "SOCKET_LISTEN", ("FD(A0)", "U32(A1)"), (_RES, "FD(A0)", "S32(A1)"), "A0", (),
         "role_is(c, ROLE_SERVER, RET == 0)"),
    Call("connect", 42, (362,), "SOCKET_CONNECT", ("FD(A0)", "ADDRESS(A1, A2)"),
         (_RES, "TO(c->file, A1, A2)", "FD(A0)", "ADDRESS(A1, A2)"), "A0", (),
         "role_is(c, ROLE_CLIENT, RET == 0 || RET == -EINPROGRESS)"),
    Call("accept", 43, (), "SOCKET_ACCEPT4_5", ("S32(0)",),
         ("FD(RET)", "TUPLE(c->file, 0)", *_QUEUE),
         "RET", (), "role_is(c, ROLE_SERVER, RET >= 0)"),
    Call("accept4", 288, (364,), "SOCKET_ACCEPT4_5", ("S32(A3)",),
         ("FD(RET)", "TUPLE(c->file, 0)", *_QUEUE),
         "RET", (), "role_is(c, ROLE_SERVER, RET >= 0)"),
    Call("sendto", 44, (369,), "SOCKET_SENDTO", ("FD(A0)", "U32(A2)", "TO(c->file, A4, A5)"),
         (_RES, "DATA(A1)", "FD(A0)", "U32(A2)", "TO(c->file, A4, A5)"), "A0"),
    Call("sendmsg", 46, (370,), "SOCKET_SENDMSG",
         ("FD(A0)", "U32(message_size(c, A1))", "TO(c->file, message_name(c, A1), message_name_size(c, A1))"),
         (_RES, "MESSAGE(A1)", "FD(A0)", "U32(message_size(c, A1))",
          "TO(c->file, message_name(c, A1), message_name_size(c, A1))"), "A0"),
    Call("sendmmsg", 307, (345,), "SOCKET_SENDMMSG", NO_ENTER,
         (_RES, "FD(A0)", "U32(message_size(c, A1))", "MESSAGE(A1)",
          "TO(c->file, message_name(c, A1), message_name_size(c, A1))"), "A0"),
    Call("recvfrom", 45, (371,), "SOCKET_RECVFROM", ("FD(A0)", "U32(A2)"),
         (_RES, "DATA(A1)", "FROM(c->file, A4, A4 && A5 ? USER(u32, A5) : 0)", "FD(A0)", "U32(A2)"), "A0"),
    Call("recvmsg", 47, (372,), "SOCKET_RECVMSG", ("FD(A0)",),
         (_RES, "U32(RET)", "MESSAGE(A1)", "FROM(c->file, message_name(c, A1), message_name_size(c, A1))", "P_EMPTY",
          "FD(A0)"), "A0"),
    Call("recvmmsg", 299, (337, 417), "SOCKET_RECVMMSG", NO_ENTER,
         (_RES, "FD(A0)", "U32(message_size(c, A1))", "MESSAGE(A1)",
          "FROM(c->file, message_name(c, A1), message_name_size(c, A1))", "P_EMPTY"), "A0"),
    Call("shutdown", 48, (373,), "SOCKET_SHUTDOWN", ("FD(A0)", "U8(A1)"), (_RES, "FD(A0)", "U8(A1)"), "A0"),
)

PROCESSES = (
    Call("setuid", 105, (23, 213), "SYSCALL_SETUID", ("U32(A0)",), (_RES, "U32(A0)")),
    Call("setgid", 106, (46, 214), "SYSCALL_SETGID", ("U32(A0)",), (_RES, "U32(A0)")),
    Call("setreuid", 113, (70, 203), "SYSCALL_SETREUID", NO_ENTER, (_RES, "U32(A0)", "U32(A1)")),
    Call("setregid", 114, (71, 204), "SYSCALL_SETREGID", NO_ENTER, (_RES, "U32(A0)", "U32(A1)")),
    Call("setresuid", 117, (164, 208), "SYSCALL_SETRESUID", ("U32(A0)", "U32(A1)", "U32(A2)"),
         (_RES, "U32(A0)", "U32(A1)", "U32(A2)")),
    Call("setresgid", 119, (170, 210), "SYSCALL_SETRESGID", ("U32(A0)", "U32(A1)", "U32(A2)"),
         (_RES, "U32(A0)", "U32(A1)", "U32(A2)")),
    _generic("setfsuid", 122, (138, 215)),
    _generic("setfsgid", 123, (139, 216)),
    _generic("setgroups", 116, (81, 206)),
    Call("setsid", 112, (66,), "SYSCALL_SETSID", NO_ENTER, ("PID(RET)",)),
    Call("setpgid", 109, (57,), "SYSCALL_SETPGID", ("PID(A0)", "PID(A1)"), ("PID(RET)", "PID(A0)", "PID(A1)")),
    Call("capset", 126, (185,), "SYSCALL_CAPSET", NO_ENTER,
         (_RES, "U64(capability(c, OFF_cred__cap_inheritable))", "U64(capability(c, OFF_cred__cap_permitted))",
          "U64(capability(c, OFF_cred__cap_effective))")),
    Call("setns", 308, (346,), "SYSCALL_SETNS", ("FD(A0)", "U32(clone_flags(A1))"),
         (_RES, "FD(A0)", "U32(clone_flags(A1))"), "A0"),
    Call("unshare", 272, (310,), "SYSCALL_UNSHARE", ("U32(clone_flags(A0))",), (_RES, "U32(clone_flags(A0))")),
    Call("prctl", 157, (172,), "SYSCALL_PRCTL", NO_ENTER,
         (_RES, "U32(A0)", "TEXT(A0 == 15 ? A1 : 0)", "S64(A0 == 15 ? 0 : A1)")),
    Call("prlimit64", 302, (340,), "SYSCALL_PRLIMIT", ("PID(A0)", "U8(A1)"),
         (_RES, "S64(A2 ? USER(u64, A2) : -1)", "S64(A2 ? USER(u64, A2 + 8) : -1)", "S64(A3 ? USER(u64, A3) : -1)",
          "S64(A3 ? USER(u64, A3 + 8) : -1)", "PID(A0)", "U8(A1)")),
    Call("setrlimit", 160, (75,), "SYSCALL_SETRLIMIT", ("U8(A0)",),
         (_RES, "S64(USER(u64, A1))", "S64(USER(u64, A1 + 8))", "U8(A0)")),
    Call("ptrace", 101, (26,), "SYSCALL_PTRACE", ("U16(ptrace_request(A0))", "PID(A1)"),
         (_RES, "POINTER(A2)", "POINTER(A3)", "U16(ptrace_request(A0))", "PID(A1)")),
    Call("kill", 62, (37,), "SYSCALL_KILL", ("PID(A0)", "U8(A1)"), (_RES, "PID(A0)", "U8(A1)")),
    Call("tkill", 200, (238,), "SYSCALL_TKILL", ("PID(A0)", "U8(A1)"), (_RES, "PID(A0)", "U8(A1)")),
    Call("tgkill", 234, (270,), "SYSCALL_TGKILL", ("PID(A0)", "PID(A1)", "U8(A2)"),
         (_RES, "PID(A0)", "PID(A1)", "U8(A2)")),
    Call("process_vm_readv", 310, (347,), "SYSCALL_PROCESS_VM_READV", NO_ENTER, (_RES, "PID(A0)", "P_EMPTY")),
    Call("process_vm_writev", 311, (348,), "SYSCALL_PROCESS_VM_WRITEV", NO_ENTER, (_RES, "PID(A0)", "P_EMPTY")),
    Call("bpf", 321, (357,), "SYSCALL_BPF", ("S64(A0)",), ("RESULT_OR_FD",), "RET"),
    Call("seccomp", 317, (354,), "SYSCALL_SECCOMP", ("U64(A0)", "U64(A1)"), (_RES, "U64(A0)", "U64(A1)")),
    Call("init_module", 175, (128,), "SYSCALL_INIT_MODULE", NO_ENTER,
         (_RES, "P_EMPTY", "U64(A1)", "TEXT(A2)")),
    Call("finit_module", 313, (350,), "SYSCALL_FINIT_MODULE", NO_ENTER,
         (_RES, "FD(A0)", "TEXT(A1)", "U32(A2)"), "A0"),
    Call("delete_module", 176, (129,), "SYSCALL_DELETE_MODULE", NO_ENTER, (_RES, "TEXT(A0)", "U32(A1)")),
)
# fmt: on

# fmt: off
_VM = ("U32(size_kb(c))", "U32(rss_kb(c))", "U32(swap_kb(c))")
_MMAP = ("U64(A0)", "U64(A1)", "U32(prot_flags(A2))", "U32(mmap_flags(A3))", "FD(A4)", "U64(A5)")
_OPTION = (_RES, "FD(A0)", "U8(A1 == 1 ? 1 : A1 == 6 ? 2 : 0)", "U8(A1 == 1 ? A2 : 0)", "P_EMPTY")

LOOKS = (
    Call("stat", 4, (106, 195), "SYSCALL_STAT", NO_ENTER, (_RES, "TEXT(A0)")),
    Call("lstat", 6, (107, 196), "SYSCALL_LSTAT", NO_ENTER, (_RES, "TEXT(A0)")),
    Call("fstat", 5, (108, 197), "SYSCALL_FSTAT", ("FD(A0)",), (_RES, "FD(A0)"), "A0"),
    Call("newfstatat", 262, (300,), "SYSCALL_NEWFSTATAT", NO_ENTER, (_RES, "FD(A0)", "TEXT(A1)", "U32(A3)")),
    Call("access", 21, (33,), "SYSCALL_ACCESS", ("U32(A1)",), (_RES, "TEXT(A0)", "U32(A1)")),
    Call("getcwd", 79, (183,), "SYSCALL_GETCWD", NO_ENTER, (_RES, "TEXT(RET > 0 ? A0 : 0)")),
    Call("lseek", 8, (19,), "SYSCALL_LSEEK", ("FD(A0)", "U64(A1)", "U8(A2)"),
         (_RES, "FD(A0)", "U64(A1)", "U8(A2)"), "A0"),
    Call("getdents", 78, (141,), "SYSCALL_GETDENTS", ("FD(A0)",), (_RES, "FD(A0)"), "A0"),
    Call("getdents64", 217, (220,), "SYSCALL_GETDENTS64", ("FD(A0)",), (_RES, "FD(A0)"), "A0"),
    Call("flock", 73, (143,), "SYSCALL_FLOCK", ("FD(A0)", "U32(A1)"), (_RES, "FD(A0)", "U32(A1)"), "A0"),
    Call("copy_file_range", 326, (377,), "SYSCALL_COPY_FILE_RANGE",
         ("FD(A0)", "U64(A1 ? USER(u64, A1) : 0)", "U64(A4)"),
         (_RES, "FD(A2)", "U64(A3 ? USER(u64, A3) : 0)", "FD(A0)", "U64(A1 ? USER(u64, A1) : 0)", "U64(A4)"), "A2"),
    Call("getsockname", 51, (367,), "SOCKET_GETSOCKNAME"),
    Call("getpeername", 52, (368,), "SOCKET_GETPEERNAME"),
    Call("setsockopt", 54, (366,), "SOCKET_SETSOCKOPT", NO_ENTER, (*_OPTION, "U32(A4)"), "A0"),
    Call("getsockopt", 55, (365,), "SOCKET_GETSOCKOPT", NO_ENTER, (*_OPTION, "U32(USER(u32, A4))"), "A0"),
    Call("io_uring_enter", 426, (426,), "SYSCALL_IO_URING_ENTER", NO_ENTER,
         (_RES, "FD(A0)", "U32(A1)", "U32(A2)", "U32(A3)", "U32(A4 ? USER(u32, A4) : 0)"), "A0"),
    Call("io_uring_register", 427, (427,), "SYSCALL_IO_URING_REGISTER", NO_ENTER,
         (_RES, "FD(A0)", "U16(A1)", "U64(A2)", "U32(A3)"), "A0"),
)

MEMORY = (
    Call("mmap", 9, (), "SYSCALL_MMAP", _MMAP, ("U64(RET)", *_VM, *_MMAP)),
    Call("munmap", 11, (91,), "SYSCALL_MUNMAP", ("U64(A0)", "U64(A1)"), (_RES, *_VM, "U64(A0)", "U64(A1)")),
    Call("brk", 12, (45,), "SYSCALL_BRK_4", ("U64(A0)",), ("U64(RET)", *_VM, "U64(A0)")),
    Call("mprotect", 10, (125,), "SYSCALL_MPROTECT", ("U64(A0)", "U64(A1)", "U32(prot_flags(A2))"),
         (_RES, "U64(A0)", "U64(A1)", "U32(prot_flags(A2))")),
    Call("mlock", 149, (150,), "SYSCALL_MLOCK", NO_ENTER, (_RES, "U64(A0)", "U64(A1)")),
    Call("mlock2", 325, (376,), "SYSCALL_MLOCK2", NO_ENTER, (_RES, "U64(A0)", "U64(A1)", "U32(A2)")),
    Call("munlock", 150, (151,), "SYSCALL_MUNLOCK", NO_ENTER, (_RES, "U64(A0)", "U64(A1)")),
    Call("mlockall", 151, (152,), "SYSCALL_MLOCKALL", NO_ENTER, (_RES, "U32(A0)")),
    Call("munlockall", 152, (153,), "SYSCALL_MUNLOCKALL", NO_ENTER, (_RES,)),
)

IDS = (
    Call("getuid", 102, (24, 199), "SYSCALL_GETUID", NO_ENTER, ("U32(RET)",)),
    Call("geteuid", 107, (49, 201), "SYSCALL_GETEUID", NO_ENTER, ("U32(RET)",)),
    Call("getgid", 104, (47, 200), "SYSCALL_GETGID", NO_ENTER, ("U32(RET)",)),
    Call("getegid", 108, (50, 202), "SYSCALL_GETEGID", NO_ENTER, ("U32(RET)",)),
    Call("getresuid", 118, (165, 209), "SYSCALL_GETRESUID", NO_ENTER,
         (_RES, "U32(USER(u32, A0))", "U32(USER(u32, A1))", "U32(USER(u32, A2))")),
    Call("getresgid", 120, (171, 211), "SYSCALL_GETRESGID", NO_ENTER,
         (_RES, "U32(USER(u32, A0))", "U32(USER(u32, A1))", "U32(USER(u32, A2))")),
)
# fmt: on

CALLS = (*FILES, *FDS, *NETWORK, *PROCESSES, *LOOKS, *MEMORY, *IDS)
"""Every call whose programs are generated."""

# fmt: off
LIFE = (
    Call("execve", 59, (11,), "SYSCALL_EXECVE_19", ("TEXT(A0)",)),
    Call("execveat", 322, (358,), "SYSCALL_EXECVEAT", ("FD(A0)", "TEXT(A1)", "U32(A4)")),
    Call("clone", 56, (120,), "SYSCALL_CLONE_20"),
    Call("clone3", 435, (435,), "SYSCALL_CLONE3"),
    Call("fork", 57, (2,), "SYSCALL_FORK_20"),
    Call("vfork", 58, (190,), "SYSCALL_VFORK_20"),
)
# fmt: on
"""Calls that begin programs and threads: their exits are programs of c/process.h."""

OTHER = Call("other", -1, (), "", _GENERIC, _GENERIC)
"""Every other call that is a generic event: it has a number and nothing else to tell."""

SOCKETCALLS = (
    "", "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "sendto",
    "recvfrom", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg",
    "recvmsg", "accept4", "recvmmsg", "sendmmsg",
)  # fmt: skip
"""The calls that i386's socketcall stands for, by its first argument; send and recv are a sendto and a recvfrom."""
