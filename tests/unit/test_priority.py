from __future__ import annotations

import syslog

from falco.priority import Priority


def test_numbers_are_those_of_syslog():
    names = ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"]
    assert [int(p) for p in Priority] == [getattr(syslog, f"LOG_{name}") for name in names]


def test_labels_are_whole_words():
    assert [p.label for p in Priority][-2:] == ["Informational", "Debug"]
