"""Paths on a real file system, whose names the kernel has in its cache as they were just made."""

from __future__ import annotations

from pathlib import Path

import pytest

from falco.capture.live import cached
from falco.capture.live.cached import plain


@pytest.fixture
def root(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").touch()
    (tmp_path / "a/link").symlink_to("b")
    (tmp_path / "a/b/last").symlink_to("file")
    for path in (tmp_path / "a/b/file", tmp_path / "a/link/file", tmp_path / "a/b/last"):
        path.stat()
    return str(tmp_path)


def has_no_links(root, path):
    return plain(root, [path]) == 1


def test_the_way_is_followed_to_the_first_link(root):
    assert plain(root, ["/a", "/a/b", "/a/b/file"]) == 3
    assert plain(root, ["/a", "/a/link", "/a/link/file"]) == 1
    assert plain(root, ["/a", "/a/b", "/a/b/last"]) == 2
    assert plain(root, ["/none", "/none/a"]) == 0


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/a/b/file", True),
        ("/a/b", True),
        ("/", True),
        ("/a/link/file", False),
        ("/a/link", False),
        ("/a/b/last", False),
        ("/a/none", False),
    ],
)
def test_only_a_path_that_is_there_and_leads_through_no_link_has_none(root, path, plain):
    assert has_no_links(root, path) is plain


def test_a_root_is_followed_and_not_left(root):
    (Path(root) / "root").symlink_to(root)
    assert has_no_links(f"{root}/root", "/a/b/file")
    assert not has_no_links(f"{root}/a", "/../a/b/file")
    assert not has_no_links(f"{root}/none", "/")


def test_where_the_kernel_does_not_have_the_call_nothing_is_known(root, monkeypatch):
    monkeypatch.setattr(cached, "_OPENAT2", 100_000)
    assert not has_no_links(root, "/a/b/file")


def _open():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def test_nothing_is_left_open(root):
    before = _open()
    for path in ("/a/b/file", "/a/link", "/none"):
        has_no_links(root, path)
    assert _open() == before
