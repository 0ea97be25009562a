"""Damaged BTF and damaged probe files: each is read, or refused by its own error."""

from __future__ import annotations

import hashlib
import json
import random
import struct

import pytest

from falco.capture.probe import btf, layout, structures
from falco.capture.probe.btf import Btf, BtfError
from falco.capture.probe.cache import kernel_build_id
from falco.capture.probe.object import MapSpec, ObjectError, ProbeObject, ProgramSpec
from tests.btf import Blob
from tests.fuzz.inputs import at_least, bounded, inputs

WORDS = (
    0,
    1,
    2,
    3,
    7,
    8,
    0x7FFF,
    0xFFFF,
    0x10000,
    0x01000000,
    0x03000000,
    0x04000001,
    0x84000002,
    0x0400FFFF,
    0xFFFFFFFF,
)
STRUCTURES = sorted({row.name for row in structures.STRUCTURES})
MEMBERS = {f"{row.name}.{member}" for row in structures.STRUCTURES for member in row.members.split()}
PROBE = ProbeObject(
    (MapSpec("ring", 27, 0, 0, 4096, 0), MapSpec("counts", 6, 4, 8, 16, 0)),
    (ProgramSpec("on_exit", b"\x18\x11" + bytes(14) + b"\x95" + bytes(7), ((4, "ring"),)),),
    {"release": "6.1.0"},
)


def some_btf(rng: random.Random) -> bytes:
    """Sound BTF of a few types, of which some are made of one another, forwards and backwards."""
    blob = Blob()
    blob.integer("u32", 4)
    count = rng.randint(2, 12)
    for _ in range(count):
        kind = rng.choice((btf.STRUCT, btf.STRUCT, btf.UNION, btf.ARRAY, btf.TYPEDEF, btf.CONST, btf.PTR))
        if kind == btf.ARRAY:
            blob.array(rng.randint(0, count), rng.choice(WORDS))
        elif kind in (btf.STRUCT, btf.UNION):
            row = rng.choice(structures.STRUCTURES)
            names = [*row.members.replace("[0]", "").replace(".", " ").split(), "", ""]
            members = [(rng.choice(names), rng.randint(0, count), rng.choice(WORDS)) for _ in range(rng.randint(0, 6))]
            name = rng.choice((row.name, ""))
            blob.struct(name, rng.choice(WORDS), members, kind=kind, flag=rng.random() < 0.3)
        else:
            blob.type(rng.choice(STRUCTURES), kind, rng.randint(0, count))
    return blob.data()


def damaged(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(changed) // 4) * 4
        struct.pack_into("=I", changed, at, rng.choice(WORDS))
    return bytes(changed[: rng.randrange(len(changed) + 1)] if rng.random() < 0.1 else changed)


def test_btf_gives_a_layout_or_is_refused():
    read = 0
    for number, rng in inputs("BTF"):
        with bounded("BTF", number):
            try:
                types = Btf(damaged(rng, some_btf(rng)))
                text = layout.layout_from_btf(types)
            except BtfError:
                continue
            assert all(line.startswith(("#define ", "/*")) for line in text.splitlines())
            assert set(layout.missing_in_btf(types)) <= {
                f"{r.name}.{m}" for r in structures.STRUCTURES for m in r.members.split()
            }
            read += 1
    assert at_least(read, 5, "BTF")


def tampered(rng: random.Random, value: object) -> object:
    """The description with some of its parts replaced."""
    if rng.random() < 0.06:
        return rng.choice((None, True, -1, 0, 4, 1 << 32, 1e300, "", "ring", "x y", [], {}, [[]], {"key": 1}))
    if isinstance(value, list):
        parts = [tampered(rng, part) for part in value]
        return parts[: rng.randrange(len(parts) + 1)] if rng.random() < 0.05 else parts
    if isinstance(value, dict):
        return {key: tampered(rng, part) for key, part in value.items()}
    return value


def test_probe_files_are_read_or_refused():
    data, read = PROBE.to_bytes(), 0
    size = struct.unpack_from("<I", data, 12)[0]
    description, code = json.loads(data[16 : 16 + size]), data[16 + size : -32]
    for number, rng in inputs("probe file"):
        text = json.dumps(tampered(rng, description)).encode()
        body = data[:12] + struct.pack("<I", len(text)) + text + code
        with bounded("probe file", number):
            try:
                probe = ProbeObject.from_bytes(body + hashlib.sha256(body).digest())
            except ObjectError:
                continue
            assert ProbeObject.from_bytes(probe.to_bytes()) == probe
            read += 1
    assert at_least(read, 10, "probe file")


@pytest.mark.parametrize("size", [0, 11, 64, 200])
def test_notes_of_any_bytes_end(size):
    for seed in range(50):
        rng = random.Random(seed)
        words = struct.pack(f"={size // 4}I", *(rng.choice((*WORDS, 4, 20, 0x554E47)) for _ in range(size // 4)))
        assert len(kernel_build_id(words)) <= 2 * size
