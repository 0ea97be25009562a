"""Whose fields read whom: what changes of a thread changes what is known of others too.

A thread's fields read its process's main thread and its ancestors. So each change gives a new generation to the
thread, to the other threads of its process and to all their descendants, for as far as these are in the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from falco.state.threads import NO_PARENT

if TYPE_CHECKING:
    from falco.state.threads import ThreadInfo

_MAX_HEIRS = 1024
"""Of the latest threads that ended it is known who got their children."""
_NOBODY: Mapping[int, ThreadInfo] = {}


class Lineage:
    """Gives threads of a table their generations, and knows the children of each tid, be there such a thread or not."""

    __slots__ = ("_children", "_heirs", "_last", "_threads")

    def __init__(self, threads: Mapping[int, ThreadInfo], last: int = 0) -> None:
        self._threads = threads
        self._last = last
        self._children: dict[int, dict[int, ThreadInfo]] = {}
        self._heirs: dict[int, int] = {}

    @property
    def last(self) -> int:
        """The highest generation that was given."""
        return self._last

    def entered(self, thread: ThreadInfo) -> None:
        """A thread was entered in the table."""
        children = self._children.get(thread.ptid)
        if children is None:
            children = self._children[thread.ptid] = {}
        children[thread.tid] = thread
        self.changed(thread)

    def left(self, thread: ThreadInfo) -> None:
        """A thread was taken out of the table: its children have no parent now."""
        self._leave_parent(thread)
        self.changed(thread)

    def adopt(self, thread: ThreadInfo, ptid: int) -> None:
        """Give a thread another parent."""
        is_there = self._threads.get(thread.tid) is thread
        if is_there:
            self._leave_parent(thread)
        thread.ptid = ptid
        if is_there:
            self.entered(thread)

    def bequeath(self, thread: ThreadInfo, reaper: int) -> None:
        """Give the children of a thread that ends to the reaper that the kernel tells; 0 or less is nobody.

        It is of the same process while that has other threads; else all that the process leaves behind goes there.
        Writers since 2023 tell of it in procexit; before them orphans had no parent that was known.
        """
        main, heir = thread.main, self._threads.get(reaper)
        if heir is not None and heir.main is main:
            self._give(main, thread.tid, main.tid)
        elif reaper > 0:
            self._give(main, thread.tid, reaper)
            self._give(main, main.tid, reaper)

    def _give(self, main: ThreadInfo, tid: int, reaper: int) -> None:
        """Give the children of one of a process's threads away; the process's own threads are none of these."""
        if tid == reaper:
            return
        for child in tuple(self._children.get(tid, _NOBODY).values()):
            if child.main is not main:
                self.adopt(child, reaper)
        self._heirs[tid] = reaper
        if len(self._heirs) > _MAX_HEIRS:
            del self._heirs[next(iter(self._heirs))]

    def heir_of(self, tid: int) -> int:
        """Who has the children of a thread that has ended: the thread itself where it is there, or nobody is known.

        The kernel names a parent to those who ask until it is quite gone, which is some time after its procexit.
        """
        for _ in range(_MAX_HEIRS):
            if tid in self._threads or tid not in self._heirs:
                break
            tid = self._heirs[tid]
        return tid

    def changed(self, thread: ThreadInfo) -> None:
        """What fields of PROCESS scope read of a thread changes, or is about to."""
        if thread.tid == NO_PARENT:
            self.all_changed()  # All threads whose parent is not known have this one for theirs.
            return
        self._last = generation = self._last + 1
        thread.generation = generation
        if thread.others or thread.tid in self._children:
            self._spread(thread, generation)

    def all_changed(self) -> None:
        """What fields read besides threads has changed."""
        self._last += 1
        for thread in self._threads.values():
            thread.generation = self._last

    def changed_each(self, threads: Iterable[ThreadInfo]) -> None:
        """What fields read of these threads, and of no thread's ancestor, has changed."""
        self._last += 1
        for thread in threads:
            thread.generation = self._last

    def _spread(self, thread: ThreadInfo, generation: int) -> None:
        """Give the generation to all that read a thread which has it already."""
        waiting = [thread]
        while waiting:
            each = waiting.pop()
            for readers in (each.others, self._children.get(each.tid, _NOBODY)):
                for reader in readers.values():
                    if reader.generation != generation:
                        reader.generation = generation
                        waiting.append(reader)

    def _leave_parent(self, thread: ThreadInfo) -> None:
        siblings = self._children[thread.ptid]
        del siblings[thread.tid]
        if not siblings:
            del self._children[thread.ptid]
