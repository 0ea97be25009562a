from __future__ import annotations

import pytest

from falco.config import load
from falco.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    def write_file(text):
        path = tmp_path / "falco.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write_file


def problems(path, options=()):
    with pytest.raises(ConfigError) as error:
        load(path, options)
    return error.value.problems


def test_outputs_need_their_target(write):
    found = problems(
        write("file_output: {enabled: true}\nprogram_output: {enabled: true}\nhttp_output: {enabled: yes}")
    )
    assert [p.message.partition(" enabled")[0] for p in found] == ["file output", "program output", "http output"]
    assert str(found[0].location).endswith("falco.yaml:1:24")


@pytest.mark.parametrize("text", ["", "json_output: true", "stdout_output: {enabled: no}"])
def test_no_output_at_all_is_an_error(write, text):
    (problem,) = problems(write(text))
    assert problem.message.startswith("No outputs configured")
