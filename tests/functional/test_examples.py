"""The worked examples do what their pages say."""

import re
import shlex
from pathlib import Path

import pytest

from falco import cli

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path for path in (PROJECT / "build/examples").iterdir() if path.is_dir())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_command_of_the_page_gives_the_alerts_of_the_folder(example, capsys, monkeypatch):
    monkeypatch.chdir(PROJECT)
    page = (example / "README.md").read_text()
    (command,) = re.findall(r"^    \.venv/bin/falco ((?:.*\\\n)*.*)$", page, re.MULTILINE)
    assert cli.main([word for word in shlex.split(command) if word.strip()]) == 0
    alerts = capsys.readouterr().out.partition("Events detected")[0]
    assert alerts == (example / "alerts.txt").read_text() != ""


def test_every_example_is_in_the_list():
    page = (PROJECT / "build/examples/README.md").read_text()
    assert re.findall(r"\]\((\w+)/README.md\)", page) == [
        path.name for path in sorted(EXAMPLES, key=lambda p: page.find(f"({p.name}/"))
    ]
    assert len(EXAMPLES) == 3
