from __future__ import annotations

import json

import pytest

from falco.config_forwarders import Elasticsearch
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.elasticsearch import ElasticsearchDestination
from tests.unit.forwarders.samples import stored


def cluster(statuses=None):
    """Answers as the bulk API does, and refuses what it would refuse: https://www.elastic.co/docs/api (_bulk)."""
    there: dict[str, str] = {}

    def judge(request):
        if request.path != "/_bulk" or not request.body.endswith(b"\n"):
            return 400, {}, b'{"error":"The bulk request must be terminated by a newline [\\\\n]"}'
        if request.headers["Content-Type"] not in ("application/x-ndjson", "application/json"):
            return 406, {}, b'{"error":"Content-Type header is not supported"}'
        lines = request.body.decode().splitlines()
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            ((name, where),) = json.loads(action).items()
            assert name == "create"
            json.loads(document)
            status = (statuses or {}).get(where["_id"], 409 if where["_id"] in there else 201)
            if status == 201:
                there[where["_id"]] = where["_index"]
            result = {"_index": where["_index"], "_id": where["_id"], "status": status}
            if status > 201:
                result["error"] = {"type": "some_exception", "reason": "because"}
            items.append({"create": result})
        return 200, {}, json.dumps({"errors": True, "items": items}).encode()

    return there, judge


def sent(destination, alerts):
    counted = []
    for count in destination.send(alerts):
        counted.append(count)  # noqa: PERF402 - what came before an error counts too
    return counted


@pytest.mark.parametrize(
    ("suffix", "index"), [("none", "falco"), ("daily", "falco-2016.08.04"), ("monthly", "falco-2016.08")]
)
def test_documents_are_created_under_their_ids_and_a_second_time_does_no_harm(server, suffix, index):
    there, server.judge = cluster()
    destination = ElasticsearchDestination(Elasticsearch(url=server.url, index_suffix=suffix))
    alerts = [stored(1), stored(2)]
    for _ in range(2):
        assert sent(destination, alerts) == [2]
    destination.close()
    assert there == {alert.id: index for alert in alerts}
    assert server.requests[0].body.decode().splitlines()[1] == alerts[0].json


@pytest.mark.parametrize(("status", "error"), [(400, RefusedError), (429, TryLaterError), (403, TryLaterError)])
def test_one_bad_document_does_not_count_those_behind_it(server, status, error, closed):
    alerts = [stored(seq) for seq in (1, 2, 3)]
    there, server.judge = cluster({alerts[1].id: status})
    counted = []
    with pytest.raises(error, match=f"{status} some_exception: because") as caught:
        for count in closed(ElasticsearchDestination(Elasticsearch(url=server.url))).send(alerts):
            counted.append(count)  # noqa: PERF402 - what came before the error
    assert counted == [1]
    assert not getattr(caught.value, "whole", False)
    assert set(there) == {alerts[0].id, alerts[2].id}


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"items": [1]}', b'{"items": []}', b"<html>"])
def test_an_answer_that_is_none_of_the_bulk_api(server, answer, closed):
    server.answers = [(200, {}, answer)]
    with pytest.raises(TryLaterError):
        list(closed(ElasticsearchDestination(Elasticsearch(url=server.url))).send([stored()]))
