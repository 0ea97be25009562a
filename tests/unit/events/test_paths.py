from __future__ import annotations

import pytest

from falco.capture.probe.calls import CALLS
from falco.events.facts import NAMED, SOURCE, TARGET
from falco.events.paths import PATHS
from falco.events.table import CODES, EVENT_TABLE
from falco.events.types import ParamType

_TEXTS = (ParamType.CHARBUF, ParamType.FSPATH, ParamType.FSRELPATH)
LISTED = [EVENT_TABLE[code] for code, params in enumerate(PATHS) if params]


@pytest.mark.parametrize("event_type", LISTED, ids=lambda event_type: event_type.symbol)
def test_paths_are_texts_of_exits_each_with_a_role_of_its_own(event_type):
    params = PATHS[event_type.code]
    assert not event_type.enter
    assert sorted(param.role for param in params) in ([NAMED], [SOURCE, TARGET])
    for param in params:
        assert event_type.params[param.name].type in _TEXTS
        assert param.dirfd is None or event_type.params[param.dirfd].type is ParamType.FD


@pytest.mark.parametrize("call", [call for call in CALLS if call.event and call.bases], ids=lambda call: call.name)
def test_what_the_probe_tells_a_base_of_is_listed(call):
    roles = {chr(param.role) for param in PATHS[CODES[f"{call.event}_X"]]}
    assert {base.role for base in call.bases} <= roles
