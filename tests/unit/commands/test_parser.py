from __future__ import annotations

import pytest

from falco.commands.options import parse
from falco.commands.parser import UsageError


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["-M", "0"], "invalid duration"),
        (["-M", "x"], "invalid duration"),
        (["-M", "-5"], "invalid duration"),
        (["-S", "-1"], "whole number"),
        (["--stats_interval", "0"], "above 0"),
        (["--stats_interval", "99999999999999"], "more than 1000000000"),
        (["-e"], "expected one argument"),
        (["-e", ""], "an empty name is no file"),
        (["-r", "x", "-r", ""], "an empty name is no file"),
        (["--lsit"], "did you mean --list?"),
        (["--valid"], "did you mean --validate?"),
        (["capture.scap"], "unrecognized argument 'capture.scap'"),
    ],
)
def test_mistakes_are_told(argv, message):
    with pytest.raises(UsageError) as error:
        parse(argv, {})
    assert message in str(error.value)
