"""rules/README.md names what is in the registry of fields."""

from __future__ import annotations

import re

from falco.fields.field import Scope
from falco.fields.registry import SYSCALL_FIELDS
from tests.live.product import ROOT

TEXT = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")


def test_the_volatile_fields_are_those_of_the_registry():
    listed = TEXT.partition("Some fields are volatile")[2].partition("## ")[0]
    volatile = [field.name for field in SYSCALL_FIELDS if field.scope is Scope.VOLATILE]
    assert re.findall(r"`([\w.]+)`", listed) == volatile
