from __future__ import annotations

import dataclasses
import hashlib
import json
import struct

import pytest

from falco.capture.probe.object import MAGIC, MapSpec, ObjectError, ProbeObject, ProgramSpec, loads_map

EXIT = b"\x95" + bytes(7)
LOAD_MAP = b"\x18\x11" + bytes(14)
RING = MapSpec("ring", 27, 0, 0, 4096, 0)
COUNTS = MapSpec("counts", 6, 4, 8, 16, 0)
PROBE = ProbeObject(
    (RING, COUNTS),
    (ProgramSpec("on_exit", LOAD_MAP + EXIT, ((4, "ring"),)), ProgramSpec("other", EXIT, (), 5)),
    {"release": "6.1.0", "source": "BTF"},
)


def file_of(description: object, code: bytes = b"", version: int = 1) -> bytes:
    """A file with sound lengths and checksum."""
    text = description if isinstance(description, bytes) else json.dumps(description).encode()
    body = MAGIC + struct.pack("<II", version, len(text)) + text + code
    return body + hashlib.sha256(body).digest()


def test_a_file_is_read_as_it_was_written():
    data = PROBE.to_bytes()
    assert ProbeObject.from_bytes(data) == PROBE
    assert PROBE.to_bytes() == data


def test_an_empty_probe_is_one():
    empty = ProbeObject((), (), {})
    assert ProbeObject.from_bytes(empty.to_bytes()) == empty
    assert ProbeObject.from_bytes(file_of({"maps": [], "programs": [], "meta": {}})) == empty


def test_every_changed_or_missing_byte_is_refused():
    data = PROBE.to_bytes()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(ObjectError):
            ProbeObject.from_bytes(bytes(changed))
        with pytest.raises(ObjectError):
            ProbeObject.from_bytes(data[:at])
    with pytest.raises(ObjectError):
        ProbeObject.from_bytes(data + b"\0")


@pytest.mark.parametrize(
    "description",
    [
        b"{",
        b"\xff",
        b"[" * 100_000,
        [],
        {},
        {"maps": [], "programs": [], "meta": {}, "more": 1},
        {"maps": 1, "programs": [], "meta": {}},
        {"maps": [], "programs": [], "meta": []},
        {"maps": [], "programs": [], "meta": {"a": 1}},
        {"maps": [["m", 1, 2, 3, 4]], "programs": [], "meta": {}},
        {"maps": [["m", 1, 2, 3, 4, -1]], "programs": [], "meta": {}},
        {"maps": [["m", 1, 2, 3, 4, True]], "programs": [], "meta": {}},
        {"maps": [["m", 1, 2, 3, 1 << 32, 0]], "programs": [], "meta": {}},
        {"maps": [["m", 1.0, 2, 3, 4, 0]], "programs": [], "meta": {}},
        {"maps": [["no name", 1, 2, 3, 4, 0]], "programs": [], "meta": {}},
        {"maps": [[["m"], 1, 2, 3, 4, 0]], "programs": [], "meta": {}},
        {"maps": [["m", 1, 2, 3, 4, 0], ["m", 1, 2, 3, 4, 0]], "programs": [], "meta": {}},
        {"maps": [], "programs": [["p", 8, [], 17]], "meta": {}},
        {"maps": [], "programs": [["p", 0, [], 17]], "meta": {}},
        {"maps": [], "programs": [["p", -8, [], 17]], "meta": {}},
        {"maps": [], "programs": [["p", "8", [], 17]], "meta": {}},
        {"maps": [], "programs": ["p"], "meta": {}},
        {"maps": [], "programs": [["p", 8, [4], 17]], "meta": {}},
    ],
    ids=lambda value: repr(value)[:50],
)
def test_descriptions_that_make_no_sense(description):
    with pytest.raises(ObjectError):
        ProbeObject.from_bytes(file_of(description))


def test_another_version_is_refused():
    with pytest.raises(ObjectError, match="version 2"):
        ProbeObject.from_bytes(file_of({}, version=2))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"instructions": b""}, "empty"),
        ({"instructions": LOAD_MAP + EXIT[:7]}, "inside an instruction"),
        ({"relocations": ((4, "gone"),)}, "not there"),
        ({"relocations": ((0, "ring"),)}, "no immediate"),
        ({"relocations": ((20, "ring"),)}, "loads no map"),
        ({"relocations": ((-4, "ring"),)}, "out of range"),
        ({"relocations": ((4096, "ring"),)}, "out of range"),
        ({"instructions": LOAD_MAP[:8]}, "loads no map"),
        ({"name": "1st"}, "no name"),
        ({"name": "p\n"}, "no name"),
        ({"type": -1}, "out of range"),
    ],
)
def test_programs_that_the_kernel_could_not_be_given(change, match):
    program = dataclasses.replace(PROBE.programs[0], **change)
    with pytest.raises(ObjectError, match=match):
        ProbeObject((RING,), (program,), {})


def test_two_programs_of_a_name_are_refused():
    with pytest.raises(ObjectError, match="two programs"):
        ProbeObject((RING,), PROBE.programs[:1] * 2, {})


def test_only_the_wide_load_of_a_map_counts():
    assert loads_map(LOAD_MAP, 0)
    assert not loads_map(b"\x18\x01" + bytes(14), 0)
    assert not loads_map(b"\x85\x10" + bytes(14), 0)
