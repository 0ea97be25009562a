from __future__ import annotations

from falco.forwarders.text import line
from tests.unit.forwarders.samples import NASTY, internal, stored


def test_the_line_is_the_output_of_the_alert():
    assert line(stored()) == "16:17:57.882054739: Warning An open was seen"


def test_alerts_about_falco_itself_get_time_and_severity():
    assert line(internal()) == "T: Critical Falco internal: x"


def test_nothing_breaks_out_of_the_line():
    text = line(stored(text=NASTY))
    assert len(text.splitlines()) == 1
    assert text.isprintable()
