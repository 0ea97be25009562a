from __future__ import annotations

import json

import pytest

from falco.priority import Priority
from falco.stats import RuleCounts, StatsFile, drop_summary


def test_summary_without_matches():
    expected = "Events detected: 0\nRule counts by severity:\nTriggered rules by rule name:\n"
    assert RuleCounts().summary() == expected


def test_summary_counts_by_severity_as_written_and_by_rule():
    counts = RuleCounts()
    counts.add("open_from_cat", Priority.WARNING, "WARNING")
    counts.add("exec_from_cat", Priority.ERROR, "Error")
    counts.add("open_from_cat", Priority.WARNING, "WARNING")
    counts.add("third", Priority.WARNING, "warning")
    assert counts.summary().splitlines() == [
        "Events detected: 4",
        "Rule counts by severity:",
        "   Error: 1",
        "   WARNING: 2",
        "   warning: 1",
        "Triggered rules by rule name:",
        "   open_from_cat: 2",
        "   exec_from_cat: 1",
        "   third: 1",
    ]


def test_a_name_cannot_forge_a_line():
    counts = RuleCounts()
    counts.add("a\n   b: 7", Priority.DEBUG, "debug")
    assert counts.summary().splitlines()[-1] == "   a\\n   b: 7: 1"


def test_drop_summary_has_the_words_of_0_15():
    text = drop_summary(9, 2)
    assert "event drop detected: 9 occurrences" in text
    assert "num times actions taken: 2" in text


def test_samples_are_lines_of_json_with_differences(tmp_path):
    path = tmp_path / "stats"
    for _ in range(2):
        file = StatsFile(str(path), {"host": "a"})
        file.write(100)
        file.write(300, drops=50)
        file.close()
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    assert [s["sample"] for s in samples] == [1, 2, 1, 2]
    assert samples[1] == {
        "sample": 2,
        "host": "a",
        "cur": {"events": 300, "drops": 50, "preemptions": 0},
        "delta": {"events": 200, "drops": 50, "preemptions": 0},
        "drop_pct": 25.0,
    }


def test_a_sample_of_a_live_host_has_the_counts_by_event(tmp_path):
    file, counts = StatsFile(str(tmp_path / "stats"), {}), {"openat": {"seen": 3}}
    file.write(1, by_event=counts)
    file.write(2)
    file.close()
    samples = [json.loads(line) for line in (tmp_path / "stats").read_text().splitlines()]
    assert samples[0]["by_event"] == counts
    assert "by_event" not in samples[1]


def test_a_sample_has_what_was_refused_where_something_can_be(tmp_path):
    file = StatsFile(str(tmp_path / "stats"), {})
    file.write(1, refused={"threads": 2, "fds": 0})
    file.write(2)
    file.close()
    samples = [json.loads(line) for line in (tmp_path / "stats").read_text().splitlines()]
    assert samples[0]["refused"] == {"threads": 2, "fds": 0}
    assert "refused" not in samples[1]


def test_matches_are_counted_by_the_code_of_their_event():
    counts = RuleCounts()
    counts.add("a", Priority.DEBUG, "debug", 307)
    counts.add("b", Priority.DEBUG, "debug", 307)
    counts.add("of an audit event", Priority.DEBUG, "debug")
    assert counts.by_code == {307: 2}


def test_a_full_disk_is_an_error_at_every_sample_and_not_at_the_end():
    file = StatsFile("/dev/full", {})
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            file.write(1)
    file.close()
