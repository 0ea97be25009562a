"""Every broken rules file gets all its mistakes told, each with its place, snippet and caret; never a traceback."""

from __future__ import annotations

import json

import pytest

from falco.cli import main
from tests.functional.broken import BROKEN

END = "\n"


def validated(data, capfd, tmp_path, monkeypatch, *options):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_bytes(data)
    status = main(["-V", "rules.yaml", *options])
    return status, capfd.readouterr()


@pytest.mark.parametrize("name", BROKEN)
def test_mistakes_are_told_with_their_places(name, capfd, tmp_path, monkeypatch):
    status, (out, _) = validated(BROKEN[name], capfd, tmp_path, monkeypatch, "--json")
    document = json.loads(out)
    assert (status, document["valid"]) == (1, False)
    places = [(error["line"], error["column"]) for error in document["errors"]]
    assert places == sorted(places)
    for error in document["errors"]:
        assert error["file"] == "rules.yaml"
        assert error["snippet"] is not None
        assert 1 <= error["column"] <= len(error["snippet"]) + 1


@pytest.mark.parametrize("name", [name for name, data in BROKEN.items() if b"rule: last" in data])
def test_mistakes_hide_none_in_other_items(name, capfd, tmp_path, monkeypatch):
    _, (out, _) = validated(BROKEN[name], capfd, tmp_path, monkeypatch, "--json")
    messages = "\n".join(error["message"] for error in json.loads(out)["errors"])
    assert ('"opn"' in messages, "invalid formatting token proc.nam" in messages) == ((b"\0" not in BROKEN[name],) * 2)


def test_mistakes_in_words(capfd, tmp_path, monkeypatch, golden):
    told = []
    for name, data in BROKEN.items():
        _, (out, err) = validated(data, capfd, tmp_path, monkeypatch)
        # The first line repeats the first mistake, behind the time.
        told.append(f"=== {name}\n{out}{err.partition(END)[2]}")
    golden("mistakes.txt", "\n".join(told))
