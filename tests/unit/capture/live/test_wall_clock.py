"""When the host's clock is set, that is told once each time."""

from __future__ import annotations

import pytest

from falco.capture.live.wall_clock import WallClock

SECOND = 1_000_000_000


class Clock:
    ns = 1_500_000_000 * SECOND

    def __call__(self):
        return self.ns


@pytest.fixture
def clocks(caplog):
    caplog.set_level("WARNING", "falco")
    events, host = Clock(), Clock()
    return WallClock(events, host), events, host


def test_clocks_that_go_together_are_nothing_to_tell(clocks, caplog):
    wall, events, host = clocks
    for _ in range(3):
        events.ns += SECOND
        host.ns += SECOND + 1000
        wall.look()
    assert caplog.messages == []


@pytest.mark.parametrize(("by_s", "said"), [(3600, "3600.0 s behind it"), (-2, "2.0 s ahead of it")])
def test_a_step_is_told_once(clocks, caplog, by_s, said):
    wall, _, host = clocks
    host.ns += by_s * SECOND
    wall.look()
    wall.look()
    (message,) = caplog.messages
    assert f"times of events are {said} until Falco starts again" in message


def test_a_further_step_is_told_again(clocks, caplog):
    wall, _, host = clocks
    for _ in range(2):
        host.ns += 10 * SECOND
        wall.look()
    assert [message.split(" are ")[1].split(" s ")[0] for message in caplog.messages] == ["10.0", "20.0"]
