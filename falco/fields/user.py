"""user.* and group.*: whom the thread acts as; names are those that the capture (or the host) lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falco.events.types import Format, ParamType
from falco.fields.field import Field, Scope
from falco.state.threads import NO_ID

if TYPE_CHECKING:
    from falco.events.event import Event
    from falco.state.users import User


def _user(event: Event) -> User | None:
    thread = event.thread
    return None if thread is None else event.state.users.get(thread.uid)


def uid(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.uid


def name(event: Event) -> object:
    user = _user(event)
    return None if user is None else user.name


def homedir(event: Event) -> object:
    user = _user(event)
    return None if user is None else user.home


def shell(event: Event) -> object:
    user = _user(event)
    return None if user is None else user.shell


def loginuid(event: Event) -> object:
    """-1 where nobody logged in."""
    thread = event.thread
    return None if thread is None else -1 if thread.loginuid == NO_ID else thread.loginuid


def loginname(event: Event) -> object:
    thread = event.thread
    user = None if thread is None else event.state.users.get(thread.loginuid)
    return None if user is None else user.name


def gid(event: Event) -> object:
    thread = event.thread
    return None if thread is None else thread.gid


def group_name(event: Event) -> object:
    thread = event.thread
    group = None if thread is None else event.state.groups.get(thread.gid)
    return None if group is None else group.name


_T, _PROCESS, _ID = ParamType, Scope.PROCESS, Format.ID
FIELDS = (
    Field("user.uid", _T.UINT32, "Effective user id.", uid, _PROCESS, _ID),
    Field("user.name", _T.CHARBUF, "Name of the user.", name, _PROCESS),
    Field("user.homedir", _T.CHARBUF, "Home directory of the user.", homedir, _PROCESS),
    Field("user.shell", _T.CHARBUF, "Shell of the user.", shell, _PROCESS),
    Field("user.loginuid", _T.INT32, "Id of the user who logged in, -1 if nobody did.", loginuid, _PROCESS, _ID),
    Field("user.loginname", _T.CHARBUF, "Name of the user who logged in.", loginname, _PROCESS),
    Field("group.gid", _T.UINT64, "Effective group id.", gid, _PROCESS, _ID),
    Field("group.name", _T.CHARBUF, "Name of the group.", group_name, _PROCESS),
)
