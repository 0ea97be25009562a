from pathlib import Path

import pytest

from falco import config_layers as layers
from falco.config import load
from falco.config_layers import Value
from falco.priority import Priority

ROOTFS = Path(__file__).resolve().parents[2] / "rootfs"


def settle(tmp_path, text="", environ=(), options=()):
    path = tmp_path / "falco.yaml"
    path.write_text(text)
    return layers.settle([str(path)], dict(environ), options)


def test_each_layer_goes_before_the_one_below(tmp_path):
    below, above = tmp_path / "below.yaml", tmp_path / "above.yaml"
    below.write_text("json_output: true\nlog_level: debug\npriority: alert\nlog_stderr: true\n")
    above.write_text("\nlog_level: error\npriority: critical\nlog_stderr: false\n")
    environ = {"FALCO_PRIORITY": "notice", "FALCO_LOG_STDERR": "true"}
    found = layers.settle([str(below), str(above)], environ, ["log_stderr=false"])
    assert not found.problems
    assert found.values["buffered_outputs"] == Value(False, "default")
    assert found.values["json_output"] == Value(True, f"{below}:1")
    assert found.values["log_level"] == Value(Priority.ERROR, f"{above}:2")
    assert found.values["priority"] == Value(Priority.NOTICE, "FALCO_PRIORITY")
    assert found.values["log_stderr"] == Value(False, "-o")


def test_the_mistakes_of_all_layers_are_told(tmp_path):
    found = settle(tmp_path, "log_level: x\n", {"FALCO_X": ""}, ["nothing"])
    assert [problem.severity for problem in found.problems] == ["error"] * 3


def test_without_a_file_the_defaults_are_those_without_a_file():
    assert layers.settle([], {}).values["stdout_output.enabled"].value is True
    assert layers.settle([], {}).values["log_syslog"].value is load(None).config.log_syslog


def test_a_container_has_the_files_of_its_image_and_the_one_that_was_mounted(tmp_path):
    shipped, own, mounted = (tmp_path / name for name in ("shipped", "own", "mounted"))
    shipped.write_text("log_level: info\n")
    own.write_text("log_syslog: false\n")
    image = (str(shipped), str(own))
    assert layers.in_container(image) and not layers.in_container((str(shipped), str(mounted)))
    assert layers.container_files(image, str(mounted)) == [*image]
    mounted.write_text("log_level: info\n")
    assert layers.container_files(image, str(mounted)) == [*image]
    mounted.write_text("log_level: debug\n")
    assert layers.container_files(image, str(mounted)) == [*image, str(mounted)]


def test_the_images_own_settings_are_known_and_print_iso_8601_without_syslog():
    found = layers.settle([str(ROOTFS / "etc/falco/falco.yaml"), str(ROOTFS / "usr/share/falco/image.yaml")], {})
    assert not found.problems
    wanted = {"time_format_iso_8601": True, "log_syslog": False, "syslog_output.enabled": False, "log_stderr": True}
    assert {key: found.values[key].value for key in wanted} == wanted


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("json_output", True, "true"),
        ("log_level", Priority.ERROR, "error"),
        ("outputs.rate", 0.5, "0.5"),
        ("file_output.filename", "", '""'),
        ("file_output.filename", "a b", "a b"),
        ("rules_file", ("a", "b"), "[a, b]"),
        ("http_output.url", "http://localhost:2801/", "http://localhost:2801"),
        ("http_output.url", "https://u:p@h/T0?x=y", "https://<hidden>@h/<hidden>"),
        ("http_output.url", "https://h?token=x", "https://h/<hidden>"),
        ("http_output.url", "https://[bad", "<hidden>"),
        ("forwarders.kafka.options", ("sasl.password=x", "a=b"), "[sasl.password=<hidden>, a=<hidden>]"),
    ],
)
def test_values_are_shown_without_what_may_be_secret(key, value, text):
    assert layers.shown(key, Value(value, "x")) == text


def test_what_came_from_a_secret_file_is_hidden(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("logger -t T0\n")
    found = settle(tmp_path, "", {"FALCO_PROGRAM_OUTPUT__PROGRAM_FILE": str(secret)}).values["program_output.program"]
    assert found.value == "logger -t T0"
    assert layers.shown("program_output.program", found) == "<hidden>"
