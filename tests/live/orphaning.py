"""A process that leaves a child behind, in one of several families. Run as a program: python orphaning.py <family>.

It prints who the parent was, and who is when that has ended: the reaper. Numbers are those of its own namespace.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable

_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None)


def _ask_for_orphans() -> None:
    assert _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def _say(what: str, number: int) -> None:
    os.write(1, f"{what} {number}\n".encode())


def _orphan(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.001)
    _say("reaper", os.getppid())
    os._exit(0)


def _leave_a_child(before: Callable[[], object] = lambda: None) -> None:
    """Fork a process that does something, forks another and ends."""
    if not os.fork():
        own = os.getpid()
        _say("parent", own)
        before()
        if not os.fork():
            _orphan(own)
        os._exit(0)


def nobody_asks() -> None:
    """The first process gets it, or who asked for orphans around this program."""
    _leave_a_child()


def one_asks() -> None:
    """Its parent's parent gets it."""
    _ask_for_orphans()
    _leave_a_child()


def one_far_up_asks() -> None:
    """Those between do not."""
    _ask_for_orphans()
    for _ in range(20):
        if os.fork():
            return
    _leave_a_child()


def one_asks_and_ends() -> None:
    """One that asked has ended when the orphan needs a parent, though nobody has waited for it yet."""
    _ask_for_orphans()
    gone, there = os.pipe()
    if os.fork():
        os.close(there)
        return
    _ask_for_orphans()

    def until_it_ends() -> None:
        os.close(there)
        os.read(gone, 1)

    _leave_a_child(until_it_ends)
    os._exit(0)


def thread_ends() -> None:
    """A thread's child stays in the family, as its process goes on."""

    def leave() -> None:
        _say("thread", threading.get_native_id())
        if not os.fork():
            time.sleep(0.2)
            _say("reaper", os.getppid())
            os._exit(0)

    _say("parent", os.getpid())
    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()


def main() -> None:
    """Act, and wait for all children that are left to this process."""
    globals()[sys.argv[1]]()
    time.sleep(0.5)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


if __name__ == "__main__":
    main()
