from __future__ import annotations

from falco import VERSION
from falco.commands.options import Options
from falco.commands.usage import print_help, print_version


def test_help_lists_the_options(capsys):
    assert print_help(Options()) == 0
    shown = capsys.readouterr().out
    assert "--stats_interval MS" in shown
    assert "Options with a * may be given several times." in shown


def test_version(capsys):
    assert print_version(Options()) == 0
    assert capsys.readouterr().out == f"falco version {VERSION}\n"
