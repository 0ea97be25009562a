from __future__ import annotations

import os

import pytest

from falco.engine import known_paths
from falco.engine.known_paths import RESOLVE_EVERY, Changed, KnownPaths
from falco.filter.patterns import PathPrefixes
from falco.filter.respell import PathConstants
from tests.unit.engine.rules import bound_rule
from tests.unit.filter.paths import path_test


@pytest.fixture
def root(tmp_path):
    for directory in ("usr/bin", "run", "etc", "var"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "etc/shadow").write_text("secret")
    (tmp_path / "run/secret").write_text("secret")
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "var/run").symlink_to("/run")
    return tmp_path


def rules():
    return [
        bound_rule("shadow", path_test("fd.name", "in", frozenset(("/etc/shadow", "/etc/none")))),
        bound_rule("run", path_test("fd.name", "=", "/var/run/secret")),
        bound_rule("below", path_test("fd.name", "pmatch", PathPrefixes.of(("/bin", "/etc")))),
        bound_rule("exe", path_test("proc.exepath", "startswith", "/bin/")),
    ]


def number(path):
    found = path.stat()
    return found.st_dev & 0xFFFFFFFF, found.st_ino


def test_both_tables(root):
    known = KnownPaths.build(rules(), str(root))
    assert known.tables.resolved == {"/bin": "/usr/bin", "/var/run/secret": "/run/secret"}
    assert known.tables.files == {
        number(root / "etc/shadow"): ("/etc/shadow",),
        number(root / "run/secret"): ("/var/run/secret", "/run/secret"),
    }
    assert known.left_out == 0


def test_a_file_with_two_names_in_the_rules(root):
    os.link(root / "etc/shadow", root / "etc/none")
    files = KnownPaths.build(rules(), str(root)).tables.files
    assert files[number(root / "etc/shadow")] == ("/etc/none", "/etc/shadow")


def test_nothing_changed(root):
    known = KnownPaths.build(rules(), str(root))
    before = known.tables
    assert [known.refresh() for _ in range(RESOLVE_EVERY + 1)] == [Changed(False, False)] * (RESOLVE_EVERY + 1)
    assert known.tables is before


def test_files_that_are_replaced_made_and_removed(root):
    known = KnownPaths.build(rules(), str(root))
    (root / "etc/new").write_text("other")
    (root / "etc/new").rename(root / "etc/shadow")
    assert known.refresh() == Changed(False, True)
    assert known.tables.files[number(root / "etc/shadow")] == ("/etc/shadow",)
    assert len(known.tables.files) == 2
    (root / "etc/none").write_text("new")
    assert known.refresh()
    assert known.tables.files[number(root / "etc/none")] == ("/etc/none",)
    (root / "etc/none").unlink()
    (root / "etc/shadow").unlink()
    assert known.refresh()
    assert list(known.tables.files) == [number(root / "run/secret")]
    assert not known.refresh()


def test_links_that_are_changed(root):
    known = KnownPaths.build(rules(), str(root))
    (root / "bin").unlink()
    (root / "bin").symlink_to("/opt/bin")
    found = [known.refresh() for _ in range(RESOLVE_EVERY)]
    assert found == [Changed(False, False)] * (RESOLVE_EVERY - 1) + [Changed(True, False)]
    assert known.tables.resolved["/bin"] == "/opt/bin"


def test_limits(root, monkeypatch):
    monkeypatch.setattr(known_paths, "MAX_PATHS", 3)
    monkeypatch.setattr(known_paths, "MAX_FILES", 1)
    paths = frozenset(("/bin", "/etc", "/usr", "/var/run"))
    known = KnownPaths(PathConstants(paths, frozenset(("/etc", "/bin"))), str(root))
    assert known.tables.resolved == {"/bin": "/usr/bin"}
    assert known.left_out == 2
