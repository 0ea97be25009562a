"""Where the members of kernel structures lie that the probe's C text reads, as `#define`s for it.

The C text reads memory at computed offsets and names no kernel structure itself: OFF_task_struct__pid is an offset in
bytes, SZ_task_struct__pid a size. For bit-fields OFF_ and SZ_ are those of the word around it, BIT_ is the position of
the lowest bit in it, BITS_ the width. Numbers come from BTF, or from the compiler where a kernel has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.capture.probe.object import KERNELS_FUNCTION
from falco.capture.probe.structures import (
    BIT_FIELDS,
    DIRECTLY,
    NEWER,
    PRIVATE,
    RENAMED,
    RING_TYPES,
    SIZES,
    STRUCTURES,
    TYPED,
    Spelling,
    Structure,
)

if TYPE_CHECKING:
    from falco.capture.probe.btf import Btf, Place

_ABSENT = "(1ull << 62)"
"""The offset of a member that should be in a kernel's BTF and is not: from any address on, nothing can be read there,
and what cannot be read is 0. So whoever asks for the member goes without it, and nothing else does.
"""
_TAKE_FOR = "TAKE_FOR"
_CAST = "bpf_rdonly_cast"
_GIVES_TYPE = "BPF_FUNC_get_current_task_btf"
_FARTHEST = 1 << 15
"""Where an instruction's offset ends."""


def layout_from_btf(btf: Btf) -> str:
    """The definitions as numbers; optional members that are missing get none. Raises BtfError."""
    lines = ["/* From the kernel's BTF. */"]
    for structure, member in _members():
        place = _place(btf, structure.name, member)
        symbol = _symbol(structure.name, member)
        if place:
            lines += _definitions(symbol, place)
        elif not _optional(structure, member):
            lines += [f"#define OFF_{symbol} {_ABSENT}", f"#define SZ_{symbol} 0"]
    for name in SIZES:
        size = btf.size(name)
        if size is not None:
            lines.append(f"#define SZ_{name} {size}")
    places = [btf.place(member) for member in TYPED]
    if _GIVES_TYPE in btf.enum("bpf_func_id") and all(place and place.offset < _FARTHEST for place in places):
        lines.append("#define TYPED_TASK 1")
    return "\n".join([*lines, *_directly(btf)]) + "\n"


def _directly(btf: Btf) -> list[str]:
    """The numbers of the types that any address can be taken for, and of the function that does it."""
    function = btf.function(_CAST)
    types = {name: btf.number(name) for name in DIRECTLY}
    places = [_place(btf, s.name, m) for s, m in _members() if s.name in DIRECTLY and not _optional(s, m)]
    if function is None or None in types.values() or not all(place and place.offset < _FARTHEST for place in places):
        return []
    return [
        f"#define {_TAKE_FOR} {KERNELS_FUNCTION + function}",
        *(f"#define TYPE_{n} {number}" for n, number in types.items()),
    ]


def reads_directly(layout: str) -> bool:
    """Whether a C text with this layout reads structures of the kernel's without calling anything."""
    return f"\n#define {_TAKE_FOR} " in layout


def missing_in_btf(btf: Btf) -> list[str]:
    """Members that every kernel should have, and that this one lacks."""
    return [
        f"{structure.name}.{member}"
        for structure, member in _members()
        if not _optional(structure, member) and not _place(btf, structure.name, member)
    ]


def layout_from_headers() -> str:
    """The same definitions by offsetof() and sizeof, behind includes of the kernel's headers.

    The compiler looks at a definition only where it is used, so that a member which is missing hurts nobody else.
    """
    lines = ["/* From the kernel's headers. */", "#include <linux/version.h>", "#include <linux/stddef.h>"]
    lines += _includes()
    lines += [f"struct probe_{name} {{ {begin} }};" for name, begin in PRIVATE.items()]
    for structure, member in _members():
        if f"{structure.name}.{member}" not in BIT_FIELDS:
            lines += _conditional(_condition(structure, member), _offsets(structure, member))
    lines += [f"#define SZ_{name} sizeof(struct {name})" for name in SIZES]
    return "\n".join(lines) + "\n"


def _members() -> list[tuple[Structure, str]]:
    return [(structure, member) for structure in STRUCTURES for member in structure.members.split()]


def _symbol(structure: str, member: str) -> str:
    return f"{structure}.{member}".replace("[0]", "").replace(".", "__")


def _optional(structure: Structure, member: str) -> bool:
    name = f"{structure.name}.{member}"
    return bool(structure.needs) or name in NEWER or name in BIT_FIELDS


def _place(btf: Btf, structure: str, member: str) -> Place | None:
    for spelling in RENAMED.get(f"{structure}.{member}", (Spelling(member),)):
        place = btf.place(f"{structure}.{spelling.path}".replace("[0]", ""))
        if place:
            return place
    return None


def _definitions(symbol: str, place: Place) -> list[str]:
    lines = [f"#define OFF_{symbol} {place.offset}", f"#define SZ_{symbol} {place.size}"]
    if place.bits:
        lines += [f"#define BIT_{symbol} {place.bit}", f"#define BITS_{symbol} {place.bits}"]
    return lines


def _includes() -> list[str]:
    headers = {structure.header: structure.needs == RING_TYPES for structure in STRUCTURES if structure.header}
    lines: list[str] = []
    for header, may_be_missing in headers.items():
        lines += _conditional(RING_TYPES if may_be_missing else "", [f"#include <{header}>"])
    return lines


def _conditional(condition: str, lines: list[str]) -> list[str]:
    return [f"#if {condition}", *lines, "#endif"] if condition else lines


def _from(since: tuple[int, int]) -> str:
    return f"LINUX_VERSION_CODE >= KERNEL_VERSION({since[0]}, {since[1]}, 0)"


def _condition(structure: Structure, member: str) -> str:
    since = NEWER.get(f"{structure.name}.{member}")
    return _from(since) if since else structure.needs


def _offsets(structure: Structure, member: str) -> list[str]:
    spellings = RENAMED.get(f"{structure.name}.{member}")
    if not spellings:
        return _by_compiler(structure, member, member)
    lines: list[str] = []
    for number, spelling in enumerate(spellings):
        test = f"{'elif' if number else 'if'} {_from(spelling.since)}" if spelling.since != (0, 0) else "else"
        lines += [f"#{test}", *_by_compiler(structure, member, spelling.path)]
    return [*lines, "#endif"]


def _by_compiler(structure: Structure, member: str, path: str) -> list[str]:
    symbol = _symbol(structure.name, member)
    tag = f"struct {structure.name}" if structure.name not in PRIVATE else f"struct probe_{structure.name}"
    return [
        f"#define OFF_{symbol} __builtin_offsetof({tag}, {path})",
        f"#define SZ_{symbol} sizeof((({tag} *)0)->{path})",
    ]
