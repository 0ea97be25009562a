"""The structures of the kernel whose members the probe's C text reads, as declarations that layout.py looks up."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Structure:
    """Members that are read of a structure, and the header that declares it; none for what kernels keep to themselves.

    Members are paths; [0] marks an array on the way, and is left out of the definition's name. needs is a preprocessor
    condition under which a kernel has these members. Those with a condition are optional: the C text asks for them with
    #ifdef.
    """

    name: str
    header: str
    members: str
    needs: str = ""


AUDIT, CGROUPS, RING_TYPES = (
    "defined(CONFIG_AUDIT)",
    "defined(CONFIG_CGROUPS)",
    "__has_include(<linux/io_uring_types.h>)",
)
NONE = ""

STRUCTURES = (
    Structure("pt_regs", "asm/ptrace.h", "di si dx r10 r8 r9 bx cx bp sp ip ax orig_ax"),
    Structure("thread_info", "linux/thread_info.h", "status flags"),
    Structure(
        "task_struct",
        "linux/sched.h",
        "pid tgid real_parent group_leader start_time start_boottime comm flags exit_code exit_signal cred real_cred "
        "mm fs files nsproxy thread_pid signal vfork_done min_flt maj_flt thread_info in_execve",
    ),
    Structure("task_struct", "linux/sched.h", "loginuid sessionid", AUDIT),
    Structure("task_struct", "linux/sched.h", "cgroups", CGROUPS),
    Structure("signal_struct", "linux/sched/signal.h", "tty pids rlim live is_child_subreaper"),
    Structure("tty_struct", "linux/tty.h", "index driver"),
    Structure("tty_driver", "linux/tty_driver.h", "major minor_start"),
    Structure(
        "cred",
        "linux/cred.h",
        "uid gid suid sgid euid egid fsuid fsgid cap_inheritable cap_permitted cap_effective user_ns",
    ),
    Structure("user_namespace", "linux/user_namespace.h", "level"),
    Structure(
        "mm_struct",
        "linux/mm_types.h",
        "arg_start arg_end env_start env_end exe_file total_vm rss_stat rss_stat[0].counters",
    ),
    Structure("percpu_counter", "linux/percpu_counter.h", "count"),
    Structure("fs_struct", "linux/fs_struct.h", "pwd root"),
    Structure("path", "linux/path.h", "mnt dentry"),
    Structure("files_struct", "linux/fdtable.h", "fdt"),
    Structure("fdtable", "linux/fdtable.h", "fd max_fds"),
    Structure("nsproxy", "linux/nsproxy.h", "pid_ns_for_children mnt_ns"),
    Structure("pid_namespace", "linux/pid_namespace.h", "level child_reaper"),
    Structure("pid", "linux/pid.h", "level numbers"),
    Structure("upid", "linux/pid.h", "nr ns"),
    Structure("css_set", "linux/cgroup-defs.h", "subsys dfl_cgrp", CGROUPS),
    Structure("cgroup_subsys_state", "linux/cgroup-defs.h", "cgroup ss", CGROUPS),
    Structure("cgroup", "linux/cgroup-defs.h", "kn root", CGROUPS),
    Structure("cgroup_root", "linux/cgroup-defs.h", "kf_root hierarchy_id", CGROUPS),
    Structure("cgroup_subsys", "linux/cgroup-defs.h", "name legacy_name", CGROUPS),
    Structure("kernfs_root", NONE, "kn"),
    Structure("kernfs_node", "linux/kernfs.h", "name parent"),
    Structure("file", "linux/fs.h", "f_path f_inode f_flags f_mode private_data f_pos"),
    Structure("dentry", "linux/dcache.h", "d_name d_parent d_inode d_flags d_iname"),
    Structure("qstr", "linux/dcache.h", "name len hash_len"),
    Structure("mount", NONE, "mnt mnt_parent mnt_mountpoint"),
    Structure("vfsmount", "linux/mount.h", "mnt_root mnt_sb"),
    Structure("inode", "linux/fs.h", "i_ino i_sb i_mode i_uid i_gid i_nlink i_size i_rdev i_mtime_sec i_ctime_sec"),
    Structure("super_block", "linux/fs.h", "s_dev s_magic s_type"),
    Structure("file_system_type", "linux/fs.h", "name"),
    Structure("linux_binprm", "linux/binfmts.h", "filename interp file"),
    Structure("filename", "linux/fs.h", "name uptr"),
    Structure("socket", "linux/net.h", "sk type state"),
    Structure("sock", "net/sock.h", "sk_type sk_protocol sk_ack_backlog sk_max_ack_backlog"),
    Structure(
        "sock_common",
        "net/sock.h",
        "skc_family skc_state skc_num skc_dport skc_daddr skc_rcv_saddr skc_v6_daddr skc_v6_rcv_saddr",
    ),
    Structure("inet_sock", "net/inet_sock.h", "inet_saddr inet_sport"),
    Structure("unix_sock", "net/af_unix.h", "addr peer path"),
    Structure("unix_address", "net/af_unix.h", "len name"),
    Structure("io_kiocb", "linux/io_uring_types.h", "file cmd opcode flags cqe.res cqe.fd", RING_TYPES),
    Structure("io_open", NONE, "dfd file_slot filename how", RING_TYPES),
    Structure("io_rename", NONE, "old_dfd new_dfd oldpath newpath flags", RING_TYPES),
    Structure("io_unlink", NONE, "dfd flags filename", RING_TYPES),
    Structure("io_mkdir", NONE, "dfd mode filename", RING_TYPES),
    Structure("io_link", NONE, "old_dfd new_dfd oldpath newpath flags", RING_TYPES),
    Structure("io_connect", NONE, "addr addr_len", RING_TYPES),
)
"""Everything that the C text reads."""

SIZES = {"upid": "linux/pid.h", "percpu_counter": "linux/percpu_counter.h"}
"""Structures whose own size is needed, for arrays of them, and their headers."""

TYPED = (
    "task_struct.files", "task_struct.thread_info", "thread_info.status", "files_struct.fdt", "fdtable.max_fds",
    "fdtable.fd",
)  # fmt: skip
"""Members that are read without calling anything where the kernel gives its task with its type: since 5.11, by its BTF.
TYPED_TASK is defined where it does and has all of them.
"""
DIRECTLY = (
    "pt_regs", "task_struct", "path", "file", "inode", "super_block", "dentry", "mount", "vfsmount", "socket", "sock",
    "sock_common", "inet_sock", "unix_sock",
)  # fmt: skip
"""Structures whose members are read without calling anything where the kernel lets an address be taken for one: since
6.2. TAKE_FOR is defined where it does, and has all members of all of them.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Spelling:
    """What a member is called in kernels from a version on."""

    path: str
    since: tuple[int, int] = (0, 0)


RENAMED = {
    "kernfs_node.parent": (Spelling("__parent", (6, 15)), Spelling("parent")),
    "dentry.d_iname": (Spelling("d_shortname", (6, 14)), Spelling("d_iname")),
    "inode.i_mtime_sec": (
        Spelling("i_mtime_sec", (6, 11)),
        Spelling("__i_mtime.tv_sec", (6, 7)),
        Spelling("i_mtime.tv_sec"),
    ),
    "inode.i_ctime_sec": (
        Spelling("i_ctime_sec", (6, 11)),
        Spelling("__i_ctime.tv_sec", (6, 6)),
        Spelling("i_ctime.tv_sec"),
    ),
}
"""Members that have had several names, the newest first. BTF is asked for each; headers are told by their version."""

NEWER = {"mm_struct.rss_stat[0].counters": (6, 2)}
"""Optional members that kernels have from a version on. An mm_struct counts in percpu_counters since 6.2."""

BIT_FIELDS = frozenset(("signal_struct.is_child_subreaper", "task_struct.in_execve"))
"""Optional members for which offsetof() has no answer: without BTF they stay undefined."""

PRIVATE = {
    # Headers do not declare these; all kernels since 5.8 begin them with these members.
    "mount": "struct hlist_node mnt_hash; void *mnt_parent; void *mnt_mountpoint; struct vfsmount mnt;",
    "kernfs_root": "void *kn;",
    "io_open": "void *file; int dfd; u32 file_slot; void *filename; u64 how[3];",
    "io_rename": "void *file; int old_dfd, new_dfd; void *oldpath, *newpath; int flags;",
    "io_unlink": "void *file; int dfd, flags; void *filename;",
    "io_mkdir": "void *file; int dfd; u16 mode; void *filename;",
    "io_link": "void *file; int old_dfd, new_dfd; void *oldpath, *newpath; int flags;",
    "io_connect": "void *file; void *addr; int addr_len;",
}
"""The beginnings of structures that kernels keep to themselves, for when there is no BTF."""
