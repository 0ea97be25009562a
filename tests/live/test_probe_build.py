"""The probe is really built, with each source of headers, and the kernel takes what comes out.

The C text here is a small one of the test's own. Debian's headers are those of another kernel; a copy of them in a
scratch root is made to match by its utsrelease.h.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from falco.capture.probe.build import ProbeError, build_probe
from falco.capture.probe.cache import Cache
from falco.capture.probe.compile import NOT_ALLOWED, CompileError, Job, compile_in_child, compile_in_parts
from falco.capture.probe.headers import find_headers
from falco.capture.probe.layout import layout_from_headers
from falco.capture.probe.plan import make_plan
from falco.capture.probe.shim import write_shim
from falco.capture.probe.text import probe_text
from tests.live.kernel import Attached
from tests.live.watching import EVERYTHING

if TYPE_CHECKING:
    from falco.capture.probe.object import ProbeObject

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

RELEASE = os.uname().release
SOURCES = Path("/usr/src")
TEXT = """
BPF_RINGBUF_OUTPUT(ring, RING_PAGES);
BPF_ARRAY(counts, u64, 2);
int on_exit(struct bpf_raw_tracepoint_args *ctx) {
  u64 task = bpf_get_current_task();
  u32 tgid = 0, zero = 0;
  bpf_probe_read_kernel(&tgid, sizeof(tgid), (void *)(task + OFF_task_struct__tgid));
  int which = tgid != (u32)(bpf_get_current_pid_tgid() >> 32);
  u64 *count = counts.lookup(&which);
  if (count) *count += 1;
  if (!zero && ctx->args[1] == 12345) ring.ringbuf_output(&tgid, sizeof(tgid), 0);
  return 0;
}
"""
"""Counts system calls for which the kernel's structure and its own function agree on the process, and the others."""
FLAGS = ("-DRING_PAGES=1",)
FLEXIBLE = {"SZ_pid__numbers", "SZ_unix_address__name"}
"""Members that are arrays of no fixed length, whose size BTF gives as 0 and a compiler not at all."""


def text_for(layout: str) -> str:
    return layout + TEXT


def build(host_root, system=Path("/sys"), cache=None) -> ProbeObject:
    return build_probe(text_for, host_root, RELEASE, cache, cflags=FLAGS, system=system)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A root with Debian's headers, made to be those of this kernel, in two parts as Debian has them."""
    found = [path for path in sorted(SOURCES.glob("linux-headers-*-amd64")) if path.is_dir()]
    assert found, "apt-get install linux-headers-amd64"
    root = tmp_path_factory.mktemp("host")
    sources = root / "usr/src"
    build_directory, common = sources / f"linux-headers-{RELEASE}", found[-1].name.removesuffix("amd64") + "common"
    shutil.copytree(found[-1], build_directory, symlinks=True)
    shutil.copytree(SOURCES / common, sources / common, symlinks=True)
    (build_directory / "include/generated/utsrelease.h").write_text(f'#define UTS_RELEASE "{RELEASE}"\n')
    modules = root / "lib/modules" / RELEASE
    modules.mkdir(parents=True)
    (modules / "build").symlink_to(f"/usr/src/linux-headers-{RELEASE}")
    return root


def without_config(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out include/config, thousands of empty files."""
    return None if info.name.endswith("include/config") else info


@pytest.fixture(scope="module")
def archive_system(host, tmp_path_factory):
    """A sysfs with the same headers as the kernel packs them, and this kernel's BTF."""
    kernel = tmp_path_factory.mktemp("sys") / "kernel"
    kernel.mkdir()
    (kernel / "btf").symlink_to("/sys/kernel/btf")
    parts = [path for path in sorted((host / "usr/src").iterdir()) if path.is_dir()]
    with tarfile.open(kernel / "kheaders.tar.xz", "w:xz", preset=0) as archive:
        for part in parts:
            for name in ("include", "arch/x86/include"):
                archive.add(
                    part / name, f"./{name}", filter=lambda info: None if info.name.endswith("/config") else info
                )
    return kernel.parent


def run(probe: ProbeObject) -> tuple[int, int]:
    """Load the probe, attach it for a moment, and give its two counts."""
    with Attached(probe) as attached:
        for _ in range(101):
            os.getppid()
        return attached.lookup("counts", 0), attached.lookup("counts", 1)


def agrees(probe: ProbeObject) -> None:
    right, wrong = run(probe)
    assert right >= 101
    assert wrong == 0


def test_with_btf_alone(tmp_path):
    probe = build(tmp_path)
    assert probe.meta["source"] == "BTF /sys/kernel/btf/vmlinux"
    assert {(m.name, m.type, m.max_entries) for m in probe.maps} == {("ring", 27, 4096), ("counts", 2, 2)}
    agrees(probe)


def test_with_matching_headers_and_btf(host):
    probe = build(host)
    assert probe.meta["source"] == f"kernel headers /lib/modules/{RELEASE}/build"
    assert probe.meta["offsets"] == "BTF"
    agrees(probe)


def test_with_an_archive_of_headers(archive_system, tmp_path):
    probe = build(tmp_path, archive_system)
    assert probe.meta["source"] == f"kheaders archive {archive_system}/kernel/kheaders.tar.xz"
    agrees(probe)


def test_with_matching_headers_alone(host, tmp_path):
    # The offsets are those of another kernel than this one, so it is not run.
    probe = build(host, tmp_path)
    assert probe.meta["offsets"] == "these headers"
    assert [program.name for program in probe.programs] == ["on_exit"]


def test_every_program_compiles_with_headers_alone(host, tmp_path):
    """They have functions of the kernel's in them, exit_mmap for one."""
    plan = make_plan(EVERYTHING, 0)
    text, flags = partial(probe_text, plan.programs, ()), (*FLAGS, "-g0")
    probe = build_probe(text, host, RELEASE, None, cflags=flags, system=tmp_path, compiler=compile_in_parts)
    assert probe.meta["offsets"] == "these headers"
    assert {program.name for program in probe.programs} >= set(plan.programs)


def test_every_definition_from_headers_compiles(host, tmp_path):
    layout = layout_from_headers()
    names = sorted(set(re.findall(r"^#define ((?:OFF|SZ)_\w+)", layout, re.MULTILINE)) - FLEXIBLE)
    assert len(names) > 250
    checks = "".join(f'#ifdef {name}\n_Static_assert({name} >= 0, "");\n#endif\n' for name in names)
    tree = next(attempt.tree for attempt in find_headers(host, RELEASE, tmp_path) if attempt.tree)
    job = Job(layout + checks + "int f(void *c) { return 0; }\n", str(tree.directory), tree.cflags)
    assert [program.name for program in compile_in_child(job).programs] == ["f"]


def test_headers_that_do_not_parse_fall_to_btf(host, tmp_path):
    (tmp_path / "usr").symlink_to(host / "usr")
    broken = tmp_path / "lib/modules" / RELEASE / "build/include"
    for name, text in (
        ("generated/utsrelease.h", f'#define UTS_RELEASE "{RELEASE}"'),
        ("linux/kconfig.h", "#error no"),
    ):
        (broken / name).parent.mkdir(parents=True, exist_ok=True)
        (broken / name).write_text(text + "\n")
    probe = build(tmp_path)
    assert probe.meta["source"].startswith("BTF")
    with pytest.raises(ProbeError) as failure:
        build(tmp_path, tmp_path / "no-sysfs")
    assert "linux/kconfig.h:1:2: error: no" in str(failure.value)


@pytest.fixture
def shim(tmp_path):
    write_shim(tmp_path, RELEASE)
    return str(tmp_path)


def test_a_mistake_in_the_text_comes_back_with_its_place(shim):
    with pytest.raises(CompileError) as failure:
        compile_in_child(Job("int f(void *c) {\n  return nothing;\n}\n", shim))
    assert str(failure.value).startswith("/virtual/main.c:2:10: error: use of undeclared identifier 'nothing'")
    assert "  return nothing;" in str(failure.value)


def test_the_answer_holds_nothing_but_the_probe(shim):
    # The warning and the compiler's own dumps must not get between its bytes.
    text = "#warning noise\nint f(void *c) { return 0; }\n"
    probe = compile_in_child(Job(text, shim, ("-v",), {"f": 17}))
    assert [(p.name, p.type) for p in probe.programs] == [("f", 17)]


def test_the_same_text_gives_the_same_probe(shim):
    jobs = [Job(TEXT, shim, (*FLAGS, "-DOFF_task_struct__tgid=8")) for _ in range(2)]
    assert compile_in_child(jobs[0]).to_bytes() == compile_in_child(jobs[1]).to_bytes()


def test_without_privileges_the_reason_is_told(shim):
    # The maps are why: bcc makes them while it compiles.
    lines = (
        "import sys; from falco.capture.probe.compile import *",
        "try: compile_in_child(read_job(sys.stdin.read()))",
        "except CompileError as error: print(error.reason, error)",
    )
    script, flags = "\n".join(lines), (*FLAGS, "-DOFF_task_struct__tgid=8")
    job = json.dumps({"text": TEXT, "kernel_source": shim, "cflags": flags, "programs": {}, "maps": []})
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", script]
    done = subprocess.run(command, input=job, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{NOT_ALLOWED} could not open bpf map: ")


def test_the_cache_makes_the_second_start_quick(tmp_path):
    tmp_path.chmod(0o755)
    cache = Cache(tmp_path / "cache", start=tmp_path)
    first = build(tmp_path, cache=cache)
    started = time.process_time()
    assert build(tmp_path, cache=cache) == first
    assert time.process_time() - started < 0.5, "it compiled again, or reads the kernel's BTF slowly"
