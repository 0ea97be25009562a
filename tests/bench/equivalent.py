"""A rule set as one filter for sysdig: the conditions of all rules, written out and joined by or."""

from __future__ import annotations

import itertools
import subprocess
from typing import TYPE_CHECKING

from falco.filter.ast import And, Comparison, MacroRef, Node, Not, Or, Test

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from falco.engine.rule import Rule

LONGEST = 128 << 10
"""Bytes that an argument of a program may have, its NUL included (MAX_ARG_STRLEN of the kernel's binfmts.h)."""


def equivalent(rules: Iterable[Rule], capture: Path) -> tuple[str, int]:
    """The filter, and how many enabled rules are in it: those that sysdig can read, asked on a small capture.

    They are the first that have room in an argument.
    """
    texts = [text_of(rule.condition) for rule in rules if rule.enabled]
    if not _readable(_joined(texts), capture):
        texts = [text for text in texts if _readable(text, capture)]
    sizes = itertools.accumulate(len(text.encode()) + len(" or ()") for text in texts)
    texts = [text for text, size in zip(texts, sizes, strict=True) if size < LONGEST]
    return _joined(texts), len(texts)


def _joined(texts: list[str]) -> str:
    return " or ".join(f"({text})" for text in texts)


def _readable(text: str, capture: Path) -> bool:
    if len(text.encode()) >= LONGEST:
        return False
    done = subprocess.run(["sysdig", "-r", str(capture), text], capture_output=True, check=False)
    return done.returncode == 0


def text_of(node: Node) -> str:
    """A condition without macros as text."""
    match node:
        case And():
            return " and ".join(f"({text_of(child)})" for child in node.children)
        case Or():
            return " or ".join(f"({text_of(child)})" for child in node.children)
        case Not():
            return f"not ({text_of(node.child)})"
        case Comparison():
            return _comparison(node)
        case MacroRef() | Test():
            raise ValueError("the condition of a loaded rule holds comparisons only")


def _comparison(node: Comparison) -> str:
    field = node.field.name if node.field.argument is None else f"{node.field.name}[{node.field.argument}]"
    values = [f'"{value.text}"' for value in node.values]
    if node.op == "exists":
        return f"{field} exists"
    if node.op in ("in", "pmatch"):
        return f"{field} {node.op} ({', '.join(values)})"
    return f"{field} {node.op} {values[0]}"
