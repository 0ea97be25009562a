from __future__ import annotations

import pytest

from falco.priority import Priority
from falco.store.record import StoredAlert, alert_id, from_row, joined

MS = 1_000_000


def test_ids_are_26_characters_and_sort_by_time_and_then_number():
    ids = [alert_id(at * MS, 7, seq) for at, seq in [(1, 1), (1, 2), (1, 1000), (2, 1001), (1 << 40, 1002)]]
    assert ids == sorted(ids)
    assert {len(name) for name in ids} == {26}
    assert len(set(ids)) == len(ids)


def test_ids_of_two_stores_differ():
    assert alert_id(MS, 1, 1) != alert_id(MS, 2, 1)


def test_an_id_is_a_ulid_of_its_time():
    # The first ten characters are the milliseconds, in Crockford's base 32.
    assert alert_id(1469918176385 * MS, 0, 0)[:10] == "01ARYZ6S41"


@pytest.mark.parametrize("tags", [(), ("a",), ("a b", "c,d")])
def test_a_row_reads_back(tags):
    alert = StoredAlert(1, "id", 2, 3, "r", Priority.ERROR, "syscall", tags, "{}")
    assert from_row((1, "id", 2, 3, "r", 3, "syscall", joined(tags), "{}")) == alert
