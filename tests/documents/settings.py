"""SETTINGS.md, made from the declarations that falco.yaml is read by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from falco.config_environment import OPTIONS, every_setting, variable
from falco.config_forwarders import Forwarder, Forwarders, HttpForwarder, TlsForwarder
from falco.config_schema import Config
from falco.config_values import Setting, settings
from falco.priority import Priority
from tests.documents.markdown import PROJECT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_HEAD = """\
# Settings

Every setting of `falco.yaml` with the variable that gives it in the container; `make golden` makes this page. Any of
them may also be given as `-o KEY=VALUE`. In a variable a list is JSON or has commas. With `_FILE` behind its name, a
variable names a file that holds the value. `falco config --show-origin` tells what is in force, and where it came from.

The default is what holds where `falco.yaml` leaves a key out; where the `falco.yaml` that comes with Falco has another
value, that stands behind it.
"""
_FORWARDERS = """
## Forwarders

Each has a section of its name under `forwarders`: {names}. `NAME` stands for it in this table of what they share;
its variable is in capitals (`FALCO_FORWARDERS__WEBHOOK__URL`).
"""
_OPTIONS = """
## Variables for options

These give options of the command that are no settings.

| variable | option | value |
|---|---|---|
"""


def page() -> str:
    """The whole of SETTINGS.md."""
    shipped = yaml.safe_load((PROJECT / "rootfs/etc/falco/falco.yaml").read_text(encoding="utf-8"))
    general = [(key, one) for key, one in every_setting() if not key.startswith("forwarders.")]
    text = _HEAD + "\n" + _table([_row(key, variable(key), one, _shipped(shipped, key)) for key, one in general])
    text += _FORWARDERS.format(names=", ".join(f"`{name}`" for name in settings(Forwarders)))
    for title, kind, above in (
        ("All", Forwarder, None),
        ("On the network", TlsForwarder, Forwarder),
        ("By HTTP (webhook, slack, alertmanager, elasticsearch, loki)", HttpForwarder, TlsForwarder),
    ):
        text += f"\n### {title}\n\n" + _table(_own("NAME", kind, above))
    text += "\n### Of one destination\n\n"
    rows = []
    for name, section in settings(Forwarders).items():
        assert not isinstance(section, Setting)
        above = next(kind for kind in (HttpForwarder, TlsForwarder, Forwarder) if issubclass(section, kind))
        rows += _own(name, section, above)
    return text + _table(rows) + _OPTIONS + _options()


def _own(name: str, kind: type[DataclassInstance], above: type[Forwarder] | None) -> list[str]:
    inherited = settings(above) if above else {}
    return [_row(f"forwarders.{name}.{key}", variable(f"forwarders.{name}.{key}"), one, None)
            for key, one in settings(kind).items() if key not in inherited and isinstance(one, Setting)]  # fmt: skip


def _options() -> str:
    return "".join(
        f"| `{name}` | `{letter}` | {_values(kind.expected)} |\n" for name, (letter, kind) in sorted(OPTIONS.items())
    )


def _table(rows: list[str]) -> str:
    return "| key | variable | value | default | meaning |\n|---|---|---|---|---|\n" + "".join(rows)


def _row(key: str, name: str, one: Setting, shipped: object) -> str:
    default = _spelt(_default(key))
    if shipped is not None and _spelt(shipped) != default:
        default += f"; {_spelt(shipped)}"
    meaning = one.doc.replace("|", "\\|").replace("<", "&lt;")
    return f"| `{key}` | `{name}` | {_values(one.kind.expected)} | {default} | {meaning} |\n"


def _values(expected: tuple[str, ...]) -> str:
    return ", ".join(word.replace("|", "\\|") for word in expected)


def _default(key: str) -> object:
    place: object = Config()
    for part in key.replace(".NAME.", ".webhook.").split("."):
        place = getattr(place, part)
    return place


def _shipped(tree: dict[str, object], key: str) -> object:
    place: object = tree
    for part in key.split("."):
        place = place.get(part) if isinstance(place, dict) else None
    return place


def _spelt(value: object) -> str:
    if isinstance(value, Priority):
        return f"`{value.name.lower()}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list | tuple):
        return ", ".join(_spelt(item) for item in value) or "none"
    if isinstance(value, int | float):
        return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
    return f"`{value}`" if value else "empty"
