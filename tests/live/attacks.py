"""What intruders do to get past rules, each way in a process of its own: attacks.py NAME DIRECTORY."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.live import attack_files as files
from tests.live import attack_network as network
from tests.live import attack_processes as processes
from tests.live.attack_calls import read

ATTACKS: dict[str, Callable[[Path], object]] = {
    "open": files.opens("open"),
    "openat": files.opens("openat"),
    "openat2": files.opens("openat2"),
    "creat": files.creat,
    "open_by_handle_at": files.by_handle,
    "root of a process": lambda _: read("/proc/self/root/etc/shadow"),
    "root of another process": lambda _: read(f"/proc/{os.getppid()}/root/etc/shadow"),
    "cwd of a process": files.from_root,
    "descriptor of a directory": files.by_dev_fd,
    "symbolic link": files.by_symlink,
    "linked directory and dots": files.by_linked_directory,
    "chain of 40 links": files.by_chain,
    "odd names": network.odd_names,
    "relative": files.relative,
    "fchdir": files.by_fchdir,
    "directory fd": files.by_dirfd,
    "O_PATH": files.by_path_fd,
    "hard link": files.by_hard_link,
    "bind mount": files.by_bind_mount,
    "overlay": files.by_overlay,
    "rename": files.by_rename,
    "exchange": files.by_exchange,
    "link": files.by_link,
    "truncate": files.by_truncate,
    "copy_file_range and sendfile": files.by_splice,
    "inherited": files.by_inheritance,
    "SCM_RIGHTS": files.by_rights,
    "pidfd_getfd": files.by_pidfd,
    "io_uring open": files.opens("io_uring"),
    "io_uring write": files.uring_writes,
    "io_uring rename": files.uring_renames,
    "io_uring unlink": files.uring_unlinks,
    "int 0x80": files.compat,
    "exec of a link": processes.exec_symlink,
    "exec of a copy": processes.exec_copy,
    "exec of a hard link": processes.exec_hard_link,
    "execveat": processes.exec_by_fd,
    "exec by /proc/self/fd": processes.exec_proc_fd,
    "exec of what is deleted": processes.exec_deleted,
    "exec from memory": processes.exec_memory,
    "script": processes.exec_script,
    "loader": processes.exec_loader,
    "prctl name": processes.lie_by_name,
    "argv lies": processes.lie_by_arguments,
    "no argv": processes.without_arguments,
    "setuid program": processes.setuid_program,
    "nsenter": processes.nsenter,
    "unshare": processes.unshares,
    "runtime overwritten": processes.overwrites_runtime,
    "setuid(0)": processes.becomes_root,
    "chmod u+s": processes.mode("chmod"),
    "fchmod u+s": processes.mode("fchmod"),
    "fchmodat2 u+s": processes.mode("fchmodat2"),
    "process_vm_writev": processes.writes_memory("vm"),
    "/proc/pid/mem": processes.writes_memory("mem"),
    "ld.so.preload": processes.preload_file,
    "dup2": network.duplicates("dup2"),
    "dup3": network.duplicates("dup3"),
    "F_DUPFD": network.duplicates("fcntl"),
    "python terminal": network.python_terminal,
    "connect v4": network.talks("v4"),
    "connect v6": network.talks("v6"),
    "connect mapped": network.talks("mapped"),
    "sendto": network.talks("sendto"),
    "sendmsg": network.talks("sendmsg"),
    "sendmmsg": network.talks("sendmmsg"),
    "fast open": network.talks("fast open"),
    "io_uring connect": network.talks("io_uring"),
    "abstract engine socket": network.abstract_engine,
    "vsock": network.vsock,
    "comment": network.comment,
    "substitution": network.searches("find . -name $(printf id_; echo rsa)"),
    "environment": network.searches('find . -name "${NAME}sa"'),
    "base64": network.searches("echo ZmluZCAuIC1uYW1lIGlkX3JzYQ== | base64 -d | sh"),
    "long command line": network.long_command_line,
    "odd arguments": network.odd_arguments,
    "forged line": network.forges,
}

if __name__ == "__main__":
    ATTACKS[sys.argv[1]](Path(sys.argv[2]))
