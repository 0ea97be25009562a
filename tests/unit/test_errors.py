from __future__ import annotations

import pytest

from falco.errors import nearest

FIELDS = (
    "proc.name",
    "proc.pname",
    "proc.tty",
    "proc.args",
    "fd.type",
    "fd.name",
    "evt.type",
    "container.image.repository",
)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("proc.nme", "proc.name"),
        ("fd.nam", "fd.name"),
        ("evt.tipe", "evt.type"),
        ("procname", "proc.name"),
        ("container.image.repo", "container.image.repository"),
        ("proc.nobody", ""),
        ("proc.foobar", ""),
        ("fd.xyz", ""),
        ("something", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_like_the_word_and_not_only_of_its_group(word, name):
    assert nearest(word, FIELDS) == name
