"""The blocks before the first event: machine, interfaces, users, processes and their fds, into a Snapshot.

Layouts: libs scap_savefile.c, every version from the first on. A newer writer's unknown trailing bytes are skipped by
the entry's length; an older writer's missing fields keep their defaults.
"""

from __future__ import annotations

from falco.capture.scap import blocks, fd_layout
from falco.events.decode import strings
from falco.state import cgroups
from falco.state.fds import FdInfo
from falco.state.limits import MAX_TEXT
from falco.state.snapshot import Interface, Machine, Snapshot
from falco.state.threads import NO_ID, ThreadInfo
from falco.state.users import Group, User

_ADDRESSES = {1: (4, True), 2: (16, True), 3: (4, False), 4: (16, False)}
"""Interface type -> address length, has a link speed."""
_MIN_ENTRY = 4


class MetadataError(ValueError):
    """A block's body makes no sense; at is the offset in the body."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Cursor:
    """Reads a block's body front to back; every read is checked against the end."""

    def __init__(self, body: bytes, base: int = 0) -> None:
        self.body, self.pos, self.end = body, 0, len(body)
        self._base = base

    @property
    def at(self) -> int:
        """The offset in the block's body."""
        return self._base + self.pos

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self.end - self.pos

    def take(self, size: int) -> bytes:
        """The next size bytes; MetadataError if there are fewer."""
        if size > self.left:
            raise MetadataError(f"{size} bytes expected, {self.left} left in the block", self.at)
        self.pos += size
        return self.body[self.pos - size : self.pos]

    def unsigned(self, size: int) -> int:
        """An unsigned integer of size bytes."""
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        """A signed integer of size bytes."""
        return int.from_bytes(self.take(size), "little", signed=True)

    def counted(self) -> bytes:
        """Bytes with a u16 length before them."""
        return self.take(self.unsigned(2))

    def text(self) -> str:
        """A counted string, cut at MAX_TEXT."""
        return self.counted()[:MAX_TEXT].decode("utf-8", "surrogateescape")

    def entry(self, includes_itself: bool) -> Cursor:
        """The next length-prefixed entry as a cursor of its own."""
        at = self.at
        size = self.unsigned(4) - (4 if includes_itself else 0)
        if size < 0:
            raise MetadataError("an entry is shorter than its own length", at)
        return Cursor(self.take(size), self.at - size)


def machine(body: Cursor, snapshot: Snapshot) -> None:
    """The machine-info block."""
    cpus, memory, max_pid, hostname, boot, *_ = blocks.MACHINE.unpack(body.take(blocks.MACHINE.size))
    name = hostname.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    snapshot.machine = Machine(cpus, memory, max_pid, name, boot)


def interfaces(body: Cursor, snapshot: Snapshot, entries: bool) -> None:
    """An interface list; in the V2 form each entry's length does not count itself."""
    while body.left >= _MIN_ENTRY:
        cursor = body.entry(includes_itself=False) if entries else body
        at = cursor.at
        kind, name_length = cursor.unsigned(2), cursor.unsigned(2)
        if kind not in _ADDRESSES:
            raise MetadataError(f"unknown interface type {kind}", at)
        size, has_speed = _ADDRESSES[kind]
        address, netmask, broadcast = (cursor.take(size) for _ in range(3))
        speed = cursor.unsigned(8) if has_speed else 0
        name = cursor.take(name_length).decode("utf-8", "surrogateescape")
        snapshot.add_interface(Interface(name, address, netmask, broadcast, speed))


def users(body: Cursor, snapshot: Snapshot, entries: bool) -> None:
    """A user and group list."""
    while body.left >= _MIN_ENTRY:
        cursor = body.entry(includes_itself=True) if entries else body
        kind = cursor.unsigned(1)
        if kind == 0:
            uid, gid = cursor.unsigned(4), cursor.unsigned(4)
            snapshot.add_user(User(uid, gid, cursor.text(), cursor.text(), cursor.text()))
        elif kind == 1:
            snapshot.add_group(Group(cursor.unsigned(4), cursor.text()))
        else:
            raise MetadataError(f"unknown user-list entry {kind}", cursor.at - 1)


def processes(body: Cursor, snapshot: Snapshot, version: int) -> None:
    """A process list of versions 1 to 9."""
    while body.left >= _MIN_ENTRY:
        cursor = body.entry(includes_itself=True) if version >= 9 else body
        snapshot.add_thread(_process(cursor, version))


def _process(cursor: Cursor, version: int) -> ThreadInfo:
    thread = ThreadInfo(cursor.signed(8), cursor.signed(8), cursor.signed(8))
    thread.vtid, thread.vpid = thread.tid, thread.pid
    if version >= 6:
        thread.sid = cursor.signed(8)
    if version >= 8:
        thread.vpgid = cursor.signed(8)
    thread.comm, thread.exe = cursor.text(), cursor.text()
    if version >= 7:
        thread.exepath = cursor.text()
    thread.args = strings(cursor.counted())
    thread.cwd = cursor.text()
    thread.fdlimit = cursor.signed(8)
    thread.flags, thread.uid, thread.gid = (cursor.unsigned(4) for _ in range(3))
    if version >= 2:
        thread.vmsize, thread.vmrss, thread.vmswap = (cursor.unsigned(4) for _ in range(3))
        thread.pfmajor, thread.pfminor = cursor.unsigned(8), cursor.unsigned(8)
    if version >= 3:
        thread.env = strings(cursor.counted())
    if version >= 4:
        thread.vtid, thread.vpid = cursor.signed(8), cursor.signed(8)
        thread.cgroups = cgroups.parse(cursor.counted())
    if version >= 5:
        thread.root = cursor.text()
    if version >= 9:
        _tail(thread, cursor)
    # A writer that keeps state writes out its placeholders too; libsinsp recognises them by these two values.
    thread.placeholder = thread.comm == "<NA>" and thread.uid == NO_ID
    return thread


def _tail(thread: ThreadInfo, cursor: Cursor) -> None:
    # Two fields were once inserted before the login uid; only the tail's size tells whether they are there.
    if cursor.left > 29:
        cursor.take(8)
        thread.tty = cursor.unsigned(4)
    if cursor.left >= 4:
        thread.loginuid = cursor.unsigned(4)


def fds(body: Cursor, snapshot: Snapshot, entries: bool) -> None:
    """One thread's fd list. A thread that the process list lacks keeps its fds nowhere."""
    thread = snapshot.threads.get(body.signed(8))
    while body.left >= _MIN_ENTRY:
        cursor = body.entry(includes_itself=True) if entries else body
        if not entries and cursor.left < _FD_HEAD:
            break
        number, ino, kind = cursor.signed(8), cursor.unsigned(8), cursor.unsigned(1)
        fd = FdInfo(kind, ino=ino)
        fd_layout.read(fd, cursor, entries=entries)
        if thread is not None:
            snapshot.add_fd(thread, number, fd)


_FD_HEAD = 17


def parse(kind: int, body: bytes, snapshot: Snapshot) -> None:
    """Add one metadata block to snapshot; blocks of unknown kinds add nothing. Raises MetadataError."""
    cursor = Cursor(body)
    if kind == blocks.MACHINE_INFO:
        machine(cursor, snapshot)
    elif kind in (blocks.INTERFACES, blocks.INTERFACES_V2):
        interfaces(cursor, snapshot, kind == blocks.INTERFACES_V2)
    elif kind in (blocks.USERS, blocks.USERS_V2):
        users(cursor, snapshot, kind == blocks.USERS_V2)
    elif kind in blocks.PROCESSES:
        processes(cursor, snapshot, blocks.PROCESSES[kind])
    elif kind in (blocks.FDS, blocks.FDS_V2):
        fds(cursor, snapshot, kind == blocks.FDS_V2)
