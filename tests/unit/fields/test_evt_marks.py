from __future__ import annotations

import pytest

from falco.fields import evt_marks
from tests.facts import marks_fact
from tests.unit.fields.reading import read


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ([], None),
        ([marks_fact(0)], None),
        ([marks_fact(1)], "compat"),
        ([b"", marks_fact(2)], "io_uring"),
        ([marks_fact(0x1003)], "compat,io_uring"),
        ([marks_fact(0x1000)], None),
        ([marks_fact(8)], "fast_open"),
    ],
)
def test_marks(box, extra, words):
    assert read(evt_marks.FIELDS, "evt.marks", box.event("SYSCALL_CLOSE_X", count=2, extra=extra)) == words
