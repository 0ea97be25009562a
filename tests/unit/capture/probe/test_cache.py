from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from falco.capture.probe.cache import KEPT, Cache, CacheError, cache_key, kernel_build_id
from falco.capture.probe.object import ProbeObject

KEY = cache_key("text")


def probe(key: str = KEY) -> ProbeObject:
    return ProbeObject((), (), {"key": key})


@pytest.fixture
def directory(tmp_path):
    tmp_path.chmod(0o755)
    return tmp_path / "var" / "cache"


@pytest.fixture
def cache(directory, tmp_path):
    return Cache(directory, owner=os.getuid(), start=tmp_path)


def test_what_is_stored_is_loaded(cache, directory):
    assert cache.load(KEY) is None
    cache.store(KEY, probe())
    assert cache.load(KEY) == probe()
    assert cache.load(cache_key("other")) is None
    (path,) = directory.iterdir()
    assert path.name == KEY + ".probe"
    assert path.stat().st_mode & 0o7777 == 0o600
    assert directory.stat().st_mode & 0o7777 == directory.parent.stat().st_mode & 0o7777 == 0o700


def test_looking_makes_no_directory(cache, directory):
    cache.load(KEY)
    assert not directory.parent.exists()


def test_storing_again_replaces(cache, directory):
    cache.store(KEY, probe())
    newer = ProbeObject((), (), {"key": KEY, "more": "yes"})
    cache.store(KEY, newer)
    assert cache.load(KEY) == newer
    assert len(list(directory.iterdir())) == 1


def refused(cache: Cache, match: str) -> None:
    with pytest.raises(CacheError, match=match):
        cache.load(KEY)


def test_damaged_files_are_refused(cache, directory):
    cache.store(KEY, probe())
    path = directory / f"{KEY}.probe"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    refused(cache, "checksum")
    path.write_bytes(b"")
    refused(cache, "cannot be a compiled probe")


def test_a_file_under_another_name_is_refused(cache, directory):
    other = cache_key("other")
    cache.store(other, probe(other))
    (directory / f"{other}.probe").rename(directory / f"{KEY}.probe")
    refused(cache, "made for something else")


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_is_refused(cache, directory, mode):
    cache.store(KEY, probe())
    (directory / f"{KEY}.probe").chmod(mode)
    refused(cache, f"others may write to it .mode {mode:04o}.")


@pytest.mark.parametrize("part", [".", "..", "../.."])
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_every_directory_on_the_way_must_be_closed_to_others(cache, directory, part, mode):
    cache.store(KEY, probe())
    place = directory / part
    before = place.stat().st_mode
    place.chmod(mode)
    refused(cache, "others may write")
    with pytest.raises(CacheError, match="others may write"):
        cache.store(KEY, probe())
    place.chmod(before)
    assert cache.load(KEY) == probe()


def test_what_belongs_to_somebody_else_is_refused(cache, directory, tmp_path):
    cache.store(KEY, probe())
    refused(Cache(directory, owner=os.getuid() + 1, start=tmp_path), f"belongs to user {os.getuid()}")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(cache, directory):
    cache.store(KEY, probe())
    os.chown(directory / f"{KEY}.probe", 1, 1)
    refused(cache, "belongs to user 1")


def test_links_are_not_followed(cache, directory, tmp_path):
    cache.store(KEY, probe())
    path, elsewhere = directory / f"{KEY}.probe", tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    refused(cache, "symbolic links")
    path.unlink()
    elsewhere.rename(path)
    directory.rename(tmp_path / "moved")
    directory.symlink_to(tmp_path / "moved")
    refused(cache, "Not a directory")
    with pytest.raises(CacheError, match="Not a directory"):
        cache.store(KEY, probe())


def test_what_is_no_file_is_refused_without_waiting(cache, directory):
    cache.store(KEY, probe())
    path = directory / f"{KEY}.probe"
    path.unlink()
    os.mkfifo(path, 0o600)
    refused(cache, "no file")
    path.unlink()
    path.mkdir(0o700)
    refused(cache, "no file|Is a directory")


def test_large_files_are_not_read(cache, directory):
    cache.store(KEY, probe())
    os.truncate(directory / f"{KEY}.probe", 1 << 40)
    refused(cache, "too large")


def test_a_failed_write_leaves_nothing(cache, directory, monkeypatch):
    cache.store(KEY, probe())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CacheError, match="No space"):
        cache.store(KEY, ProbeObject((), (), {"key": KEY, "newer": "yes"}))
    assert [path.name for path in directory.iterdir()] == [f"{KEY}.probe"]
    assert cache.load(KEY) == probe()


def test_only_the_newest_are_kept(cache, directory):
    keys = [cache_key(str(number)) for number in range(KEPT + 3)]
    (directory).mkdir(parents=True, mode=0o700)
    directory.parent.chmod(0o700)
    (directory / "other").write_text("not ours")
    for age, key in enumerate(keys):
        cache.store(key, probe(key))
        os.utime(directory / f"{key}.probe", (age, age))
    assert {path.name for path in directory.iterdir()} == {f"{key}.probe" for key in keys[-KEPT:]} | {"other"}


def test_a_relative_directory_is_refused():
    with pytest.raises(CacheError, match="absolute"):
        Cache(Path("cache"))


def test_keys_tell_lists_of_parts_apart():
    lists = [(), ("",), ("ab",), ("a", "b"), ("b", "a"), ("ab", ""), (b"\0",), ("a", "b", "")]
    assert len({cache_key(*parts) for parts in lists}) == len(lists)
    assert cache_key("a", b"b") == cache_key(b"a", "b")


def note(name: bytes, kind: int, content: bytes) -> bytes:
    return struct.pack("=III", len(name), len(content), kind) + padded(name) + padded(content)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def test_the_build_id_is_found_among_other_notes():
    build_id = bytes(range(20))
    notes = note(b"Linux\0", 0x101, bytes(5)) + note(b"GNU\0", 1, b"abc") + note(b"GNU\0", 3, build_id)
    assert kernel_build_id(notes + note(b"Xen\0", 19, b"")) == build_id.hex()


def test_notes_without_a_build_id_give_none():
    whole = note(b"GNU\0", 3, bytes(20))
    assert kernel_build_id(b"") == ""
    assert kernel_build_id(note(b"GNU\0", 1, bytes(20))) == ""
    assert kernel_build_id(struct.pack("=III", 0xFFFFFFFF, 0xFFFFFFFF, 3)) == ""
    assert [kernel_build_id(whole[:size]) for size in range(len(whole))] == [""] * len(whole)
