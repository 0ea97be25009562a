from __future__ import annotations

import pytest
import yaml

from falco.config_text import MAX_BYTES, Text, read
from falco.errors import ConfigError


def only(error):
    (problem,) = error.value.problems
    return problem


def test_spots_count_from_one_in_characters():
    node = Text("f.yaml", "é: 1\r\nlong: [a, b]\n").compose()
    assert isinstance(node, yaml.MappingNode)
    spot = Text("f.yaml", "é: 1\r\nlong: [a, b]\n").spot(node.value[1][1])
    assert str(spot.location) == "f.yaml:2:7"
    assert (spot.snippet, spot.width) == ("long: [a, b]", 6)


def test_a_text_inside_an_option_points_into_the_option():
    spot = Text("-o", "[a, b]", first_line=3, shift=4, shown="key=[a, b]").at(0, 1, 1)
    assert (str(spot.location), spot.snippet) == ("-o:3:6", "key=[a, b]")
    spot = Text("-o", "[a,\n b]", shift=4, shown="key=[a,\n b]").at(1, 1, 1)
    assert (str(spot.location), spot.snippet) == ("-o:2:2", " b]")


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\ta: 1", "a: \x01", "--- 1\n--- 2", "a: *none", "%bad"])
def test_bad_yaml_is_one_placed_problem(text):
    with pytest.raises(ConfigError) as error:
        Text("f.yaml", text).compose()
    assert only(error).message.startswith("not valid YAML")
    assert only(error).location.path == "f.yaml"


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "{a: " * 40 + "}" * 40, "- " * 5000 + "x"])
def test_depth_is_bounded(text):
    with pytest.raises(ConfigError) as error:
        Text("f.yaml", text).compose()
    assert "deep" in only(error).message


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "latin").write_bytes(b"a: b\nc: d\xe9\n")
    (tmp_path / "large").write_bytes(b"#" * (MAX_BYTES + 1))
    wanted = {"none": "Could not find", ".": "Could not read", "latin": "not valid UTF-8", "large": "larger than"}
    for name, message in wanted.items():
        with pytest.raises(ConfigError) as error:
            read(str(tmp_path / name))
        assert message in only(error).message
    with pytest.raises(ConfigError) as error:
        read(str(tmp_path / "latin"))
    assert str(only(error).location).endswith("latin:2:5")


def test_a_byte_order_mark_is_passed_over(tmp_path):
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(str(tmp_path / "f")).text == "a: 1\n"
