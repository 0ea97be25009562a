"""Covered calls on processes and their memory (the columns are those of Call)."""

from __future__ import annotations

from falco.capture.probe.call import NO_ENTER, RES, Call, generic

# fmt: off
PROCESSES = (
    Call("setuid", 105, (23, 213), "SYSCALL_SETUID", ("U32(A0)",), (RES, "U32(A0)"), setup="thread_changes()"),
    Call("setgid", 106, (46, 214), "SYSCALL_SETGID", ("U32(A0)",), (RES, "U32(A0)"), setup="thread_changes()"),
    Call("setreuid", 113, (70, 203), "SYSCALL_SETREUID", NO_ENTER,
         (RES, "U32(A0)", "U32(A1)"), setup="thread_changes()"),
    Call("setregid", 114, (71, 204), "SYSCALL_SETREGID", NO_ENTER,
         (RES, "U32(A0)", "U32(A1)"), setup="thread_changes()"),
    Call("setresuid", 117, (164, 208), "SYSCALL_SETRESUID", ("U32(A0)", "U32(A1)", "U32(A2)"),
         (RES, "U32(A0)", "U32(A1)", "U32(A2)"), setup="thread_changes()"),
    Call("setresgid", 119, (170, 210), "SYSCALL_SETRESGID", ("U32(A0)", "U32(A1)", "U32(A2)"),
         (RES, "U32(A0)", "U32(A1)", "U32(A2)"), setup="thread_changes()"),
    generic("setfsuid", 122, (138, 215)),
    generic("setfsgid", 123, (139, 216)),
    generic("setgroups", 116, (81, 206)),
    Call("setsid", 112, (66,), "SYSCALL_SETSID", NO_ENTER, ("PID(RET)",)),
    Call("setpgid", 109, (57,), "SYSCALL_SETPGID", ("PID(A0)", "PID(A1)"), ("PID(RET)", "PID(A0)", "PID(A1)")),
    Call("capset", 126, (185,), "SYSCALL_CAPSET", NO_ENTER,
         (RES, "U64(capability(c, OFF_cred__cap_inheritable))", "U64(capability(c, OFF_cred__cap_permitted))",
          "U64(capability(c, OFF_cred__cap_effective))")),
    Call("setns", 308, (346,), "SYSCALL_SETNS", ("FD(A0)", "U32(clone_flags(A1))"),
         (RES, "FD(A0)", "U32(clone_flags(A1))"), "A0"),
    Call("unshare", 272, (310,), "SYSCALL_UNSHARE", ("U32(clone_flags(A0))",), (RES, "U32(clone_flags(A0))")),
    Call("prctl", 157, (172,), "SYSCALL_PRCTL", NO_ENTER,
         (RES, "U32(A0)", "TEXT(A0 == 15 ? A1 : 0)", "S64(A0 == 15 ? 0 : A1)"), setup="thread_changes()"),
    Call("prlimit64", 302, (340,), "SYSCALL_PRLIMIT", ("PID(A0)", "U8(A1)"),
         (RES, "S64(A2 ? USER(u64, A2) : -1)", "S64(A2 ? USER(u64, A2 + 8) : -1)", "S64(A3 ? USER(u64, A3) : -1)",
          "S64(A3 ? USER(u64, A3 + 8) : -1)", "PID(A0)", "U8(A1)")),
    Call("setrlimit", 160, (75,), "SYSCALL_SETRLIMIT", ("U8(A0)",),
         (RES, "S64(USER(u64, A1))", "S64(USER(u64, A1 + 8))", "U8(A0)")),
    Call("ptrace", 101, (26,), "SYSCALL_PTRACE", ("U16(ptrace_request(A0))", "PID(A1)"),
         (RES, "POINTER(A2)", "POINTER(A3)", "U16(ptrace_request(A0))", "PID(A1)")),
    Call("kill", 62, (37,), "SYSCALL_KILL", ("PID(A0)", "U8(A1)"), (RES, "PID(A0)", "U8(A1)")),
    Call("tkill", 200, (238,), "SYSCALL_TKILL", ("PID(A0)", "U8(A1)"), (RES, "PID(A0)", "U8(A1)")),
    Call("tgkill", 234, (270,), "SYSCALL_TGKILL", ("PID(A0)", "PID(A1)", "U8(A2)"),
         (RES, "PID(A0)", "PID(A1)", "U8(A2)")),
    Call("process_vm_readv", 310, (347,), "SYSCALL_PROCESS_VM_READV", NO_ENTER, (RES, "PID(A0)", "P_EMPTY")),
    Call("process_vm_writev", 311, (348,), "SYSCALL_PROCESS_VM_WRITEV", NO_ENTER, (RES, "PID(A0)", "P_EMPTY")),
    Call("bpf", 321, (357,), "SYSCALL_BPF", ("S64(A0)",), ("RESULT_OR_FD",), "RET"),
    Call("seccomp", 317, (354,), "SYSCALL_SECCOMP", ("U64(A0)", "U64(A1)"), (RES, "U64(A0)", "U64(A1)")),
    Call("init_module", 175, (128,), "SYSCALL_INIT_MODULE", NO_ENTER,
         (RES, "P_EMPTY", "U64(A1)", "TEXT(A2)")),
    Call("finit_module", 313, (350,), "SYSCALL_FINIT_MODULE", NO_ENTER,
         (RES, "FD(A0)", "TEXT(A1)", "U32(A2)"), "A0"),
    Call("delete_module", 176, (129,), "SYSCALL_DELETE_MODULE", NO_ENTER, (RES, "TEXT(A0)", "U32(A1)")),
)

_VM = ("U32(size_kb(c))", "U32(rss_kb(c))", "U32(swap_kb(c))")
_MMAP = ("U64(A0)", "U64(A1)", "U32(prot_flags(A2))", "U32(mmap_flags(A3))", "FD(A4)", "U64(A5)")
MEMORY = (
    Call("mmap", 9, (), "SYSCALL_MMAP", _MMAP, ("U64(RET)", *_VM, *_MMAP)),
    Call("munmap", 11, (91,), "SYSCALL_MUNMAP", ("U64(A0)", "U64(A1)"), (RES, *_VM, "U64(A0)", "U64(A1)")),
    Call("brk", 12, (45,), "SYSCALL_BRK_4", ("U64(A0)",), ("U64(RET)", *_VM, "U64(A0)")),
    Call("mprotect", 10, (125,), "SYSCALL_MPROTECT", ("U64(A0)", "U64(A1)", "U32(prot_flags(A2))"),
         (RES, "U64(A0)", "U64(A1)", "U32(prot_flags(A2))")),
    Call("mlock", 149, (150,), "SYSCALL_MLOCK", NO_ENTER, (RES, "U64(A0)", "U64(A1)")),
    Call("mlock2", 325, (376,), "SYSCALL_MLOCK2", NO_ENTER, (RES, "U64(A0)", "U64(A1)", "U32(A2)")),
    Call("munlock", 150, (151,), "SYSCALL_MUNLOCK", NO_ENTER, (RES, "U64(A0)", "U64(A1)")),
    Call("mlockall", 151, (152,), "SYSCALL_MLOCKALL", NO_ENTER, (RES, "U32(A0)")),
    Call("munlockall", 152, (153,), "SYSCALL_MUNLOCKALL", NO_ENTER, (RES,)),
)

IDS = (
    Call("getuid", 102, (24, 199), "SYSCALL_GETUID", NO_ENTER, ("U32(RET)",)),
    Call("geteuid", 107, (49, 201), "SYSCALL_GETEUID", NO_ENTER, ("U32(RET)",)),
    Call("getgid", 104, (47, 200), "SYSCALL_GETGID", NO_ENTER, ("U32(RET)",)),
    Call("getegid", 108, (50, 202), "SYSCALL_GETEGID", NO_ENTER, ("U32(RET)",)),
    Call("getresuid", 118, (165, 209), "SYSCALL_GETRESUID", NO_ENTER,
         (RES, "U32(USER(u32, A0))", "U32(USER(u32, A1))", "U32(USER(u32, A2))")),
    Call("getresgid", 120, (171, 211), "SYSCALL_GETRESGID", NO_ENTER,
         (RES, "U32(USER(u32, A0))", "U32(USER(u32, A1))", "U32(USER(u32, A2))")),
)
# fmt: on

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
