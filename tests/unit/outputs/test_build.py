from __future__ import annotations

import sys

import pytest

from falco.config import load
from falco.outputs.build import build
from falco.priority import Priority


def enabled(*options):
    return load(None, ["stdout_output.enabled=false", *options]).config


def test_outputs_come_in_the_order_of_the_table(tmp_path):
    names = ["stderr", "program", "http", "syslog", "file"]
    given = ["program_output.program=true", "http_output.url=http://x", "file_output.filename=f"]
    config = enabled(*(f"{name}_output.enabled=true" for name in names), *given)
    assert list(build(config).lost) == ["file", "stderr", "syslog", "program", "http"]


@pytest.mark.parametrize("keep_alive", ["true", "false"])
def test_buffered_lines_are_written_before_the_file_is_reopened(tmp_path, keep_alive):
    path = tmp_path / "f"
    config = enabled(
        "file_output.enabled=true",
        f"file_output.filename={path}",
        f"file_output.keep_alive={keep_alive}",
        "buffered_outputs=true",
    )
    dispatch = build(config)
    dispatch.open()
    dispatch.write("x", Priority.DEBUG)
    dispatch.reopen()
    dispatch.write("y", Priority.DEBUG)
    dispatch.close()
    assert path.read_bytes() == b"x\ny\n"


def test_the_libraries_of_http_are_loaded_for_whoever_uses_it(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "falco.outputs.http", raising=False)
    build(enabled("stderr_output.enabled=true"))
    assert "falco.outputs.http" not in sys.modules
    build(enabled("http_output.enabled=true", "http_output.url=http://x"))
    assert "falco.outputs.http" in sys.modules


def test_a_url_that_is_none_is_told_at_the_start():
    with pytest.raises(OSError, match="Error with http output: localhost:2801: not a URL"):
        build(enabled("http_output.enabled=true", "http_output.url=localhost:2801")).open()
