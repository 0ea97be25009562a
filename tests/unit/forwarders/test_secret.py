from __future__ import annotations

import pytest

from falco.forwarders.destination import TryLaterError
from falco.forwarders.secret import read


def test_the_line_end_is_no_part_of_a_secret(tmp_path):
    path = tmp_path / "s"
    path.write_text(" word \n")
    assert read(str(path)) == " word "
    assert read("") == ""


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_what_cannot_be_read_may_be_there_later(tmp_path, content):
    path = tmp_path / "s"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TryLaterError, match=f"{path} cannot be read"):
        read(str(path))
