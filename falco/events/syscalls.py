"""System calls by libscap's PPM_SC codes, which generic events carry, and what 0.15 ignores of them."""

from __future__ import annotations

import json
from pathlib import Path

from falco.events.types import Category

_DATA = json.loads((Path(__file__).parent / "data" / "flags.json").read_text(encoding="utf-8"))
_NAMES_015: list[str] = _DATA["syscall_names_015"]
SYSCALL_NAMES: tuple[str, ...] = tuple(
    _NAMES_015[code] if code < len(_NAMES_015) else name or "<unknown>" for code, name in enumerate(_DATA["syscalls"])
)
"""PPM_SC code -> name as evt.type prints it for generic events (0.15's spelling where it had one)."""
NATIVE: dict[str, dict[int, int]] = {
    machine: {int(native): code for native, code in codes.items()} for machine, codes in _DATA["native"].items()
}
"""Machine -> the kernel's system call number -> PPM_SC code."""
CATEGORIES = {name: Category[text[3:]] for name, text in _DATA["syscall_categories_015"].items()}
"""Subject of a generic event by system call name."""
IGNORED = frozenset(_DATA["ignored_syscalls_015"])
"""Names of system calls that 0.15 discards without -A and rejects in conditions (EF_DROP_FALCO)."""
IGNORED_CODES = frozenset(code for code, name in enumerate(SYSCALL_NAMES) if name in IGNORED)


def codes_named(name: str) -> tuple[int, ...]:
    """All PPM_SC codes with this name."""
    return _BY_NAME.get(name, ())


def _by_name() -> dict[str, tuple[int, ...]]:
    names: dict[str, list[int]] = {}
    for code, name in enumerate(SYSCALL_NAMES):
        names.setdefault(name, []).append(code)
    return {name: tuple(codes) for name, codes in names.items()}


_BY_NAME = _by_name()
