from __future__ import annotations

import pytest

from falco.engine.items import KEYS, priority_named
from falco.engine.rule import Priority


@pytest.mark.parametrize(
    ("word", "priority"),
    [
        ("Emergency", Priority.EMERGENCY),
        ("e", Priority.EMERGENCY),
        ("ERR", Priority.ERROR),
        ("warn", Priority.WARNING),
        ("INFO", Priority.INFORMATIONAL),
        ("debug", Priority.DEBUG),
        ("0", Priority.EMERGENCY),
        ("7", Priority.DEBUG),
        ("8", None),
        ("", None),
        ("warnings", None),
        ("fatal", None),
        ("²", None),
    ],
)
def test_priorities_are_named_by_any_prefix_or_number(word, priority):
    assert priority_named(word) is priority


@pytest.mark.parametrize("kind", KEYS)
def test_an_item_is_named_by_its_first_key(kind):
    assert KEYS[kind][0] == kind
