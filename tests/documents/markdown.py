"""What stands in the project's documents: links and their targets, headings, commands."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
README = PROJECT / "README.md"
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_CODE = re.compile(r"`[^`\n]*`")


def documents() -> list[Path]:
    """Every Markdown file of the repository, in order."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True,
    ).stdout  # fmt: skip
    return sorted(PROJECT / name for name in listed.split("\0") if name and (PROJECT / name).exists())


def lines(document: Path) -> Iterator[tuple[int, str, str]]:
    """Number of each line, the line, and the kind of the block of code it is part of: fenced, indented or ''."""
    fenced = False
    for number, line in enumerate(document.read_text(encoding="utf-8").split("\n"), 1):
        fence = line.lstrip().startswith("```")
        fenced ^= fence
        yield number, line, "fenced" if fenced or fence else "indented" if line.startswith("    ") else ""


def links(document: Path) -> Iterator[tuple[int, str]]:
    """Line and target of each link."""
    for number, line, code in lines(document):
        if not code:
            for match in _LINK.finditer(_CODE.sub("", line)):
                yield number, match[1]


def anchors(document: Path) -> set[str]:
    """What a link into the document may name: its headings, as GitHub makes them, and names of its own."""
    found: dict[str, int] = {}
    made = set(re.findall(r'<a name="([^"]+)">', document.read_text(encoding="utf-8")))
    for _, line, code in lines(document):
        if not code and (match := re.match(r"#+ (.*)", line)):
            text = re.sub(r"<[^>]*>|[`*]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1])).strip().lower()
            name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            count = found.get(name, 0)
            found[name] = count + 1
            made.add(f"{name}-{count}" if count else name)
    return made


def commands(document: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each command in the document's indented blocks; continued lines are joined, notes taken off."""
    text, begin = "", 0
    previous_blank = True
    for number, line, kind in lines(document):
        indented = kind == "indented" and (previous_blank or bool(text) or line[4:5] != " ")
        previous_blank = not line.strip()
        if not indented or not line.strip():
            if text:
                yield begin, text
            text = ""
            continue
        begin = begin if text else number
        part = re.sub(r"\s+# .*$", "", line[4:])
        text += part.removesuffix("\\")
        if not part.endswith("\\"):
            yield begin, text
            text = ""


def block(document: Path, language: str) -> str:
    """The first block of code in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found, f"{document} has no block of {language}"
    return found[1]
