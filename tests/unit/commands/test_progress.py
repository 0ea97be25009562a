from __future__ import annotations

import io
import threading

from falco.commands.progress import Progress, bar


class Terminal(io.StringIO):
    def __init__(self):
        super().__init__()
        self.shown = threading.Event()

    def isatty(self):
        return True

    def flush(self):
        self.shown.set()


def test_bar():
    assert bar(0, 100) == "[" + "." * 40 + "]   0%"
    assert bar(50, 100) == "[" + "#" * 20 + "." * 20 + "]  50%"
    assert bar(200, 100) == "[" + "#" * 40 + "] 100%"


def test_it_shows_and_wipes_itself_away():
    terminal = Terminal()
    with Progress(lambda: 50, 100, terminal, after_s=0, every_s=0.001):
        assert terminal.shown.wait(5)
    text = terminal.getvalue()
    assert text.startswith("\r[####")
    assert text.endswith(" \r")


def test_quick_captures_show_nothing():
    terminal = Terminal()
    with Progress(lambda: 50, 100, terminal):
        pass
    assert terminal.getvalue() == ""


def test_it_is_silent_off_a_terminal_and_without_a_size():
    stream = io.StringIO()
    with Progress(lambda: 1, 100, stream, after_s=0):
        pass
    assert stream.getvalue() == ""
    terminal = Terminal()
    with Progress(lambda: 1, 0, terminal, after_s=0):
        pass
    assert terminal.getvalue() == ""


def test_a_terminal_that_goes_away_harms_nobody():
    terminal = Terminal()
    with Progress(lambda: 1, 100, terminal, after_s=0, every_s=0.001):
        assert terminal.shown.wait(5)
        terminal.close()
