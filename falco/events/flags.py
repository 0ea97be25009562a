"""Symbolic names: flag tables, errno, signals, capabilities, in the order in which they are printed.

Facts from libs driver/flags_table.c and the kernel's headers. Order matters: see flag_names().
"""

from __future__ import annotations

import json
from pathlib import Path

FlagTable = tuple[tuple[str, int], ...]

_DATA = json.loads((Path(__file__).parent / "data" / "flags.json").read_text(encoding="utf-8"))
FLAG_TABLES: dict[str, FlagTable] = {
    name: tuple((symbol, value) for symbol, value in rows) for name, rows in _DATA["flag_tables"].items()
}
CAPABILITIES: FlagTable = tuple((symbol, bit) for symbol, bit in _DATA["capabilities"])
ERRNO = {value: symbol for symbol, value in reversed(_DATA["errno"]) if symbol not in _DATA["errno_not_printed"]}
SIGNALS = {value: symbol for symbol, value in _DATA["signals"]}


def flag_names(table: FlagTable, value: int) -> list[str]:
    """The names for value: in table order, the first that equals the whole value ends it, else those whose bits remain.

    An entry of value 0 only names the value 0. This is how libscap's flag strings are made.
    """
    names: list[str] = []
    rest = value
    for symbol, bits in table:
        if bits == value:
            return [*names, symbol]
        if bits and rest & bits == bits:
            names.append(symbol)
            rest &= ~bits
    return names
