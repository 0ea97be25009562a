"""Where alerts go, as the configuration has it: the outputs of this process and their limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from falco.errors import FalcoError
from falco.outputs.build import build
from falco.outputs.format import Formatter
from falco.outputs.throttle import Throttle

if TYPE_CHECKING:
    from falco.config_schema import Config
    from falco.outputs.alerts import Alerts, Template


def let_out(alerts: Alerts, wanted: Config, templates: Mapping[str, Template], *, replay: bool) -> None:
    """Let alerts go where the configuration says from now on. FalcoError for an output that cannot be opened."""
    dispatch = build(wanted, replay=replay)
    try:
        dispatch.open()
    except OSError as error:
        raise FalcoError(str(error.strerror)) from None
    formatter = Formatter(
        json_output=wanted.json_output,
        include_output=wanted.json_include_output_property,
        iso_8601=wanted.time_format_iso_8601,
    )
    alerts.change(templates, formatter, dispatch, Throttle(wanted.outputs.rate, wanted.outputs.max_burst))
