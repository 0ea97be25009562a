from __future__ import annotations

import pytest

from falco.forwarders.backoff import Backoff


def test_pauses_double_up_to_the_longest_and_begin_again_after_success():
    backoff = Backoff(3, lambda: 1.0)
    assert [backoff.pause() for _ in range(5)] == [0.5, 1, 2, 3, 3]
    backoff.reset()
    assert backoff.pause() == 0.5


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 0.25), (0.5, 0.375), (1.0, 0.5)])
def test_chance_takes_up_to_half_of_a_pause(chance, pause):
    assert Backoff(60, lambda: chance).pause() == pause


@pytest.mark.parametrize(("asked", "pause"), [(7, 7), (0, 0.5), (1e9, 3600), (None, 0.5)])
def test_what_the_server_asks_for_is_kept_to(asked, pause):
    assert Backoff(60, lambda: 1.0).pause(asked) == pause
