from __future__ import annotations

import gzip
import io

import pytest

from falco.capture.scap.stream import Stream
from falco.errors import CaptureError
from falco.k8s_audit import replay
from falco.k8s_audit.replay import AuditReader, holds_audit_events

EVENT = b'{"auditID":"%d","stageTimestamp":"2019-05-13T08:00:00Z"}'
LIST = b'{"kind":"EventList","items":[' + EVENT % 1 + b"," + EVENT % 2 + b"]}"


class Dripping(io.RawIOBase):
    """Gives a few bytes with every read, as a slow pipe does."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        part = self._data.read(min(len(buffer), 7))
        buffer[: len(part)] = part
        return len(part)


def reader(data):
    return AuditReader(Stream(io.BytesIO(data), "x.json"))


def ids(found):
    return [(event.num, event.json["auditID"]) for event in found]


def test_a_line_has_one_event_or_a_list():
    data = EVENT % 7 + b"\n\n  \n" + LIST + b"\r\n" + EVENT % 8
    assert ids(reader(data)) == [(1, "7"), (2, "1"), (3, "2"), (4, "8")]
    assert ids(reader(gzip.compress(data))) == [(1, "7"), (2, "1"), (3, "2"), (4, "8")]


def test_lines_may_come_in_pieces():
    data = b"\n".join(EVENT % number for number in range(50))
    found = AuditReader(Stream(io.BufferedReader(Dripping(data), 8), "x"))
    assert ids(found) == [(number + 1, str(number)) for number in range(50)]


def test_damage_is_told_with_its_line_and_byte_after_what_came_before():
    data = EVENT % 1 + b"\n" + EVENT % 2 + b"\n{\n" + EVENT % 3
    found: list[int] = []
    events = iter(reader(data))
    with pytest.raises(CaptureError, match=r"x\.json: byte 112: line 3 is no Kubernetes audit event: not JSON"):
        found.extend(event.num for event in events)
    assert found == [1, 2]


def test_a_bad_event_in_a_list_is_told_after_the_good_ones():
    found: list[int] = []
    with pytest.raises(CaptureError, match=r"line 1 .* no JSON object"):
        found.extend(event.num for event in reader(b"[7," + EVENT % 1 + b"]"))
    assert found == [1]


def test_lines_have_a_bound(monkeypatch):
    monkeypatch.setattr(replay, "MAX_LINE", 100)
    assert len(list(reader(EVENT % 1))) == 1
    for tail in (b"", b"\n"):
        with pytest.raises(CaptureError, match="longer than 100 bytes"):
            list(reader(EVENT % 1 + b" " * 100 + tail))


def test_a_cut_gzip_file_is_told():
    data = gzip.compress(b"\n".join(EVENT % number for number in range(9999)))
    with pytest.raises(CaptureError, match="cannot be read"):
        list(reader(data[:-20]))


@pytest.mark.parametrize(
    ("data", "answer"),
    [(b"{", True), (b"[]", True), (gzip.compress(b"{}", mtime=0), True), (b"", False), (b"\n\r\r\n", False)],
)
def test_what_begins_like_json(data, answer):
    assert holds_audit_events(Stream(io.BytesIO(data), "x")) is answer


def test_the_place_of_an_error():
    assert str(reader(b"").locate(ValueError("no"))) == "x.json: byte 0: line 0 is no Kubernetes audit event: no"
