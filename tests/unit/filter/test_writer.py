from __future__ import annotations

from falco.filter.writer import CodeWriter


def test_lines_are_indented_by_their_blocks_and_keep_their_marks() -> None:
    writer = CodeWriter()
    with writer.block("def f():", 1):
        place = writer.here()
        with writer.block("if (\n    a\n    and b\n):", 2):
            writer.write("return 1", 3)
        writer.write("return 2")
    assert writer.text == "def f():\n    if (\n        a\n        and b\n    ):\n        return 1\n    return 2\n"
    assert writer.marks == {1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 6: 3}
    writer.insert(place, "a = 0")
    assert writer.text.startswith("def f():\n    a = 0\n    if (\n")
    assert writer.marks == {1: 1, 3: 2, 4: 2, 5: 2, 6: 2, 7: 3}
