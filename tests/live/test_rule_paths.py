"""The command on this host: rules keep their meaning where links lead elsewhere, and know files by any name."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from falco.commands.host_paths import EVERY_S

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="BPF needs root")

RULE = """
- rule: {name}
  desc: ""
  condition: {types} and evt.dir = < and {condition}
  output: "%fd.name %proc.exepath"
  priority: WARNING
"""
OPEN = "evt.type in (open, openat)"


@pytest.fixture
def place(tmp_path):
    """A directory and a link to it, with a file that rules name by the link, and one that they do not."""
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "alias").symlink_to("real")
    for name in ("secret", "next", "plain"):
        (real / name).write_text(name)
    os.link(real / "secret", tmp_path / "hard")
    (tmp_path / "bound").write_text("")
    subprocess.run(["mount", "--bind", real / "secret", tmp_path / "bound"], check=True)
    yield tmp_path
    subprocess.run(["umount", tmp_path / "bound"], check=True)


@pytest.fixture
def rules(place):
    path, alias = place / "rules.yaml", place / "alias"
    texts = (
        RULE.format(name="secret", types=OPEN, condition=f'fd.name = "{alias}/secret"'),
        RULE.format(name="other", types=OPEN, condition=f'fd.name != "{alias}/secret" and fd.name pmatch ({alias})'),
        RULE.format(name="program", types="evt.type = execve", condition="proc.exepath = /bin/printenv"),
    )
    path.write_text("".join(texts))
    return path


def run(rules, *options):
    return subprocess.Popen(
        [sys.executable, "-m", "falco.cli", "-r", str(rules), "-o", "log_stderr=false", "-o", "log_syslog=false",
         "-o", "stdout_output.enabled=true", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def alerts(text):
    """Time, rule's output of each alert."""
    return [line.split(": Warning ") for line in text.splitlines() if ": Warning " in line]


def act(place):
    """Use the file by each of its names, another beside it, and a program of /usr/bin."""
    for name in ("real/secret", "alias/secret", "hard", "bound", "real/plain"):
        (place / name).read_text()
    subprocess.run(["printenv", "PATH"], check=True, capture_output=True)
    (place / "real/next").replace(place / "real/secret")
    time.sleep(EVERY_S + 1)
    os.link(place / "real/secret", place / "later")
    for name in ("later", "hard"):
        (place / name).read_text()
    time.sleep(1)


def test_links_and_files_by_any_name(place, rules):
    recording = place / "recording.scap"
    falco = run(rules, "-w", str(recording))
    assert falco.stderr is not None
    while "ready in" not in (line := falco.stderr.readline()):
        assert line, "it ended before it was ready"
    act(place)
    falco.terminate()
    live = alerts(falco.communicate(timeout=30)[0])
    me, real = os.path.realpath(sys.executable), f"{place}/real"
    wanted = [f"{real}/secret {me}"] * 2 + [f"{place}/hard {me}", f"{place}/bound {me}", f"{real}/plain {me}"]
    assert [what for _, what in live][:5] == wanted
    assert [what.split()[1] for _, what in live][5] == "/usr/bin/printenv"
    assert [what for _, what in live][6:] == [f"{place}/later {me}"]
    again = run(rules, "-e", str(recording))
    assert alerts(again.communicate(timeout=60)[0]) == live
