from __future__ import annotations

import errno
import logging
import os
import struct
import tempfile
from pathlib import Path

import pytest

from falco.capture.probe.build import Plain, ProbeError, build_probe
from falco.capture.probe.cache import Cache
from falco.capture.probe.compile import NO_BCC, NOT_ALLOWED, CompileError, Job
from falco.capture.probe.object import ProbeObject, ProgramSpec
from falco.logs import LOG
from tests.btf import Blob

RELEASE = "6.1.0-9-amd64"
COMPILED = ProbeObject((), (ProgramSpec("f", b"\x95" + bytes(7), ()),), {})


def with_layout(layout: str) -> str:
    return layout + "int f;\n"


class Compiler:
    """Stands in for bcc: fails with each error in turn, None is a success, and remembers the jobs."""

    def __init__(self, *errors: CompileError | None) -> None:
        self.jobs: list[Job] = []
        self._errors = list(errors)

    def __call__(self, job):
        self.jobs.append(job)
        error = self._errors.pop(0) if self._errors else None
        if error:
            raise error
        return COMPILED


@pytest.fixture
def host(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "host").mkdir()
    return tmp_path / "host"


@pytest.fixture
def system(tmp_path):
    """A sysfs with the notes and the BTF of a kernel that knows one member."""
    blob = Blob()
    blob.struct("task_struct", 8, [("pid", blob.integer("int", 4), 32)])
    kernel = tmp_path / "sys/kernel"
    (kernel / "btf").mkdir(parents=True)
    (kernel / "btf/vmlinux").write_bytes(blob.data())
    (kernel / "notes").write_bytes(struct.pack("=III4s20s", 4, 20, 3, b"GNU\0", b"i" * 20))
    return tmp_path / "sys"


@pytest.fixture
def cache(tmp_path, host):
    return Cache(tmp_path / "cache", owner=os.getuid(), start=tmp_path)


@pytest.fixture
def log(monkeypatch, caplog):
    monkeypatch.setattr(LOG, "propagate", True)
    caplog.set_level(logging.INFO, logger="falco")
    return caplog


def headers(host, release=RELEASE):
    for name in ("include/linux/kconfig.h", "include/generated/utsrelease.h"):
        path = host / "usr/src/linux" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#define UTS_RELEASE "{release}"\n')


def test_without_headers_btf_and_the_shim_serve(host, system, log):
    def compiler(job):
        assert "#define OFF_task_struct__pid 4\n" in job.text
        assert job.text.endswith("int f;\n")
        assert job.cflags == ("-DRING_PAGES=8",)
        version = (Path(job.kernel_source) / "include/linux/version.h").read_text()
        assert f"LINUX_VERSION_CODE {0x60100}\n" in version
        return COMPILED

    probe = build_probe(with_layout, host, RELEASE, None, cflags=("-DRING_PAGES=8",), system=system, compiler=compiler)
    assert probe.programs == COMPILED.programs
    assert probe.meta["source"] == f"BTF {system}/kernel/btf/vmlinux"
    assert probe.meta["offsets"] == "BTF"
    absent = next(line for line in log.text.splitlines() if "none of these is there" in line)
    assert ": kernel headers /lib/modules/" in absent
    assert f", kernel headers /usr/src/linux, kheaders archive {system}/kernel/kheaders.tar.xz" in absent
    assert "this kernel has no" in log.text
    assert "built with BTF" in log.text


def test_members_that_the_kernel_does_not_have_are_told_of_a_probe_from_the_cache_too(host, system, log, cache):
    for _ in range(2):
        log.clear()
        probe = build_probe(with_layout, host, RELEASE, cache, system=system, compiler=Compiler())
        assert "pt_regs.di" in probe.meta["missing"]
        assert "this kernel has no pt_regs.di" in log.text
    assert "from the cache" in log.text


def test_a_full_disk_is_a_reason_like_any(host, system, monkeypatch):
    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    with pytest.raises(ProbeError, match=r"cannot be built in .*: No space left on device"):
        build_probe(with_layout, host, RELEASE, None, system=system, compiler=Compiler())


def test_matching_headers_come_first_and_offsets_from_btf_all_the_same(host, system):
    headers(host)
    compiler = Compiler()
    probe = build_probe(with_layout, host, RELEASE, None, system=system, compiler=compiler)
    (job,) = compiler.jobs
    assert job.kernel_source == str(host / "usr/src/linux")
    assert "#define OFF_task_struct__pid 4\n" in job.text
    assert probe.meta["source"] == "kernel headers /usr/src/linux"


def test_without_btf_the_headers_give_the_offsets(host):
    headers(host)
    compiler = Compiler()
    probe = build_probe(with_layout, host, RELEASE, None, system=host / "none", compiler=compiler)
    assert "__builtin_offsetof(struct task_struct, pid)" in compiler.jobs[0].text
    assert probe.meta["offsets"] == "these headers"


def test_what_does_not_compile_falls_to_the_next_source(host, system, log):
    headers(host)
    compiler = Compiler(CompileError("x.h:1:2: error: asm goto"), None)
    probe = build_probe(with_layout, host, RELEASE, None, system=system, compiler=compiler)
    assert len(compiler.jobs) == 2
    assert probe.meta["source"].startswith("BTF")
    assert "not with kernel headers /usr/src/linux: x.h:1:2: error: asm goto" in log.text


def test_btf_that_makes_no_sense_does_not_stop_headers(host, system, log):
    headers(host)
    (system / "kernel/btf/vmlinux").write_bytes(b"garbage" * 10)
    compiler = Compiler(CompileError("no"))
    with pytest.raises(ProbeError, match="it cannot be used"):
        build_probe(with_layout, host, RELEASE, None, system=system, compiler=compiler)
    assert "__builtin_offsetof" in compiler.jobs[0].text
    assert "BTF: magic" in log.text
    assert len(compiler.jobs) == 1


def test_if_nothing_works_one_message_tells_all(host, system):
    headers(host, "6.1.0-8-amd64")
    (host / "etc").mkdir()
    (host / "etc/os-release").write_text('NAME="X"\nID=mint\nID_LIKE="ubuntu debian"\n')
    compiler = Compiler(CompileError("a.c:1:2: error: first\n  second line"))
    with pytest.raises(ProbeError) as failure:
        build_probe(with_layout, host, RELEASE, None, system=system, compiler=compiler)
    lines = str(failure.value).splitlines()
    assert lines[0] == f"the probe cannot be built for kernel {RELEASE}. Tried:"
    assert f"  kernel headers /usr/src/linux: it is for kernel '6.1.0-8-amd64', not '{RELEASE}'" in lines
    assert f"  kheaders archive {system}/kernel/kheaders.tar.xz: it does not exist" in lines
    assert lines[-3:] == [
        f"  BTF {system}/kernel/btf/vmlinux: a.c:1:2: error: first",
        "      second line",
        f"To mend it: apt-get install linux-headers-{RELEASE}",
    ]


@pytest.mark.parametrize(("reason", "word"), [(NO_BCC, "python3-bpfcc"), (NOT_ALLOWED, "run as root")])
def test_what_no_other_source_would_mend_ends_the_search(host, system, reason, word):
    headers(host)
    compiler = Compiler(CompileError("why", reason))
    with pytest.raises(ProbeError) as failure:
        build_probe(with_layout, host, RELEASE, None, system=system, compiler=compiler)
    assert word in str(failure.value).splitlines()[-1]
    assert len(compiler.jobs) == 1


@pytest.mark.parametrize("release", ["5.7.19-generic", "4.19.0", "3.10.0-1160.el7"])
def test_kernels_without_a_ring_buffer_are_told(host, system, release):
    with pytest.raises(ProbeError, match=r"too old: the probe needs 5\.8"):
        build_probe(with_layout, host, release, None, system=system, compiler=Compiler())


@pytest.mark.parametrize("release", ["5.8", "5.10.0-1", "6.0.0", "10.1"])
def test_kernels_from_the_floor_on_are_built_for(host, system, release):
    assert build_probe(with_layout, host, release, None, system=system, compiler=Compiler()).programs


def test_a_release_that_is_none_is_told(host, system):
    with pytest.raises(ProbeError, match="begins with no version"):
        build_probe(with_layout, host, "linux", None, system=system, compiler=Compiler())


def test_the_second_build_comes_from_the_cache(host, system, cache, log):
    compiler = Compiler()
    first = build_probe(with_layout, host, RELEASE, cache, system=system, compiler=compiler)
    again = build_probe(with_layout, host, RELEASE, cache, system=system, compiler=compiler)
    assert first == again
    assert len(compiler.jobs) == 1
    assert "from the cache, built with BTF" in log.text


def test_a_probe_without_some_programs_is_kept_beside_it(host, system, cache):
    compiler = Compiler()
    whole = build_probe(with_layout, host, RELEASE, None, system=system, compiler=compiler)
    name = whole.programs[0].name

    def less(layout: str) -> str:
        return layout + "/* less */"

    plain = Plain(less, frozenset((name,)))
    build_probe(with_layout, host, RELEASE, cache, system=system, compiler=compiler, plain=plain)
    assert len(compiler.jobs) == 2
    kept = build_probe(less, host, RELEASE, cache, system=system, compiler=compiler)
    assert len(compiler.jobs) == 2
    assert {each.name for each in whole.programs} - {each.name for each in kept.programs} == {name}


def test_whatever_the_probe_depends_on_builds_it_anew(host, system, cache):
    compiler = Compiler()

    def build(text=with_layout, release=RELEASE, cflags=()):
        build_probe(text, host, release, cache, cflags=cflags, system=system, compiler=compiler)
        return len(compiler.jobs)

    assert build() == 1
    assert build(text=lambda layout: layout + "int g;\n") == 2
    assert build(release="6.1.0-10-amd64") == 3
    assert build(cflags=("-DRING_PAGES=4",)) == 4
    (system / "kernel/notes").write_bytes(struct.pack("=III4s20s", 4, 20, 3, b"GNU\0", b"j" * 20))
    assert build() == 5
    (system / "kernel/btf/vmlinux").write_bytes(Blob().data())
    assert build() == 6
    assert build() == 6


def test_a_corrupt_cache_file_is_told_and_replaced(host, system, cache, tmp_path, log):
    compiler = Compiler()
    first = build_probe(with_layout, host, RELEASE, cache, system=system, compiler=compiler)
    (path,) = (tmp_path / "cache").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert build_probe(with_layout, host, RELEASE, cache, system=system, compiler=compiler) == first
    assert f"{path}: its checksum is wrong" in log.text
    assert build_probe(with_layout, host, RELEASE, cache, system=system, compiler=compiler) == first
    assert len(compiler.jobs) == 2


def test_a_cache_that_cannot_be_used_stops_nothing(host, system, tmp_path, log):
    (tmp_path / "cache").write_text("in the way")
    cache = Cache(tmp_path / "cache", owner=os.getuid(), start=tmp_path)
    assert build_probe(with_layout, host, RELEASE, cache, system=system, compiler=Compiler()).programs
    assert "cannot be kept for the next start" in log.text
