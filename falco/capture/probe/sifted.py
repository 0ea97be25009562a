"""The calls that the sieve looks at, by groups: those of a group share a program and what is found out for it.

What changes processes is not among them, since state needs all of it. What is kept back although a path leads elsewhere
since is counted for the memory of where links lead (falco/capture/live/resolver.py).
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from falco.capture.probe.calls import CALLS
from falco.capture.probe.text import code
from falco.events.decode import DECODERS, signed
from falco.events.table import EVENT_TABLE
from falco.fields.fd_field import WORKS_ON_FD
from falco.filter.superset import NEVER, Any, How, Number, Param, Superset
from falco.filter.vocabulary import (
    BY_FD,
    BY_FD_ALONE,
    FDS,
    MAKES,
    MAKES_LINK,
    NAMES,
    OPENS,
    PAIRS,
    RESULT,
    TRANSFERS,
    with_params,
)
from falco.filter.weaken_numbers import of_number
from falco.filter.weaken_traits import TRAITS
from falco.state.attributes import PR_SET_NAME

if TYPE_CHECKING:
    from falco.capture.probe.call import Call
    from falco.filter.weaken import Vocabulary


class Group(enum.Enum):
    """What is found out about a call: the file that it opens, its fd, the path or paths that it was given, or none."""

    OPENS = "opens"
    FDS = "fds"
    NAMES = "names"
    PAIRS = "pairs"
    PLAIN = "plain"


@dataclasses.dataclass(frozen=True, slots=True)
class Sifted:
    """A call. params are C expressions of parameters that are plain numbers; state is what has to pass in any case."""

    call: Call
    group: Group
    vocabulary: Vocabulary
    params: Mapping[Param, str]
    state: Superset = NEVER

    @property
    def one_path(self) -> bool:
        """Whether there is one path at most that its tests can be met by."""
        return self.group is not Group.PAIRS


FLAGS = {
    "open": "open_flags(A1)",
    "openat": "open_flags(A2)",
    "openat2": "open_flags(how_flags(c, A2))",
    "open_by_handle_at": "open_flags(A2)",
}
"""Calls that open a file, and what for (c/values.h). creat needs no telling."""
_FDS = (
    "creat", "fchmod", "fchown", "connect", "accept", "accept4", "listen", "bind", "socket", "sendto", "sendmsg",
    "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown", "setsockopt", "dup", "dup2", "dup3", "fcntl", "ioctl",
    "read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev", "sendfile", "lseek", "fstat",
    "getdents", "getdents64", "flock", "ftruncate", "setns", "pidfd_getfd",
)  # fmt: skip
_NAMES = ("unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "lchown")
_PAIRS = ("rename", "renameat", "renameat2", "link", "linkat")
_PLAIN = (
    "chmod", "fchmodat", "fchmodat2", "chown", "fchownat", "unshare", "ptrace", "process_vm_readv",
    "process_vm_writev", "kill", "tkill", "tgkill", "mmap", "munmap", "mprotect", "brk", "prctl", "access", "stat",
    "lstat", "newfstatat", "prlimit64",
)  # fmt: skip
_OWN = {
    "creat": MAKES, "fchmod": BY_FD, "fchown": BY_FD,
    **dict.fromkeys(("sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg"), TRANSFERS),
    "symlink": MAKES_LINK, "symlinkat": MAKES_LINK, "ftruncate": BY_FD_ALONE,
}  # fmt: skip
_OF_GROUP: Mapping[Group, Vocabulary] = {
    Group.OPENS: OPENS, Group.FDS: FDS, Group.NAMES: NAMES, Group.PAIRS: PAIRS, Group.PLAIN: RESULT,
}  # fmt: skip
CANARY_OPTION = 0x46614C63
"""An option of prctl that no kernel has: calls with it are Falco's own (falco/capture/live/canary.py)."""
_OPTION = Param("option")
_STATE: Mapping[str, Superset] = {
    "prlimit64": How(Number.LIMITS, "=", 1),
    "prctl": Any((How(_OPTION, "=", PR_SET_NAME), How(_OPTION, "=", CANARY_OPTION))),
}
_RESULTS = frozenset(("S64(RET)", "FD(RET)", "U64(RET)"))
_NUMBER = re.compile(r"[US](8|16|32)\((.*)\)")
_OF_MEMORY = re.compile(r"USER|how|\bc\b")
"""What is in expressions that read the caller's memory: another thread may change that before it is read again."""


def _sifted(call: Call, group: Group) -> Sifted:
    params = _params(call)
    vocabulary = {**_OWN.get(call.name, _OF_GROUP[group]), **TRAITS}
    if not _tells_result(call):
        vocabulary = {name: weaken for name, weaken in vocabulary.items() if name not in RESULT}
    if not WORKS_ON_FD[code(call, "X")]:
        vocabulary = {name: weaken for name, weaken in vocabulary.items() if not name.startswith("fd.")}
    if call.fd == "RET":
        vocabulary["fd.num"] = of_number(Number.FD)
    full = with_params(vocabulary, code(call, "X"), [param.name for param in params])
    return Sifted(call, group, full, params, _STATE.get(call.name, NEVER))


def _tells_result(call: Call) -> bool:
    event_type = EVENT_TABLE[code(call, "X")]
    index = event_type.index("res")
    return call.exit[index if index is not None else 0] in _RESULTS


def _params(call: Call) -> dict[Param, str]:
    found = {}
    for param, macro in zip(EVENT_TABLE[code(call, "X")].params, call.exit, strict=False):
        number = _NUMBER.fullmatch(macro)
        if number is not None and not _OF_MEMORY.search(number[2]):
            sign = "s" if DECODERS[param.type] is signed else "u"
            found[Param(param.name)] = f"(s64)({sign}{number[1]})({number[2]})"
    return found


def _table() -> tuple[Sifted, ...]:
    by_name = {call.name: call for call in CALLS}
    groups = (
        (Group.OPENS, tuple(FLAGS)), (Group.FDS, _FDS), (Group.NAMES, _NAMES), (Group.PAIRS, _PAIRS),
        (Group.PLAIN, _PLAIN),
    )  # fmt: skip
    return tuple(_sifted(by_name[name], group) for group, names in groups for name in names)


CHEAP: Mapping[Group, tuple[str, ...]] = {
    Group.OPENS: ("fd.name", "fd.num", "evt.is_open_write"),
    Group.FDS: ("fd.typechar", "fd.sport", "fd.name", "evt.rawres", "fs.path.name"),
    Group.NAMES: ("fs.path.name", "fs.path.source", "evt.rawres"),
    Group.PAIRS: ("fs.path.source", "fs.path.target", "evt.rawres"),
    Group.PLAIN: ("evt.rawres",),
}
"""Fields that rules can test, if the call has them, and that keep most calls of a group in the kernel."""
SIFTED = _table()
"""In the order in which they get what room there is for tests of paths."""
