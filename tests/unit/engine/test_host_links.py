from __future__ import annotations

import os
import stat

import pytest

from falco.engine.host_links import MAX_LINKS, HostLinks


@pytest.fixture
def root(tmp_path):
    """A small merged-/usr host, with a link that would lead out of it."""
    host = tmp_path / "host"
    for directory in ("usr/bin", "run/lock", "etc", "var", "proc/self", "deep/er"):
        (host / directory).mkdir(parents=True)
    (host / "usr/bin/dash").write_text("")
    (host / "etc/shadow").write_text("")
    for link, target in {
        "bin": "usr/bin",
        "usr/bin/sh": "dash",
        "var/run": "/run",
        "var/lock": "../run/lock",
        "out": "../../../../..",
        "absolute": "/etc",
        "loop": "/loop",
        "proc/self/exe": "/bin/sh",
        "etc/mtab": "../proc/self/mounts",
        "dangling": "/no/such",
        "top": "/",
    }.items():
        (host / link).symlink_to(target)
    return host


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/bin/sh", "/usr/bin/dash"),
        ("/bin", "/usr/bin"),
        ("/var/run", "/run"),
        ("/var/run/x/y", "/run/x/y"),
        ("/var/lock/", "/run/lock"),
        ("/etc//./shadow", "/etc/shadow"),
        ("/deep/er/../../bin/../bin/sh", "/usr/bin/dash"),
        ("/out/etc", "/etc"),
        ("/../../etc", "/etc"),
        ("/absolute/shadow", "/etc/shadow"),
        ("/dangling/z", "/no/such/z"),
        ("/etc/shadow/x", "/etc/shadow/x"),
        ("/proc/self/exe", "/proc/self/exe"),
        ("/etc/mtab", "/proc/self/mounts"),
        ("/top/etc", "/etc"),
        ("/top", "/"),
        ("/", "/"),
        ("/nul\0/x", "/nul\0/x"),
        ("/" + "n" * 300, "/" + "n" * 300),
        ("/odd\ud800", "/odd\ud800"),
    ],
)
def test_resolve(root, path, expected):
    assert HostLinks(str(root)).resolve(path) == expected


def test_links_that_go_round(root):
    assert HostLinks(str(root)).resolve("/loop/x") is None
    for number in range(MAX_LINKS + 1):
        (root / f"n{number}").symlink_to(f"n{number + 1}")
    assert HostLinks(str(root)).resolve("/n0") is None
    assert HostLinks(str(root)).resolve("/n1") == f"/n{MAX_LINKS + 1}"


def test_nothing_is_looked_at_twice(root):
    links = HostLinks(str(root) + "/")
    assert links.resolve("/bin/sh") == "/usr/bin/dash"
    (root / "bin").unlink()
    assert links.resolve("/bin/sh") == "/usr/bin/dash"
    assert HostLinks(str(root)).resolve("/bin/sh") == "/bin/sh"


def test_only_files_are_identified(root):
    links = HostLinks(str(root))
    found = links.identify("/etc/shadow")
    assert found is not None
    assert stat.S_ISREG(found.st_mode)
    assert [links.identify(path) for path in ("/etc", "/etc/none", "/bin", "/a\0b")] == [None] * 4


def test_the_numbers_of_a_file(root):
    links = HostLinks(str(root))
    own = (root / "etc/shadow").stat()
    ids = links.file_ids("/etc/shadow", own)
    assert ids[0] == (own.st_dev & 0xFFFFFFFF, own.st_ino)


def test_a_file_system_that_has_devices_of_its_own(root):
    """Where stat(2) does not tell the file system's device, mountinfo does."""
    links, own = HostLinks(str(root)), (root / "etc/shadow").stat()
    fields = list(own)
    fields[stat.ST_DEV] = os.makedev(0, 250)
    told = os.stat_result(fields)
    assert links.file_ids("/etc/shadow", told) == ((os.makedev(0, 250), own.st_ino), (own.st_dev, own.st_ino))
    assert links.file_ids("/none", told) == ((os.makedev(0, 250), own.st_ino),)
