from __future__ import annotations

from falco.forwarders.destination import RefusedError, TryLaterError


def test_what_went_wrong_says_what_to_do():
    assert TryLaterError("full", 3).after_s == 3
    assert TryLaterError("full").after_s is None
    assert str(RefusedError("too large", whole=True)) == "too large"
    assert RefusedError("x", whole=True).whole
    assert not RefusedError("x").whole
