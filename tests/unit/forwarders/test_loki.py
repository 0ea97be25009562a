from __future__ import annotations

import json
import re

import pytest

from falco.config_forwarders import Loki
from falco.forwarders.loki import LokiDestination
from falco.priority import Priority
from tests.unit.forwarders.samples import AT_NS, stored


def judge(request):
    """Refuse what Loki's push API would refuse, by its documentation."""
    try:
        streams = json.loads(request.body)["streams"]
        for stream in streams:
            assert stream["stream"]
            assert all(re.fullmatch(r"[a-zA-Z_]\w*", name) for name in stream["stream"])
            assert all(isinstance(value, str) for value in stream["stream"].values())
            for value in stream["values"]:
                assert 2 <= len(value) <= 3
                assert value[0].isdigit()
                assert isinstance(value[1], str)
                assert all(isinstance(v, str) for v in value[2].values()) if len(value) == 3 else True
    except (AssertionError, ValueError, KeyError) as error:
        return 400, {}, str(error).encode()
    return (204, {}, b"") if request.path == "/loki/api/v1/push" else (404, {}, b"")


@pytest.mark.parametrize("metadata", [True, False])
def test_lines_by_severity_with_the_id_beside_the_json(server, metadata):
    server.judge = judge
    settings = Loki(url=server.url, tenant="me", labels=("job=falco",), structured_metadata=metadata)
    destination = LokiDestination(settings)
    alerts = [stored(1), stored(2, Priority.ERROR), stored(3)]
    assert list(destination.send(alerts)) == [3]
    destination.close()
    (request,) = server.requests
    assert request.headers["X-Scope-OrgID"] == "me"
    warning, error = json.loads(request.body)["streams"]
    assert warning["stream"] == {"service_name": "falco", "job": "falco", "priority": "warning", "source": "syscall"}
    assert [value[1] for value in warning["values"]] == [alerts[0].json, alerts[2].json]
    beside = [{"falco_alert_id": alerts[1].id}] if metadata else []
    assert error["values"] == [[str(AT_NS), alerts[1].json, *beside]]
