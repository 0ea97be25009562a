"""Values as the bytes of the format: integers, addresses, texts with their length before them."""

from __future__ import annotations

MAX_PATH = 1023
"""Bytes that libscap takes of a path or name."""


def text(value: str, limit: int = MAX_PATH) -> bytes:
    """A text with its length in 2 bytes, cut where libscap's readers would refuse it."""
    return counted(value.encode("utf-8", "surrogateescape")[:limit])


def counted(raw: bytes) -> bytes:
    """Bytes with their number in 2 bytes before them."""
    return u16(len(raw)) + raw


def address(raw: bytes, size: int) -> bytes:
    """An address of size bytes, zeros where it is of another family or not known."""
    return raw if len(raw) == size else bytes(size)


def u16(*values: int) -> bytes:
    """Integers, signed ones included, in 2 bytes each."""
    return _packed(values, 2)


def u32(*values: int) -> bytes:
    """Integers, signed ones included, in 4 bytes each."""
    return _packed(values, 4)


def u64(*values: int) -> bytes:
    """Integers, signed ones included, in 8 bytes each."""
    return _packed(values, 8)


def _packed(values: tuple[int, ...], size: int) -> bytes:
    mask = (1 << 8 * size) - 1
    return b"".join((value & mask).to_bytes(size, "little") for value in values)
