"""Damaged audit events, as documents and as requests: events that every field can be read of, or else a reason."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import random
import re
from typing import Any

from falco.commands import rules
from falco.commands.options import Options
from falco.fields.registry import AUDIT_FIELDS
from falco.filter.interpret import evaluate
from falco.k8s_audit.connection import Connection, Patience
from falco.k8s_audit.document import Document, decode, event_of, read_document, split_document
from falco.k8s_audit.event import AuditEvent, BadAuditError
from falco.k8s_audit.queue import AuditQueue
from falco.k8s_audit.requests import Endpoint
from tests.conftest import CAPTURES, TESTS
from tests.fuzz.inputs import at_least, bounded, inputs

LINES = tuple(
    line
    for path in sorted((CAPTURES / "k8s_audit").iterdir())
    for line in path.read_text(encoding="utf-8").splitlines()
    if line.strip()
)
ALL = "- macro: consider_all_events\n  condition: (jevt.rawtime exists)\n"
PIECES = (
    *"{}[]\",:\\ \n\0é漢\U0001f600", '\\ud800', '\\"', "5E5555", "NaN", "-Infinity", "9" * 5000, "[" * 300, "]" * 300,
    '{"a":' * 100, "null", "0", "-1.5", '"items":[', '"kind":"EventList",', '"kind":0,', "true", '""', "{}", "[]",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, 0, -1, 1e300, True, "", "x" * 1000, "\ud800", "\0\n\x1b[31m", [], {}, [None], [[]], [{}], {"": {}},
    "/a?b=c&d", "system:anonymous", [{"name": 7}], {"spec": {"containers": [7, {"image": []}]}},
)  # fmt: skip


def scratched(text: str, rng: random.Random) -> str:
    """Pieces put in, and parts taken out or repeated."""
    for _ in range(rng.randint(1, 3)):
        at, act = rng.randint(0, len(text)), rng.randrange(3)
        piece = (rng.choice(PIECES), "", text[at : at + 60])[act]
        text = text[:at] + piece + text[at + (rng.randint(0, 20) if act == 1 else 0) :]
    return text


def revalued(text: str, rng: random.Random) -> str:
    """Values inside exchanged for others, so that it stays JSON."""
    document = json.loads(text)
    for _ in range(rng.randint(1, 4)):
        inside = document
        while True:
            keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(inside[key], dict | list) and rng.random() < 0.7:
                inside = inside[key]
                continue
            inside[key] = copy.deepcopy(rng.choice(VALUES))
            break
    return json.dumps(document, ensure_ascii=rng.random() < 0.5)


def document_of(rng: random.Random) -> bytes:
    events = [rng.choice(LINES) for _ in range(rng.choice((1, 1, 3)))]
    bad = rng.randrange(len(events))
    events[bad] = (scratched, revalued)[rng.randrange(2)](events[bad], rng)
    text = events[0]
    if len(events) > 1 or rng.random() < 0.2:
        text = ("[%s]", '{"kind":"EventList","items":[%s]}', '{"items":[%s],"kind":"EventList"}')[rng.randrange(3)] % (
            ",".join(events)
        )
    if rng.random() < 0.1:
        text = scratched(text, rng)
    data = text.encode("utf-8", "surrogatepass")
    return data if rng.random() < 0.95 else data[: rng.randint(0, len(data))]


def outcome(read: Any, text: str) -> Document[Any] | str:
    try:
        document: Document[Any] = read(text)
    except BadAuditError as error:
        return str(error)
    return document


def look_at(event: AuditEvent, ready: rules.Rules) -> None:
    """Match compiled and plainly, fill in the output, and read every field."""
    seen: Any = event
    rule = ready.audit.match(event)
    plainly = next((b.rule for b in ready.audit._rules if evaluate(b.condition, seen)), None)
    assert rule is plainly
    if rule is not None:
        ready.templates[rule.name].text(seen).encode("utf-8", "replace")
        json.dumps(ready.templates[rule.name].fields(seen))
    for field in AUDIT_FIELDS:
        extract = field.extract or (field.bind and field.bind("/a" if field.name == "jevt.value" else "1"))
        assert extract is not None
        assert isinstance(extract(seen), str), field.name


def test_documents(tmp_path):
    (tmp_path / "all.yaml").write_text(ALL)
    ready = rules.load(Options(), [str(TESTS.parent / "rules" / "k8s_audit_rules.yaml"), str(tmp_path / "all.yaml")])
    taken = refused = 0
    for number, rng in inputs("audit document"):
        data = document_of(rng)
        with bounded("audit document", number):
            try:
                text = decode(data)
            except BadAuditError:
                continue
            whole, split = outcome(read_document, text), outcome(split_document, text)
            if isinstance(whole, str):
                refused += 1
                assert split == whole
                assert len(whole) < 200
                continue
            taken += 1
            assert isinstance(split, Document)
            assert split.refused == whole.refused
            assert [event_of(each).json for each in split.events] == [event.json for event in whole.events]
            for event in whole.events:
                look_at(event, ready)
    assert at_least(taken, 3, "audit document")
    assert at_least(refused, 12, "audit document")


class Writer:
    """Keeps what is written."""

    def __init__(self):
        self.data = b""

    def get_extra_info(self, _name):
        return None

    def write(self, data):
        self.data += data

    async def drain(self):
        await asyncio.sleep(0)

    def can_write_eof(self):
        return False

    def close(self):
        pass


def request_of(rng: random.Random) -> bytes:
    """A request or several, damaged in the head or in the body."""
    body = document_of(rng)
    head = "POST /k8s_audit?timeout=30s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    if rng.random() < 0.3:
        head += "Content-Encoding: gzip\r\n"
        body = gzip.compress(body)
        if rng.random() < 0.5:
            at = rng.randrange(len(body))
            body = body[:at] + rng.randbytes(rng.randint(0, 3)) + body[at + rng.randint(0, 3) :]
    if rng.random() < 0.3:
        step = rng.choice((1, 100, 100_000))
        head += "Transfer-Encoding: chunked\r\n"
        parts = [body[at : at + step] for at in range(0, len(body), step)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        head += f"Content-Length: {len(body) + rng.choice((0, 0, 0, 0, 1, -1))}\r\n"
    if rng.random() < 0.4:
        at = rng.randint(0, len(head))
        piece = rng.choice(
            ("\r\n", ":", "\0", " ", "x" * 20_000, "é", "Expect: 100-continue\r\n", "HTTP/1.0", "9" * 5000)
        )
        head = head[:at] + piece + head[at + rng.randint(0, 5) :]
    return (head.encode() + b"\r\n" + body) * rng.choice((1, 1, 2))


async def talk(data: bytes, rng: random.Random, queue: AuditQueue) -> bytes:
    reader, writer = asyncio.StreamReader(), Writer()
    while data:
        size = rng.choice((1, 100, 100_000))
        reader.feed_data(data[:size])
        data = data[size:]
    reader.feed_eof()
    endpoint = Endpoint("/k8s_audit", queue)
    await Connection(reader, writer, endpoint, lambda _: None, Patience(linger_s=0)).serve()  # type: ignore[arg-type]
    return writer.data


def test_requests():
    fine = 0
    for number, rng in inputs("audit request"):
        data, queue = request_of(rng), AuditQueue(rng.choice((100, 1 << 20, 64 << 20)))
        with bounded("audit request", number):
            answers = asyncio.run(talk(data, rng, queue))
            found = re.findall(rb"HTTP/1\.1 (\d+) ", answers)
            assert all(status in (b"100", b"200") or status[:1] in b"45" for status in found)
            assert len(answers) < 2000
            fine += b"200" in found
            waiting = 0
            while (text := queue.take()) is not None:
                waiting += 1
                assert event_of(text).ts >= 0
            assert queue.used == 0
            assert (waiting > 0) <= (b"200" in found)
    assert at_least(fine, 12, "audit request")
