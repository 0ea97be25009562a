from __future__ import annotations

from falco.commands.say import say


def test_each_line_stays_one_and_is_harmless(capsys):
    say(["a", "b\nc\x1b[2J"])
    assert capsys.readouterr().out == "a\nb\\nc\\x1b[2J\n"
