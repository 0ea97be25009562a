"""The plan of a probe."""

from __future__ import annotations

from falco.capture.probe.calls import CALLS, LIFE
from falco.capture.probe.plan import Plan, Wanted, make_plan
from falco.capture.probe.sieve import sieve_of
from falco.capture.probe.text import generic
from falco.events.table import CODES, GENERIC_E, GENERIC_X
from falco.filter.superset import How, Number
from falco.state.handlers import PROCESS_LIFE


def test_programs_come_once_and_called_ones_first():
    plan = Plan({"enter": "sys_enter", "exit": "sys_exit"}, {"exits": {1: "b", 0: "a"}, "steps": {0: "a"}}, {})
    assert plan.programs == ("b", "a", "enter", "exit")


def test_a_program_that_is_called_and_attached_is_loaded_once():
    assert Plan({"a": "sys_exit"}, {"exits": {0: "a"}}, {}).programs == ("a",)


def test_numbers_that_only_x32_has_lead_to_the_same_slots():
    plan = make_plan(Wanted(frozenset((CODES["SOCKET_SENDMSG_X"],))), 0)
    sendmsg = next(call for call in CALLS if call.name == "sendmsg")
    assert plan.arrays["compat_slots"][518] == (sendmsg.number + 1).to_bytes(4, "little")
    assert 519 not in plan.arrays["compat_slots"]


def test_names_are_followed_where_they_are_wanted():
    wanted, other = (make_plan(Wanted(frozenset((CODES[symbol],))), 0) for symbol in ("PROCINFO_E", "SYSCALL_PRCTL_X"))
    assert wanted.tracepoints["on_rename"] == "task_rename"
    assert "on_rename" not in other.tracepoints


def test_enters_of_calls_that_return_at_once_are_made_up_at_the_exit():
    setuid, kill = ({CODES[f"SYSCALL_{name}_E"], CODES[f"SYSCALL_{name}_X"]} for name in ("SETUID", "KILL"))
    wanted = frozenset(setuid | kill)
    made_up = make_plan(Wanted(wanted, real=frozenset((CODES["SYSCALL_SETUID_E"],))), 0)
    assert made_up.tail_calls["enters"] == {62: "enter_kill", 105: "enter_setuid"}
    assert "on_sys_enter" not in made_up.tracepoints
    real = make_plan(Wanted(wanted, real=frozenset((CODES["SYSCALL_KILL_E"],))), 0)
    assert "on_sys_enter" in real.tracepoints
    alone = make_plan(Wanted(frozenset((CODES["SYSCALL_SETUID_E"],))), 0)
    assert "on_sys_enter" in alone.tracepoints, "there is no exit that it could be made up at"


def test_of_generic_events_enters_are_sent_of_those_calls_only_whose_start_is_looked_at():
    ftruncate, truncate = (next(call for call in CALLS if call.name == name) for name in ("ftruncate", "truncate"))
    numbers = frozenset(map(generic, (ftruncate, truncate)))
    wanted = Wanted(frozenset((GENERIC_E, GENERIC_X)), numbers, entered=frozenset((generic(truncate),)))
    plan = make_plan(wanted, 0)
    assert plan.tail_calls["enters"] == {truncate.number: "enter_truncate"}
    assert plan.tail_calls["exits"].keys() >= {truncate.number, ftruncate.number}
    of_all = make_plan(Wanted(wanted.codes, numbers), 0)
    assert of_all.tail_calls["enters"].keys() == {truncate.number, ftruncate.number}


def test_what_the_sieve_looks_at_and_takes_names_away_is_marked_as_such():
    sifted = sieve_of({name: How(Number.RESULT, ">", 0) for name in ("unlink", "rmdir", "mkdir", "rename", "link")})
    wanted = frozenset(
        CODES[f"SYSCALL_{name}_X"] for name in ("UNLINK_2", "RMDIR_2", "MKDIR_2", "UNLINKAT_2", "RENAME", "LINK_2")
    )
    slots = make_plan(Wanted(wanted, sieve=sifted), 0).arrays["slots"]
    moving = {call.name for call in CALLS if call.number in slots and slots[call.number][0] & 64}
    assert moving == {"unlink", "rmdir", "rename"}


def test_what_changes_processes_is_marked_as_such_and_told_of_our_own_too():
    wanted = PROCESS_LIFE | {CODES["SYSCALL_OPENAT_2_X"]}
    slots = make_plan(Wanted(wanted, self_tgid=4711), 0).arrays["slots"]
    life = {call.name for call in (*LIFE, *CALLS) if call.number in slots and slots[call.number][0] & 128}
    assert {"clone", "clone3", "fork", "vfork", "execve", "execveat", "prctl", "chroot", "setresuid"} <= life
    assert "openat" not in life
