from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from falco import VERSION, cli
from falco.cli import main
from falco.commands.options import Options
from tests.unit.conftest import CAT_WRITE, FALCO, RULE, falco

pytestmark = pytest.mark.usefixtures("away_from_any_configuration")


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"falco version {VERSION}\n"
    assert main(["-h"]) == 0
    assert "--print-rules-code" in capsys.readouterr().out


def test_a_bad_command_line_ends_with_1(capsys):
    assert main(["--lsit"]) == 1
    told = "falco: unrecognized argument '--lsit', did you mean --list?\nfalco --help lists the options.\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("word", ["alerts", "config"])
def test_a_mistake_behind_a_word_leads_to_the_help_of_that(capsys, word):
    assert main([word, "--nonsense"]) == 1
    assert capsys.readouterr().err.endswith(f"falco {word} --help lists the options.\n")


def test_a_host_that_cannot_be_watched_ends_with_1_and_why(capsys, config_file, rules_file, monkeypatch, tmp_path):
    monkeypatch.setenv("HOST_ROOT", str(tmp_path))
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "box", "4.19.0-9-amd64", "#1", "x86_64")))
    assert main(["-c", str(config_file), "-r", str(rules_file)]) == 1
    assert "kernel 4.19.0-9-amd64 is too old: the probe needs 5.8 or newer" in capsys.readouterr().err


def test_mistakes_end_with_1_and_their_places(config_file, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(RULE.format(output="An open was seen %not_a_real_field"))
    done = falco("-c", config_file, "-e", CAT_WRITE, "-r", bad)
    assert done.returncode == 1
    assert done.stdout == ""
    pattern = (
        "Runtime error: Error loading rules:.* Invalid output format 'An open was seen %not_a_real_field': "
        "'invalid formatting token not_a_real_field'. Exiting."
    )
    assert re.search(pattern, done.stderr)
    assert f"{bad}:5:29: error" in done.stderr


def test_a_reader_that_has_seen_enough_ends_the_run_quietly(config_file, rules_file):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [*FALCO, "-c", config_file, "-e", CAT_WRITE, "-r", rules_file],
            stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 141
    assert "rror" not in done.stderr
    assert "Exception" not in done.stderr


def answered(monkeypatch, error):
    def answer(options):
        raise error

    monkeypatch.setattr(cli, "QUESTIONS", ((lambda options: True, answer),))
    return main(["-v"])


def test_an_interrupted_start_ends_like_the_signal(monkeypatch):
    assert answered(monkeypatch, KeyboardInterrupt()) == 130


def test_a_defect_is_one_sentence_and_with_v_a_traceback(monkeypatch, capsys):
    assert answered(monkeypatch, ZeroDivisionError("x")) == 1
    err = capsys.readouterr().err
    assert "Internal error: ZeroDivisionError: x. This is a defect of Falco; -v shows where. Exiting." in err
    assert "Traceback" in err


def test_the_first_question_that_applies_is_answered():
    options = Options(ignored_events=True, list="", validate=("x",))
    assert [asked(options) for asked, _ in cli.QUESTIONS][2:5] == [True, True, True]
    assert [asked(Options()) for asked, _ in cli.QUESTIONS] == [False] * len(cli.QUESTIONS)


def test_closed_streams_and_other_locales_harm_nobody(config_file, rules_file):
    rules_file.write_text(RULE.format(output="gesehen: Öffnung 漢 %fd.name"))
    command = [*FALCO, "-c", config_file, "-e", CAT_WRITE, "-r", rules_file]
    done = subprocess.run(
        command, env={**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Warning gesehen: Öffnung 漢 /dev/null\n".encode() in done.stdout
    closed = subprocess.run(["sh", "-c", '"$@" >&- 2>&-', "sh", *command], timeout=60, check=False)
    assert closed.returncode == 0


def filled(*args):
    with Path("/dev/full").open("wb") as full:
        return subprocess.run(
            [*FALCO, *map(str, args)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )


FULL = "Runtime error: Standard output cannot be written: No space left on device. Exiting."


@pytest.mark.parametrize("args", [("-h",), ("--version",), ("--list", "-N")])
def test_a_full_disk_is_told(args):
    done = filled(*args)
    assert (done.returncode, FULL in done.stderr) == (1, True)
    assert "defect" not in done.stderr
    assert "Exception" not in done.stderr


def test_a_full_disk_at_the_end_of_a_run_is_told(config_file, rules_file):
    done = filled("-c", config_file, "-e", CAT_WRITE, "-r", rules_file)
    assert (done.returncode, FULL in done.stderr) == (1, True)
    assert "Exception" not in done.stderr


def test_without_standard_streams(config_file, rules_file):
    command = ("sh", "-c", '"$@" <&- >&-', "sh", *FALCO, "-c", str(config_file), "-r", str(rules_file))
    done = subprocess.run([*command, "-e", str(CAT_WRITE)], stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, "rror" in done.stderr) == (0, False)
    done = subprocess.run([*command, "-e", "-"], stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Runtime error: <stdin>: byte 0: too short for a capture. Exiting." in done.stderr
