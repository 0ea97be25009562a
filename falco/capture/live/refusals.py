"""Why the kernel refuses bpf(2), in words that say what to do about it."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

_PERFMON, _SYS_ADMIN, _BPF = 38, 21, 39
"""Numbers of capabilities (linux/capability.h)."""
_OLDEST = (5, 8)
"""The first kernel with the ring buffer, CAP_BPF and CAP_PERFMON."""


def explain(number: int, root: Path = Path("/")) -> str:
    """What stands behind this errno on this host, or nothing that is known. root is where proc and sys lie."""
    release = _read(root / "proc/sys/kernel/osrelease") or os.uname().release
    match number:
        case errno.EPERM | errno.EACCES:
            return _permission(_read(root / "proc/self/status"), _read(root / "sys/kernel/security/lockdown"), number)
        case errno.EINVAL if _version(release) < _OLDEST:
            return f"kernel {release} is older than {_OLDEST[0]}.{_OLDEST[1]}, which the probe needs"
        case errno.ENOSYS:
            return "this kernel was built without bpf(2), or a sandbox hides it"
        case errno.ENOMEM | errno.E2BIG:
            return "a smaller syscall_buf_mb or more memory may help"
    return ""


def _permission(status: str, lockdown: str, number: int) -> str:
    """EPERM comes from missing capabilities, a locked down kernel or a seccomp filter; EACCES from the verifier."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)
    held = int(found[1], 16) if found else 0
    missing = [name for name, bit in (("CAP_BPF", _BPF), ("CAP_PERFMON", _PERFMON)) if not held >> bit & 1]
    if missing and not held >> _SYS_ADMIN & 1:
        return f"this needs root, or the capabilities CAP_BPF and CAP_PERFMON; missing: {', '.join(missing)}"
    if "[confidentiality]" in lockdown:
        return "the kernel is locked down (confidentiality), which forbids BPF to read its memory"
    if number == errno.EPERM:
        return "all capabilities are there: a seccomp profile or security module forbids bpf(2), or memory is limited"
    return ""


def _version(release: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else _OLDEST


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
