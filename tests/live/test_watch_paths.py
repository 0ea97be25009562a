"""Rules keep their meaning on a live host: by other spellings of a path, and for a file that has other names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.live.product import Product

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

MERGED = Path("/bin").is_symlink() and Path("/lib").is_symlink() and Path("/var/run").is_symlink()
NAME = f"falco-test-{os.getpid()}"
RULES = """
- rule: By name
  desc: Written below /var/run, which is a link.
  condition: evt.type=openat and evt.dir=< and fd.name=/var/run/{name}
  output: "%evt.arg.name -> %fd.name"
  priority: INFO

- rule: By list
  desc: One of several.
  condition: evt.type=openat and evt.dir=< and fd.name in (/none, /lib/os-release)
  output: "%evt.arg.name -> %fd.name"
  priority: INFO

- rule: By directory
  desc: Below a directory.
  condition: evt.type=openat and evt.dir=< and fd.directory=/var/run/{name}.d
  output: "%evt.arg.name -> %fd.name"
  priority: INFO

- rule: By beginning
  desc: The beginning of a path.
  condition: evt.type=openat and evt.dir=< and fd.name startswith /lib/terminfo/l/
  output: "%evt.arg.name -> %fd.name"
  priority: INFO

- rule: By program
  desc: A program by its path.
  condition: evt.type=execve and evt.dir=< and proc.exepath=/bin/true and proc.args contains {name}
  output: "%proc.exepath"
  priority: INFO

- rule: Only others
  desc: All but some.
  condition: >
    evt.type=mkdir and evt.dir=< and evt.rawres=0 and fs.path.name startswith /var/run/{name}
    and not fs.path.name in (/var/run/{name}.d)
  output: "%evt.arg.path -> %fs.path.name"
  priority: INFO

- rule: By inode
  desc: A file that is protected under this name.
  condition: evt.type=openat and evt.dir=< and fd.name={place}/protected
  output: "%evt.arg.name -> %fd.name"
  priority: INFO
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("place").resolve()
    (place / "protected").write_text("secret")
    return place


@pytest.fixture(scope="module")
def falco(place, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("falco")
    rules = folder / "rules.yaml"
    rules.write_text(RULES.format(name=NAME, place=place))
    with Product(folder, [rules]) as falco:
        yield falco


@pytest.fixture(scope="module")
def run():
    """A file and a directory below /run, which /var/run leads to."""
    file, directory = Path("/run") / NAME, Path("/run") / f"{NAME}.d"
    file.write_text("x")
    yield file
    subprocess.run(["rm", "-rf", file, directory, f"{directory}2"], check=True)


def told(falco, rule, path=""):
    """What alerts of a rule said on opens of a path, spelled as the process did."""
    falco.catch_up()
    return [alert["output"].split(maxsplit=2)[2] for alert in falco.alerts(rule, f"{path} -> ")]


@pytest.mark.skipif(not MERGED, reason="/bin, /lib and /var/run are no links on this host")
class TestSpellings:
    @pytest.mark.parametrize("prefix", ["/run", "/var/run", "/proc/self/root/run", "/run/../run"])
    def test_a_name(self, falco, run, prefix):
        path = f"{prefix}/{NAME}"
        os.close(os.open(path, os.O_RDONLY))
        assert told(falco, "By name", path) == [f"{path} -> /run/{NAME}"]

    @pytest.mark.parametrize("path", ["/lib/os-release", "/usr/lib/os-release"])
    def test_an_item_of_a_list(self, falco, path):
        os.close(os.open(path, os.O_RDONLY))
        assert f"{path} -> /usr/lib/os-release" in told(falco, "By list", path)

    def test_a_beginning(self, falco):
        path = "/lib/terminfo/l/linux"
        os.close(os.open(path, os.O_RDONLY))
        assert f"{path} -> /usr{path}" in told(falco, "By beginning", path)

    def test_a_program(self, falco):
        for program in ("/bin/true", "/usr/bin/true"):
            subprocess.run([program, NAME], check=True)
        falco.catch_up()
        assert [alert["output"].split()[2] for alert in falco.alerts("By program")] == ["/usr/bin/true"] * 2

    def test_a_negation_and_a_directory(self, falco, run):
        for suffix in (".d", ".d2"):
            Path(f"/var/run/{NAME}{suffix}").mkdir()
        made = f"/var/run/{NAME}.d2"
        assert told(falco, "Only others") == [f"{made} -> /run/{NAME}.d2"]
        Path(f"/run/{NAME}.d/file").write_text("x")
        assert told(falco, "By directory") == [f"/run/{NAME}.d/file -> /run/{NAME}.d/file"]


def test_a_hard_link_is_the_protected_file(falco, place):
    linked = place / "linked"
    linked.hardlink_to(place / "protected")
    linked.read_text()
    assert told(falco, "By inode", str(linked)) == [f"{linked} -> {linked}"]


def test_a_bind_mount_is_the_protected_file(falco, place):
    bound = place / "bound"
    bound.mkdir()
    subprocess.run(["mount", "--bind", place, bound], check=True)
    try:
        (bound / "protected").read_text()
    finally:
        subprocess.run(["umount", bound], check=True)
    assert told(falco, "By inode", str(bound / "protected")) == [f"{bound}/protected -> {bound}/protected"]


def test_a_file_that_takes_the_protected_ones_place_is_known_too(falco, place):
    new = place / "new"
    new.write_text("other secret")
    new.rename(place / "protected")
    again = place / "again"
    again.hardlink_to(place / "protected")

    def seen():
        again.read_text()
        return told(falco, "By inode", str(again))

    assert falco.wait_for(seen)[0] == f"{again} -> {again}"


def test_another_file_is_not_told(falco, place):
    (place / "innocent").write_text("x")
    (place / "innocent").read_text()
    assert told(falco, "By inode", str(place / "innocent")) == []
