from __future__ import annotations

import dataclasses

import pytest

from falco.alert import Alert
from falco.priority import Priority


def test_an_alert_cannot_change_on_its_way_through_the_outputs():
    alert = Alert(1, "r", Priority.WARNING, "syscall", "text", {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        alert.text = "other"  # type: ignore[misc]
