"""A kernel source tree that is next to empty: just the headers that bcc includes by itself.

With it the probe is built where there are no kernel headers: its C text names no kernel type, only offsets.
"""

from __future__ import annotations

import re
from pathlib import Path

_TYPES = """\
#ifndef PROBE_TYPES_H
#define PROBE_TYPES_H
typedef signed char s8, __s8;
typedef unsigned char u8, __u8;
typedef short s16, __s16;
typedef unsigned short u16, __u16, __le16, __be16, __sum16;
typedef int s32, __s32;
typedef unsigned int u32, __u32, __le32, __be32, __wsum;
typedef long long s64, __s64;
typedef unsigned long long u64, __u64, __le64, __be64;
typedef unsigned long size_t, uintptr_t;
typedef long ssize_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#define __always_inline inline __attribute__((always_inline))
#endif
"""

_FILES = {
    "linux/kconfig.h": "#define CONFIG_BPF_SYSCALL 1\n#define CONFIG_64BIT 1\n",
    "linux/types.h": _TYPES,
    "linux/bpf_common.h": "",
    "linux/log2.h": "",
    "asm/page.h": "#define PAGE_SIZE 4096UL\n",
    "uapi/linux/bpf.h": "",  # bcc brings its own
    "uapi/linux/if_packet.h": "",
    "uapi/linux/ptrace.h": "",
}


def write_shim(directory: Path, release: str) -> None:
    """Write the tree of a kernel of this release into an empty directory of ours. Raises OSError."""
    files = _FILES | {"linux/version.h": _version_header(release)}
    for name, text in files.items():
        path = directory / "include" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")


def _version_header(release: str) -> str:
    """The version as the kernel's own header has it: levels above 255 count as 255 there."""
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release)
    major, minor, level = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return (
        "#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))\n"
        f"#define LINUX_VERSION_CODE {(major << 16) + (minor << 8) + min(level, 255)}\n"
    )
