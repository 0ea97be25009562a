"""proc.*: what a process uses: threads, fds, memory, time. These change without an event that a rule could name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.decode import UNSIGNED
from falco.events.types import Format, ParamType
from falco.fields.field import Field

if TYPE_CHECKING:
    from falco.events.event import Event


def nthreads(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.main.nchilds + 1


def nchilds(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.nchilds


def duration(event: Event) -> object:
    """Time since clone; none for threads that are older than the capture."""
    thread = event.thread
    return None if thread is None or not thread.clone_ts else event.ts - thread.clone_ts & UNSIGNED


def started(event: Event) -> object:
    thread = event.thread
    return None if thread is None or not thread.clone_ts else thread.clone_ts


def parent_duration(event: Event) -> object:
    thread = event.thread
    parent = None if thread is None else event.state.parent(thread)
    return None if parent is None or not parent.clone_ts else event.ts - parent.clone_ts & UNSIGNED


def parent_started(event: Event) -> object:
    thread = event.thread
    parent = None if thread is None else event.state.parent(thread)
    return None if parent is None or not parent.clone_ts else parent.clone_ts


def fdopencount(event: Event) -> object:
    thread = event.thread
    return None if thread is None else len(thread.main.fds)


def fdlimit(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.main.fdlimit


def fdusage(event: Event) -> object:
    """Open fds in per cent of the limit, 0 without a limit."""
    thread = event.thread
    if thread is None:
        return None
    main = thread.main
    return len(main.fds) * 100 / main.fdlimit if main.fdlimit > 0 else 0.0


def vmsize(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.vmsize


def vmrss(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.vmrss


def vmswap(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.vmswap


_T, _DEC = ParamType, Format.DEC
FIELDS = (
    Field("proc.nthreads", _T.UINT32, "Number of threads of the process.", nthreads, format=_DEC),
    Field("proc.nchilds", _T.UINT32, "Number of the process's threads besides the main one.", nchilds, format=_DEC),
    Field("proc.duration", _T.RELTIME, "Nanoseconds since the process was cloned.", duration, format=_DEC),
    Field("proc.fdopencount", _T.UINT64, "Number of open fds.", fdopencount, format=_DEC),
    Field("proc.fdlimit", _T.INT64, "Limit of open fds.", fdlimit, format=_DEC),
    Field("proc.fdusage", _T.DOUBLE, "Open fds in per cent of their limit.", fdusage, format=_DEC),
    Field("proc.vmsize", _T.UINT64, "Virtual memory in kB.", vmsize, format=_DEC),
    Field("proc.vmrss", _T.UINT64, "Resident memory in kB.", vmrss, format=_DEC),
    Field("proc.vmswap", _T.UINT64, "Swapped memory in kB.", vmswap, format=_DEC),
    Field("proc.pid.ts", _T.RELTIME, "When the process was cloned, ns since 1970.", started, format=_DEC, later=True),
    Field(
        "proc.ppid.duration",
        _T.RELTIME,
        "Nanoseconds since the parent was cloned.",
        parent_duration,
        format=_DEC,
        later=True,
    ),
    Field(
        "proc.ppid.ts",
        _T.RELTIME,
        "When the parent was cloned, ns since 1970.",
        parent_started,
        format=_DEC,
        later=True,
    ),
)
