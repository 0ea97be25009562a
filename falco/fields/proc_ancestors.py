"""proc.*: the parent, the other ancestors, and the session and process group that a process belongs to.

A parent is looked up by the thread's own ptid, which for a thread is the thread that made it; ancestors start at the
process's main thread. Who is not in the thread table is not known: nothing is looked up elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from falco.events.types import Format, ParamType
from falco.fields.field import Argument, Extractor, Field, Many, Scope
from falco.fields.kept import kept
from falco.fields.proc import cmdline_of

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.state import State
    from falco.state.threads import ThreadInfo

Attribute = Callable[["ThreadInfo"], object]
MAX_INDEX = 1024
"""How far back an index may reach; nothing has that many ancestors."""


def _pid(thread: ThreadInfo) -> object:
    return thread.pid


def _comm(thread: ThreadInfo) -> object:
    return thread.comm


def _exe(thread: ThreadInfo) -> object:
    return thread.exe


def _exepath(thread: ThreadInfo) -> object:
    return thread.exepath


def _args(thread: ThreadInfo) -> object:
    return " ".join(thread.args)


def _env(thread: ThreadInfo) -> object:
    return " ".join(thread.main.env)


def _vpid(thread: ThreadInfo) -> object:
    return thread.vpid


def ppid(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.main.ptid


def of_parent(attribute: Attribute) -> Extractor:
    """An extractor for an attribute of the parent."""

    def extract(event: Event) -> object:
        thread = event.thread
        parent = None if thread is None else event.state.threads.get(thread.ptid)
        return None if parent is None else attribute(parent)

    return extract


def of_self(attribute: Attribute) -> Extractor:
    """An extractor for an attribute of the process itself: what an ancestor field prints without an index."""

    def extract(event: Event) -> object:
        thread = event.thread
        return None if thread is None else attribute(thread.main)

    return extract


def of_ancestors(attribute: Attribute) -> Extractor:
    """An extractor for an attribute of all ancestors, the process itself left out."""
    return kept(lambda state, thread: tuple(map(attribute, state.ancestors(thread))), absent=())


def of_ancestor(attribute: Attribute, index: int) -> Extractor:
    """An extractor for an attribute of one ancestor: 0 is the process itself, 1 its parent."""
    if index == 0:
        return of_self(attribute)

    def read(state: State, thread: ThreadInfo) -> object:
        ancestor = state.ancestor(thread, index)
        return None if ancestor is None else attribute(ancestor)

    return kept(read)


def _ancestor_field(name: str, type: ParamType, doc: str, attribute: Attribute, later: bool = False) -> Field:
    def bind(argument: str | None) -> Extractor:
        if argument is None:
            return of_ancestors(attribute)
        if not (argument.isascii() and argument.isdigit()) or int(argument[:9]) > MAX_INDEX:
            raise ValueError(f"{name}[{argument}]: the index is a number from 0 (the process itself) to {MAX_INDEX}")
        return of_ancestor(attribute, int(argument))

    return Field(
        name,
        type,
        doc,
        of_self(attribute),
        Scope.PROCESS,
        Format.ID if type is ParamType.INT64 else Format.NA,
        Argument.OPTIONAL,
        bind,
        many=Many.ANCESTORS,
        compared=of_ancestors(attribute),
        later=later,
    )


def _lineage(event: Event) -> Iterator[ThreadInfo]:
    thread = event.thread
    if thread is not None:
        yield thread.main
        yield from event.state.ancestors(thread)


def loginshellid(event: Event) -> object:
    """The pid of the oldest shell among the process and its ancestors; a shell is what ends in `sh`."""
    found = None
    for thread in _lineage(event):
        if thread.comm.endswith("sh"):
            found = thread.pid
    return found


def session_leader(event: Event) -> ThreadInfo | None:
    """The process whose pid is the session's id, else the eldest of the line of ancestors that share the session.

    Whoever it is, nothing tells this thread of what it does, so that what is read of it counts as VOLATILE.
    """
    thread = event.thread
    if thread is None:
        return None
    leader = event.state.threads.get(thread.sid)
    if leader is not None:
        return leader
    leader = thread.main
    for ancestor in event.state.ancestors(thread):
        if ancestor.sid != thread.main.sid:
            break
        leader = ancestor
    return leader


def _of_session_leader(attribute: Attribute) -> Extractor:
    def extract(event: Event) -> object:
        leader = session_leader(event)
        return None if leader is None else attribute(leader)

    return extract


def sid(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.sid


def vpgid(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.vpgid


def is_sid_leader(event: Event) -> object:
    """Session ids are as in the pid namespace of the process, so they are held against its pid there."""
    thread = event.thread
    return None if thread is None else thread.sid == thread.vpid


def is_vpgid_leader(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.vpgid == thread.vpid


_T, _PROCESS, _ID = ParamType, Scope.PROCESS, Format.ID
_INDEX = "[0] is the process itself, [1] its parent; without index any ancestor in conditions"
FIELDS = (
    Field("proc.ppid", _T.INT64, "Process id of the parent.", ppid, _PROCESS, _ID),
    Field("proc.pname", _T.CHARBUF, "proc.name of the parent.", of_parent(_comm), _PROCESS),
    Field("proc.pcmdline", _T.CHARBUF, "proc.cmdline of the parent.", of_parent(cmdline_of), _PROCESS),
    _ancestor_field("proc.apid", _T.INT64, f"proc.pid of an ancestor: {_INDEX}.", _pid),
    _ancestor_field("proc.aname", _T.CHARBUF, f"proc.name of an ancestor: {_INDEX}.", _comm),
    Field(
        "proc.loginshellid",
        _T.INT64,
        "Process id of the oldest shell among the process and its ancestors.",
        loginshellid,
        _PROCESS,
        _ID,
    ),
    Field("proc.sid", _T.INT64, "Session id.", sid, _PROCESS, _ID),
    Field(
        "proc.sname",
        _T.CHARBUF,
        "proc.name of the session's leader, or of the eldest ancestor in the session if the leader is gone.",
        _of_session_leader(_comm),
    ),
    Field("proc.vpgid", _T.INT64, "Process group id inside its pid namespace.", vpgid, _PROCESS, _ID),
    Field("proc.pexe", _T.CHARBUF, "proc.exe of the parent.", of_parent(_exe), _PROCESS, later=True),
    Field("proc.pexepath", _T.CHARBUF, "proc.exepath of the parent.", of_parent(_exepath), _PROCESS, later=True),
    Field("proc.pvpid", _T.INT64, "proc.vpid of the parent.", of_parent(_vpid), _PROCESS, _ID, later=True),
    _ancestor_field("proc.aexe", _T.CHARBUF, f"proc.exe of an ancestor: {_INDEX}.", _exe, later=True),
    _ancestor_field("proc.aexepath", _T.CHARBUF, f"proc.exepath of an ancestor: {_INDEX}.", _exepath, later=True),
    _ancestor_field("proc.aargs", _T.CHARBUF, f"proc.args of an ancestor: {_INDEX}.", _args, later=True),
    _ancestor_field("proc.acmdline", _T.CHARBUF, f"proc.cmdline of an ancestor: {_INDEX}.", cmdline_of, later=True),
    _ancestor_field("proc.aenv", _T.CHARBUF, f"proc.env of an ancestor: {_INDEX}.", _env, later=True),
    Field("proc.sid.exe", _T.CHARBUF, "proc.exe of the session's leader.", _of_session_leader(_exe), later=True),
    Field(
        "proc.sid.exepath",
        _T.CHARBUF,
        "proc.exepath of the session's leader.",
        _of_session_leader(_exepath),
        later=True,
    ),
    Field("proc.is_sid_leader", _T.BOOL, "Whether the process leads its session.", is_sid_leader, _PROCESS, later=True),
    Field(
        "proc.is_vpgid_leader",
        _T.BOOL,
        "Whether the process leads its process group.",
        is_vpgid_leader,
        _PROCESS,
        later=True,
    ),
)
