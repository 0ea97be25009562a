"""thread.*: the thread that the event belongs to (libsinsp sinsp_filter_check_thread)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from falco.events.table import codes_named
from falco.events.types import Format, ParamType
from falco.fields.field import Argument, Extractor, Field, Scope
from falco.fields.valueless import valueless

if TYPE_CHECKING:
    from falco.events.event import Event

_SWITCHES = frozenset(codes_named("switch"))
_SUBSYSTEM = re.compile(r"[A-Za-z_]+")


def tid(event: Event) -> object:
    """Known even where the thread is not."""
    return event.tid


def ismain(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.tid == thread.pid


def pfmajor(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.pfmajor


def pfminor(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.pfminor


def vtid(event: Event) -> object:
    thread = event.thread
    return None if thread is None or thread.vtid == -1 else thread.vtid


def vmsize(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.vmsize if thread.tid == thread.pid else 0


def vmrss(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.vmrss if thread.tid == thread.pid else 0


def cgroups(event: Event) -> object:
    thread = event.thread
    if thread is None or not thread.cgroups:
        return None
    return " ".join(f"{subsystem}={path}" for subsystem, path in thread.cgroups)


def _bind_cgroup(subsystem: str | None) -> Extractor:
    if subsystem is None or not _SUBSYSTEM.fullmatch(subsystem):
        raise ValueError("thread.cgroup needs the name of a subsystem, such as thread.cgroup.memory")

    def extract(event: Event) -> object:
        thread = event.thread
        if thread is None:
            return None
        return next((path for name, path in thread.cgroups if name == subsystem), None)

    return extract


def _slices() -> Extractor:
    """How long the CPU's last slice was: the time between this switch event and the one before on the same CPU."""
    switched: dict[int, int] = {}

    def extract(event: Event) -> int:
        if event.code not in _SWITCHES:
            return 0
        before = switched.get(event.cpu, event.ts)
        switched[event.cpu] = event.ts
        return event.ts - before

    return extract


def _bind_exectime(_argument: str | None) -> Extractor:
    return _slices()


_MAX_TOTALS = 131072


def _bind_totexectime(_argument: str | None) -> Extractor:
    """The slices of each thread added up, as far as this field was evaluated on them."""
    slices = _slices()
    totals: dict[int, int] = {}

    def extract(event: Event) -> object:
        slice_ns = slices(event)
        if event.thread is None:
            return None
        total = totals.get(event.tid, 0)
        if slice_ns:
            assert isinstance(slice_ns, int)
            total += slice_ns
            if len(totals) < _MAX_TOTALS or event.tid in totals:
                totals[event.tid] = total
        return total

    return extract


_T, _DEC, _ID = ParamType, Format.DEC, Format.ID
_CPU = "of a CPU that the thread used; only on events that are internal, hence never seen"
FIELDS = (
    Field("thread.pfmajor", _T.UINT64, "Major page faults of the thread.", pfmajor, format=_DEC),
    Field("thread.pfminor", _T.UINT64, "Minor page faults of the thread.", pfminor, format=_DEC),
    Field("thread.tid", _T.INT64, "Thread id.", tid, Scope.THREAD, _ID),
    Field("thread.ismain", _T.BOOL, "Whether it is the main thread of its process.", ismain, Scope.THREAD),
    Field(
        "thread.exectime",
        _T.RELTIME,
        "On switch events the nanoseconds of CPU that the thread leaving it used, else 0.",
        format=_DEC,
        bind=_bind_exectime,
    ),
    Field(
        "thread.totexectime",
        _T.RELTIME,
        "Nanoseconds of CPU that the thread used in all, as switch events tell.",
        format=_DEC,
        bind=_bind_totexectime,
    ),
    Field("thread.cgroups", _T.CHARBUF, "All cgroups as subsystem=path, separated by spaces.", cgroups, Scope.THREAD),
    Field(
        "thread.cgroup",
        _T.CHARBUF,
        "Path of the cgroup in one subsystem (thread.cgroup.memory).",
        scope=Scope.THREAD,
        argument=Argument.REQUIRED,
        bind=_bind_cgroup,
    ),
    Field("thread.vtid", _T.INT64, "Thread id inside its pid namespace.", vtid, Scope.THREAD, _ID),
    valueless("thread.cpu", f"Per cent {_CPU}.", type=_T.DOUBLE),
    valueless("thread.cpu.user", f"Per cent in user mode {_CPU}.", type=_T.DOUBLE),
    valueless("thread.cpu.system", f"Per cent in the kernel {_CPU}.", type=_T.DOUBLE),
    Field("thread.vmsize", _T.UINT64, "Virtual memory in kB for a main thread, else 0.", vmsize, format=_DEC),
    Field("thread.vmrss", _T.UINT64, "Resident memory in kB for a main thread, else 0.", vmrss, format=_DEC),
)
