from __future__ import annotations

import pytest

from falco.commands.options import Options
from falco.commands.recording import recorder
from falco.errors import FalcoError, RulesError


def test_no_recording_unless_asked_for():
    assert recorder(Options()) is None


@pytest.mark.parametrize(
    "options",
    [{"filter": "evt.type=open"}, {"compress": True}, {"rotate_size_mb": 1}, {"writefile": "f", "rotate_count": 2}],
)
def test_options_that_need_others(options):
    with pytest.raises(FalcoError, match="need"):
        recorder(Options(**options))


def test_a_bad_filter_is_placed(tmp_path):
    with pytest.raises(RulesError) as error:
        recorder(Options(writefile=str(tmp_path / "f"), filter="evt.type=open and proc.nam=x"))
    (problem,) = error.value.problems
    assert (str(problem.location), problem.nearest) == ("--filter:1:19", "proc.name")
    assert list(tmp_path.iterdir()) == []


def test_a_whole_recording(tmp_path):
    options = Options(
        writefile=str(tmp_path / "f"), filter="evt.type=open", rotate_size_mb=1, rotate_count=3, compress=True
    )
    assert recorder(options) is not None
