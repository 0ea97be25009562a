"""SETTINGS.md has every setting."""

from __future__ import annotations

from falco.config_environment import every_setting
from tests.documents.settings import page


def test_settings_md_is_as_the_declarations_are(golden):
    golden("../../SETTINGS.md", page())


def test_every_setting_has_its_row():
    text = page()
    for key, _ in every_setting():
        if not key.startswith("forwarders."):
            assert f"| `{key}` | `FALCO_" in text
        else:
            _, name, own = key.split(".")
            assert f"| `forwarders.{name}.{own}` |" in text or f"| `forwarders.NAME.{own}` |" in text
