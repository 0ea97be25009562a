from __future__ import annotations

import dataclasses
import operator

import pytest

from falco.config_schema import Config
from falco.config_values import Setting, settings
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
        default = operator.attrgetter(name)(Config())
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
