from __future__ import annotations

import re

import pytest

from falco.capture.probe.shim import write_shim


def files(directory):
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def test_every_header_that_bcc_includes_is_there(tmp_path):
    write_shim(tmp_path, "6.1.0")
    names = {
        "linux/kconfig.h", "linux/types.h", "linux/version.h", "linux/log2.h", "linux/bpf_common.h", "asm/page.h",
        "uapi/linux/bpf.h", "uapi/linux/ptrace.h", "uapi/linux/if_packet.h",
    }  # fmt: skip
    assert {f"include/{name}" for name in names} == set(files(tmp_path))


def test_types_have_the_sizes_of_their_names(tmp_path):
    write_shim(tmp_path, "6.1.0")
    text = files(tmp_path)["include/linux/types.h"]
    for base, bits in {"char": 8, "short": 16, "int": 32, "long long": 64}.items():
        assert re.search(rf"^typedef unsigned {base} u{bits}, __u{bits}\b", text, re.MULTILINE)
        assert re.search(rf"^typedef (signed )?{base} s{bits}, __s{bits};", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("release", "code"),
    [
        ("5.8.0-63-generic", 0x50800),
        ("6.1.190-1-amd64", 0x60100 + 190),
        ("6.1.300", 0x601FF),
        ("6.12-rc1", 0x60C00),
        ("strange", 0),
    ],
)
def test_the_version_is_that_of_the_release(tmp_path, release, code):
    write_shim(tmp_path, release)
    assert f"#define LINUX_VERSION_CODE {code}\n" in files(tmp_path)["include/linux/version.h"]
