from __future__ import annotations

import time

import pytest

from falco.engine import documents
from falco.engine.documents import parse_document, read_document, rules_files
from falco.engine.nodes import MAX_DEPTH, Mapping, Sequence
from falco.filter.scalar import Scalar


def plain(node):
    match node:
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return [(key.text, plain(value)) for key, value in node.pairs]
    assert isinstance(node, Scalar)
    return node.text


def read(text):
    document = parse_document(text.encode() if isinstance(text, str) else text, "f")
    return [plain(root) for root in document.roots], [(p.message, str(p.location)) for p in document.problems]


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("", []),
        ("# nothing\n", []),
        ("- a: b\n  c: [d, 'e']\n", [[[("a", "b"), ("c", ["d", "e"])]]]),
        ("- a\n---\n- b\n", [["a"], ["b"]]),
        ("- 010\n- yes\n- 1.50\n- ~\n", [["010", "yes", "1.50", "~"]]),
        ("- a: b\n  a: c\n", [[[("a", "b"), ("a", "c")]]]),
        ("- a: != after\n- !!python/name:os.system x\n", [[[("a", "after")], "x"]]),
        ("- &x [a]\n- *x\n", [[["a"], ["a"]]]),
        ("- &x a\n- *x\n", [["a", "a"]]),
        ("- {[a]: b, c: d}\n", [[[("c", "d")]]]),
        ("\ufeff- a\n", [["a"]]),
        ("- a\r\n- b\r\n", [["a", "b"]]),
    ],
)
def test_nodes_hold_what_is_written(text, roots):
    assert read(text) == (roots, [])


@pytest.mark.parametrize(
    ("text", "roots", "message", "place"),
    [
        ("- a\n- b: [c\n- d\n", [["a"], ["d"]], "while parsing a flow sequence that begins at line 2, colum", "f:2:6"),
        ("- a: b\n- c:\n   d: e\n  f\n", [[[("a", "b")]]], "not valid YAML: ", "f:5:1"),
        ("a: b\nc: [", [], "not valid YAML: ", "f:2:5"),
        ("- a\n- *b\n", [["a"]], "alias *b has no anchor before it", "f:2:3"),
        ("- a\n- \x01\n", [], "control character U+0001", "f:2:3"),
        (b"- a\n- b\xff\n", [["a", "b\ufffd"]], "not UTF-8 text", "f:2:4"),
        (b"\xef\xbb\xbf- a\xe4\n", [["a\ufffd"]], "not UTF-8 text", "f:1:4"),
        ("- a\n".encode("utf-16"), [], "UTF-16 text", "f:1:1"),
        (b"\x7fELF\xff", [], "not UTF-8 text", "f:1:5"),
        ("- a\n- 'b\ud7ff\U0001f600'\n- c: [}", [["a", "b\ud7ff\U0001f600"]], "not valid YAML: ", "f:3:7"),
    ],
)
def test_broken_files_keep_the_items_before_the_error(text, roots, message, place):
    found_roots, problems = read(text)
    assert found_roots == roots
    assert [found for _, found in problems] == [place]
    assert message in problems[0][0]


def test_what_is_missing_is_known_by_name_or_the_file_is_incomplete():
    lost = parse_document(b"- list: l\n  items: [*.a]\n- a\n", "f")
    assert [(kind, name.text) for kind, name in lost.lost] == [("list", "l")]
    assert lost.complete
    assert not parse_document(b"- a: b: c\n", "f").complete
    assert not parse_document(b"\0", "f").complete


def test_place_is_right_behind_a_byte_order_mark():
    document = parse_document("\ufeff- abc\n".encode(), "f")
    (root,) = document.roots
    assert isinstance(root, Sequence)
    assert str(root.items[0].place.location) == "f:1:3"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_is_bounded(opening):
    assert read(opening * 100_000)[1][0][0] == f"nested more than {MAX_DEPTH} levels deep"


def test_aliases_of_aliases_cost_nothing():
    lines = ["- &a0 [x, x]"] + [f"- &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 200)]
    begin = time.process_time()
    document = parse_document("\n".join(lines).encode(), "f")
    assert document.complete
    assert time.process_time() - begin < 2


def test_directory_stands_for_its_files_in_order(tmp_path):
    for name in ("b.yaml", "a.yaml", "c"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "d").mkdir()
    files, problems = rules_files(["first", str(tmp_path)])
    assert files == ("first", *(str(tmp_path / name) for name in ("a.yaml", "b.yaml", "c")))
    assert problems == ()


@pytest.mark.parametrize("name", ["missing", "nul\0", "directory"])
def test_files_that_cannot_be_read_are_problems(tmp_path, name):
    (tmp_path / "directory").mkdir()
    document = read_document(str(tmp_path / name))
    assert not document.complete
    assert document.problems[0].message.startswith(f"Could not open rules filename {tmp_path / name} for reading: ")


def test_file_size_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    path = tmp_path / "rules.yaml"
    path.write_text("- 1234567\n", encoding="utf-8")
    assert read_document(str(path)).complete
    path.write_text("- 12345678\n", encoding="utf-8")
    assert "is larger than" in read_document(str(path)).problems[0].message


def test_a_directory_without_files_is_told(tmp_path):
    files, (problem,) = rules_files([str(tmp_path)])
    assert files == ()
    assert (problem.severity, problem.message) == ("warning", f"{tmp_path} holds no rules files")
