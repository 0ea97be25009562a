"""Event parameters as text, with what state knows of them: fds by name, pids by command, ids by user, paths made whole.

Every parameter has a plain text and may have a resolved one; `evt.args` prints both, `evt.arg` prefers the resolved.
The forms are those of libsinsp (sinsp_evt::get_param_as_str), which users' rules compare.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from falco.events import text
from falco.events.decode import Dyn, dyn, fdlist, signed, unsigned
from falco.events.decode import text as string
from falco.events.table import EVENT_TABLE, Param
from falco.events.types import Format, ParamType
from falco.fields import param_values as values
from falco.fields.fd_kind import TYPE_CHARS
from falco.state.fds import L4, FdInfo
from falco.state.network import NETWORK_TYPES, lacks_role
from falco.state.paths import AT_FDCWD, directory, join
from falco.state.threads import NO_ID

if TYPE_CHECKING:
    from falco.events.event import Event

Renderer = Callable[["Event", bytes], tuple[str, str]]
"""Event and a parameter's bytes (never empty) -> plain text, resolved text or ''."""

UNREADABLE = "<NA>"
"""What the kernel side wrote for a string that it could not read."""
_ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF
_PROTOCOL_LETTERS: dict[int, str] = {L4.TCP: "t", L4.UDP: "u", L4.ICMP: "i", L4.RAW: "r"}


def protocol_letter(fd: FdInfo) -> str:
    """The letter of an inet socket's transport, '' while it has no role (raw sockets need none) and for other fds."""
    if fd.type not in NETWORK_TYPES or (lacks_role(fd) and fd.l4proto != L4.RAW):
        return ""
    return _PROTOCOL_LETTERS.get(fd.l4proto, "")


@functools.cache
def renderer(code: int, index: int) -> Renderer:
    """How a parameter of an event type is printed; made once."""
    event_type = EVENT_TABLE[code]
    param = event_type.params[index]
    if param.type in (ParamType.FSPATH, ParamType.FSRELPATH):
        has_dirfd = param.dirfd is not None and event_type.params[param.dirfd].type is ParamType.FD
        return _path(param.dirfd if has_dirfd else None)
    return _renderer(param, param.format)


def _renderer(param: Param, form: Format) -> Renderer:
    kind = param.type
    if kind in text.INTEGERS:
        return _plain(text.integer(kind, form))
    if kind in _FLAG_TYPES:
        return _flags(param, form)
    if kind is ParamType.DYN:
        return _dynamic(param)
    return _BY_TYPE.get(kind, values.not_printable)


def _plain(convert: Callable[[bytes], str]) -> Renderer:
    return lambda _event, raw: (convert(raw), "")


def _flags(param: Param, form: Format) -> Renderer:
    names = text.flags(param.type, param.flags)
    number = text.octal if param.type is ParamType.MODE and form is Format.OCT else str

    def render(_event: Event, raw: bytes) -> tuple[str, str]:
        value = unsigned(raw)
        return number(value), names(value)

    return render


def _dynamic(param: Param) -> Renderer:
    """The event chooses the type; the format stays that of the parameter itself."""
    choices = tuple(_renderer(choice, param.format) for choice in param.alternatives)

    def render(event: Event, raw: bytes) -> tuple[str, str]:
        value: Dyn = dyn(raw)
        if value.index >= len(choices):
            return "INVALID DYNAMIC PARAMETER", ""
        return choices[value.index](event, value.raw) if value.raw else ("", "")

    return render


def _path(dirfd: int | None) -> Renderer:
    """A path; the resolved text is its absolute form where it was given relative."""

    def render(event: Event, raw: bytes) -> tuple[str, str]:
        path = string(raw)
        plain = text.printable(path)
        if path.startswith(("/", UNREADABLE)) or event.thread is None:
            return plain, ""
        return plain, text.printable(join(_base(event, dirfd), path or "."))

    return render


def _base(event: Event, dirfd: int | None) -> str:
    main = event.thread.main  # type: ignore[union-attr]
    raw = event.raw(dirfd) if dirfd is not None else b""
    number = signed(raw) if raw else AT_FDCWD
    if number == AT_FDCWD:
        return main.cwd
    fd = main.fds.get(number)
    # With a directory that is not known, the path stays as it was passed.
    return "" if fd is None else directory(fd.name)


def _fd(event: Event, raw: bytes) -> tuple[str, str]:
    number = signed(raw)
    if event.thread is None:
        return str(number), ""
    if number < 0:
        return str(number), "AT_FDCWD" if number == AT_FDCWD else text.errno_name(number)
    fd = event.thread.main.fds.get(number)
    if fd is None:
        return str(number), ""
    return str(number), f"<{TYPE_CHARS[fd.type]}{protocol_letter(fd)}>{text.printable(fd.name)}"


def _pid(event: Event, raw: bytes) -> tuple[str, str]:
    pid = signed(raw)
    thread = event.state.threads.get(pid)
    return str(pid), "" if thread is None else thread.comm


def _uid(event: Event, raw: bytes) -> tuple[str, str]:
    uid = unsigned(raw)
    user = event.state.users.get(uid)
    return _identity(uid, user.name if user else None)


def _gid(event: Event, raw: bytes) -> tuple[str, str]:
    gid = unsigned(raw)
    group = event.state.groups.get(gid)
    return _identity(gid, group.name if group else None)


def _identity(number: int, name: str | None) -> tuple[str, str]:
    if number == NO_ID:
        return "-1", "<NONE>"
    return str(text.as_signed(number, 32)), "<NA>" if name is None else text.printable(name)


def _fdlist(event: Event, raw: bytes) -> tuple[str, str]:
    """`fd:TYPEevents` of each, the events in hexadecimal; like libsinsp, an fd of -1 prints as an unsigned number."""
    if event.thread is None:
        return "", ""
    fds = event.thread.main.fds
    items = ((number & _ALL_ONES, fds.get(number), events) for number, events in fdlist(raw))
    return " ".join(f"{n}:{TYPE_CHARS[fd.type] if fd else '?'}{events:x}" for n, fd, events in items), ""


_T = ParamType
_FLAG_TYPES = frozenset(
    (_T.FLAGS8, _T.FLAGS16, _T.FLAGS32, _T.ENUMFLAGS8, _T.ENUMFLAGS16, _T.ENUMFLAGS32, _T.MODE),
)
_BY_TYPE: dict[ParamType, Renderer] = {
    _T.CHARBUF: values.charbuf,
    _T.BYTEBUF: values.bytebuf,
    _T.ERRNO: values.errno,
    _T.FD: _fd,
    _T.FD32: _fd,
    _T.PID: _pid,
    _T.PID32: _pid,
    _T.UID: _uid,
    _T.GID: _gid,
    _T.SOCKADDR: values.sockaddr,
    _T.SOCKTUPLE: values.socktuple,
    _T.FDLIST: _fdlist,
    _T.SYSCALLID: values.syscall,
    _T.SIGTYPE: values.signal,
    _T.SIGSET: values.sigset,
    _T.RELTIME: values.reltime,
    _T.ABSTIME: values.abstime,
    _T.IPV4ADDR: values.address,
    _T.IPV6ADDR: values.address,
    _T.PORT: values.number,
    _T.L4PROTO: values.number,
    _T.SOCKFAMILY: values.number,
    _T.BOOL: values.number,
}
EMPTY = {_T.BYTEBUF: "", _T.SOCKADDR: text.NULL, _T.SOCKTUPLE: text.NULL}
"""What an empty parameter of these types reads as; of every other type it is no value, and `evt.args` prints NULL."""
