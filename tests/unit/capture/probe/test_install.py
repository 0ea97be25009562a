"""The command that brings a kernel's headers."""

from __future__ import annotations

import pytest

from falco.capture.probe.install import install_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ID=debian\n", "apt-get install linux-headers-R"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install kernel-devel-R"),
        ("ID=arch", "pacman -S linux-headers"),
        ("ID=other\n", "install the headers of kernel R, or run a kernel with CONFIG_DEBUG_INFO_BTF"),
        ("", "install the headers of kernel R, or run a kernel with CONFIG_DEBUG_INFO_BTF"),
    ],
)
def test_the_command_is_that_of_the_host(tmp_path, text, command):
    if text:
        (tmp_path / "usr/lib").mkdir(parents=True)
        (tmp_path / "usr/lib/os-release").write_text(text)
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc/os-release").symlink_to("/usr/lib/os-release")
    assert install_command(tmp_path, "R") == command
