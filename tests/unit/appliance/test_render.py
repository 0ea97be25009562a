import configparser
import json
import random
import stat
from pathlib import Path

import pytest
import yaml

from falco import config, config_environment
from falco.appliance import render
from falco.config_layers import settle
from falco.config_values import AMOUNT, BOOLEAN, NATURAL, PAIRS, PORT, SEVERITY
from falco.forwarders.destinations import DESTINATIONS
from falco.priority import Priority

TEMPLATES = Path(__file__).resolve().parents[3] / "rootfs/usr/share/falco/templates"
SEEDS, ROUNDS = range(10), 100
PIECES = (
    *"'\"{}[]%;#&*!|>@`,:?-=\\ \t\n\r~^$()/", " ;", "%(ENV_HOME)s", "%%", "${x}", "{{ 7*7 }}", "{% raw %}", " #",
    "\n- a: b", "---", "...", "null", "true", "1e3", "0x1f", "é", "\u0085", "\u2028", "\ufeff", "\U0001f600", "\x01",
    "\x7f", "\ufffe", "abc",
)  # fmt: skip


def text(draw):
    return "".join(draw.choice(PIECES) for _ in range(draw.randrange(8)))


def written(kind, draw):
    """A value of this kind, and how somebody may write it."""
    if kind.items:
        one = (lambda: f"k={text(draw)}") if kind is PAIRS else (lambda: text(draw))
        words = [one() if len(kind.expected) == 1 else draw.choice(kind.expected) for _ in range(draw.randrange(4))]
        plain = all(word and word == word.strip() and "," not in word for word in words)
        if plain and not ",".join(words).startswith("[") and draw.randrange(2):
            return tuple(words), ",".join(words)
        return tuple(words), json.dumps(words, ensure_ascii=bool(draw.randrange(2)))
    if kind is BOOLEAN:
        value = bool(draw.randrange(2))
        return value, draw.choice(("true", "YES", "on", "y") if value else ("False", "no", "off", "N"))
    if kind is SEVERITY:
        value = draw.choice(list(Priority))
        return value, value.name.title()
    if kind is PORT or kind is NATURAL:
        value = draw.randrange(1, 65536) if kind is PORT else draw.randrange(10 ** draw.randrange(1, 9))
        return value, draw.choice((str(value), hex(value)))
    if kind is AMOUNT:
        value = draw.choice((draw.random() * 10 ** draw.randrange(-9, 15), float(draw.randrange(100))))
        return value, repr(value)
    if len(kind.expected) > 1:
        value = draw.choice(kind.expected)
        return value, value
    value = text(draw)
    return value, value


@pytest.mark.parametrize("seed", SEEDS)
def test_what_variables_say_is_what_falco_reads_whatever_it_is(tmp_path, seed):
    """A thousand values of each."""
    draw, path = random.Random(seed), tmp_path / "falco.yaml"
    kinds = {key: declared.kind for key, declared in config_environment.every_setting()}
    for _ in range(ROUNDS):
        pairs = {key: written(kind, draw) for key, kind in kinds.items()}
        for key in [key for key in pairs if f"{key}_file" in pairs]:
            # A value and its file exclude each other.
            del pairs[draw.choice((key, f"{key}_file"))]
        found = settle([], {config_environment.variable(key): told for key, (_, told) in pairs.items()})
        assert not found.problems
        path.write_text(render.falco_yaml({key: one.value for key, one in found.values.items()}, TEMPLATES))
        read = config.written(str(path))
        assert not read.problems
        assert {key: read.values[key] for key in pairs} == {key: value for key, (value, _) in pairs.items()}


def test_supervisord_reads_the_programs_and_nothing_else():
    conf = render.supervisord_conf(Path("/run/falco"), ["kafka", "webhook"], TEMPLATES)
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read_string(conf)
    assert set(parser.sections()) == {
        "supervisord", "program:detector", "program:forwarder-kafka", "program:forwarder-webhook", "group:falco",
        "eventlistener:end",
    }  # fmt: skip
    assert parser["program:detector"]["autorestart"] == "false"
    assert parser["program:forwarder-kafka"]["autorestart"] == "true"
    assert "kafka -c /run/falco/falco.yaml" in parser["program:forwarder-kafka"]["command"]
    assert parser["group:falco"]["programs"] == "detector,forwarder-kafka,forwarder-webhook"
    # Docker ends what is not gone after 10 s.
    waits = [int(parser[name]["stopwaitsecs"]) for name in parser.sections() if name.startswith(("program", "event"))]
    assert len(waits) == 4 and max(waits) < 5


@pytest.mark.parametrize("count", range(len(DESTINATIONS) + 1))
def test_any_number_of_forwarders_can_be_rendered(count):
    names = list(DESTINATIONS)[:count]
    conf = render.supervisord_conf(Path("/dev/shm/falco"), names, TEMPLATES)
    assert conf.count("[program:forwarder-") == count and "{{" not in conf and "%" not in conf


@pytest.mark.parametrize("name", ["a b", "a;b", "a\nb", "%(x)s", ""])
def test_no_other_word_gets_into_what_supervisord_reads(name):
    with pytest.raises(ValueError, match="cannot stand"):
        render.supervisord_conf(Path("/run/falco"), [name], TEMPLATES)
    with pytest.raises(ValueError, match="cannot stand"):
        render.supervisord_conf(Path(f"/run/{name or ' '}"), [], TEMPLATES)


def test_yaml_has_one_line_for_a_value():
    rendered = render.falco_yaml({"a": "x\n- b: {{ 7*7 }}", "s.t.u": (1, "y"), "s.v": 2.5}, TEMPLATES)
    assert len([line for line in rendered.splitlines() if line and not line.startswith("#")]) == 5
    assert yaml.safe_load(rendered) == {"a": "x\n- b: {{ 7*7 }}", "s": {"t": {"u": [1, "y"]}, "v": 2.5}}


def test_what_no_setting_can_be_is_not_rendered():
    with pytest.raises(ValueError, match="None"):
        render.scalar(None)


def test_files_are_the_owners_only_and_replaced_as_a_whole(tmp_path):
    (tmp_path / "x.new").symlink_to(tmp_path / "elsewhere")
    path = render.write(tmp_path, "x", "one\n")
    assert render.write(tmp_path, "x", "two\n").read_text() == "two\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not (tmp_path / "elsewhere").exists()
