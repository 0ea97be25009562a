from __future__ import annotations

import pytest

from falco.k8s_audit.event import parse_time

BIRTH = 1_540_490_907


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2018-10-25T18:08:27Z", BIRTH * 10**9),
        ("2018-10-25T18:08:27.006845Z", BIRTH * 10**9 + 6_845_000),
        ("2018-10-25T18:08:27.123456789+00:00", BIRTH * 10**9 + 123_456_789),
        ("1970-01-01T00:00:00Z", 0),
    ],
)
def test_times(text, ns):
    assert parse_time(text) == ns


@pytest.mark.parametrize(
    "text",
    ["", "2018-10-25", "2018-10-25T18:08:27", "2018-10-25T18:08:27+02:00", "2018-13-25T18:08:27Z",
     "1969-12-31T23:59:59Z", "2018-10-25T18:08:27.1234567890Z", "２018-10-25T18:08:27Z", "0000-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_time(text):
    with pytest.raises(ValueError):
        parse_time(text)
