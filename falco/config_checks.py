"""Which settings of falco.yaml do not go together, though each is right by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from falco.config_forwarders import NEEDED, lacking
from falco.config_text import NOWHERE

if TYPE_CHECKING:
    from falco.config_schema import Config
    from falco.config_text import Spot
    from falco.errors import Problem


def check(config: Config, spots: Mapping[str, Spot]) -> Iterator[Problem]:
    """What is wrong between settings, with the spots (by dotted key) where they were written."""
    needs = (
        ("file", config.file_output.enabled, "filename", config.file_output.filename),
        ("program", config.program_output.enabled, "program", config.program_output.program),
        ("http", config.http_output.enabled, "url", config.http_output.url),
    )
    for name, enabled, key, value in needs:
        if enabled and not value:
            message = f"{name} output enabled but no {key} in configuration block"
            spot = spots.get(f"{name}_output.enabled", NOWHERE)
            yield spot.error(message, [f"{name}_output.{key}"])
    others = (config.syslog_output, config.stdout_output, config.stderr_output)
    if not any(need[1] for need in needs) and not any(output.enabled for output in others):
        message = "No outputs configured. Please configure at least one output"
        yield NOWHERE.error(message, ["stdout_output.enabled: true"])
    yield from _check_forwarders(config, spots)


def _check_forwarders(config: Config, spots: Mapping[str, Spot]) -> Iterator[Problem]:
    for name in NEEDED:
        section = getattr(config.forwarders, name)
        if section.enabled:
            spot = spots.get(f"forwarders.{name}.enabled", NOWHERE)
            for key, expected in lacking(name, section):
                yield spot.error(f"forwarder {name} enabled but no {key} in configuration block", expected)
