from __future__ import annotations

import pytest

from falco.config_values import AMOUNT, BOOLEAN, NATURAL, PAIRS, PATHS, PORT, SEVERITY, TEXT, word_of
from falco.priority import Priority


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (BOOLEAN, "True", True),
        (BOOLEAN, "off", False),
        (BOOLEAN, "y", True),
        (NATURAL, "0x10", 16),
        (NATURAL, "010", 10),
        (PORT, "8765", 8765),
        (AMOUNT, ".03333", 0.03333),
        (SEVERITY, "INFO", Priority.INFORMATIONAL),
        (SEVERITY, "Warning", Priority.WARNING),
        (PAIRS, "a=b=c", "a=b=c"),
        (word_of("auto", "true"), "auto", "auto"),
    ],
)
def test_written_forms(kind, text, value):
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (BOOLEAN, "1"),
        (BOOLEAN, ""),
        (NATURAL, "-1"),
        (NATURAL, "1_0"),
        (NATURAL, "0xg"),
        (NATURAL, "9" * 5000),
        (NATURAL, str(1 << 63)),
        (TEXT, "a\0b"),
        (PATHS, "\0"),
        (PAIRS, "a=\0"),
        (PORT, "0"),
        (PORT, "65536"),
        (AMOUNT, "nan"),
        (AMOUNT, "inf"),
        (AMOUNT, "-0.1"),
        (SEVERITY, "warn"),
        (SEVERITY, "name"),
        (PAIRS, "a"),
        (PAIRS, "=b"),
        (word_of("auto", "true"), "tru"),
    ],
)
def test_wrong_forms(kind, text):
    with pytest.raises(ValueError):
        kind.parse(text)
