"""The paths of the rules on a live host: built when rules are loaded, looked at again from time to time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

from falco.engine.host_links import HostLinks
from falco.fields.path_tables import FileId, PathTables
from falco.filter.respell import PathConstants, path_constants

if TYPE_CHECKING:
    from falco.engine.bind import BoundRule

MAX_PATHS = 16384
"""Paths of the rules that are resolved; those beyond are matched as they are written."""
MAX_FILES = 4096
"""Paths of the rules that are looked for as files."""
_LONGEST = 4096
"""Bytes that a path may have (PATH_MAX); no file has a longer one."""
RESOLVE_EVERY = 10
"""How many refresh() look at files only; links change more rarely, and there are more of them to follow."""


@dataclasses.dataclass(frozen=True, slots=True)
class Changed:
    """What a look at the host found: whether links lead elsewhere, and whether files were replaced, made or removed."""

    resolved: bool
    files: bool

    def __bool__(self) -> bool:
        return self.resolved or self.files


class KnownPaths:
    """tables hold what was last found; left_out is how many paths the limits keep out of them.

    A live run builds it beside its rule set, gives tables to that, and does the same again, the recording included,
    whenever refresh(), called every few seconds, says that something changed.
    """

    def __init__(self, constants: PathConstants, host_root: str) -> None:
        self._host_root = host_root
        paths, files = sorted(filter(_is_possible, constants.paths)), sorted(filter(_is_possible, constants.files))
        self._paths, self._files = paths[:MAX_PATHS], files[:MAX_FILES]
        self.left_out = len(paths) - len(self._paths) + len(files) - len(self._files)
        self._turn = 0
        self._links: HostLinks
        self._resolved: dict[str, str] = {}
        self._places: list[tuple[str, str]] = []
        # What lstat() said of a file last, and the numbers that follow from it.
        self._seen: dict[str, tuple[FileId, tuple[FileId, ...]]] = {}
        self._resolve()
        self.tables = PathTables(self._resolved, self._identify())

    @classmethod
    def build(cls, rules: Iterable[BoundRule], host_root: str) -> KnownPaths:
        """The paths of rules on a host whose root is at host_root."""
        return cls(path_constants(rule.condition for rule in rules), host_root)

    def refresh(self) -> Changed:
        """Look at the host again: at the files each time, at the links every RESOLVE_EVERY times."""
        before = self.tables
        self._turn = (self._turn + 1) % RESOLVE_EVERY
        if not self._turn:
            self._resolve()
        files = self._identify()
        changed = Changed(before.resolved != self._resolved, before.files != files)
        if changed:
            self.tables = PathTables(self._resolved, files)
        return changed

    def _resolve(self) -> None:
        self._links = HostLinks(self._host_root)
        found = {path: self._links.resolve(path) for path in self._paths}
        self._resolved = {path: target for path, target in found.items() if target is not None and target != path}
        self._places = [(path, place) for path in self._files if (place := found.get(path)) is not None]

    def _identify(self) -> dict[FileId, tuple[str, ...]]:
        """The names of each file that is there, as the rules have them and as the kernel does."""
        files: dict[FileId, dict[str, None]] = {}
        seen: dict[str, tuple[FileId, tuple[FileId, ...]]] = {}
        for path, place in self._places:
            known = seen.get(place) or self._look(place)
            if known is None:
                continue
            seen[place] = known
            for number in known[1]:
                files.setdefault(number, {}).update({path: None, place: None})
        self._seen = seen
        return {number: tuple(names) for number, names in files.items()}

    def _look(self, place: str) -> tuple[FileId, tuple[FileId, ...]] | None:
        found = self._links.identify(place)
        if found is None:
            return None
        own, known = (found.st_dev, found.st_ino), self._seen.get(place)
        return known if known is not None and known[0] == own else (own, self._links.file_ids(place, found))


def _is_possible(path: str) -> bool:
    return len(path.encode("utf-8", "surrogatepass")) < _LONGEST
