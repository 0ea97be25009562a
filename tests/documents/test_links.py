"""Links in the project's documents lead somewhere."""

from __future__ import annotations

import pytest

from tests.documents.markdown import PROJECT, anchors, documents, links


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_to_files_and_headings_that_exist(document):
    broken = []
    for number, target in links(document):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.is_relative_to(PROJECT) or not path.exists():
            broken.append(f"{number}: {target}: no such file")
        elif anchor and anchor not in anchors(path):
            broken.append(f"{number}: {target}: no such heading")
    assert not broken, "\n".join(broken)


def test_what_the_readme_names_in_the_tree_exists():
    wanted = {target.partition("#")[0] for _, target in links(PROJECT / "README.md")}
    assert {"CONTRIBUTING.md", "CHANGELOG.md", "NOTICE"} <= wanted


def test_a_broken_link_is_found(tmp_path):
    document = tmp_path / "x.md"
    document.write_text("# One thing, `two`\n\nsee [a](y.md), [b](#one-thing-two)\n\n    [c](code.md)\n")
    assert list(links(document)) == [(3, "y.md"), (3, "#one-thing-two")]
    assert anchors(document) == {"one-thing-two"}
