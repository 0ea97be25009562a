from __future__ import annotations

import json
import time
import tracemalloc

import pytest

from falco.k8s_audit import document
from falco.k8s_audit.document import decode, event_of, read_document, split_document, weigh
from falco.k8s_audit.event import BadAuditError
from falco.k8s_audit.walker import MAX_DEPTH

AT = '"stageTimestamp":"2019-05-13T08:00:00Z"'
EVENT = f'{{"kind":"Event","auditID":"a",{AT}}}'
NESTED = "[" * 1000 + "]" * 1000


def deep(levels):
    """An event with so many levels, its own counted."""
    return f'{{"auditID":"a",{AT},"x":{"[" * (levels - 1)}{"]" * (levels - 1)}}}'


@pytest.mark.parametrize(
    "text",
    [
        EVENT,
        f" \t{EVENT}\r\n",
        f'{{"auditID":"a",{AT}}}',
        f'{{"kind":"Event","apiVersion":"audit.k8s.io/v1beta1",{AT}}}',
        f'{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{{"auditID":"a",{AT}}}]}}',
        f'{{"items":[{EVENT}],"kind":"EventList"}}',
        f"[{EVENT}]",
        '{"kind":"Event","auditID":"a","timestamp":"2019-05-13T08:00:00Z"}',
    ],
)
def test_one_event_in_all_its_forms(text):
    found = read_document(text)
    (event,) = found.events
    assert (event.ts, event.json["kind"], found.refused) == (1_557_734_400_000_000_000, "Event", ())


@pytest.mark.parametrize("text", ['{"kind":"EventList","items":[]}', '{"kind":"EventList","items":null}', "[]"])
def test_a_list_may_be_empty(text):
    assert read_document(text).events == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "neither a JSON object nor a list"),
        ("5E5555", "neither a JSON object nor a list"),
        ('{"kind":0}', "kind '0' is neither Event nor EventList"),
        ('{"kind":"Status"}', "kind 'Status' is neither Event nor EventList"),
        ("{}", "no kind"),
        ('{"kind":"EventList","items":{}}', "EventList without a list of items"),
        (f'{{"kind":"EventList","apiVersion":"audit.k8s.io/v9","items":[{EVENT}]}}', "'audit.k8s.io/v9' is not known"),
        ('{"kind":"Event"}', "the event has no stageTimestamp"),
        ('{"kind":"Event","stageTimestamp":7}', "stageTimestamp"),
        ('{"kind":"Event","stageTimestamp":"now"}', "stageTimestamp: not a time"),
        (f'{{"kind":"Event",{AT},"x":5E5555}}', "'5E5555' is too large"),
        (f'{{"kind":"Event",{AT},"x":NaN}}', "NaN is no JSON"),
        (f'{{"kind":"Event",{AT},"x":{"9" * 5000}}}', "a number has too many digits"),
        (f'{{"kind":"Event",{AT},"x":{NESTED}}}', "nested more than 200 levels deep"),
        (NESTED, "nested more than 200 levels deep"),
        (deep(MAX_DEPTH + 2), "nested more than 200 levels deep"),
        ("[7]", "an event is no JSON object"),
        ('[{"kind":"Pod"}]', "kind 'Pod' is not Event"),
        (EVENT[:-1], "not JSON at character"),
        (EVENT + "x", "more behind the end"),
        (f"[{EVENT}", "not JSON at character"),
        (f"[{EVENT} {EVENT}]", "',' or ']' is expected"),
        ('{"a" 1}', "':' is expected"),
        ("{1:2}", "a key is expected"),
        ('{"a":"\n"}', "not JSON at character"),
        ('{"kind":"Event","items":[]}', "Event with a list of items"),
        ("{" + ",".join(f'"{n}":0' for n in range(1100)) + "}", "more than 1000 members"),
    ],
)
def test_what_cannot_be_read_and_why(text, reason):
    with pytest.raises(BadAuditError, match=reason.replace("(", "\\(")):
        read_document(text)


@pytest.mark.parametrize(
    "bad", [NESTED, '{"a":' + NESTED + "}", "5E5555", '{"a":[1e999, "]}\\"]"]}', "-Infinity", "{}"]
)
def test_one_bad_event_does_not_take_its_neighbours_with_it(bad):
    found = read_document(f"[{EVENT},{bad},{EVENT}]")
    assert (len(found.events), len(found.refused)) == (2, 1)


@pytest.mark.parametrize("small", [0, 1 << 16])
def test_of_a_document_that_is_split_only_texts_are_kept(small, monkeypatch):
    monkeypatch.setattr(document, "_SMALL", small)
    assert split_document(EVENT) == document.Document((EVENT,))
    found = split_document(f'{{"items":[ {EVENT},7,{{"auditID":"b",{AT}}}], "kind":"EventList"}}')
    assert found.events == (EVENT, f'{{"auditID":"b",{AT}}}')
    assert found.refused == ("an event is no JSON object",)
    assert [event_of(text).json["auditID"] for text in found.events] == ["a", "b"]


@pytest.mark.parametrize("small", [0, 1 << 16])
def test_short_and_long_documents_read_the_same(small, monkeypatch, captures):
    monkeypatch.setattr(document, "_SMALL", small)
    for line in (captures / "k8s_audit" / "kube-apiserver-1.20.jsonl").read_text().splitlines()[:30]:
        (event,) = read_document(line).events
        assert event.json == {"kind": "Event", **json.loads(line)}


def test_documents_have_a_bound_in_memory(monkeypatch):
    monkeypatch.setattr(document, "MAX_WEIGHT", 5_000)
    with pytest.raises(BadAuditError, match="too many small values"):
        read_document("[" + "[]," * 100 + "[]]")


def test_depth_up_to_the_bound_is_taken():
    assert len(read_document(deep(MAX_DEPTH)).events) == 1


def test_reasons_are_short_whatever_the_input():
    with pytest.raises(BadAuditError) as caught:
        read_document(json.dumps({"kind": "x" * 100_000}))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["[" * 300 + '"' + '\\"' * 1_000_000, '[{"a":' + "[" * 300 + "1," * 500_000])
def test_looking_for_the_end_of_a_bad_value_takes_linear_time(text):
    started = time.process_time()
    with pytest.raises(BadAuditError):
        read_document(text)
    assert time.process_time() - started < 2


def test_bad_utf8_has_its_place():
    with pytest.raises(BadAuditError, match="not UTF-8 at byte 2"):
        decode(b'{"\xff"}')


@pytest.mark.parametrize(
    "text", ["[" + "[],{}," * 5000 + "0]", '{"a":"' + "é" * 9999 + '"}', "[" + "1.5,70000," * 5000 + "0]"]
)
def test_not_twice_as_much_memory_is_taken_as_the_weight_says(text):
    json.loads(text)
    tracemalloc.start()
    kept = json.loads(text)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept
    assert taken < weigh(text) * 2


def test_recorded_events(captures):
    count = 0
    for path in sorted((captures / "k8s_audit").iterdir()):
        for line in path.read_bytes().splitlines():
            if line.strip():
                count += len(read_document(decode(line)).events)
    assert count >= 141
