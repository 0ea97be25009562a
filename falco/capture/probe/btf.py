"""Reads BTF, the kernel's own description of its types: where members of structures lie, and values of enums.

The format is that of the kernel's Documentation/bpf/btf.rst. Only one pass is made over all types; what is asked for
is followed from there.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator

from falco.errors import FalcoError

MAGIC, VERSION = 0xEB9F, 1
_HEADER = struct.Struct("=HBBIIIII")
INT, PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF, VOLATILE, CONST, RESTRICT = 1, 2, 3, 4, 5, 6, 8, 9, 10, 11
FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = 12, 13, 14, 15, 16, 17, 18, 19
_KNOWN = 20
_FIXED = {INT: 1, ARRAY: 3, VAR: 1, DECL_TAG: 1}
"""Words of four bytes behind the three that every type has, by kind."""
_EACH = {STRUCT: 3, UNION: 3, ENUM: 2, FUNC_PROTO: 2, DATASEC: 3, ENUM64: 3}
"""The same for each of the entries that the type says it has."""
_NAMES = frozenset((TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG))
"""Kinds that only give another type a name or a property."""
_SIZED = frozenset((INT, STRUCT, UNION, ENUM, FLOAT, ENUM64))
_POINTER = 8
_LONGEST_CHAIN = 64
"""Types that are followed from one to the next before it is taken for a circle."""


class BtfError(FalcoError):
    """The bytes are no BTF, or contradict themselves."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a member lies in its structure, in bytes.

    A bit-field of `bits` bits starts `bit` bits above the lowest of the size bytes at offset; bits is 0 for others.
    """

    offset: int
    size: int
    bit: int = 0
    bits: int = 0


class Btf:
    """The types of one BTF blob, as in /sys/kernel/btf/vmlinux, in this machine's byte order. Raises BtfError."""

    def __init__(self, data: bytes) -> None:
        self._words, self._strings = _sections(data)
        self._at, self._named = self._scan()
        self._ids: dict[bytes, list[int]] | None = None

    def place(self, path: str) -> Place | None:
        """Where 'structure.member.member' lies, or None if there is none.

        Anonymous members are looked through, typedefs followed, and an array stands for its first element.
        """
        name, *members = path.split(".")
        for number in self._candidates(name):
            found = self._follow(number, members)
            if found:
                return found
        return None

    def size(self, name: str) -> int | None:
        """Bytes of a structure or union, or None if there is none of that name."""
        return next((self._size(number) for number in self._candidates(name)), None)

    def number(self, name: str) -> int | None:
        """The number of a structure or union as the kernel knows it, or None if there is none of that name."""
        return next((number for number in self._candidates(name) if self._type(number)[0] in (STRUCT, UNION)), None)

    def function(self, name: str) -> int | None:
        """The number of a function of this name, or None if there is none."""
        at, words = self._strings.find(f"\0{name}\0".encode()) + 1, self._words
        named = (number for number, start in enumerate(self._at) if words[start] == at and number) if at else ()
        return next((number for number in named if self._type(number)[0] == FUNC), None)

    def enum(self, name: str) -> dict[str, int]:
        """The values of an enum by their names, as unsigned numbers; empty if there is none of that name."""
        values: dict[str, int] = {}
        for number in self._candidates(name):
            kind, count, at = self._type(number)
            if kind in (ENUM, ENUM64):
                step = _EACH[kind]
                for entry in range(at, at + step * count, step):
                    low, high = self._words[entry + 1], self._words[entry + 2] if kind == ENUM64 else 0
                    values[self._name(self._words[entry]).decode("utf-8", "replace")] = low | high << 32
        return values

    def _scan(self) -> tuple[list[int], list[int]]:
        """The word at which each type starts, by its number, and the numbers of those that can be asked for."""
        words, end = self._words, len(self._words)
        sizes = [(3 + _FIXED.get(kind, 0), _EACH.get(kind, 0)) for kind in range(_KNOWN)]
        wanted = [kind in (STRUCT, UNION, ENUM, ENUM64) for kind in range(32)]
        starts, named, at = [0], [], 0
        try:
            while at < end:
                info = words[at + 1]
                kind = info >> 24 & 31
                if wanted[kind] and words[at]:
                    named.append(len(starts))
                starts.append(at)
                fixed, each = sizes[kind]
                at += fixed + each * (info & 0xFFFF)
        except IndexError:
            raise BtfError(f"BTF: type {len(starts)} is cut off or of an unknown kind") from None
        if at != end:
            raise BtfError(f"BTF: type {len(starts) - 1} runs over the end")
        return starts, named

    def _candidates(self, name: str) -> list[int]:
        """Types of that name: the kernel has a few names twice."""
        if self._ids is None:
            self._ids = {}
            for number in self._named:
                self._ids.setdefault(self._name(self._words[self._at[number]]), []).append(number)
        return self._ids.get(name.encode(), [])

    def _name(self, offset: int) -> bytes:
        end = self._strings.find(b"\0", offset)
        if end < 0:
            raise BtfError(f"BTF: name {offset} is outside the names")
        return self._strings[offset:end]

    def _type(self, number: int) -> tuple[int, int, int]:
        """Kind, number of entries, and the word behind what all types have."""
        if not 0 < number < len(self._at):
            raise BtfError(f"BTF: there is no type {number}")
        at = self._at[number]
        info = self._words[at + 1]
        return info >> 24 & 31, info & 0xFFFF, at + 3

    def _bare(self, number: int) -> int:
        """The type behind typedefs and qualifiers."""
        for _ in range(_LONGEST_CHAIN):
            kind, _, at = self._type(number)
            if kind not in _NAMES:
                return number
            number = self._words[at - 1]
        raise BtfError(f"BTF: type {number} leads in a circle")

    def _size(self, number: int) -> int:
        times = 1
        for _ in range(_LONGEST_CHAIN):
            kind, _, at = self._type(number := self._bare(number))
            if kind in _SIZED:
                return times * self._words[at - 1]
            if kind == PTR:
                return times * _POINTER
            if kind != ARRAY:
                break
            number, times = self._words[at], times * self._words[at + 2]
        raise BtfError(f"BTF: type {number} has no size")

    def _element(self, number: int) -> int:
        """The type of the elements, if it is an array."""
        for _ in range(_LONGEST_CHAIN):
            kind, _, at = self._type(number := self._bare(number))
            if kind != ARRAY:
                return number
            number = self._words[at]
        raise BtfError(f"BTF: array {number} leads in a circle")

    def _follow(self, number: int, members: list[str]) -> Place | None:
        """Go from a structure along members; the position is counted in bits."""
        position = bits = 0
        for member in members:
            found = self._member(self._element(number), member.encode(), set())
            if not found:
                return None
            number, bits = found[0], found[2]
            position += found[1]
        size = self._size(number)
        if not bits:
            return Place(position // 8, size)
        if not size:
            raise BtfError("BTF: a bit-field without size")
        offset = position // (8 * size) * size
        return Place(offset, size, position - 8 * offset, bits)

    def _member(self, number: int, name: bytes, seen: set[int]) -> tuple[int, int, int] | None:
        """Type, position in bits and width in bits (0: no bit-field) of a member, those of anonymous ones included."""
        if number in seen or len(seen) > _LONGEST_CHAIN:  # what was looked through once did not have it
            return None
        seen.add(number)
        for its_name, kind, position, bits in self._members(number):
            if its_name and self._name(its_name) == name:
                return kind, position, bits
            if not its_name and (inner := self._member(self._bare(kind), name, seen)):
                return inner[0], position + inner[1], inner[2]
        return None

    def _members(self, number: int) -> Iterator[tuple[int, int, int, int]]:
        """Offset of the name, type, position in bits, and width in bits of each member; nothing for other types."""
        kind, count, at = self._type(number)
        if kind not in (STRUCT, UNION):
            return
        words = self._words
        has_bits = words[at - 2] >> 31
        for entry in range(at, at + 3 * count, 3):
            name, its_type, position = words[entry : entry + 3]
            yield name, its_type, position & 0xFFFFFF if has_bits else position, position >> 24 if has_bits else 0


def _sections(data: bytes) -> tuple[memoryview, bytes]:
    """The types as words of four bytes, and the names."""
    if len(data) < _HEADER.size:
        raise BtfError("BTF: too short")
    magic, version, _, header, types, types_size, names, names_size = _HEADER.unpack_from(data)
    if (magic, version) != (MAGIC, VERSION):
        raise BtfError(f"BTF: magic {magic:#x} and version {version} instead of {MAGIC:#x} and {VERSION}")
    if header < _HEADER.size or max(types + types_size, names + names_size) > len(data) - header:
        raise BtfError("BTF: a section reaches over the end")
    if types_size % 4:
        raise BtfError("BTF: the types do not fill words")
    types, names = header + types, header + names
    return memoryview(data)[types : types + types_size].cast("I"), data[names : names + names_size]
