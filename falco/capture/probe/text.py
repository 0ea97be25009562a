"""The probe's C text: the runtime in c/, and for each covered call a program for its exit and one for its enter.

Only the programs that a plan names (plan.py) are in it, since each costs the compiler some ten milliseconds.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from falco.capture.probe.calls import CALLS, LIFE, OTHER
from falco.events import native
from falco.events.syscalls import SYSCALL_NAMES
from falco.events.table import CODES, GENERIC_E, GENERIC_X

if TYPE_CHECKING:
    from collections.abc import Collection

    from falco.capture.probe.call import Call
    from falco.events.native import Pairs

_C = Path(__file__).with_name("c")
_MASKS = {
    "clone_flags": native.CLONE_FLAGS,
    "open_bits": native.OPEN_FLAGS,
    "prot_flags": native.PROT_FLAGS,
    "mmap_flags": native.MMAP_FLAGS,
}
_CHOICES = {"fcntl_command": native.FCNTL_COMMANDS, "ptrace_request": native.PTRACE_REQUESTS}
_CODES = {
    "CODE_EXECVE_X": "SYSCALL_EXECVE_19_X",
    "CODE_EXECVEAT_X": "SYSCALL_EXECVEAT_X",
    "CODE_CLONE_X": "SYSCALL_CLONE_20_X",
    "CODE_CLONE3_X": "SYSCALL_CLONE3_X",
    "CODE_FORK_X": "SYSCALL_FORK_20_X",
    "CODE_VFORK_X": "SYSCALL_VFORK_20_X",
    "CODE_PROCEXIT": "PROCEXIT_1_E",
    "CODE_SIGNAL": "SIGNALDELIVER_E",
    "CODE_NAMED": "PROCINFO_E",
}
_CHANGING = frozenset(("bind", "connect"))
"""Calls after which the socket has another name: an enter that is made up at the exit cannot tell the one before."""
_HEADERS = (
    "runtime.h", "kernel.h", "facts.h", "values.h", "parts.h", "traits.h", "sieve.h", "dispatch.h", "process.h",
    "uring.h",
)  # fmt: skip


def probe_text(programs: Collection[str], texts: Collection[str], layout: str) -> str:
    """The text with these programs of calls, programs of other texts, and the definitions of a layout.

    RING_PAGES has to be defined.
    """
    enters = [_enter(call) for call in (*LIFE, *CALLS, OTHER) if f"enter_{call.name}" in programs]
    exits = [_exit(call) for call in (*CALLS, OTHER) if f"exit_{call.name}" in programs]
    each = [f"#if IN_PART({number})\n{text}\n#endif\n" for number, text in enumerate((*texts, *enters, *exits))]
    return _apart(layout, programs) + _runtime() + "".join(each)


def _apart(layout: str, programs: Collection[str]) -> str:
    """A layout that includes the kernel's headers has functions of the kernel's in it, some named as programs are."""
    if "#include" not in layout:
        return layout
    aside = "".join(f"#define {name} kernels_{name}\n" for name in programs)
    return aside + layout + "".join(f"#undef {name}\n" for name in programs)


@functools.cache
def _runtime() -> str:
    parts = [_constants()]
    for header in _HEADERS:
        parts.append((_C / header).read_text())
        if header == "runtime.h":
            parts += [_mask(name, pairs) for name, pairs in _MASKS.items()]
            parts += [_choice(name, pairs) for name, pairs in _CHOICES.items()]
            parts.append(_OPEN_FLAGS)
    return "\n".join([*parts, ""])


def code(call: Call, half: str) -> int:
    """The code of a call's enter (half E) or exit (X)."""
    if not call.event:
        return GENERIC_E if half == "E" else GENERIC_X
    return CODES[f"{call.event}_{half}"]


def generic(call: Call) -> int:
    """The number of a call in the event table's own order of system calls."""
    return SYSCALL_NAMES.index(call.name)


def event_of(call: Call, half: str) -> tuple[int, int | None]:
    """The code of a call's half and, if that is the one of generic events, the number that tells the call."""
    return code(call, half), None if call.event else generic(call)


def _constants() -> str:
    lines = [f"#define {name} {CODES[symbol]}" for name, symbol in _CODES.items()]
    lines += [f"#define CALL_{call.name.upper()} {generic(call)}" for call in LIFE]
    lines += [f"#define SLOT_{call.name.upper()} {call.number}" for call in (*LIFE, *CALLS)]
    return "\n".join(lines) + "\n"


_OPEN_FLAGS = """
INLINE u32 open_flags(u64 native) {
  u32 access = native & 3;
  return open_bits(native) | ((access > 2 ? 2 : access) + 1);
}
"""


def _mask(name: str, pairs: Pairs) -> str:
    bits = "".join(f"  if (native & {bit:#x}) ours |= {ours:#x};\n" for bit, ours in pairs)
    return f"INLINE u32 {name}(u64 native) {{\n  u32 ours = 0;\n{bits}  return ours;\n}}"


def _choice(name: str, pairs: Pairs) -> str:
    cases = "".join(f"    case {value}: return {ours};\n" for value, ours in pairs)
    return f"INLINE u32 {name}(u64 native) {{\n  switch (native) {{\n{cases}  }}\n  return 0;\n}}"


_HEAD = "int {half}_{name}(struct bpf_raw_tracepoint_args *ctx) {{\n  HERE\n"


def _enter(call: Call) -> str:
    """Sends the enter of a call; made up at its exit, or when it is entered."""
    has_fd = call.fd == "A0"
    told = "!c->then" if call.name in _CHANGING else int(has_fd)
    lines = [_HEAD.format(half="enter", name=call.name)]
    if has_fd:
        lines.append("  take_file(c, A0);\n")
    lines.append(f"  c->has_fd = {told};\n")
    lines.append(f"  begin(r, c, {code(call, 'E')}, c->enter_ts, {len(call.enter)} + c->has_fd + (c->marks != 0));\n")
    lines += [f"  {parameter};\n" for parameter in call.enter]
    lines.append("  return facts(ctx, r, c);\n}")
    return "".join(lines)


def _exit(call: Call) -> str:
    """Sends the exit of a call, and does what the probe has to learn from it."""
    lines = [_HEAD.format(half="exit", name=call.name)]
    if call.fd:
        lines.append(f"  take_file(c, {call.fd});\n")
    if call.setup:
        lines += [f"  {call.setup};\n", "  if (!(c->flags & FLAG_EXIT)) return 0;\n"]
    if call.mark:
        lines.append(f"  c->marks |= {call.mark};\n")
    tells_names = not call.event
    count = len(call.exit) + bool(call.fd) + len(call.bases) * (1 + tells_names)
    lines.append(f"  begin(r, c, {code(call, 'X')}, c->ts, {count} + (c->marks != 0));\n")
    lines += [f"  {parameter};\n" for parameter in call.exit]
    for i, base in enumerate(call.bases):
        lines.append(f"  c->base[{i}].role = '{base.role}';\n")
        lines.append(f"  c->base[{i}].dirfd = {base.dirfd};\n")
        lines.append(f"  c->base[{i}].name = {base.name};\n")
    lines += [f"  c->bases = {len(call.bases)};\n", f"  c->tells_names = {int(tells_names)};\n", "  c->based = 0;\n"]
    lines.append(f"  c->has_fd = {int(bool(call.fd))};\n")
    lines.append("  return facts(ctx, r, c);\n}")
    return "".join(lines)
