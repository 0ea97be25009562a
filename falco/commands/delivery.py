"""Where alerts go, as the configuration has it: the outputs of this process and their limit, and the store."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from falco.errors import FalcoError
from falco.outputs.build import build
from falco.outputs.format import Formatter
from falco.outputs.throttle import Throttle
from falco.store.retention import Limits
from falco.store.store import AlertStore, Hooks

if TYPE_CHECKING:
    from falco.config_schema import Config
    from falco.outputs.alerts import Alerts, Template


def let_out(alerts: Alerts, wanted: Config, templates: Mapping[str, Template], *, replay: bool) -> None:
    """Let alerts go where the configuration says from now on. FalcoError for an output that cannot be opened."""
    dispatch = build(wanted, replay=replay, stored=stores(wanted, replay=replay))
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


def stores(wanted: Config, *, replay: bool) -> bool:
    """Whether this kind of run keeps its alerts in the store."""
    enabled = wanted.alert_store.enabled
    return enabled == "true" or (enabled == "auto" and not replay)


def keep(alerts: Alerts, wanted: Config, *, replay: bool) -> AlertStore | None:
    """Keep every alert in the store from now on, if the configuration has one for this kind of run."""
    settings = wanted.alert_store
    if not stores(wanted, replay=replay):
        return None
    # Forwarders and `falco alerts` need the text of the alert as well as its fields, whatever the outputs print.
    formatter = Formatter(json_output=True, iso_8601=wanted.time_format_iso_8601)
    store = AlertStore(
        Path(settings.path).absolute(),
        limits(wanted),
        Hooks(formatter.line, alerts.raise_alert),
        capacity=wanted.outputs.queue_capacity,
        patient=replay,
    )
    alerts.keep_in(store)
    return store


def limits(wanted: Config) -> Limits:
    """What the store may keep, and for whom it has to; a reload may change that."""
    settings = wanted.alert_store
    forwarders = enabled_forwarders(wanted)
    return Limits(settings.keep_days, settings.max_size_mb, settings.hard_limit_mb, forwarders)


def enabled_forwarders(wanted: Config) -> tuple[str, ...]:
    """The names of the destinations that are waited for."""
    names = (field.name for field in dataclasses.fields(wanted.forwarders))
    return tuple(name for name in names if getattr(wanted.forwarders, name).enabled)
