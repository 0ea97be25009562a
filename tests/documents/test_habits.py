"""The repository's own files of habit: templates and hooks that say what there is."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml

from tests.documents.markdown import PROJECT

FORMS = sorted(path for path in (PROJECT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_issue_forms_ask_for_something_and_say_what_for(form):
    asked = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert asked["name"] and asked["description"]
    fields = [field for field in asked["body"] if field["type"] != "markdown"]
    assert fields and any(field.get("validations", {}).get("required") for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)


def test_stale_issues_are_asked_about_before_they_are_closed():
    stale = yaml.safe_load((PROJECT / ".github/stale.yml").read_text(encoding="utf-8"))
    assert 0 < stale["daysUntilClose"] < stale["daysUntilStale"]
    assert "security" in stale["exemptLabels"] and stale["markComment"]


def test_hooks_run_what_make_runs():
    hooks = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for hook in hooks:
        program, *words = hook["entry"].split()
        assert shutil.which(program) or (PROJECT / program).exists(), hook["id"]
        if program.startswith(".venv/bin/") and "pytest" not in program:
            assert program in makefile, hook["id"]
        for word in words:
            assert not word.startswith("tests/") or (PROJECT / word).exists(), word


def test_make_targets_that_documents_name_exist():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md", "TROUBLESHOOTING.md", ".github/PULL_REQUEST_TEMPLATE.md"):
        text = (PROJECT / name).read_text(encoding="utf-8")
        named = {word for words in re.findall(r"`make ([a-z ]+)[`A-Z]", text) for word in words.split()}
        assert named <= targets, f"{name}: {named - targets}"


@pytest.mark.parametrize(
    "name", ["rootfs/etc/falco/falco.yaml", ".github/PULL_REQUEST_TEMPLATE.md", ".github/ISSUE_TEMPLATE/bug.yml"]
)
def test_documents_that_forms_and_the_shipped_settings_name_exist(name):
    named = set(re.findall(r"\b[A-Z_]+\.md\b", (PROJECT / name).read_text(encoding="utf-8")))
    assert named and all((PROJECT / document).exists() for document in named), named
