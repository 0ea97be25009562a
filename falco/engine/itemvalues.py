"""The keys of one item of a rules file, and their values as what they have to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.engine.nodes import Mapping, Node, Sequence, problem_at
from falco.filter.scalar import Scalar

if TYPE_CHECKING:
    from falco.errors import Problem
    from falco.filter.ast import Place

_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class ItemValues:
    """keys has each key as it is written, nodes what stands behind it; item is what messages call the item.

    Errors and warnings go to problems. A value that cannot be read counts as not there, or as its default.
    """

    def __init__(self, node: Mapping, problems: list[Problem]) -> None:
        self.place = node.place
        self.keys: dict[str, Scalar] = {}
        self.nodes: dict[str, Node] = {}
        self.item = ""
        self._problems = problems
        self._pairs(node)

    def get(self, key: str) -> Node | None:
        """What stands behind a key, None if the key is not there or says nothing."""
        node = self.nodes.get(key)
        return None if isinstance(node, Scalar) and node.null else node

    def flag(self, key: str, *, default: bool) -> bool:
        """What a key that is true or false says."""
        value = self.get(key)
        if value is None:
            return default
        flag = _FLAGS.get(value.text.lower()) if isinstance(value, Scalar) else None
        if flag is None:
            self.error(value.place, f"{key} is neither true nor false", "bad-value", ("true", "false"))
            return default
        return flag

    def required(self, key: str, kind: str, name: Scalar) -> Scalar | None:
        """The text of a key that an item of this kind and name must have."""
        value = self.get(key)
        if value is None:
            self.missing(key, kind, name)
        elif isinstance(value, Scalar):
            return value
        else:
            self.error(value.place, f"{key} is not text", "bad-value")
        return None

    def scalars(self, key: str, value: Node) -> tuple[Scalar, ...]:
        """The elements of a list of words and numbers."""
        if not isinstance(value, Sequence):
            self.error(value.place, f"{key} is not a list", "bad-value", ("[a, b]",))
            return ()
        for node in value.items:
            if not isinstance(node, Scalar):
                self.error(node.place, f"an element of {key} is not a word or number", "bad-value")
            elif not node.text and not node.style:
                self.error(node.place, f"an element of {key} is empty", "bad-value")
        return tuple(node for node in value.items if isinstance(node, Scalar))

    def missing(self, key: str, kind: str, name: Scalar) -> None:
        """Report a key that is not there, or says nothing."""
        place = self.keys[key].place if key in self.keys else name.place
        self._problems.append(problem_at(place, f"Missing {key} in {kind} with name {name.text}", code="missing-key"))

    def error(self, place: Place, message: str, code: str, expected: tuple[str, ...] = (), near: str = "") -> None:
        """Report an error at a place."""
        self._problems.append(problem_at(place, message, code=code, item=self.item, expected=expected, near=near))

    def warn(self, place: Place, message: str, code: str, near: str = "", expected: tuple[str, ...] = ()) -> None:
        """Report a warning at a place."""
        self._problems.append(
            problem_at(place, message, code=code, item=self.item, expected=expected, near=near, severity="warning")
        )

    def _pairs(self, node: Mapping) -> None:
        merged: list[Mapping] = []
        for key, value in node.pairs:
            if key.text == "<<" and not key.style:
                merged.extend(
                    n for n in (value.items if isinstance(value, Sequence) else [value]) if isinstance(n, Mapping)
                )
                continue
            if key.text in self.nodes:
                self.warn(key.place, f"key '{key.text}' stands here again; this last one counts", "duplicate-key")
            self.keys[key.text], self.nodes[key.text] = key, value
        for key, value in (pair for mapping in merged for pair in mapping.pairs):
            if key.text not in self.nodes:
                self.keys[key.text], self.nodes[key.text] = key, value
