"""Which event changes which table: the list that State.apply follows, and what a source has to let through for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from falco.events.event import Event
from falco.events.table import CODES, EVENT_TABLE, codes_named
from falco.events.types import Category, EventFlag
from falco.state import (
    accounts,
    attributes,
    clones,
    container_events,
    enters,
    execs,
    files,
    nameless,
    processes,
    sockets,
    transfers,
)
from falco.state.resets import LAST_015

if TYPE_CHECKING:
    from falco.state.state import State

Handler = Callable[["State", Event], None]

_BY_SYMBOL: dict[str, Handler] = {
    "SYSCALL_OPEN_X": files.opened,
    "SYSCALL_CREAT_X": files.opened,
    "SYSCALL_OPENAT_E": enters.store_enter,
    "SYSCALL_OPENAT_X": files.opened_at_old,
    "SYSCALL_OPENAT_2_X": files.opened,
    "SYSCALL_OPENAT2_X": files.opened,
    "SYSCALL_OPEN_BY_HANDLE_AT_X": files.opened_by_handle,
    "SYSCALL_CLOSE_E": files.close_enter,
    "SYSCALL_CLOSE_X": files.close_exit,
    "SYSCALL_CLOSE_RANGE_X": files.closed_range,
    "SYSCALL_DUP_X": files.duplicated,
    "SYSCALL_DUP_1_X": files.duplicated,
    "SYSCALL_DUP2_X": files.duplicated,
    "SYSCALL_DUP3_X": files.duplicated,
    "SYSCALL_FCNTL_E": enters.store_enter,
    "SYSCALL_FCNTL_X": files.fcntl_exit,
    "SYSCALL_PIPE_X": nameless.piped,
    "SYSCALL_PIPE2_X": nameless.piped,
    "SYSCALL_EVENTFD_X": nameless.created_nameless,
    "SYSCALL_EVENTFD2_X": nameless.created_nameless,
    "SYSCALL_SIGNALFD_X": nameless.created_nameless,
    "SYSCALL_SIGNALFD4_X": nameless.created_nameless,
    "SYSCALL_TIMERFD_CREATE_X": nameless.created_nameless,
    "SYSCALL_INOTIFY_INIT_X": nameless.created_nameless,
    "SYSCALL_INOTIFY_INIT1_X": nameless.created_nameless,
    "SYSCALL_MEMFD_CREATE_X": nameless.memory_file,
    "SYSCALL_PIDFD_OPEN_X": nameless.created_nameless,
    "SYSCALL_PIDFD_GETFD_X": nameless.borrowed,
    "SYSCALL_EPOLL_CREATE_X": nameless.created_nameless,
    "SYSCALL_EPOLL_CREATE1_X": nameless.created_nameless,
    "SYSCALL_USERFAULTFD_X": nameless.created_nameless,
    "SYSCALL_IO_URING_SETUP_X": nameless.created_nameless,
    "SYSCALL_BPF_2_X": nameless.bpf_fd,
    "SOCKET_SOCKET_E": enters.store_enter,
    "SOCKET_SOCKET_X": sockets.socket_exit,
    "SOCKET_SOCKETPAIR_X": sockets.socketpair_exit,
    "SOCKET_BIND_X": sockets.bind_exit,
    "SOCKET_CONNECT_X": sockets.connect_exit,
    "SOCKET_ACCEPT_X": sockets.accept_exit,
    "SOCKET_ACCEPT4_X": sockets.accept_exit,
    "SOCKET_ACCEPT_5_X": sockets.accept_exit,
    "SOCKET_ACCEPT4_5_X": sockets.accept_exit,
    "SOCKET_ACCEPT4_6_X": sockets.accept_exit,
    "SOCKET_SENDTO_E": transfers.send_enter,
    "SOCKET_SENDTO_X": transfers.send_exit,
    "SOCKET_SENDMSG_E": transfers.send_enter,
    "SOCKET_SENDMSG_X": transfers.send_exit,
    "SOCKET_SENDMMSG_X": transfers.send_many_exit,
    "SOCKET_RECVFROM_X": transfers.receive_exit,
    "SOCKET_RECVMSG_X": transfers.receive_exit,
    "SOCKET_GETSOCKOPT_X": sockets.getsockopt_exit,
    "PROCEXIT_E": processes.exited,
    "PROCEXIT_1_E": processes.exited,
    "SYSCALL_EXECVE_18_E": enters.store_enter,
    "SYSCALL_EXECVE_19_E": enters.store_enter,
    "SYSCALL_EXECVEAT_E": enters.store_enter,
    "SYSCALL_CHDIR_X": attributes.changed_directory,
    "SYSCALL_FCHDIR_X": attributes.changed_directory_fd,
    "SYSCALL_GETCWD_X": attributes.changed_directory,
    "SYSCALL_CHROOT_X": attributes.changed_root,
    "SYSCALL_SETUID_E": enters.store_enter,
    "SYSCALL_SETUID_X": attributes.set_uid,
    "SYSCALL_SETGID_E": enters.store_enter,
    "SYSCALL_SETGID_X": attributes.set_gid,
    "SYSCALL_SETRESUID_E": enters.store_enter,
    "SYSCALL_SETRESUID_X": attributes.set_effective_uid,
    "SYSCALL_SETRESGID_E": enters.store_enter,
    "SYSCALL_SETRESGID_X": attributes.set_effective_gid,
    "SYSCALL_SETREUID_X": attributes.set_effective_uid,
    "SYSCALL_SETREGID_X": attributes.set_effective_gid,
    "SYSCALL_SETSID_X": attributes.set_session,
    "SYSCALL_SETRLIMIT_E": enters.store_enter,
    "SYSCALL_SETRLIMIT_X": attributes.limited,
    "SYSCALL_GETRLIMIT_E": enters.store_enter,
    "SYSCALL_GETRLIMIT_X": attributes.limited,
    "SYSCALL_PRLIMIT_E": enters.store_enter,
    "SYSCALL_PRLIMIT_X": attributes.limited_other,
    "SYSCALL_PRCTL_X": attributes.renamed,
    "PROCINFO_E": attributes.named,
    "CONTAINER_E": container_events.container_old,
    "CONTAINER_JSON_E": container_events.container_json,
    "CONTAINER_JSON_2_E": container_events.container_json,
    "USER_ADDED_E": accounts.user_added,
    "USER_DELETED_E": accounts.user_deleted,
    "GROUP_ADDED_E": accounts.group_added,
    "GROUP_DELETED_E": accounts.group_deleted,
}


def _table() -> tuple[Handler | None, ...]:
    handlers: dict[int, Handler] = {CODES[symbol]: handler for symbol, handler in _BY_SYMBOL.items()}
    handlers.update(dict.fromkeys(clones.CLONES, clones.cloned))
    handlers.update(dict.fromkeys(execs.EXECS, execs.executed))
    handlers.update(dict.fromkeys(processes.COUNTERS, processes.counters))
    moving = EventFlag.READS_FROM_FD | EventFlag.WRITES_TO_FD
    for event_type in EVENT_TABLE:
        if event_type.flags & moving and not event_type.enter:
            handlers.setdefault(event_type.code, transfers.io_exit)
    return tuple(handlers.get(code) for code in range(len(EVENT_TABLE)))


HANDLERS = _table()
"""Event code -> what it does to the tables, None for nothing."""


def _threadless() -> frozenset[int]:
    # To 0.15 a tracer event is a thread's doing although it is a meta event; the meta events of later writers are not.
    meta = Category.METAEVENT | Category.PLUGIN
    return frozenset(
        t.code
        for t in EVENT_TABLE
        if t.flags & EventFlag.SKIP_PARSE_RESET or t.name == "container" or (t.code > LAST_015 and t.category & meta)
    )


NO_THREAD = _threadless()
"""Events that are no thread's doing."""
NO_PLACEHOLDER = frozenset((*clones.CLONES, *codes_named("switch"), *codes_named("procinfo")))
"""Events whose thread is looked up but not created."""
IGNORED = frozenset(t.code for t in EVENT_TABLE if t.flags & EventFlag.DROP_FALCO) - {CODES["PROCINFO_E"]}
"""Events that 0.15 discards without -A, before they change anything. procinfo tells state more than 0.15 knew of."""


_OF_PROCESSES = frozenset((
    processes.exited, clones.cloned, execs.executed, attributes.changed_directory,
    attributes.changed_directory_fd, attributes.changed_root, attributes.set_uid, attributes.set_gid,
    attributes.set_effective_uid, attributes.set_effective_gid, attributes.set_session, attributes.limited,
    attributes.limited_other, attributes.renamed, attributes.named,
))  # fmt: skip
PROCESS_LIFE = frozenset(code for code, handler in enumerate(HANDLERS) if handler in _OF_PROCESSES)
"""What state needs of a source whose events say themselves what their fds are: how processes begin, change and end."""


def needed(wanted: Iterable[int], all_events: bool = False) -> frozenset[int]:
    """The codes that have to reach State.apply so that rules which look at the wanted ones see all they would see.

    These are the wanted ones, those that change tables, and the enter of each exit among them: an exit takes its fd,
    its latency and part of its parameters from the enter right before it. all_events is -A.

    What passing over the others does change: a thread that no other event has introduced gets its placeholder from
    the first event that is let through; an exit whose own enter is missing from the capture shows the fd number and
    the latency of the last enter that was let through; and a call is not torn by an enter of the same thread between
    its halves, which no kernel sends.
    """
    codes = {code for code, handler in enumerate(HANDLERS) if handler is not None}
    if not all_events:
        codes -= IGNORED
    codes.update(wanted)
    return frozenset(codes | {code - 1 for code in codes if code & 1})
