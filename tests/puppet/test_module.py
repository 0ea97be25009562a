"""The Puppet module: it knows the settings that Falco knows, and Puppet's own checkers and catalogues pass."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from falco import config
from tests.puppet.settings import PROJECT, examples, files

MODULE = PROJECT / "puppet"
_MODULE_FROM_GOLDEN = "../../puppet"
MANIFESTS = sorted(MODULE.rglob("*.pp"))


def run(*command: str, where: Path = MODULE) -> str:
    """What a command of Puppet's prints, both ways; it has to succeed."""
    if shutil.which(command[0]) is None:
        pytest.fail(f"{command[0]} is missing; build/setup/apt-packages.txt names its package")
    done = subprocess.run(
        command, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500, check=False,
        env={**os.environ, "HOME": str(where), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def places(tmp_path: Path) -> tuple[str, ...]:
    """Options by which Puppet finds the module and writes nothing outside of the test's directory."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/falco").symlink_to(MODULE)
    return (
        *("--modulepath", str(tmp_path / "modules"), "--confdir", str(tmp_path / "conf")),
        *("--vardir", str(tmp_path / "var"), "--color", "false"),
    )


@pytest.mark.parametrize("name", files())
def test_what_is_made_from_the_declarations_is_as_they_are(name, golden):
    golden(f"{_MODULE_FROM_GOLDEN}/{name}", files()[name])


def test_no_type_is_left_of_a_section_that_is_gone():
    found = {str(path.relative_to(MODULE)) for path in (MODULE / "types/settings").rglob("*.pp")}
    assert found == {name for name in files() if name.startswith("types/settings/")}


def test_every_setting_goes_through_puppet_to_falco_unchanged(tmp_path, places):
    wanted = examples()
    (tmp_path / "data.json").write_text(json.dumps({"falco::settings": wanted}))
    (tmp_path / "hiera.yaml").write_text(
        f"version: 5\nhierarchy:\n  - {{name: test, path: data.json, datadir: {tmp_path}, data_hash: json_data}}\n"
    )
    written = tmp_path / "falco.yaml"
    manifest = f"file {{ '{written}': content => falco::yaml(lookup('falco::settings', Falco::Settings)) }}"
    run("puppet", "apply", *places, "--hiera_config", str(tmp_path / "hiera.yaml"), "--execute", manifest)
    assert yaml.safe_load(written.read_text()) == wanted
    (tmp_path / "same.yaml").write_text(yaml.safe_dump(wanted))
    loaded = config.load(str(written))
    assert loaded.config == config.load(str(tmp_path / "same.yaml")).config and not loaded.warnings


def test_manifests_parse():
    run("puppet", "parser", "validate", *map(str, MANIFESTS))


def test_templates_parse():
    templates = sorted((MODULE / "templates").glob("*.epp"))
    assert templates
    run("puppet", "epp", "validate", *map(str, templates))


def test_lint_has_no_warning():
    assert run("puppet-lint", "--relative", "--fail-on-warnings", ".") == ""


def test_catalogues_hold_what_they_should_and_every_resource_is_looked_at():
    shown = run("rspec", "--no-color")
    assert re.search(r"^Resource coverage: 100\.00%$", shown, re.MULTILINE), shown
    assert re.search(r"^\d{3,} examples, 0 failures$", shown, re.MULTILINE), shown


def test_the_reference_is_of_these_manifests(tmp_path, golden):
    # It is made of a copy, since yard leaves a cache where it works.
    shutil.copytree(MODULE, tmp_path / "falco", ignore=shutil.ignore_patterns("spec", ".*"))
    run("puppet", "strings", "generate", "--format", "markdown", "--out", "made.md", where=tmp_path / "falco")
    golden(f"{_MODULE_FROM_GOLDEN}/REFERENCE.md", (tmp_path / "falco/made.md").read_text(encoding="utf-8"))


def test_metadata_names_puppet_7_and_8_and_the_families():
    metadata = json.loads((MODULE / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["requirements"] == [{"name": "puppet", "version_requirement": ">= 7.0.0 < 9.0.0"}]
    assert {system["operatingsystem"] for system in metadata["operatingsystem_support"]} >= {
        *("Debian", "Ubuntu"), "RedHat",
    }  # fmt: skip
    # No address of the project that Falco 0.15 came from: neither its issues nor its source are this module's.
    assert not [name for name, value in metadata.items() if "://" in str(value)]
    assert f"## {metadata['version']}\n" in (MODULE / "CHANGELOG.md").read_text(encoding="utf-8")
