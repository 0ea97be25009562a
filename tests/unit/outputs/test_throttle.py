from __future__ import annotations

import pytest

from falco.outputs.throttle import RULE, Throttle, TokenBucket
from falco.priority import Priority

S = 1_000_000_000


@pytest.mark.parametrize(
    ("rate", "burst", "at_s", "granted"),
    [
        # (rate, burst), the times at which tokens are asked for, and whether each is granted: 0.15's table of cases.
        (1, 1, [0, 0, 0.5, 1, 1, 2.5], [True, False, False, True, False, True]),
        (1, 3, [0, 0, 0, 0, 1, 1, 10, 10, 10, 10], [True, True, True, False, True, False, True, True, True, False]),
        (0.5, 1, [0, 1, 2, 3, 4], [True, False, True, False, True]),
        (2, 1, [0, 0.25, 0.5, 0.75, 1], [True, False, True, False, True]),
        (0, 2, [0, 0, 1000], [True, True, False]),
        (1, 0, [0, 1000], [False, False]),
        (1, 1, [10, 5, 6, 6.5], [True, False, True, False]),
    ],
)
def test_token_bucket(rate, burst, at_s, granted):
    bucket = TokenBucket(rate, burst)
    assert [bucket.claim(int(at * S)) for at in at_s] == granted


def test_what_is_held_back_is_counted_and_summed_up_in_one_alert():
    throttle = Throttle(1, 2)
    admitted = [throttle.admits(rule, at * S) for rule, at in [("a", 0), ("a", 0), ("a", 0), ("b", 0), ("b", 0)]]
    assert admitted == [True, True, False, False, False]
    assert throttle.holding
    assert not throttle.reopened(S // 2)
    assert throttle.reopened(S)
    alert = throttle.summary(S)
    assert alert is not None
    assert (alert.rule, alert.priority, alert.time_ns) == (RULE, Priority.WARNING, S)
    assert alert.text.startswith("Falco internal: alert rate limit. 3 alerts were held back")
    assert alert.fields == {"n_suppressed": 3, "seconds": "0.000", "rules": "b: 2, a: 1"}
    assert not throttle.holding
    assert throttle.summary(S) is None
    assert throttle.suppressed == 3


def test_the_alert_names_so_many_rules():
    throttle = Throttle(0, 0)
    for number in range(30):
        throttle.admits(f"rule {number}", 0)
    alert = throttle.summary(0)
    assert alert is not None
    assert str(alert.fields["rules"]).endswith("rule 19: 1, and 10 more rules")
