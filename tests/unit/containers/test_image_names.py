import pytest

from falco.containers.image_names import bare_id, is_bare_id, split


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("nginx", ("nginx", "", "")),
        ("nginx:1.2", ("nginx", "1.2", "")),
        ("host:5000/a/b", ("host:5000/a/b", "", "")),
        ("host:5000/a/b:t", ("host:5000/a/b", "t", "")),
        ("a/b@sha256:12", ("a/b", "", "sha256:12")),
        ("h:1/a:t@sha256:12", ("h:1/a", "t", "sha256:12")),
        ("", ("", "", "")),
        (":", ("", "", "")),
    ],
)
def test_split(name, parts):
    assert split(name) == parts


def test_ids():
    assert is_bare_id("sha256:" + "a" * 64) and is_bare_id("a" * 12)
    assert not is_bare_id("nginx") and not is_bare_id("a" * 65) and not is_bare_id("")
    assert bare_id("sha256:12") == "12" == bare_id("12")
