from __future__ import annotations

import dataclasses

import pytest

from falco.config_schema import AMOUNT, BOOLEAN, NATURAL, PORT, SEVERITY, Config, Setting, settings
from falco.priority import Priority


def walk(section, prefix=""):
    for name, declared in settings(section).items():
        if isinstance(declared, Setting):
            yield prefix + name, declared
        else:
            yield from walk(declared, f"{prefix}{name}.")


def test_every_setting_has_a_meaning_and_a_default_of_its_own_kind():
    for name, declared in walk(Config):
        assert declared.doc, name
        section, _, key = name.rpartition(".")
        default = getattr(getattr(Config(), section) if section else Config(), key)
        if not declared.kind.items:
            text = default.name if isinstance(default, Priority) else str(default)
            assert declared.kind.parse(text) == default, name


def test_keys_of_0_15_are_there():
    assert {name for name, _ in walk(Config)} >= {
        "rules_file",
        "log_level",
        "syscall_event_drops.max_burst",
        "outputs.rate",
        "webserver.ssl_certificate",
        "program_output.keep_alive",
        "http_output.url",
        "file_output.filename",
    }


def test_result_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().json_output = True  # type: ignore[misc]


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
        (PORT, "0"),
        (PORT, "65536"),
        (AMOUNT, "nan"),
        (AMOUNT, "inf"),
        (AMOUNT, "-0.1"),
        (SEVERITY, "warn"),
        (SEVERITY, "name"),
    ],
)
def test_wrong_forms(kind, text):
    with pytest.raises(ValueError):
        kind.parse(text)
