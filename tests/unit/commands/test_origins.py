import pytest

from falco.commands import origins
from falco.commands.parser import UsageError
from falco.errors import ConfigError


def test_every_setting_is_printed_with_where_it_came_from(tmp_path, capsys):
    path = tmp_path / "falco.yaml"
    path.write_text("# mine\nlog_level: error\n")
    assert origins.print_settings(["-c", str(path), "-o", "json_output=true", "--show-origin"]) == 0
    lines = {line.partition(":")[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["log_level"].split() == ["log_level:", "error", "#", f"{path}:2"]
    assert lines["json_output"].split() == ["json_output:", "true", "#", "-o"]
    assert lines["priority"].endswith("# default")


def test_without_show_origin_it_is_values_alone(tmp_path, capsys):
    path = tmp_path / "falco.yaml"
    path.write_text("")
    assert origins.print_settings(["-c", str(path)]) == 0
    out = capsys.readouterr().out
    assert "#" not in out and "webserver.listen_port: 8765\n" in out


def test_outside_the_container_the_environment_does_not_count(tmp_path, capsys):
    path = tmp_path / "falco.yaml"
    path.write_text("")
    assert origins.print_settings(["-c", str(path)], {"FALCO_LOG_LEVEL": "nonsense"}) == 0
    assert "nonsense" not in capsys.readouterr().out


def test_mistakes_are_told(tmp_path):
    path = tmp_path / "falco.yaml"
    path.write_text("log_level: x\n")
    with pytest.raises(ConfigError, match="log level"):
        origins.print_settings(["-c", str(path)])
    with pytest.raises(UsageError):
        origins.print_settings(["--nonsense"])
