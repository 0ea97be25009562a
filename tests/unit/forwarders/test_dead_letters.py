from __future__ import annotations

import stat

import pytest

from falco.forwarders.dead_letters import DeadLetters
from tests.unit.forwarders.samples import stored


@pytest.fixture
def letters(tmp_path):
    made = DeadLetters(tmp_path)
    yield made
    made.close()


def test_letters_are_kept_with_their_reason(letters, tmp_path):
    letters.add(stored(1), "too large", 3, 10)
    letters.add(stored(2), "not wanted", 3, 20)
    letters.close()
    again = DeadLetters(tmp_path)
    found = again.all()
    again.close()
    assert [(each.alert, each.reason, each.refusals, each.put_aside_ns, each.again) for each in found] == [
        (stored(1), "too large", 3, 10, False),
        (stored(2), "not wanted", 3, 20, False),
    ]
    assert stat.S_IMODE((tmp_path / "dead_letters.db").stat().st_mode) == 0o600


def test_one_or_all_can_be_sent_again(letters):
    for seq in (1, 2, 3):
        letters.add(stored(seq), "x", 3, seq)
    assert letters.send_again("nonsense") == 0
    assert letters.send_again(stored(2).id) == 1
    assert [each.alert.seq for each in letters.all(again=True)] == [2]
    assert letters.send_again() == 3
    assert len(letters.all(again=True)) == 3


def test_a_letter_that_is_refused_again_waits_to_be_asked_for_again(letters):
    letters.add(stored(1), "x", 3, 1)
    letters.send_again()
    letters.add(stored(1), "y", 4, 2)
    assert letters.all(again=True) == []
    assert letters.count() == 1
    letters.remove(stored(1).id)
    assert letters.count() == 0
