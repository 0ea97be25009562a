"""YAML nodes to items, with every value checked.

What is wrong with an item is reported in full; the item then counts as there but broken, so that what refers to it is
not reported too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco import errors
from falco.engine.items import (
    KEYS,
    SOURCES,
    Broken,
    Item,
    ListItem,
    MacroItem,
    RuleAppend,
    RuleItem,
    RuleSwitch,
    priority_named,
)
from falco.engine.itemvalues import ItemValues
from falco.engine.nodes import Mapping, Node, Sequence, problem_at
from falco.engine.rule import Priority
from falco.filter.scalar import Scalar

if TYPE_CHECKING:
    from falco.engine.documents import Document
    from falco.errors import Problem

_REQUIRED = ("condition", "output", "desc", "priority")
_OTHER_KEYS = {"description": "desc", "override": "append", "level": "priority", "severity": "priority"}
"""What else the keys are called, elsewhere or in later versions."""
_SHOWN = 200
"""Characters of a value that a message shows."""


def read_items(document: Document, engine_version: int) -> tuple[list[Item], list[Problem]]:
    """The items of a file in order, and every error and warning about them."""
    problems: list[Problem] = []
    items: list[Item] = [Broken(kind, name) for kind, name in document.lost]
    for node in _elements(document, problems):
        if not isinstance(node, Mapping):
            problems.append(_not_a_mapping(node))
            continue
        item = _Reader(node, problems, engine_version).read()
        if item is not None:
            items.append(item)
    return items, problems


def _elements(document: Document, problems: list[Problem]) -> list[Node]:
    elements: list[Node] = []
    for root in document.roots:
        if isinstance(root, Sequence):
            elements.extend(root.items)
        elif isinstance(root, Mapping):
            message = "Rules content is one yaml associative array, not a list of them"
            problems.append(problem_at(root.place, message, code="not-a-list", expected=("- rule: ...",)))
        elif not root.null:
            message = f'Rules content "{root.text[:_SHOWN]}" is not yaml'
            problems.append(problem_at(root.place, message, code="not-a-list", expected=("a list of items",)))
    return elements


def _not_a_mapping(node: Scalar | Sequence) -> Problem:
    kind = "list" if isinstance(node, Sequence) else "nil" if node.null else "string"
    message = f"Unexpected element of type {kind}. Each element should be a yaml associative array."
    return problem_at(node.place, message, code="not-an-item")


class _Reader:
    """Reads one item. Errors go to problems; a value that could not be read is None."""

    def __init__(self, node: Mapping, problems: list[Problem], engine_version: int) -> None:
        self._values = ItemValues(node, problems)
        self._problems = problems
        self._engine_version = engine_version

    def read(self) -> Item | None:
        kind = next((key for key in KEYS if key in self._values.nodes), None)
        if kind is None:
            self._unknown_object()
            return None
        self._warn_of_keys(kind)
        if kind == "required_engine_version":
            self._require_version()
            return None
        name = self._values.nodes[kind]
        if not isinstance(name, Scalar) or name.null or not name.text:
            self._values.error(name.place, f"Missing name in {kind}", "missing-name")
            return None
        self._values.item = f'{kind} "{name.text}"'
        item = self._list(name) if kind == "list" else self._macro(name) if kind == "macro" else self._rule(name)
        # An item with a mistake in it goes on, so that what else is wrong with it is told in the same run.
        return Broken(kind, name) if item is None else item

    def _unknown_object(self) -> None:
        shown = ", ".join(f"{key}={_shown(value)}" for key, value in self._values.nodes.items())[:_SHOWN]
        first = next(iter(self._values.nodes), "")
        message = f"Unknown rule object: {{{shown}}}"
        self._problems.append(
            problem_at(
                self._values.place, message, code="unknown-item", expected=tuple(KEYS), near=errors.nearest(first, KEYS)
            )
        )

    def _warn_of_keys(self, kind: str) -> None:
        known = KEYS[kind]
        for name, key in self._values.keys.items():
            if name not in known:
                near = _OTHER_KEYS.get(name.lower(), "")
                near = near if near in known else errors.nearest(name, known)
                self._values.warn(key.place, f"unknown key '{name[:_SHOWN]}' is ignored", "unknown-key", near)

    def _require_version(self) -> None:
        value = self._values.nodes["required_engine_version"]
        if not isinstance(value, Scalar) or not value.text.isdecimal() or len(value.text) > 100:
            self._values.error(
                value.place, "required_engine_version is not a number", "engine-version", ("a whole number",)
            )
        elif int(value.text) > self._engine_version:
            message = f"Rules require engine version {value.text}, but engine version is {self._engine_version}"
            self._values.error(value.place, message, "engine-version")

    def _list(self, name: Scalar) -> ListItem | None:
        append = self._values.flag("append", default=False)
        value = self._values.get("items")
        if value is None:
            self._values.missing("items", "list", name)
            return None
        return ListItem(name, self._values.scalars("items", value), append)

    def _macro(self, name: Scalar) -> MacroItem | None:
        append = self._values.flag("append", default=False)
        condition = self._values.required("condition", "macro", name)
        if condition is None:
            return None
        if not name.text.isascii() or not name.text.isidentifier():
            self._values.warn(
                name.place,
                f"no condition can name the macro '{name.text}'",
                "macro-name",
                expected=("letters, digits and _",),
            )
        return MacroItem(name, condition, self._source(), append, self._values.flag("all_events", default=False))

    def _rule(self, name: Scalar) -> RuleItem | RuleAppend | RuleSwitch | None:
        append = self._values.flag("append", default=False)
        # 0.15 only says that the other keys are missing; Falco has understood such an item since.
        if not append and "enabled" in self._values.nodes and self._values.nodes.keys().isdisjoint(_REQUIRED):
            return self._switch(name)
        condition = self._values.required("condition", "rule", name)
        if append:
            self._warn_of_unused(("rule", "condition", "append"), "in a rule that is appended to")
            return None if condition is None else RuleAppend(name, condition)
        output = self._values.required("output", "rule", name)
        description = self._values.required("desc", "rule", name)
        written = self._values.required("priority", "rule", name)
        # A rule without a valid priority is never run: the highest only keeps the minimum priority from hiding it.
        priority = None if written is None else self._priority(written)
        return RuleItem(
            name,
            condition,
            _none_of(name) if output is None else output,
            description="" if description is None else description.text.strip(),
            priority=Priority.EMERGENCY if priority is None else priority,
            priority_text="" if written is None else written.text,
            source=self._source(),
            tags=self._tags(),
            enabled=self._values.flag("enabled", default=True),
            warn_evttypes=self._values.flag("warn_evttypes", default=True),
            skip_if_unknown_filter=self._values.flag("skip-if-unknown-filter", default=False),
            all_events=self._values.flag("all_events", default=False),
        )

    def _switch(self, name: Scalar) -> RuleSwitch:
        self._warn_of_unused(("rule", "enabled", "append"), "in an item that only turns a rule on or off")
        return RuleSwitch(name, self._values.flag("enabled", default=True))

    def _warn_of_unused(self, used: tuple[str, ...], where: str) -> None:
        for name, key in self._values.keys.items():
            if name in KEYS["rule"] and name not in used:
                self._values.warn(key.place, f"key '{name}' is ignored {where}", "unknown-key")

    def _priority(self, written: Scalar) -> Priority | None:
        priority = priority_named(written.text.strip())
        if priority is None:
            labels = tuple(p.label for p in Priority)
            message = f"Invalid priority level: {written.text.lower()[:_SHOWN]}"
            near = errors.nearest(written.text.capitalize(), labels)
            self._values.error(written.place, message, "priority", labels, near)
        return priority

    def _source(self) -> str:
        value = self._values.get("source")
        if value is None:
            return SOURCES[0]
        if not isinstance(value, Scalar):
            self._values.error(value.place, "source is not text", "bad-value", SOURCES)
            return ""
        if value.text not in SOURCES:
            message = f"no event comes from source '{value.text[:_SHOWN]}', so this is never run"
            self._values.warn(value.place, message, "unknown-source", errors.nearest(value.text, SOURCES), SOURCES)
        return value.text

    def _tags(self) -> tuple[str, ...]:
        value = self._values.get("tags")
        if value is None:
            return ()
        return tuple(tag.text for tag in self._values.scalars("tags", value))


def _none_of(name: Scalar) -> Scalar:
    """An empty text that stands where an item's name does."""
    return Scalar("", name.file, name.start, name.start)


def _shown(node: Node) -> str:
    return f'"{node.text[:_SHOWN]}"' if isinstance(node, Scalar) else "{...}" if isinstance(node, Mapping) else "[...]"
