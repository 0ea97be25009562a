from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from falco.capture.probe.headers import ARCHIVE, MATCHING, Tree, find_headers, resolve, unpack

RELEASE = "6.1.0-9-amd64"
GENERATED = "include/generated/utsrelease.h"


@pytest.fixture
def host(tmp_path):
    path = tmp_path / "host"
    path.mkdir()
    return path


@pytest.fixture
def scratch(tmp_path):
    path = tmp_path / "scratch"
    path.mkdir()
    return path


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def tree(directory: Path, release: str = RELEASE, *, whole: bool = True) -> Path:
    write(directory / GENERATED, f'#define UTS_RELEASE "{release}"\n')
    if whole:
        write(directory / "include/linux/kconfig.h")
    return directory


def link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def found(host: Path, scratch: Path) -> dict[str, Tree | str]:
    """What was said of each place: its tree, or why not."""
    attempts = find_headers(host, RELEASE, scratch, host / "no-sysfs")
    return {attempt.place: attempt.tree or attempt.reason for attempt in attempts}


def test_places_are_tried_in_order_and_each_has_its_reason(host, scratch):
    attempts = list(find_headers(host, RELEASE, scratch, host / "plain"))
    assert [attempt.place for attempt in attempts] == [
        f"/lib/modules/{RELEASE}/build",
        f"/lib/modules/{RELEASE}/source",
        f"/usr/lib/modules/{RELEASE}/build",
        f"/usr/src/linux-headers-{RELEASE}",
        f"/usr/src/kernels/{RELEASE}",
        f"/usr/src/linux-{RELEASE}",
        "/usr/src/linux",
        str(host / "plain/kernel/kheaders.tar.xz"),
        str(host / "sys/kernel/kheaders.tar.xz"),
    ]
    assert {attempt.reason for attempt in attempts} == {"it does not exist"}
    assert [attempt.kind for attempt in attempts] == [MATCHING] * 7 + [ARCHIVE] * 2


def test_absolute_links_mean_paths_of_the_host(host, scratch):
    directory = tree(host / f"usr/src/linux-headers-{RELEASE}")
    link(host / f"lib/modules/{RELEASE}/build", f"/usr/src/linux-headers-{RELEASE}")
    places = found(host, scratch)
    assert places[f"/lib/modules/{RELEASE}/build"] == Tree(directory)
    assert f"/usr/src/linux-headers-{RELEASE}" not in places, "it is the same tree"


def test_merged_usr_is_looked_at_once(host, scratch):
    directory = tree(host / f"usr/lib/modules/{RELEASE}/build")
    link(host / "lib", "usr/lib")
    places = found(host, scratch)
    assert places[f"/lib/modules/{RELEASE}/build"] == Tree(directory)
    assert f"/usr/lib/modules/{RELEASE}/build" not in places


@pytest.mark.parametrize("how", ["source link", "link beside", "Makefile"])
def test_a_tree_in_two_parts(host, scratch, how):
    build = tree(host / f"usr/src/linux-headers-{RELEASE}", whole=False)
    common = host / "usr/src/common"
    write(common / "include/linux/kconfig.h")
    if how == "source link":
        link(host / f"lib/modules/{RELEASE}/source", "/usr/src/common")
    elif how == "link beside":
        link(build / "source", "../common")
    else:
        write(build / "Makefile", "# made\ninclude /usr/src/common/Makefile\n")
    flags = [
        f"-I{build}/{name}"
        for name in (
            "arch/x86/include/generated",
            "arch/x86/include/generated/uapi",
            "include",
            "include/generated/uapi",
        )
    ]
    assert found(host, scratch)[f"/usr/src/linux-headers-{RELEASE}"] == Tree(common, tuple(flags))


def test_trees_that_do_not_serve(host, scratch):
    tree(host / "usr/src/linux", "6.1.0-8-amd64")
    tree(host / f"usr/src/linux-{RELEASE}", whole=False)
    write(host / f"usr/src/linux-headers-{RELEASE}/include/linux/kconfig.h")
    write(host / f"usr/src/kernels/{RELEASE}", "a file")
    write(host / f"lib/modules/{RELEASE}/build/{GENERATED}", "nothing\n")
    link(host / f"lib/modules/{RELEASE}/source", "source")
    places = found(host, scratch)
    assert places["/usr/src/linux"] == f"it is for kernel '6.1.0-8-amd64', not '{RELEASE}'"
    assert places[f"/usr/src/linux-{RELEASE}"] == "include/linux/kconfig.h is missing there"
    assert "no built tree" in str(places[f"/usr/src/linux-headers-{RELEASE}"])
    assert places[f"/usr/src/kernels/{RELEASE}"] == "it is no directory"
    assert places[f"/lib/modules/{RELEASE}/build"] == "it names no release"
    assert places[f"/lib/modules/{RELEASE}/source"] == "too many links"


def test_a_tree_that_anybody_may_write_is_refused(host, scratch):
    tree(host / "usr/src/linux").chmod(0o777)
    assert "anybody may write" in str(found(host, scratch)["/usr/src/linux"])


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_tree_of_somebody_else_is_refused(host, scratch):
    os.chown(tree(host / "usr/src/linux"), 1, 1)
    assert "another user" in str(found(host, scratch)["/usr/src/linux"])


def test_nothing_is_written_to_the_host(host, scratch):
    tree(host / "usr/src/linux")
    pack(host / "sys/kernel/kheaders.tar.xz", ARCHIVED)
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in host.rglob("*"))
    assert len(found(host, scratch)) == 9
    assert sorted((str(path), path.lstat().st_mtime_ns) for path in host.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("a", "/b/c"),
        ("a", "b/c"),
        ("a", "../../b/c"),
        ("b/../b/c", ""),
        ("/b/c", ""),
        ("../../../b/c", ""),
        ("./b//c", ""),
    ],
)
def test_links_and_dots_stay_inside_the_root(host, name, target):
    write(host / "b/c", "here")
    if target:
        link(host / name, target)
    assert resolve(host, name) == host / "b/c"


def test_what_is_not_there_and_circles_are_errors(host):
    link(host / "a", "b")
    link(host / "b", "/a")
    with pytest.raises(OSError, match="too many links"):
        resolve(host, "a")
    with pytest.raises(FileNotFoundError):
        resolve(host, "c/d")


ARCHIVED = {f"./{GENERATED}": f'#define UTS_RELEASE "{RELEASE}"\n', "./include/linux/kconfig.h": "#define A 1\n"}


def pack(path: Path, files: dict[str, str], *more: tarfile.TarInfo) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:xz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        for info in more:
            archive.addfile(info)


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("place", ["no-sysfs", "sys"])
def test_an_archive_is_unpacked_into_scratch(host, scratch, place):
    archive = host / place / "kernel/kheaders.tar.xz"
    pack(archive, ARCHIVED)
    usable = found(host, scratch)[str(archive)]
    assert isinstance(usable, Tree)
    assert usable.directory.parent == scratch
    assert (usable.directory / "include/linux/kconfig.h").read_text() == "#define A 1\n"
    assert usable.directory.stat().st_mode & 0o777 == 0o700


def test_an_archive_is_unpacked_only_when_it_is_its_turn(host, scratch):
    tree(host / f"lib/modules/{RELEASE}/build")
    pack(host / "sys/kernel/kheaders.tar.xz", ARCHIVED)
    assert next(find_headers(host, RELEASE, scratch, host / "sys")).tree
    assert list(scratch.iterdir()) == []


def test_archives_that_do_not_serve(host, scratch):
    pack(host / "no-sysfs/kernel/kheaders.tar.xz", ARCHIVED | {f"./{GENERATED}": '#define UTS_RELEASE "5.9"\n'})
    archive = host / "sys/kernel/kheaders.tar.xz"
    pack(archive, ARCHIVED)
    archive.write_bytes(archive.read_bytes()[:100])
    places = found(host, scratch)
    assert places[str(host / "no-sysfs/kernel/kheaders.tar.xz")] == f"it is for kernel '5.9', not '{RELEASE}'"
    assert isinstance(places[str(archive)], str)
    archive.write_bytes(b"no archive at all")
    assert isinstance(found(host, scratch)[str(archive)], str)


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped"])
def test_names_that_lead_out_of_an_archive_are_refused(tmp_path, name):
    pack(tmp_path / "x.tar.xz", {name: "x"})
    with pytest.raises(OSError, match="holds the path"):
        unpack(tmp_path / "x.tar.xz", tmp_path / "into")
    assert not (tmp_path / "escaped").exists()


def test_only_regular_files_are_unpacked(tmp_path):
    more = [
        member("include", tarfile.SYMTYPE, "/etc"),
        member("hard", tarfile.LNKTYPE, "/etc/passwd"),
        member("device", tarfile.CHRTYPE),
        member("pipe", tarfile.FIFOTYPE),
    ]
    pack(tmp_path / "x.tar.xz", {"a/b": "x"}, *more)
    unpack(tmp_path / "x.tar.xz", tmp_path / "into")
    assert [path.name for path in (tmp_path / "into").rglob("*")] == ["a", "b"]


def test_what_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("falco.capture.probe.headers._LARGEST_ARCHIVE", 10)
    pack(tmp_path / "x.tar.xz", {"a": "x" * 6, "b": "y" * 6})
    with pytest.raises(OSError, match="too large"):
        unpack(tmp_path / "x.tar.xz", tmp_path / "into")
