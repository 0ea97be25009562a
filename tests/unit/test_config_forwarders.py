from __future__ import annotations

import dataclasses

import pytest

from falco.config import load
from falco.config_forwarders import NEEDED, Forwarders, lacking
from falco.errors import ConfigError
from falco.forwarders.destinations import make

NAMES = [field.name for field in dataclasses.fields(Forwarders)]


def test_every_destination_says_what_it_needs_and_those_settings_exist():
    assert list(NEEDED) == NAMES
    for name, groups in NEEDED.items():
        section = getattr(Forwarders(), name)
        for group in groups:
            assert all(hasattr(section, key) for key in group)


@pytest.mark.parametrize("name", NAMES)
def test_a_destination_that_is_enabled_without_what_it_needs(name):
    with pytest.raises(ConfigError, match=f"forwarder {name} enabled but no {next(iter(NEEDED[name][0]))}"):
        load(None, [f"forwarders.{name}.enabled=true"])


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_what_is_needed_are_enough_and_can_be_used(name):
    groups = NEEDED[name]
    emptied = [f"forwarders.{name}.{key}=" for group in groups for key in group]
    keys = [key for key, _ in lacking(name, getattr(load(None, emptied).config.forwarders, name))]
    assert keys == [next(iter(group)) for group in groups]
    options = [f"forwarders.{name}.{key}={group[key]}" for group in groups for key in list(group)[:1]]
    section = getattr(load(None, options).config.forwarders, name)
    assert not list(lacking(name, section))
    make(name, section)


def test_either_form_of_the_url_will_do():
    options = ["forwarders.webhook.enabled=true", "forwarders.webhook.url_file=/x"]
    assert load(None, options).config.forwarders.webhook.enabled


@pytest.mark.parametrize(
    ("key", "close"),
    [
        ("forwarders.webhok.url", "forwarders.webhook"),
        ("forwarders.webhook.urls", "forwarders.webhook.url"),
        ("forwarders.kafka.topik", "forwarders.kafka.topic"),
    ],
)
def test_an_unknown_destination_or_option_is_an_error_that_names_the_nearest(key, close, tmp_path):
    with pytest.raises(ConfigError) as by_option:
        load(None, [f"{key}=x"])
    assert by_option.value.problems[0].nearest == close
    _, section, name = key.split(".")
    path = tmp_path / "falco.yaml"
    path.write_text(f"stdout_output: {{enabled: true}}\nforwarders:\n  {section}: {{{name}: x}}\n")
    with pytest.raises(ConfigError) as in_file:
        load(str(path))
    problem = in_file.value.problems[0]
    assert problem.nearest == close
    assert problem.location is not None
    assert problem.location.line == 3
