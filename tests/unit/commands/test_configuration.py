from __future__ import annotations

import logging

import pytest

from falco import logs
from falco.commands.configuration import configure, log_as, rules_paths
from falco.commands.options import Options
from falco.config_schema import Config
from falco.errors import ProblemsError
from falco.priority import Priority


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "falco.yaml"
    path.write_text("stdout_output: {enabled: true}\nbuffered_outputs: true\n")
    return str(path)


def test_options_go_over_the_file(config_file):
    loaded = configure(Options(config=config_file, option=("json_output=true",)))
    assert loaded.path == config_file
    assert loaded.config.json_output
    assert loaded.config.buffered_outputs


def test_unbuffered_wins(config_file):
    assert not configure(Options(config=config_file, unbuffered=True)).config.buffered_outputs


def test_a_recording_on_standard_output_moves_the_alerts(config_file):
    config = configure(Options(config=config_file, writefile="-")).config
    assert (config.stdout_output.enabled, config.stderr_output.enabled) == (False, True)


def test_the_log_goes_where_the_configuration_says():
    log_as(Config(log_stderr=True, log_syslog=False, log_level=Priority.ERROR))
    assert logs.LOG.level == logging.ERROR
    assert [type(handler) for handler in logs.LOG.handlers] == [logs.StderrHandler]
    logs.setup()


def test_rules_of_the_command_line_replace_those_of_the_file(tmp_path):
    there = tmp_path / "there.yaml"
    there.touch()
    config = Config(rules_file=(str(there), "/none/at/all.yaml"))
    assert rules_paths(Options(), config) == (str(there),)
    assert rules_paths(Options(rules=("/none",)), config) == ("/none",)


def test_no_rules_at_all_is_an_error_unless_something_is_recorded():
    with pytest.raises(ProblemsError, match="You must specify at least one rules file/directory via -r") as missing:
        rules_paths(Options(), Config(rules_file=("/none",)))
    assert missing.value.problems[0].expected[0] == "-r rules/falco_rules.yaml"
    assert rules_paths(Options(writefile="out.scap"), Config()) == ()


def test_rules_files_that_are_not_there_are_named(tmp_path, capsys):
    there = tmp_path / "there.yaml"
    there.touch()
    logs.setup()
    rules_paths(Options(), Config(rules_file=(str(there), "/none/at/all.yaml")))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(": rules_file: /none/at/all.yaml does not exist and is passed over")
