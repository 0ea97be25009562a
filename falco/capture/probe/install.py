"""What brings a host the headers of its kernel: the command of its distribution."""

from __future__ import annotations

import re
from pathlib import Path

from falco.capture.probe.headers import resolve

_INSTALL = {
    "debian": "apt-get install linux-headers-{release}",
    "ubuntu": "apt-get install linux-headers-{release}",
    "fedora": "dnf install kernel-devel-{release}",
    "rhel": "dnf install kernel-devel-{release}",
    "suse": "zypper install kernel-default-devel",
    "arch": "pacman -S linux-headers",
    "alpine": "apk add linux-lts-dev",
}
"""What brings the headers of a kernel, by the ID or ID_LIKE of /etc/os-release."""


def install_command(host_root: Path, release: str) -> str:
    """What brings matching headers to the host, as its /etc/os-release tells."""
    try:
        text = resolve(host_root, "etc/os-release").read_text("utf-8", "replace")
    except OSError:
        text = ""
    ids = re.findall(r"^(?:ID|ID_LIKE)=[\"']?([\w .-]*)", text, re.MULTILINE)
    known = (_INSTALL[name] for names in ids for name in names.split() if name in _INSTALL)
    command = next(known, "install the headers of kernel {release}, or run a kernel with CONFIG_DEBUG_INFO_BTF")
    return command.format(release=release)
