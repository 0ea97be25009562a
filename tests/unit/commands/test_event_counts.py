"""What became of events, by their names."""

from __future__ import annotations

from falco.commands.event_counts import counted, summary
from falco.events.table import CODES, EVENT_TABLE

OPENAT, ENTER = CODES["SYSCALL_OPENAT_2_X"], CODES["SYSCALL_OPENAT_2_E"]
OLD = CODES["SYSCALL_OPENAT_X"]


def delivered(**counts):
    return [counts.get(event_type.symbol, 0) for event_type in EVENT_TABLE]


def test_what_was_kept_back_was_seen_as_well():
    rows = counted({OPENAT: 7}, delivered(SYSCALL_OPENAT_2_X=3), {OPENAT: 2})
    assert rows == {"openat": {"seen": 10, "filtered": 7, "delivered": 3, "matched": 2}}


def test_codes_of_one_name_are_counted_together_and_enters_apart():
    rows = counted({}, delivered(SYSCALL_OPENAT_2_X=3, SYSCALL_OPENAT_X=4, SYSCALL_OPENAT_2_E=5), {OLD: 1, ENTER: 1})
    assert rows["openat"] == {"seen": 7, "filtered": 0, "delivered": 7, "matched": 1}
    assert rows[">openat"] == {"seen": 5, "filtered": 0, "delivered": 5, "matched": 1}


def test_in_shadow_mode_what_would_be_kept_back_is_delivered_and_seen_once():
    rows = counted({OPENAT: 7}, delivered(SYSCALL_OPENAT_2_X=10), {OPENAT: 2}, shadow=True)
    assert rows == {"openat": {"seen": 10, "filtered": 7, "delivered": 10, "matched": 2}}


def test_the_summary_has_the_most_delivered_first_and_the_rare_in_one_line():
    came = delivered(
        SYSCALL_OPENAT_2_X=1, SYSCALL_EXECVE_19_X=2000, SYSCALL_CHDIR_X=3, SYSCALL_CREAT_X=2, SOCKET_BIND_X=5
    )
    rows = counted({OPENAT: 5000}, came, {CODES["SYSCALL_CREAT_X"]: 1})
    assert summary(rows).splitlines() == [
        "Events by their names            seen     filtered    delivered      matched",
        "   execve                        2000            0         2000            0",
        "   creat                            2            0            2            1",
        "   openat                        5001         5000            1            0",
        "   2 others                         8            0            8            0",
    ]
