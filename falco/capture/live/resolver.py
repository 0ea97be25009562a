"""Paths of calls without an fd, resolved as the kernel did: links followed, seen through the process's own root.

The kernel tells where such a path starts, but not through which links it led. So an event whose path may lead through
links gets facts about where it leads (falco/events/facts.py) before anything looks at it: the source puts a block with
them in the place of the record. State, rules and a recording then see the same, and a replay needs no file system.

What is looked at here is the file system of now, some milliseconds after the call: unlike the fact about an fd this can
be raced. Where nothing can be looked at any more, or nobody answers (asking.py), no fact is added, and what the kernel
told has to do.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from falco.capture.live.asking import NoAnswerError
from falco.capture.live.cached import plain
from falco.capture.scap import writer
from falco.events import facts
from falco.events.decode import signed, text, unsigned
from falco.events.facts import NAMED, SOURCE, TARGET
from falco.events.paths import PATHS
from falco.events.syscalls import codes_named
from falco.events.table import CODES, EVENT_TABLE, GENERIC_X
from falco.state.paths import below, follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from falco.capture.live.asking import Asking
    from falco.events.event import Event
    from falco.state.threads import ThreadInfo

LIFETIME_NS = 1_000_000_000
"""How long it is believed what a link is, at most: calls that change one need not be among those that are watched."""
MAX_LINKS_KNOWN, MAX_SEATS = 65536, 4096
_MOST_ANCESTORS = 8


def _codes(*names: str) -> frozenset[int]:
    return frozenset(CODES[f"SYSCALL_{name}_X"] for name in names)


_FOLLOWING = _codes("CHMOD", "FCHMODAT", "CHOWN", "MOUNT", "UMOUNT", "UMOUNT_1", "UMOUNT2")
"""Calls that follow a link at the end of a path too."""
_LSETXATTR = frozenset(codes_named("lsetxattr"))
"""Of the calls without an event of their own, the one that does not."""
_FCHOWNAT, _LINKAT, _MOUNT = CODES["SYSCALL_FCHOWNAT_X"], CODES["SYSCALL_LINKAT_2_X"], CODES["SYSCALL_MOUNT_X"]
_NOFOLLOW, _FOLLOW = 0x100, 0x400
"""AT_SYMLINK_NOFOLLOW of fchownat, AT_SYMLINK_FOLLOW of linkat."""
_FLAGS = 5
_OPENS = _codes("OPEN", "CREAT", "OPENAT_2", "OPENAT2")
"""Calls whose path the fact about their fd tells."""
RESOLVED = tuple(
    t.code == GENERIC_X or (bool(PATHS[t.code]) and t.code not in _OPENS | _codes("CHROOT")) for t in EVENT_TABLE
)
"""Event code -> whether its paths are resolved here."""
_MOVING = _codes("RENAME", "RENAMEAT", "RENAMEAT2", "MOUNT", "UMOUNT", "UMOUNT_1", "UMOUNT2") | {GENERIC_X}
"""Calls after which any path may lead elsewhere."""
_REMOVING = _codes("UNLINK_2", "UNLINKAT_2", "RMDIR_2")


class _View(NamedTuple):
    """A root to look through: its path here, the namespace that it is of, and what the kernel calls it."""

    door: str
    namespace: str
    root: str

    def path(self, path: str) -> str | None:
        """Where the kernel's path is found here."""
        if self.root == "/":
            return self.door + path
        return self.door + path[len(self.root) :] if path.startswith(f"{self.root}/") else None


class PathResolver:
    """Completes events; proc is the host's /proc. It remembers links, and who can stand in for a process that is gone.

    The threads that it asks for are those of the event's state, as of before the event. moved tells how many calls were
    not sent after which paths may lead elsewhere: when it has grown, what is remembered is forgotten.
    """

    def __init__(self, proc: str, asking: Asking, moved: Callable[[], int] = lambda: 0) -> None:
        self._proc, self._asking = proc, asking
        self._moved, self._seen_moved = moved, 0
        self._links: dict[str, dict[str, str | None]] = {}  # By namespace, then by path.
        self._learned = 0
        self._since = 0
        self._seats: dict[str, int] = {}

    def complete(self, event: Event) -> bytes | None:
        """The block of an event with facts about where its paths lead; None if there is nothing to add.

        To be asked about events of RESOLVED codes only. Raises EventError if the event makes no sense.
        """
        if not facts.told(event) or (event.code != GENERIC_X and not _succeeded(event)):
            return None
        moved = self._moved()
        too_old = abs(event.ts - self._since) >= LIFETIME_NS
        if too_old or moved != self._seen_moved or self._learned > MAX_LINKS_KNOWN:
            self._clear()
            self._since, self._seen_moved = event.ts, moved
        found = list(self._found(event))
        if event.code in _MOVING:
            self._clear()
        if not found:
            return None
        return writer.event(event.code, event.ts, event.tid, (*event.params(), *found), event.cpu)

    def _found(self, event: Event) -> Iterator[bytes]:
        view: _View | None = None
        for role, path in _passed(event):
            base = facts.base(event, role)
            if base is None or facts.path(event, role) is not None:
                continue
            last, ahead = _follows_last(event, role), below(base, path)
            if not last and "/" not in path.lstrip("/"):
                self._forget(event, ahead)
                continue
            view = view or self._view(event)
            if view is None:
                return
            try:
                led = self._resolve(event, view, (base, path, ahead), last)
            except NoAnswerError:
                continue
            if led is not None:
                self._forget(event, led)
                if led != ahead:
                    yield facts.path_fact(role, led)

    def _resolve(self, event: Event, view: _View, start: tuple[str, str, str], last: bool) -> str | None:
        base, path, ahead = start
        thread = event.state.threads.get(event.tid)
        known = self._links.get(view.namespace)
        if known is None:
            known = self._links[view.namespace] = {}

        def link(here: str) -> str | None:
            if thread is not None and here.startswith("/proc/"):
                own = _own_link(thread, here, self._proc)
                if own is not None:
                    return own
            if here in known:
                return known[here]
            return self._ask(view, here, ahead if last else ahead.rpartition("/")[0], known)

        return follow(base, path, base if path.startswith("/") else view.root, link, last)

    def _ask(self, view: _View, here: str, ahead: str, known: dict[str, str | None]) -> str | None:
        """Where a link leads. Whoever is asked looks at what lies on the way to ahead too, and is so asked once."""
        if view.path(here) is None:
            return None
        places, cut = _on_the_way(here, ahead), 0 if view.root == "/" else len(view.root)
        no_links = plain(view.door, [place[cut:] for place in places])
        if no_links:
            known.update(dict.fromkeys(places[:no_links]))
            self._learned += no_links
            return None
        whom = (view.namespace, view.root)
        found = self._asking.ask(whom, lambda: _links(view, places), f"{ahead} of {view.door}")
        known.update(found)
        self._learned += len(found)
        return found.get(here)

    def _clear(self) -> None:
        self._links.clear()
        self._learned = 0

    def _forget(self, event: Event, path: str) -> None:
        """What was removed may become something else."""
        if event.code in _REMOVING:
            for known in self._links.values():
                known.pop(path, None)

    def _view(self, event: Event) -> _View | None:
        """The root of the process or, if that is gone, of one that most likely has the same."""
        thread = event.state.threads.get(event.tid)
        if thread is None:
            return self._door(event.tid)
        for pid in self._candidates(event, thread):
            view = self._door(pid)
            if view is not None:
                if len(self._seats) > MAX_SEATS:
                    self._seats.clear()
                self._seats[thread.container_id] = pid
                return view
        return None

    def _candidates(self, event: Event, thread: ThreadInfo) -> Iterator[int]:
        """The process, its ancestors in the same container, then whoever was there last."""
        yield thread.pid
        for index, ancestor in enumerate(event.state.ancestors(thread)):
            if ancestor.container_id != thread.container_id or index >= _MOST_ANCESTORS:
                break
            yield ancestor.pid
        if thread.container_id in self._seats:
            yield self._seats[thread.container_id]

    def _door(self, pid: int) -> _View | None:
        home = f"{self._proc}/{pid}"
        try:
            return _View(f"{home}/root", os.readlink(f"{home}/ns/mnt"), os.readlink(f"{home}/root"))  # noqa: PTH115
        except OSError:
            return None


def _on_the_way(here: str, ahead: str) -> list[str]:
    """All places from here to ahead, both included; only the former if the latter is not below it."""
    if not ahead.startswith(f"{here}/"):
        return [here]
    parts = ahead[len(here) + 1 :].split("/")
    return [here, *(f"{here}/{'/'.join(parts[: n + 1])}" for n in range(len(parts)))]


def _links(view: _View, places: list[str]) -> dict[str, str | None]:
    """What is a link, and where it leads, of these places on a way, as far as the first one or what is not there.

    It may be there at once, so that is left out.
    """
    found = dict[str, str | None]()
    for place in places:
        try:
            found[place] = os.readlink(view.path(place) or "")  # noqa: PTH115 - Path would tidy the path up
        except OSError as error:
            if error.errno != errno.EINVAL:
                break
            found[place] = None
        else:
            break
    return found


def _succeeded(event: Event) -> bool:
    raw = event.raw(0)
    return bool(raw) and signed(raw) >= 0


def _passed(event: Event) -> Iterator[tuple[int, str]]:
    """The paths that the call was given, with their roles."""
    if event.code == GENERIC_X:
        for role in (NAMED, SOURCE, TARGET):
            name = facts.name(event, role)
            if name is not None:
                yield role, name
        return
    for param in PATHS[event.code]:
        name = text(event.raw(param.name))
        if event.code != _MOUNT or param.role != SOURCE or "/" in name:
            yield param.role, name  # What is mounted need not be a file.


def _follows_last(event: Event, role: int) -> bool:
    if event.code == _FCHOWNAT:
        return not unsigned(event.raw(_FLAGS)) & _NOFOLLOW
    if event.code == _LINKAT:
        return role == SOURCE and bool(unsigned(event.raw(_FLAGS)) & _FOLLOW)
    if event.code == GENERIC_X:
        return unsigned(event.raw(0)) not in _LSETXATTR
    return event.code in _FOLLOWING


def _own_link(thread: ThreadInfo, here: str, proc: str) -> str | None:
    """Where a link below /proc leads for this thread, as far as state knows: it may be gone, and we are not it."""
    pid, tid = (thread.vpid, thread.vtid) if thread.vpid > 0 else (thread.pid, thread.tid)
    if here == "/proc/self":
        return str(pid)
    if here == "/proc/thread-self":
        return f"{pid}/task/{tid}"
    home, _, name = here.removeprefix("/proc/").partition("/")
    if home != str(pid):
        return None
    if name == "cwd":
        return thread.main.cwd or None
    number = name.removeprefix("fd/")
    is_number = name != number and number.isdecimal() and number.isascii() and len(number) < 10
    fd = thread.main.fds.get(int(number)) if is_number else None
    if fd is not None and fd.kernel_path:
        return fd.name
    return _readlink(f"{proc}/{thread.pid}/{name}") if is_number or name == "exe" else None


def _readlink(link: str) -> str | None:
    """Where a link of procfs itself leads, which it tells without asking another file system; None if to no path."""
    try:
        found = os.readlink(link)  # noqa: PTH115 - Path would tidy the path up
    except OSError:
        return None
    return found if found.startswith("/") else None
