"""Compiles the probe's C text with bcc, in a short-lived process of its own.

`python -m falco.capture.probe.compile` reads a job in JSON from standard input and writes a ProbeObject to standard
output, so that the detector itself never holds a compiler. While it compiles, bcc creates the maps that the text
declares (their descriptors stand in the instructions), and it cannot be kept from that: hence CAP_BPF is needed. No
program is loaded into the kernel, and the maps go with the process.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import falco
from falco.capture.probe.object import RAW_TRACEPOINT, MapSpec, ObjectError, ProbeObject, ProgramSpec, loads_map
from falco.errors import FalcoError

TIMEOUT_S = 120
MOST_PARTS = 4
"""Processes that compile at once: each costs a second and 130 MB for itself."""
FAILED, NO_BCC, NOT_ALLOWED = 1, 3, 4
"""Exit statuses: the text cannot be compiled, bcc is missing, the kernel let us make no maps."""
_MESSAGE_LINES = 12
_OTHER = re.compile(r" (warning|note): |^In file included from|^\d+ (errors?|warnings?)\b")
"""Lines of a compiler's output that begin something else than an error."""
_CALL, _PSEUDO_CALL = 0x85, 1


class CompileError(FalcoError):
    """The text cannot be compiled; reason is one of the exit statuses above."""

    def __init__(self, message: str, reason: int = FAILED) -> None:
        self.reason = reason
        super().__init__(message)


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """What is to be compiled: C text, the directory in which the compiler finds the kernel's include/, further flags.

    programs are the functions to take with the kernel's numbers of their types, and maps those that there must be; when
    they are empty all functions are taken as programs of raw tracepoints, and any maps.
    """

    text: str
    kernel_source: str
    cflags: tuple[str, ...] = ()
    programs: dict[str, int] = dataclasses.field(default_factory=dict)
    maps: tuple[str, ...] = ()


class Module(Protocol):
    """A compiled text."""

    def functions(self) -> dict[str, bytes]:
        """Instructions by function, with descriptors of maps in them."""

    def maps(self) -> dict[int, MapSpec]:
        """The maps by their descriptors."""


def scratch_place() -> str:
    """Where temporary files may be: where all programs have theirs, else in memory.

    A container with --read-only has no other place, and what `docker exec` starts there has no TMPDIR.
    """
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return "/dev/shm"


def compile_in_child(job: Job) -> ProbeObject:
    """Compile in a new process, in an empty directory of its own. Raises CompileError."""
    command = [sys.executable, "-P", "-s", "-m", "falco.capture.probe.compile"]
    # The environment is made anew: bcc and LLVM listen to several variables.
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONPATH": str(Path(falco.__file__).resolve().parents[1])}
    try:
        with tempfile.TemporaryDirectory(prefix="falco-compile-", dir=scratch_place()) as directory:
            done = subprocess.run(
                command,
                input=json.dumps(dataclasses.asdict(job)).encode(),
                capture_output=True,
                cwd=directory,
                env=environment | {"TMPDIR": directory},
                timeout=TIMEOUT_S,
                check=False,
                start_new_session=True,  # What a terminal sends is for us: we end when it has ended.
            )
    except subprocess.TimeoutExpired:
        raise CompileError(f"the compiler took more than {TIMEOUT_S} s") from None
    except OSError as error:
        raise CompileError(f"the compiler cannot be started: {error}") from None
    if done.returncode:
        raise _explained(done.returncode, done.stderr.decode("utf-8", "replace"))
    try:
        return ProbeObject.from_bytes(done.stdout)
    except ObjectError as error:
        raise CompileError(f"the compiler's answer makes no sense: {error}") from None


def compile_in_parts(job: Job, parts: int = 0) -> ProbeObject:
    """Compile in several processes at once, as many as there are processors to run on unless parts says how many.

    The text leaves out the programs of other parts (IN_PART of c/runtime.h). Raises CompileError.
    """
    parts = parts or min(len(os.sched_getaffinity(0)), MOST_PARTS)
    jobs = [dataclasses.replace(job, cflags=(*job.cflags, f"-DPARTS={parts}", f"-DPART={i}")) for i in range(parts)]
    with ThreadPoolExecutor(parts) as pool:
        done = list(pool.map(compile_in_child, jobs))
    programs = sorted((program for part in done for program in part.programs), key=lambda program: program.name)
    maps = {spec.name: spec for part in done for spec in part.maps}
    return ProbeObject(tuple(maps[name] for name in sorted(maps)), tuple(programs), done[0].meta)


def _explained(status: int, noise: str) -> CompileError:
    if "could not open bpf map" in noise and "not permitted" in noise:
        status = NOT_ALLOWED
    if status < 0:
        return CompileError(f"the compiler was killed by signal {-status}")
    return CompileError(_essence(noise) or f"the compiler ended with status {status}", status)


def _essence(noise: str) -> str:
    """The first errors of a compiler's output with their source lines, or its last lines if it names no error."""
    lines = [line.rstrip() for line in noise.splitlines() if line.strip()]
    kept, keep = [], False
    for line in lines:
        keep = " error: " in f" {line}" or (keep and not _OTHER.search(line))
        if keep:
            kept.append(line)
    return "\n".join(kept[:_MESSAGE_LINES] or lines[-_MESSAGE_LINES:])


def take_apart(module: Module, job: Job) -> ProbeObject:
    """Programs and maps of a compiled text, free of this process's descriptors. Raises ObjectError."""
    functions, maps = module.functions(), module.maps()
    names = {fd: row.name for fd, row in maps.items()}
    missing = sorted((set(job.programs) - set(functions)) | (set(job.maps) - set(names.values())))
    if missing:
        raise ObjectError(f"the text defines no {', '.join(missing)}")
    wanted = job.programs or dict.fromkeys(sorted(functions), RAW_TRACEPOINT)
    programs = tuple(_program(name, kind, functions[name], names) for name, kind in wanted.items())
    return ProbeObject(tuple(sorted(maps.values(), key=lambda row: row.name)), programs, {})


def _program(name: str, kind: int, instructions: bytes, maps: dict[int, str]) -> ProgramSpec:
    code, relocations = bytearray(instructions), []
    for at in range(0, len(code), 8):
        if code[at] == _CALL and code[at + 1] >> 4 == _PSEUDO_CALL:
            raise ObjectError(f"{name} calls a function that is unknown or was not inlined")
        if loads_map(instructions, at):
            (fd,) = struct.unpack_from("=i", code, at + 4)
            if fd not in maps:
                raise ObjectError(f"{name} uses a map that the text does not declare")
            relocations.append((at + 4, maps[fd]))
            code[at + 4 : at + 8] = bytes(4)
    return ProgramSpec(name, bytes(code), tuple(relocations), kind)


class BccModule:
    """A text compiled by bcc in this process. Raises CompileError; what is wrong was written to standard error."""

    def __init__(self, job: Job) -> None:
        # The one place where bcc is used. Its BPF class loads and attaches functions by their names, hence the library
        # below it.
        from bcc.libbcc import lib  # noqa: PLC0415

        self._lib = lib
        _declare(lib)
        os.environ["BCC_KERNEL_SOURCE"] = job.kernel_source
        flags = (ctypes.c_char_p * len(job.cflags))(*(flag.encode() for flag in job.cflags))
        self._module = lib.bpf_module_create_c_from_string(job.text.encode(), 0, flags, len(flags), True, None)
        if not self._module:
            raise CompileError("")

    def functions(self) -> dict[str, bytes]:
        lib, module = self._lib, self._module
        names = [lib.bpf_function_name(module, number) for number in range(lib.bpf_num_functions(module))]
        return {
            name.decode(): ctypes.string_at(lib.bpf_function_start(module, name), lib.bpf_function_size(module, name))
            for name in names
        }

    def maps(self) -> dict[int, MapSpec]:
        lib, module = self._lib, self._module
        return {
            lib.bpf_table_fd_id(module, number): MapSpec(
                lib.bpf_table_name(module, number).decode(),
                lib.bpf_table_type_id(module, number),
                lib.bpf_table_key_size_id(module, number),
                lib.bpf_table_leaf_size_id(module, number),
                lib.bpf_table_max_entries_id(module, number),
                lib.bpf_table_flags_id(module, number),
            )
            for number in range(lib.bpf_num_tables(module))
        }


def _declare(lib: ctypes.CDLL) -> None:
    """Declare those functions of the library that its Python part does not use."""
    lib.bpf_num_tables.restype, lib.bpf_num_tables.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
    for name, result in (
        ("bpf_table_name", ctypes.c_char_p),
        ("bpf_table_fd_id", ctypes.c_int),
        ("bpf_table_key_size_id", ctypes.c_size_t),
        ("bpf_table_leaf_size_id", ctypes.c_size_t),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, [ctypes.c_void_p, ctypes.c_size_t]


def read_job(text: str) -> Job:
    """The job that compile_in_child() wrote. Raises ValueError, KeyError or TypeError."""
    job = json.loads(text)
    return Job(job["text"], job["kernel_source"], tuple(job["cflags"]), dict(job["programs"]), tuple(job["maps"]))


def main() -> int:
    """Compile the job on standard input. The library's noise goes to standard error, whichever way it takes."""
    answer = os.dup(1)
    os.dup2(2, 1)
    job = read_job(sys.stdin.read())
    try:
        data = take_apart(BccModule(job), job).to_bytes()
    except (ImportError, OSError) as error:
        print(f"error: bcc cannot be used: {error}", file=sys.stderr)
        return NO_BCC
    except FalcoError as error:
        print(f"error: {error}" if str(error) else "", file=sys.stderr)
        return FAILED
    with os.fdopen(answer, "wb") as out:
        out.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
