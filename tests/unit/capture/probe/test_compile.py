from __future__ import annotations

import dataclasses
import json
import struct
import sys
import tempfile

import pytest

from falco.capture.probe import compile as compiler
from falco.capture.probe.compile import CompileError, Job, compile_in_child, read_job, take_apart
from falco.capture.probe.object import RAW_TRACEPOINT, MapSpec, ObjectError, ProgramSpec

EXIT = b"\x95" + bytes(7)
RING = MapSpec("ring", 27, 0, 0, 4096, 0)
COUNTS = MapSpec("counts", 6, 4, 8, 16, 0)
JOB = Job("text", "/nowhere")


def load_map(fd: int) -> bytes:
    return struct.pack("=BBhiBBhi", 0x18, 0x11, 0, fd, 0, 0, 0, 0)


@dataclasses.dataclass
class Compiled:
    """A module as bcc leaves it."""

    code: dict[str, bytes]
    tables: dict[int, MapSpec]

    def functions(self) -> dict[str, bytes]:
        return self.code

    def maps(self) -> dict[int, MapSpec]:
        return self.tables


def test_descriptors_become_names():
    probe = take_apart(Compiled({"f": EXIT + load_map(7) + load_map(9)}, {9: RING, 7: COUNTS}), JOB)
    assert probe.maps == (COUNTS, RING)
    assert probe.programs == (ProgramSpec("f", EXIT + load_map(0) * 2, ((12, "counts"), (28, "ring"))),)


def test_all_functions_are_taken_unless_some_are_named():
    module = Compiled({"b": EXIT, "a": EXIT}, {})
    assert [(p.name, p.type) for p in take_apart(module, JOB).programs] == [
        ("a", RAW_TRACEPOINT),
        ("b", RAW_TRACEPOINT),
    ]
    named = dataclasses.replace(JOB, programs={"b": 5})
    assert [(p.name, p.type) for p in take_apart(module, named).programs] == [("b", 5)]


def test_what_is_asked_for_must_be_there():
    job = dataclasses.replace(JOB, programs={"f": 17, "g": 17}, maps=("ring", "counts"))
    with pytest.raises(ObjectError, match=r"defines no counts, g$"):
        take_apart(Compiled({"f": EXIT}, {3: RING}), job)


def test_calls_between_functions_are_refused():
    with pytest.raises(ObjectError, match="f calls a function"):
        take_apart(Compiled({"f": b"\x85\x10" + bytes(6) + EXIT}, {}), JOB)
    helper = b"\x85\x00" + bytes(6) + EXIT
    assert take_apart(Compiled({"f": helper}, {}), JOB).programs[0].instructions == helper


def test_maps_that_nobody_declared_are_refused():
    with pytest.raises(ObjectError, match="does not declare"):
        take_apart(Compiled({"f": load_map(8)}, {3: RING}), JOB)


def test_a_job_is_read_as_it_was_written():
    job = Job("int f;\n", "/src", ("-DA=1", "-I/b"), {"f": 17}, ("ring",))
    assert read_job(json.dumps(dataclasses.asdict(job))) == job


NOISE = """\
In file included from /virtual/main.c:7:
include/linux/signal.h:97:11: warning: array index 3 is past the end [-Warray-bounds]
        return set->sig[3];
               ^
/virtual/main.c:550:22: error: use of undeclared identifier 'nope'
int f(void*c){return nope;}
                     ^
/virtual/main.c:12:1: note: somewhere else
1 warning and 1 error generated.
"""


def child(tmp_path, monkeypatch, script: str) -> None:
    """Let a shell script stand in for Python as the child."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))


@pytest.mark.parametrize(
    ("script", "reason", "message"),
    [
        (f"cat >&2 <<'E'\n{NOISE}E\nexit 1", compiler.FAILED,
         "\n".join(NOISE.splitlines()[4:7])),
        ("echo 'could not open bpf map: a, error: Operation not permitted' >&2; exit 1", compiler.NOT_ALLOWED,
         "could not open bpf map: a, error: Operation not permitted"),
        ("exit 3", compiler.NO_BCC, "the compiler ended with status 3"),
        ("kill -9 $$", compiler.FAILED, "the compiler was killed by signal 9"),
        ("echo hello", compiler.FAILED, "the compiler's answer makes no sense: 6 bytes cannot be a compiled probe"),
    ],
)  # fmt: skip
def test_failures_of_the_child_are_told(tmp_path, monkeypatch, script, reason, message):
    child(tmp_path, monkeypatch, script)
    with pytest.raises(CompileError) as failure:
        compile_in_child(JOB)
    assert (failure.value.reason, str(failure.value)) == (reason, message)


def test_a_child_that_does_not_end_is_ended(tmp_path, monkeypatch):
    child(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(compiler, "TIMEOUT_S", 0.05)
    with pytest.raises(CompileError, match="took more than"):
        compile_in_child(JOB)


def test_a_child_that_cannot_be_started_is_told(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CompileError, match="cannot be started"):
        compile_in_child(JOB)


def test_the_child_works_in_an_empty_directory_with_little_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("BCC_KERNEL_SOURCE", "/elsewhere")
    child(tmp_path, monkeypatch, 'echo "error: $(ls -A | wc -l) $(stat -c %a .) [$BCC_KERNEL_SOURCE] $*" >&2; exit 1')
    with pytest.raises(CompileError) as failure:
        compile_in_child(JOB)
    assert str(failure.value) == "error: 0 700 [] -P -s -m falco.capture.probe.compile"


def test_temporary_files_go_into_memory_where_there_is_no_other_place(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert compiler.scratch_place() == str(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/none/at/all"])
    assert compiler.scratch_place() == "/dev/shm"
