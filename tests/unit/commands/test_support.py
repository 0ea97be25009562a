from __future__ import annotations

import json
import os

import pytest

from falco import VERSION
from falco.commands.options import Options, parse
from falco.commands.support import print_support, redact


def bundle(capsys, options):
    assert print_support(options) == 0
    return json.loads(capsys.readouterr().out)


def test_a_bundle_has_the_keys_of_0_15(capsys, tmp_path):
    written = f"stdout_output: {{enabled: true}}\nhealth_file: {tmp_path}/health\n"
    (tmp_path / "falco.yaml").write_text(written)
    (tmp_path / "r.yaml").write_text("- required_engine_version: 2\n")
    argv = ["--support", "-c", str(tmp_path / "falco.yaml"), "-r", str(tmp_path), "-k", "http://u:p@h:80/x"]
    found = bundle(capsys, parse(argv, {}))
    assert found["version"] == VERSION
    assert found["system_info"]["sysname"] == os.uname().sysname
    assert found["cmdline"].startswith(f"falco --support -c {tmp_path}/falco.yaml")
    assert "u:p" not in found["cmdline"]
    assert "CRI (/run/containerd/containerd.sock)" in found["container_engines"]
    assert found["config"] == written
    assert [entry["name"] for entry in found["rules_files"]] == [f"{tmp_path}/falco.yaml", f"{tmp_path}/r.yaml"]
    assert found["filter"][0].endswith("Rules content is one yaml associative array, not a list of them")
    assert found["running"]["health_file"] == str(tmp_path / "health")
    assert found["running"]["error"].startswith("No such file or directory")
    variants = found["rules_files"][1]["variants"]
    assert variants == [{"content": "- required_engine_version: 2\n", "required_engine_version": 2}]


def test_broken_configuration_and_rules_are_in_it_all_the_same(capsys, tmp_path):
    (tmp_path / "falco.yaml").write_text("a: [\n")
    found = bundle(capsys, Options(config=str(tmp_path / "falco.yaml"), rules=(str(tmp_path / "none.yaml"),)))
    assert found["config"] == "a: [\n"
    assert "falco.yaml" in found["filter"][0]
    assert found["rules_files"][0]["variants"][0]["content"] == "<No such file or directory>"
    assert bundle(capsys, Options(config=str(tmp_path / "falco.yaml")))["rules_files"] == []


@pytest.mark.parametrize(
    "text",
    [
        "url: https://hooks.slack.com/services/T0/SECRET/x",
        "url: http://user:SECRET@host:8080",
        "url: https://host?key=SECRET",
        "password: SECRET",
        'api_key: "SECRET words"',
        "SLACK_TOKEN='SECRET'",
        "curl -H 'Authorization: Bearer SECRET.x' http://h",
        "curl -u me:SECRET http://h",
        "falco -K cert.pem:key.pem#SECRET:ca.pem",
        "client-secret: SECRET",
        '{"token": "SECRET"}',
    ],
)
def test_secrets_are_hidden(text):
    assert "SECRET" not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize("text", ["log_level: info", "rules_file:\n  - /etc/falco/a.yaml # x", "rate: .03333"])
def test_the_rest_stays(text):
    assert redact(text) == text
