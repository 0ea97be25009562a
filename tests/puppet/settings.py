"""The Puppet module's part that says which settings there are, made from the declarations that falco.yaml is read by.

Each setting of falco.yaml is a key of the data type Falco::Settings, each secret of a forwarder one of Falco::Secrets.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from falco.config_forwarders import Forwarders
from falco.config_schema import Config
from falco.config_values import (
    AMOUNT,
    BOOLEAN,
    NATURAL,
    PAIRS,
    PATHS,
    PORT,
    SEVERITY,
    TEXT,
    TEXTS,
    Kind,
    Setting,
    settings,
)  # fmt: skip

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = PROJECT / "rootfs/etc/falco/falco.yaml"
_NOTE = "# Made by `make golden` from the declarations that falco.yaml is read by; changes here are lost.\n"
_PUBLIC = ("ca_file", "cert_file")
"""Files of a forwarder that hold nothing secret."""
_WIDTH = 120

_TYPES = {
    BOOLEAN: "Boolean",
    NATURAL: "Integer[0]",
    PORT: "Integer[1, 65535]",
    AMOUNT: "Variant[Integer[0], Float[0.0]]",
    TEXT: "String",
    PATHS: "Variant[String[1], Array[String[1]]]",
    TEXTS: "Variant[String[1], Array[String[1]]]",
    PAIRS: "Variant[Pattern[/\\A[^=]+=/], Array[Pattern[/\\A[^=]+=/]]]",
    SEVERITY: "Falco::Priority",
}


def files() -> dict[str, str]:
    """What is made: path below puppet/ -> text."""
    made = {f"types/{_path(name)}.pp": _type(name, section) for name, section in _sections(Config, "Falco::Settings")}
    made["types/priority.pp"] = _priority()
    made["types/secrets.pp"] = _secrets()
    made["functions/destinations.pp"] = _function(
        "destinations", "The destinations that forwarders know.", "Array[String[1]]", list(settings(Forwarders))
    )
    shipped = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    made["functions/defaults.pp"] = _function(
        "defaults", "The settings of the falco.yaml that packages bring.", "Falco::Settings", shipped
    )
    return made


def secrets(section: type[DataclassInstance]) -> list[str]:
    """The settings of a forwarder that name a file with a secret, without their `_file`."""
    return [name.removesuffix("_file") for name in settings(section)
            if name.endswith("_file") and name not in _PUBLIC]  # fmt: skip


def destinations() -> dict[str, type[DataclassInstance]]:
    """Name of each forwarder -> the class of its settings."""
    return {name: declared for name, declared in settings(Forwarders).items() if not isinstance(declared, Setting)}


def _sections(section: type[DataclassInstance], name: str) -> Iterator[tuple[str, type[DataclassInstance]]]:
    yield name, section
    for key, declared in settings(section).items():
        if not isinstance(declared, Setting):
            yield from _sections(declared, f"{name}::{_capital(key)}")


def _capital(key: str) -> str:
    return key[0].upper() + key[1:]


def _path(name: str) -> str:
    return name.removeprefix("Falco::").replace("::", "/").lower()


def _type(name: str, section: type[DataclassInstance]) -> str:
    keys = list(settings(section).items())
    meant = "\n".join(f"# * `{key}`: {_meaning(declared)}" for key, declared in keys)
    rows = "".join(_row(key, _puppet(kind.kind) if isinstance(kind, Setting) else f"{name}::{_capital(key)}", 4)
                   for key, kind in keys)  # fmt: skip
    summary = " ".join((section.__doc__ or "").split())
    return f"{_NOTE}#\n# @summary {summary}\n#\n{meant}\ntype {name} = Struct[\n  {{\n{rows}  }}\n]\n"


def _row(key: str, kind: str, indent: int) -> str:
    row = f"{' ' * indent}Optional['{key}'] => {kind},\n"
    if len(row) <= _WIDTH:
        return row
    # Only enumerations are that long.
    words = kind.removeprefix("Enum[").removesuffix("]").split(", ")
    lines = "".join(f"{' ' * (indent + 2)}{word},\n" for word in words)
    return f"{' ' * indent}Optional['{key}'] => Enum[\n{lines}{' ' * indent}],\n"


def _meaning(declared: Setting | type[DataclassInstance]) -> str:
    if isinstance(declared, Setting):
        return declared.doc
    return " ".join((declared.__doc__ or "").split())


def _puppet(kind: Kind) -> str:
    if kind in _TYPES:
        return _TYPES[kind]
    words = ", ".join(f"'{word}'" for word in kind.expected)
    if kind.items:
        return f"Array[Enum[{words}]]"
    # YAML reads these words as a truth value, so that is how one may write them.
    return f"Variant[Boolean, Enum[{words}]]" if "true" in kind.expected else f"Enum[{words}]"


def _priority() -> str:
    # 0.15 documents "info" for one of its settings, and both words are taken for all.
    words = ", ".join(f"'{word}'" for word in (*SEVERITY.expected, "info"))
    return (
        f"{_NOTE}#\n# @summary How severe an alert or a message of the log is.\ntype Falco::Priority = Enum[{words}]\n"
    )


def _secrets() -> str:
    rows = ""
    for name, section in destinations().items():
        inner = "".join(_row(secret, "String[1]", 8) for secret in secrets(section))
        if inner:
            rows += f"    Optional['{name}'] => Struct[\n      {{\n{inner}      }}\n    ],\n"
    summary = "Secrets of forwarders. Each is written to a file of its own, and the setting NAME_file names that file."
    return f"{_NOTE}#\n# @summary {summary}\ntype Falco::Secrets = Struct[\n  {{\n{rows}  }}\n]\n"


def _function(name: str, summary: str, kind: str, value: object) -> str:
    head = f"{_NOTE}#\n# @summary {summary}\n#\n# @return [{kind}] {summary[0].lower()}{summary[1:-1]}\n"
    return f"{head}function falco::{name}() >> {kind} {{\n  {_literal(value, 2)}\n}}\n"


def _literal(value: object, indent: int) -> str:
    if isinstance(value, dict):
        longest = max(len(key) for key in value)
        rows = "".join(
            f"{' ' * (indent + 2)}'{key}'{' ' * (longest - len(key))} => {_literal(item, indent + 2)},\n"
            for key, item in value.items()
        )
        return f"{{\n{rows}{' ' * indent}}}"
    if isinstance(value, list):
        rows = "".join(f"{' ' * (indent + 2)}{_literal(item, indent + 2)},\n" for item in value)
        return f"[\n{rows}{' ' * indent}]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def example(setting: Setting) -> object:
    """A value that the setting may have and that is not its default."""
    kind = setting.kind
    if kind is BOOLEAN:
        return not setting.without_file
    number = {NATURAL: 7, PORT: 4711, AMOUNT: 2.5}.get(kind)
    if number is not None:
        return number
    text = {TEXT: "a: \"b\" 'c' %d $e # f", PATHS: ["/x y", "/z"], TEXTS: ["a, b", "*c"], PAIRS: ["a=b c"]}.get(kind)
    if text is not None:
        return text
    words = [word for word in kind.expected if word not in (setting.without_file, "true", "false")]
    return words if kind.items else words[0] if words else kind.expected[0]


def examples(section: type[DataclassInstance] = Config) -> dict[str, object]:
    """A value for every setting, in the shape of falco.yaml."""
    return {
        name: example(declared) if isinstance(declared, Setting) else examples(declared)
        for name, declared in settings(section).items()
    }
