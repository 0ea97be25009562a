"""Rules files to trees of YAML nodes, every node with its place; a mistake in YAML hides no more than its own item."""

from __future__ import annotations

import codecs
import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from falco.engine.nodes import problem_at
from falco.engine.yamltext import read_yaml
from falco.errors import Location, Problem
from falco.filter.source import SourceFile

if TYPE_CHECKING:
    from falco.engine.nodes import Node
    from falco.filter.scalar import Scalar

MAX_BYTES = 8 << 20
"""Size of a rules file."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """The top-level nodes of one file, in order, as far as it could be read.

    lost has the kind (rule, macro, list) and the name of each item that could not be; complete says that nothing
    besides them is missing.
    """

    file: SourceFile
    roots: tuple[Node, ...] = ()
    problems: tuple[Problem, ...] = ()
    lost: tuple[tuple[str, Scalar], ...] = ()
    complete: bool = False


def rules_files(paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    """The files that paths stand for: a directory stands for its regular files sorted by path."""
    files: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            if Path(path).is_dir():
                found = sorted(str(entry) for entry in Path(path).iterdir() if entry.is_file())
                files.extend(found)
                if not found:
                    problems.append(Problem(f"{path} holds no rules files", severity="warning", code="file"))
            else:
                files.append(path)
        except (OSError, ValueError) as error:
            problems.append(_unreadable(path, error))
    return tuple(files), tuple(problems)


def read_document(path: str) -> Document:
    """The file's nodes; whatever is wrong with it as YAML is in problems."""
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return Document(SourceFile(path, ""), problems=(_unreadable(path, error),))
    if len(data) > MAX_BYTES:
        problem = Problem(f"{path} is larger than {MAX_BYTES >> 20} MiB", Location(path, 1, 1), code="file")
        return Document(SourceFile(path, ""), problems=(problem,))
    return parse_document(data, path)


def parse_document(data: bytes, path: str) -> Document:
    """The nodes of a rules file's bytes."""
    # What is not UTF-8 is replaced, so that the rest of the file can be looked at in the same run.
    file = SourceFile(path, data.decode("utf-8", "replace").removeprefix("\ufeff"))
    problems = _encoding_problems(file, data)
    if problems and _UNPRINTABLE.search(file.text):
        return Document(file, problems=problems)
    found = read_yaml(file)
    return Document(file, found.roots, (*problems, *found.problems), found.lost, found.complete)


def _encoding_problems(file: SourceFile, data: bytes) -> tuple[Problem, ...]:
    """The first mistake of this kind."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return (problem_at(file.place(0), "UTF-16 text", code="encoding", expected=("UTF-8",)),)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = len(data[: error.start].decode("utf-8").removeprefix("\ufeff"))
        return (problem_at(file.place(before), "not UTF-8 text", code="encoding", expected=("UTF-8",)),)
    strange = _UNPRINTABLE.search(file.text)
    if strange is None:
        return ()
    message = f"control character U+{ord(strange.group()):04X}, which YAML does not allow"
    return (problem_at(file.place(strange.start()), message, code="encoding"),)


def _unreadable(path: str, error: OSError | ValueError) -> Problem:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem(f"Could not open rules filename {path} for reading: {reason}", code="file")
