"""proc.*: the process that the event belongs to (libsinsp sinsp_filter_check_thread).

Values are those after the event. What a process shares among its threads (cwd, environment, fds, limits) is read from
its main thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.types import Format, ParamType
from falco.fields.field import Field, KernelPath, Scope

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.threads import ThreadInfo


def cmdline_of(thread: ThreadInfo) -> str:
    """comm (not exe) and the arguments, separated by spaces."""
    return " ".join((thread.comm, *thread.args))


def pid(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.pid


def exe(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.exe


def name(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.comm


def args(event: Event) -> object:
    thread = event.thread
    return None if thread is None else " ".join(thread.args)


def env(event: Event) -> object:
    thread = event.thread
    return None if thread is None else " ".join(thread.main.env)


def cmdline(event: Event) -> object:
    thread = event.thread
    return None if thread is None else cmdline_of(thread)


def exeline(event: Event) -> object:
    """exe, a space (also without arguments), and the arguments."""
    thread = event.thread
    return None if thread is None else f"{thread.exe} {' '.join(thread.args)}"


def cwd(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.main.cwd


def exepath(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.exepath


def is_kernel_path(event: Event) -> object:
    """Whether the kernel gave the program's path."""
    thread = event.thread
    return None if thread is None else thread.kernel_exepath


def vpid(event: Event) -> object:
    thread = event.thread
    return None if thread is None or thread.vpid == -1 else thread.vpid


def tty(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.tty


def is_container_healthcheck(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.healthcheck


def cmdnargs(event: Event) -> object:
    thread = event.thread
    return None if thread is None else len(thread.args)


def cmdlenargs(event: Event) -> object:
    """The length of all arguments in bytes, without what separates them."""
    thread = event.thread
    if thread is None:
        return None
    return sum(len(arg) if arg.isascii() else len(arg.encode("utf-8", "surrogateescape")) for arg in thread.args)


_T, _PROCESS, _ID = ParamType, Scope.PROCESS, Format.ID
FIELDS = (
    Field("proc.pid", _T.INT64, "Process id.", pid, _PROCESS, _ID),
    Field("proc.exe", _T.CHARBUF, "First argument of exec, argv[0]: mostly the program's name.", exe, _PROCESS),
    Field("proc.name", _T.CHARBUF, "Name of the program without its path, as the kernel has it.", name, _PROCESS),
    Field("proc.args", _T.CHARBUF, "Arguments, separated by spaces.", args, _PROCESS),
    Field("proc.env", _T.CHARBUF, "Environment of the process as NAME=value, separated by spaces.", env, _PROCESS),
    Field("proc.cmdline", _T.CHARBUF, "proc.name and the arguments, separated by spaces.", cmdline, _PROCESS),
    Field("proc.exeline", _T.CHARBUF, "proc.exe, a space and the arguments.", exeline, _PROCESS),
    Field("proc.cwd", _T.CHARBUF, "Working directory, with a slash at its end.", cwd, _PROCESS),
    Field("proc.vpid", _T.INT64, "Process id inside its pid namespace.", vpid, _PROCESS, _ID),
    Field("proc.tty", _T.INT32, "Number of the controlling terminal, 0 without one.", tty, _PROCESS, _ID),
    Field(
        "proc.exepath",
        _T.CHARBUF,
        "Absolute path of the program.",
        exepath,
        _PROCESS,
        kernel_path=KernelPath(is_kernel_path),
    ),
    Field(
        "proc.is_container_healthcheck",
        _T.BOOL,
        "Whether the process belongs to its container's health check.",
        is_container_healthcheck,
        _PROCESS,
    ),
    Field("proc.cmdnargs", _T.UINT64, "Number of arguments.", cmdnargs, _PROCESS, Format.DEC, later=True),
    Field(
        "proc.cmdlenargs",
        _T.UINT64,
        "Length of all arguments in bytes, separators left out.",
        cmdlenargs,
        _PROCESS,
        Format.DEC,
        later=True,
    ),
)
