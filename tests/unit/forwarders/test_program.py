from __future__ import annotations

import time

import pytest

from falco.config_forwarders import Program
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.program import ProgramDestination
from tests.unit.forwarders.samples import NASTY, stored


@pytest.mark.parametrize("form", ["json", "text"])
def test_each_alert_is_on_standard_input_and_its_id_in_the_environment(tmp_path, form):
    seen = tmp_path / "seen"
    program = ProgramDestination(Program(program=f'echo "$FALCO_ALERT_ID" >>{seen}; cat >>{seen}', format=form))
    alerts = [stored(1), stored(2, text=NASTY)]
    assert list(program.send(alerts)) == [1, 1]
    lines = seen.read_text().splitlines()
    assert lines[::2] == [alert.id for alert in alerts]
    assert len(lines) == 4
    assert lines[1] == (alerts[0].json if form == "json" else "16:17:57.882054739: Warning An open was seen")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("exit 1", RefusedError),
        ("exit 75", TryLaterError),
        ("kill -9 $$", TryLaterError),
        ("/none 2>&-", TryLaterError),
    ],
)
def test_statuses(command, error):
    with pytest.raises(error, match="ended with status"):
        list(ProgramDestination(Program(program=command)).send([stored()]))


def test_a_program_that_does_not_end_is_ended():
    started = time.monotonic()
    with pytest.raises(TryLaterError, match="did not end within"):
        list(ProgramDestination(Program(program="sleep 60 | sleep 60", timeout=0.1)).send([stored()]))
    assert time.monotonic() - started < 20
