"""What processes are told to be by the events of their lives, and what their end and their use of memory change.

clones.py and execs.py have what begins a process and what makes it another program.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from falco.events.decode import LONGEST_LIST, signed, text
from falco.events.event import ABSENT, Event
from falco.events.integers import Integers
from falco.events.table import CODES, EVENT_TABLE
from falco.state.limits import MAX_TEXT
from falco.state.threads import CLONE_CLOSED

if TYPE_CHECKING:
    from falco.events.table import EventType
    from falco.state.state import State

EXE, ARGS, PID, PTID = 1, 2, 4, 5
"""Where every version of clone and exec has these parameters."""
_MEMORY = (("vm_size", "I", 0), ("vm_rss", "I", 0), ("vm_swap", "I", 0))
_FAULTS = (("pgft_maj", "Q", 0), ("pgft_min", "Q", 0))


def place(event_type: EventType, *names: str) -> int:
    """Where the first of these parameters that an event has stands, ABSENT if it has none."""
    found = (event_type.index(name) for name in names)
    return next((index for index in found if index is not None), ABSENT)


def resources(event_type: EventType) -> Integers[int]:
    """Reads a new process's limit of files, page faults and memory."""
    return Integers(event_type, ("fdlimit", "q", 0), *_FAULTS, *_MEMORY)


@functools.lru_cache(maxsize=256)
def program_name(raw: bytes) -> str:
    """The text of a program's name. Few programs make most processes, so the last names are kept."""
    return text(raw[:MAX_TEXT])


def word_list(raw: bytes) -> bytes:
    """The bytes of a list of arguments or variables, as much of it as is ever read."""
    return raw[:LONGEST_LIST]


class Counters:
    """Reads the use of memory that some calls tell."""

    def __init__(self, symbol: str) -> None:
        event_type = EVENT_TABLE[CODES[symbol]]
        self.tells_faults = event_type.index("pgft_maj") is not None
        self.faults, self.memory = Integers(event_type, *_FAULTS), Integers(event_type, *_MEMORY)


COUNTERS = {
    CODES[symbol]: Counters(symbol)
    for symbol in ("SYSCALL_BRK_4_X", "SYSCALL_MMAP_X", "SYSCALL_MMAP2_X", "SYSCALL_MUNMAP_X", "SCHEDSWITCH_6_E")
}


_REAPER = place(EVENT_TABLE[CODES["PROCEXIT_1_E"]], "reaper_tid")


def exited(state: State, event: Event) -> None:
    """procexit: gone once the rules have seen it. Its children have another parent at once, if writers tell which."""
    thread = event.thread
    if thread is None:
        return
    thread.flags |= CLONE_CLOSED
    state.remove_thread_later(thread)
    if event.nparams > _REAPER:
        state.lineage.bequeath(thread, signed(event.raw(_REAPER)))


def counters(state: State, event: Event) -> None:
    """Memory calls tell the thread's use of memory, context switches its faults too, and the process's memory."""
    del state
    thread = event.thread
    if thread is None:
        return
    told = COUNTERS[event.code]
    owner = thread
    if told.tells_faults:
        thread.pfmajor, thread.pfminor = told.faults.of(event)
        owner = thread.main
    owner.vmsize, owner.vmrss, owner.vmswap = told.memory.of(event)
