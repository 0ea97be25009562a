"""The compiled probe: its programs and maps, and the file that they are kept in.

A file is a head (magic, version, length of the description), a description in JSON, the programs' instructions one
after the other, and the SHA-256 of all that. Whatever does not fit together exactly is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import struct
from typing import Any

from falco.errors import FalcoError

RAW_TRACEPOINT = 17
"""The kernel's number for programs of raw tracepoints."""
KERNELS_FUNCTION = 1 << 28
"""What instructions have added to the number of a function of the kernel's own that they call, as the C text did."""
MAGIC, VERSION = b"FPROBE\r\n", 1
LARGEST = 64 << 20
_HEAD = struct.Struct("<8sII")
_DIGEST = hashlib.sha256().digest_size
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_U32 = 1 << 32
_INSTRUCTION = 8
_WIDE_LOAD, _OF_MAP = 0x18, 1
"""The load of 64 bits takes the room of two instructions; 1 as its source register says that it loads a map."""


class ObjectError(FalcoError):
    """The bytes or values are no compiled probe."""


@dataclasses.dataclass(frozen=True, slots=True)
class MapSpec:
    """A map as bpf(BPF_MAP_CREATE) wants it: the kernel's number of the type, sizes in bytes, the kernel's flags."""

    name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int


@dataclasses.dataclass(frozen=True, slots=True)
class ProgramSpec:
    """A program. A relocation is the byte offset of a 32-bit immediate, 0 so far, and the map whose fd goes there."""

    name: str
    instructions: bytes
    relocations: tuple[tuple[int, str], ...]
    type: int = RAW_TRACEPOINT


@dataclasses.dataclass(frozen=True, slots=True)
class ProbeObject:
    """All programs and maps. meta are notes on its making: strings by their names."""

    maps: tuple[MapSpec, ...]
    programs: tuple[ProgramSpec, ...]
    meta: dict[str, str]

    def __post_init__(self) -> None:
        """Refuse what the kernel could not be given. Raises ObjectError."""
        _check_object(self)

    def to_bytes(self) -> bytes:
        """The form of a file."""
        description = {
            "maps": [[getattr(row, field.name) for field in dataclasses.fields(row)] for row in self.maps],
            "programs": [[p.name, len(p.instructions), p.relocations, p.type] for p in self.programs],
            "meta": self.meta,
        }
        text = json.dumps(description, separators=(",", ":"), sort_keys=True).encode()
        body = _HEAD.pack(MAGIC, VERSION, len(text)) + text + b"".join(p.instructions for p in self.programs)
        return body + hashlib.sha256(body).digest()

    @staticmethod
    def from_bytes(data: bytes) -> ProbeObject:
        """Read what to_bytes() wrote. Raises ObjectError."""
        text, code = _split(data)
        try:
            description = json.loads(text)
            maps, rows, meta = _fields(description, "maps", "programs", "meta")
            specs = tuple(MapSpec(*row) for row in maps)
            programs, at = [], 0
            for name, size, relocations, kind in rows:
                _number(size, "size of a program", LARGEST)
                pairs = tuple((offset, target) for offset, target in relocations)
                programs.append(ProgramSpec(name, code[at : at + size], pairs, kind))
                at += size
        except (ValueError, TypeError, RecursionError) as error:
            raise ObjectError(f"the description makes no sense: {error}") from None
        _require(at == len(code), f"{len(code)} bytes of instructions instead of {at}")
        return ProbeObject(specs, tuple(programs), meta)


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Description and instructions."""
    _require(_HEAD.size + _DIGEST <= len(data) <= LARGEST, f"{len(data)} bytes cannot be a compiled probe")
    magic, version, size = _HEAD.unpack_from(data)
    _require(magic == MAGIC, "not a compiled probe")
    _require(version == VERSION, f"version {version} instead of {VERSION}")
    end = len(data) - _DIGEST
    _require(hashlib.sha256(data[:end]).digest() == data[end:], "its checksum is wrong")
    _require(size <= end - _HEAD.size, "the description reaches over the end")
    at = _HEAD.size + size
    return data[_HEAD.size : at], data[at:end]


def _fields(description: object, *names: str) -> list[Any]:
    if not isinstance(description, dict) or set(description) != set(names):
        raise ObjectError("the description has other parts")
    return [description[name] for name in names]


def _check_object(probe: ProbeObject) -> None:
    for row in probe.maps:
        _name(row.name)
        for field in ("type", "key_size", "value_size", "max_entries", "flags"):
            _number(getattr(row, field), f"{field} of map {row.name}")
    names = {row.name for row in probe.maps}
    _require(len(names) == len(probe.maps), "two maps have the same name")
    for program in probe.programs:
        _check_program(program, names)
    _require(len({p.name for p in probe.programs}) == len(probe.programs), "two programs have the same name")
    _require(isinstance(probe.meta, dict), "meta is no mapping")
    _require(all(isinstance(text, str) for pair in probe.meta.items() for text in pair), "meta holds more than text")


def _check_program(program: ProgramSpec, maps: set[str]) -> None:
    _name(program.name)
    code = program.instructions
    _number(program.type, f"type of program {program.name}")
    _require(isinstance(code, bytes) and len(code) > 0, f"program {program.name} is empty")
    _require(len(code) % _INSTRUCTION == 0, f"program {program.name} ends inside an instruction")
    for offset, target in program.relocations:
        _number(offset, f"relocation in program {program.name}", len(code))
        _require(offset % _INSTRUCTION == 4, f"relocation {offset} of program {program.name} is no immediate")
        _require(loads_map(code, offset - 4), f"relocation {offset} of program {program.name} loads no map")
        _require(isinstance(target, str) and target in maps, f"program {program.name} uses a map that is not there")


def loads_map(code: bytes, at: int) -> bool:
    """Whether the instruction at this byte loads the address of a map."""
    return at + 2 * _INSTRUCTION <= len(code) and code[at] == _WIDE_LOAD and code[at + 1] >> 4 == _OF_MAP


def _name(name: object) -> None:
    _require(isinstance(name, str) and _NAME.fullmatch(name) is not None, f"{name!r:.80} is no name")


def _number(value: object, what: str, limit: int = _U32) -> None:
    _require(type(value) is int and 0 <= value < limit, f"{what}: {value!r:.40} is out of range")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ObjectError(otherwise)
