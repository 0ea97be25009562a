import pytest

from falco.events.table import CODES, EVENT_TABLE, GENERIC_E, GENERIC_X, codes_named
from falco.state.handlers import HANDLERS, IGNORED, NO_PLACEHOLDER, NO_THREAD, needed


def codes(*symbols):
    return {CODES[symbol] for symbol in symbols}


def test_every_code_has_an_entry():
    assert len(HANDLERS) == len(EVENT_TABLE)


@pytest.mark.parametrize(
    "symbol", ["SYSCALL_READ_X", "SYSCALL_PWRITEV_X", "SOCKET_SEND_X", "SYSCALL_EXECVE_8_X", "SYSCALL_CLONE3_X"]
)
def test_families_are_complete(symbol):
    assert HANDLERS[CODES[symbol]] is not None


def test_no_thread():
    none = {"CONTAINER_E", "CONTAINER_JSON_E", "CONTAINER_JSON_2_E", "DROP_E", "K8S_E", "USER_ADDED_E", "ASYNCEVENT_E"}
    assert codes(*none, "PROCINFO_E", "SCHEDSWITCH_1_E", "PLUGINEVENT_E") <= NO_THREAD
    assert not NO_THREAD & codes("SCHEDSWITCH_6_E", "PROCEXIT_1_E", "SYSCALL_OPEN_E", "TRACER_E", "SIGNALDELIVER_E")


def test_no_placeholder():
    assert set(codes_named("switch")) | {CODES["SYSCALL_CLONE_20_X"], CODES["SYSCALL_VFORK_X"]} <= NO_PLACEHOLDER
    assert CODES["SYSCALL_CLONE_20_E"] not in NO_PLACEHOLDER


def test_needed_without_rules():
    some = codes(
        *("SYSCALL_OPEN_E", "SYSCALL_OPEN_X", "SYSCALL_EXECVE_19_E", "SYSCALL_EXECVE_19_X", "PROCEXIT_1_E"),
        *("SOCKET_SENDTO_E", "SOCKET_SENDTO_X", "SYSCALL_CLONE_20_E", "SYSCALL_CLONE_20_X", "SYSCALL_SETUID_E"),
        *("CONTAINER_JSON_E", "SYSCALL_CHDIR_X", "SYSCALL_DUP_E", "SYSCALL_DUP_X", "SOCKET_CONNECT_E"),
    )
    assert some <= needed(())
    assert not needed(()) & (
        IGNORED | codes("SYSCALL_MKDIR_E", "SYSCALL_MKDIR_X", "SYSCALL_KILL_X") | {GENERIC_E, GENERIC_X}
    )


def test_needed_by_rules():
    assert codes("SYSCALL_MKDIR_E", "SYSCALL_MKDIR_X") <= needed(codes("SYSCALL_MKDIR_X"))
    assert {GENERIC_E, GENERIC_X} <= needed([GENERIC_X])
    wanted = needed(codes("SYSCALL_MKDIR_E"))
    assert CODES["SYSCALL_MKDIR_E"] in wanted
    assert CODES["SYSCALL_MKDIR_X"] not in wanted


def test_with_all_events_ignored_ones_change_tables_too():
    more = codes("SYSCALL_CLOSE_E", "SYSCALL_CLOSE_X", "SYSCALL_FCNTL_E", "SYSCALL_GETCWD_X", "SCHEDSWITCH_6_E")
    assert more <= needed((), all_events=True)
    assert not more & needed(())


@pytest.mark.parametrize("all_events", [False, True])
def test_no_exit_comes_without_its_enter(all_events):
    found = needed(range(len(EVENT_TABLE)), all_events) | needed((), all_events)
    assert {code - 1 for code in found if code & 1} <= found


def test_no_enter_is_ignored_whose_exit_is_not():
    assert not {
        t.code for t in EVENT_TABLE if not t.enter and t.code not in IGNORED and t.code - 1 in IGNORED and t.params
    }
