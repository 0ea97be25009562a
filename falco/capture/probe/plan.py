"""What of the compiled probe is wanted: which programs, where they hang, and what their maps hold at the start."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

from falco.capture.probe.automaton import MOST_STATES
from falco.capture.probe.calls import CALLS, LIFE, OTHER, X32
from falco.capture.probe.calls_network import SOCKETCALLS
from falco.capture.probe.sieve import NO_SIEVE, Sieve
from falco.capture.probe.text import code, generic
from falco.events.syscalls import NATIVE, SYSCALL_NAMES
from falco.events.table import CODES, codes_named
from falco.state.handlers import PROCESS_LIFE

if TYPE_CHECKING:
    from falco.capture.probe.call import Call

_EXIT, _ENTER, _REAL, _TIME, _TRACK, _SIEVE, _MOVES, _LIFE = 1, 2, 4, 8, 16, 32, 64, 128
"""FLAG_* of c/runtime.h."""
_SLOT = struct.Struct("=IHH")
_U32, _U64 = struct.Struct("=I"), struct.Struct("=Q")
_CLOCK, _SNAPLEN, _SELF, _ROWS, _SHADOW, _TRAITS = 0, 1, 2, 3, 4, 5
"""SETTING_* of c/runtime.h."""
_SOCKETCALL, _SOCKETCALL_BASE, _X32_BASE = 102, 480, 512
_STEPS = (
    "step_fd", "step_paths", "step_look", "step_process", "step_groups", "step_exec", "step_clone", "step_look_at_name",
)  # fmt: skip
"""STEP_* of c/runtime.h, by their numbers."""
_LOOKS = {"step_look": "STEP_LOOK", "step_look_at_name": "STEP_LOOK_AT_NAME"}
"""Steps that only sieves call -> what is in the text of one that does."""
_REAL_ENTER = frozenset(("close", "execve", "execveat", "fork", "vfork", "clone", "clone3"))
"""What an enter tells of these is gone by their exit: the file, the thread that called, the program before. And a child
comes out of a call that it never entered: to other readers an enter of its own would be one of a thread without name.
"""
_PROMPT = frozenset(("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid"))
"""These return, and at once, so that an enter made up at the exit is as good as one sent when they are entered. What
hangs on sys_enter costs every call of the host.
"""
REAL_ENTERS = frozenset(code(call, "E") for call in (*LIFE, *CALLS) if call.name in _REAL_ENTER)
"""The codes of enters that are never made up at the exit."""
_TRACKED = frozenset(call.name for call in CALLS if call.setup)
_MOVING = frozenset(("unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2"))
"""Sifted calls after which a path may lead elsewhere: what was there is gone, and a link may take its place, or has.

Calls that make something where nothing was are not among them: nobody remembers of a place that nothing is there.
"""
_BY_URING = ("openat", "connect", "renameat2", "unlinkat", "mkdirat", "symlinkat", "linkat")
_URING = {"on_uring_submit": "io_uring_submit_req", "on_uring_complete": "io_uring_complete"}
_SIGNAL, _NAMED = CODES["SIGNALDELIVER_E"], CODES["PROCINFO_E"]
_EXEC, _EXIT_OF_THREAD = "sched_process_exec", "sched_process_exit"


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """tracepoints: program -> the kernel's tracepoint, in the order in which they are attached.

    tail_calls: a map of programs -> its index -> the program there. arrays: an array -> its index -> the value's bytes.
    """

    tracepoints: dict[str, str]
    tail_calls: dict[str, dict[int, str]]
    arrays: dict[str, dict[int, bytes]]
    texts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The C text of programs that only this plan has, by their names."""
    dispensable: frozenset[str] = frozenset(("sieves",))
    """Maps of programs made for the arrays as they are. What calls them goes on without where there is none."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Every program that is wanted, once, those that others call before those that call them."""
        called = (name for slots in self.tail_calls.values() for name in slots.values())
        return tuple(dict.fromkeys((*called, *self.tracepoints)))


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What has to come out of the kernel.

    codes are event codes; syscalls the numbers (of the event table's order) of calls that are wanted as generic events,
    None for all, and entered of those whose enters are too; real the codes of enters that have to be sent when the call
    is entered. times says that enters which are made up need their own time. snaplen is the most bytes of data (read,
    written) that an event carries. self_tgid is a process of which nothing is reported but what changes processes
    (PROCESS_LIFE), 0 for none. sieve keeps back what no rule can match.
    """

    codes: frozenset[int]
    syscalls: frozenset[int] | None = frozenset()
    real: frozenset[int] = frozenset()
    times: bool = False
    snaplen: int = 80
    self_tgid: int = 0
    sieve: Sieve = NO_SIEVE
    entered: frozenset[int] | None = None


def _others() -> tuple[Call, ...]:
    """The calls that are generic events and have no row of their own, under the names of the event table's order."""
    taken = {call.number for call in (*LIFE, *CALLS)}
    return tuple(
        dataclasses.replace(OTHER, name=SYSCALL_NAMES[which], number=number)
        for number, which in NATIVE["x86_64"].items()
        if number not in taken and not codes_named(SYSCALL_NAMES[which])
    )


OTHERS = _others()
COVERED = frozenset(code(call, half) for call in (*LIFE, *CALLS, OTHER) for half in "EX") | {
    CODES["PROCEXIT_1_E"], _SIGNAL, _NAMED
}  # fmt: skip
"""The codes of events that the probe can send."""


def make_plan(wanted: Wanted, clock_ns: int, half: int = 0, shadow: bool = False) -> Plan:
    """The plan that brings what is wanted, and nothing else. clock_ns is the time of day when the machine started.

    half (0, 1) is where the sieve's table is written: in the other one than that of the plan in force. shadow sends
    what the sieve would keep back, marked.
    """
    first = half * MOST_STATES
    flags = {call.name: _flags(call, wanted) for call in (*LIFE, *CALLS, *OTHERS)}
    chosen = [call for call in (*LIFE, *CALLS, *OTHERS) if flags[call.name]]
    settings = {
        _CLOCK: clock_ns, _SNAPLEN: wanted.snaplen, _SELF: wanted.self_tgid, _ROWS: first, _SHADOW: int(shadow),
        _TRAITS: wanted.sieve.list_number,
    }  # fmt: skip
    sieves = {c.number: wanted.sieve.by_call[c.name] for c in chosen if flags[c.name] & _SIEVE}
    texts = {name: wanted.sieve.programs[name] for name in sieves.values()}
    return Plan(
        tracepoints=_tracepoints(wanted, set(flags.values()), any(flags[name] for name in _BY_URING)),
        tail_calls={
            "exits": {c.number: _program("exit", c) for c in chosen if flags[c.name] & ~(_REAL | _TIME | _LIFE)},
            "enters": {c.number: _program("enter", c) for c in chosen if flags[c.name] & (_ENTER | _REAL)},
            "steps": {number: name for number, name in enumerate(_STEPS) if _is_called(name, texts)},
            "sieves": sieves,
        },
        arrays={
            **_table(wanted.sieve, first, half),
            "settings": {number: _U64.pack(value) for number, value in settings.items()},
            "slots": {call.number: _SLOT.pack(flags[call.name], generic(call), 0) for call in chosen},
            "compat_slots": {number: _U32.pack(slot + 1) for number, slot in _compat(chosen).items()},
        },
        texts=texts,
    )


def _is_called(step: str, texts: Mapping[str, str]) -> bool:
    return step not in _LOOKS or any(_LOOKS[step] in text for text in texts.values())


def _table(sieve: Sieve, first: int, half: int) -> dict[str, dict[int, bytes]]:
    if sieve.table is None:
        return {}
    rows = dict(enumerate(sieve.table.rows(first), first))
    return {"rows": rows, "classes": {half: sieve.table.classes}}


def _program(half: str, call: Call) -> str:
    return f"{half}_{OTHER.name if call in OTHERS else call.name}"


def _flags(call: Call, wanted: Wanted) -> int:
    enter, leave = (is_wanted(call, half, wanted) for half in "EX")
    asked = code(call, "E") in wanted.real and call.name not in _PROMPT
    real = enter and (call.name in _REAL_ENTER or not leave or asked)
    made_up = enter and not real
    track = call.name in _TRACKED
    sift = leave and not enter and call.name in wanted.sieve.by_call
    flags = _SIEVE * sift | _EXIT * leave | _ENTER * made_up | _REAL * real | _TRACK * track
    flags |= _TIME * (made_up and wanted.times) | _MOVES * (sift and call.name in _MOVING)
    return flags | _LIFE * (bool(flags) and code(call, "X") in PROCESS_LIFE)


def is_wanted(call: Call, half: str, wanted: Wanted) -> bool:
    """Whether the start (E) or the end (X) of a call is wanted."""
    if code(call, half) not in wanted.codes:
        return False
    if call.event:
        return True
    halves = (wanted.syscalls,) if half == "X" else (wanted.syscalls, wanted.entered)
    return all(numbers is None or generic(call) in numbers for numbers in halves)


def _tracepoints(wanted: Wanted, flags: set[int], uring: bool) -> dict[str, str]:
    entering = any(flag & (_REAL | _TIME) for flag in flags)
    return {
        "on_exec": _EXEC,
        "on_exit": _EXIT_OF_THREAD,
        **({"on_sys_enter": "sys_enter"} if entering else {}),
        "on_sys_exit": "sys_exit",
        **(_URING if uring else {}),
        **({"on_signal": "signal_deliver"} if _SIGNAL in wanted.codes else {}),
        **({"on_rename": "task_rename"} if _NAMED in wanted.codes else {}),
    }


def _compat(chosen: list[Call]) -> dict[int, int]:
    """The slots of i386's numbers; behind them come the calls that its socketcall stands for, and x32's own numbers."""
    by_name = {call.name: call.number for call in chosen}
    slots = {number: call.number for call in chosen for number in call.compat}
    slots |= {_X32_BASE + which: by_name[name] for which, name in enumerate(X32) if name in by_name}
    behind = {_SOCKETCALL_BASE + which: by_name[name] for which, name in enumerate(SOCKETCALLS) if name in by_name}
    # The number of socketcall itself only has to be wanted for it to be looked at.
    return slots | behind | dict.fromkeys((_SOCKETCALL,) if behind else (), 0)
