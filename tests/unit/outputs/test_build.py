from __future__ import annotations

import pytest

from falco.config import load
from falco.outputs.build import OUTPUTS, build, missing
from falco.outputs.file import FileOutput


def enabled(*options):
    return load(None, ["stdout_output.enabled=false", *options]).config


def test_outputs_come_in_the_order_of_the_table(tmp_path):
    config = enabled("stderr_output.enabled=true", "file_output.enabled=true", "file_output.filename=f")
    assert list(build(config).lost) == ["file", "stderr"]


def test_what_is_not_there_yet_is_named_and_left_out():
    config = enabled("syslog_output.enabled=true", "http_output.enabled=true", "http_output.url=x")
    assert missing(config) == ["syslog", "http"]
    assert build(config).lost == {}


@pytest.mark.parametrize("name", ["file", "stdout", "stderr"])
def test_each_built_output_has_the_name_of_its_row(name):
    make = OUTPUTS[name].make
    assert make is not None
    assert make(enabled("file_output.filename=f", "stderr_output.enabled=true")).name == name


def test_buffering_and_keep_alive_reach_the_file(tmp_path):
    path = tmp_path / "f"
    config = enabled(
        "file_output.enabled=true",
        f"file_output.filename={path}",
        "file_output.keep_alive=true",
        "buffered_outputs=true",
    )
    make = OUTPUTS["file"].make
    assert make is not None
    output = make(config)
    assert isinstance(output, FileOutput)
    output.open()
    output.write(b"x", config.priority)
    assert path.read_bytes() == b""
    output.close()
    assert path.read_bytes() == b"x\n"
