"""What a process changes about itself: directory, root, ids, session, limits, name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events import facts
from falco.events.decode import signed, text, unsigned
from falco.state.enters import call_params
from falco.state.paths import directory, join
from falco.state.threads import NO_ID, ThreadInfo

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State

RLIMIT_NOFILE = 7  # PPM_RLIMIT_NOFILE
UNLIMITED = -1
PR_SET_NAME = 15


def _succeeded(event: Event) -> ThreadInfo | None:
    """The event's thread if its call did not fail, else None."""
    raw = event.raw(0)
    return event.thread if raw and signed(raw) >= 0 else None


def _set_directory(state: State, thread: ThreadInfo, path: str) -> None:
    main = thread.main
    main.cwd = directory(join(main.cwd, path))
    state.lineage.changed(main)


def changed_directory(state: State, event: Event) -> None:
    """chdir: relative paths start elsewhere. Getcwd tells what the kernel thinks."""
    thread = _succeeded(event)
    if thread is not None:
        _set_directory(state, thread, text(event.raw(1)))


def changed_directory_fd(state: State, event: Event) -> None:
    """fchdir: the same by a directory's fd."""
    thread, fd = _succeeded(event), event.fd
    if thread is not None and fd is not None:
        _set_directory(state, thread, fd.name)


def changed_root(state: State, event: Event) -> None:
    """chroot: may enter a container."""
    thread = event.thread
    if thread is not None and event.raw(0) and signed(event.raw(0)) == 0:
        path = text(event.raw(1))
        # An absolute path is taken as it was given.
        thread.root = path if path.startswith("/") else join(thread.main.cwd, path)
        state.resolve_container(thread)
        state.lineage.changed(thread)


def _set_id(index: int, group: bool, count: int) -> Callable[[State, Event], None]:
    """A handler that sets the effective id from the call's parameter at index; NO_ID leaves it as it is."""

    def changed(state: State, event: Event) -> None:
        thread = _succeeded(event)
        if thread is None:
            return
        params = call_params(thread, event, count, 1)
        if params is None or not params[index] or unsigned(params[index]) == NO_ID:
            return
        if group:
            thread.gid = unsigned(params[index])
        else:
            thread.uid = unsigned(params[index])
        state.lineage.changed(thread)

    return changed


set_uid, set_gid = _set_id(0, False, 1), _set_id(0, True, 1)
set_effective_uid, set_effective_gid = _set_id(1, False, 2), _set_id(1, True, 2)


def set_session(state: State, event: Event) -> None:
    """setsid: the result is the new session."""
    thread = _succeeded(event)
    if thread is not None:
        thread.sid = signed(event.raw(0))
        state.lineage.changed(thread)


def limited(state: State, event: Event) -> None:
    """setrlimit, getrlimit: how many files a process may open."""
    del state
    thread = _succeeded(event)
    if thread is not None:
        params = call_params(thread, event, 1, 3)
        if params is not None:
            _set_limit(thread, params[0], event.raw(1))


def limited_other(state: State, event: Event) -> None:
    """prlimit: the same, for any process; 0 is the caller."""
    thread = _succeeded(event)
    if thread is None:
        return
    params = call_params(thread, event, 2, 5)
    if params is not None:
        target = state.threads.get(signed(params[0])) if signed(params[0]) else thread
        if target is not None:
            _set_limit(target, params[1], event.raw(1))


def _set_limit(thread: ThreadInfo, resource: bytes, value: bytes) -> None:
    if unsigned(resource) == RLIMIT_NOFILE and value and signed(value) != UNLIMITED:
        thread.main.fdlimit = signed(value)


def renamed(state: State, event: Event) -> None:
    """prctl(PR_SET_NAME): the thread's comm, where the capture has the call typed (0.15's did not)."""
    thread = _succeeded(event)
    if thread is not None and unsigned(event.raw(1)) == PR_SET_NAME and event.raw(2):
        thread.comm = text(event.raw(2))
        state.lineage.changed(thread)


def named(state: State, event: Event) -> None:
    """procinfo of our probe: a thread has another comm, whoever gave it. Other writers' tells of processors."""
    thread, name = event.thread, facts.comm(event)
    if thread is not None and name is not None and name != thread.comm:
        thread.comm = name
        state.lineage.changed(thread)
