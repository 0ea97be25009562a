from __future__ import annotations

import errno
import os

import pytest

from falco.capture.live.procfs_reading import START, Directory, Target, Unread, directory, undeleted


@pytest.fixture
def unread():
    return Unread()


@pytest.fixture
def place(tmp_path, unread):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/file").write_bytes(b"x" * 100_000)
    (tmp_path / "d/small").write_bytes(b"abc")
    (tmp_path / "d/link").symlink_to("/a/b")
    with directory(str(tmp_path / "d"), unread) as found:
        assert found is not None
        yield found


def test_files_are_read_whole_up_to_the_limit(place):
    assert (len(place.read("file")), len(place.read("file", 70_000)), place.read("small", 2)) == (
        100_000,
        70_000,
        b"ab",
    )
    assert (place.read_small("small"), len(place.read_small("file"))) == (b"abc", 100_000)
    assert (place.start("small"), len(place.start("file"))) == (b"abc", START)


def test_what_is_not_there_is_empty_and_no_trouble(place, unread):
    assert (place.read("no"), place.read_small("no"), place.link("no"), place.target("no"), place.names("no")) == (
        b"", b"", "", None, [],
    )  # fmt: skip
    assert unread.message() == ""


def test_links_and_what_they_lead_to(tmp_path, place):
    assert (place.link("link"), place.target("link")) == ("/a/b", None)
    status = (tmp_path / "d/small").stat()
    device = os.major(status.st_dev) << 8 | (os.minor(status.st_dev) & 0xFF) | (os.minor(status.st_dev) & ~0xFF) << 12
    assert place.target("small") == Target(status.st_mode, 1, status.st_ino, device)
    assert sorted(place.names(".")) == ["file", "link", "small"]


def test_a_directory_stays_the_one_that_was_opened(tmp_path, place):
    (tmp_path / "d").rename(tmp_path / "old")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/small").write_bytes(b"another")
    assert place.read("small") == b"abc"


def test_refusals_are_counted_by_file_and_told_once(place, unread):
    # A directory can be opened and not read: the nearest to a refusal that root can be given.
    for name in ("fd", "fd/1", "fd/2"):
        os.mkdir(name, dir_fd=place.fd)
    assert (place.read("fd/1"), place.read_small("fd/2"), place.link("small")) == (b"", b"", "")
    assert unread.counts == {"fd": 2, "small": 1}
    assert unread.message() == "Not all of /proc could be read: fd refused 2 times, small refused 1 times"


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ESRCH])
def test_a_process_that_goes_is_no_refusal(unread, code):
    unread.note("stat", OSError(code, ""))
    assert not unread.counts


def test_too_many_sockets_are_told(unread):
    unread.too_many = 3
    assert unread.message() == "Not all of /proc could be read: 3 sockets too many"


def test_a_directory_that_is_gone_is_none(tmp_path, unread):
    with directory(str(tmp_path / "no"), unread) as found:
        assert found is None
    with pytest.raises(FileNotFoundError):
        Directory(str(tmp_path / "no"), unread)


def test_a_file_that_is_no_more_loses_the_mark(tmp_path):
    file = tmp_path / "x (deleted)"
    file.touch()
    assert undeleted("/x (deleted)", None) == "/x"
    with file.open() as held, directory("/proc/self/fd", Unread()) as fds:
        assert fds is not None
        assert undeleted("/x (deleted)", fds.target(str(held.fileno()))) == "/x (deleted)"
        file.unlink()
        assert undeleted("/x (deleted)", fds.target(str(held.fileno()))) == "/x"
    assert undeleted("/x", None) == "/x"
