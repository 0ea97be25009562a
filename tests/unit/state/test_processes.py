import pytest

from falco.events.event import ABSENT
from falco.events.table import CODES, EVENT_TABLE
from falco.state.limits import MAX_TEXT
from falco.state.processes import place, program_name, word_list
from falco.state.threads import CLONE_CLOSED
from tests.events import process


def test_the_first_name_that_an_event_has_is_its_place():
    execve = EVENT_TABLE[CODES["SYSCALL_EXECVE_19_X"]]
    assert [place(execve, "vpgid", "pgid"), place(execve, "comm"), place(execve, "nothing")] == [17, 13, ABSENT]


@pytest.mark.parametrize("raw", [b"sh\0", b"sh", b"sh\0rest\0", b"\xff\0", b"", b"/long" * 20 + b"\0"])
def test_a_program_s_name_is_its_text_each_time(raw):
    text = raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    assert (program_name(raw), program_name(bytes(bytearray(raw)))) == (text, text)


def test_names_and_lists_are_cut():
    assert program_name(b"x" * (MAX_TEXT + 1)) == "x" * MAX_TEXT
    assert word_list(b"x" * 5000) == b"x" * 4096


def test_an_exiting_thread_goes_after_the_rules_have_looked(box):
    event = box.event("PROCEXIT_1_E", status=0)
    assert event.thread is box.state.threads[7]
    assert event.thread.flags & CLONE_CLOSED
    box.state.settle()
    assert 7 not in box.state.threads


def test_the_old_exit_event_does_the_same(box):
    box.event("PROCEXIT_E")
    box.state.settle()
    assert 7 not in box.state.threads


def test_children_of_one_that_exits_have_the_reaper_for_their_parent_at_once(box):
    box.state.add_thread(process(8, ptid=7))
    event = box.event("PROCEXIT_1_E", status=0, reaper_tid=100)
    assert (box.state.threads[8].ptid, event.thread.ptid) == (100, 1)


def test_children_of_one_that_exits_have_nobody_where_no_reaper_is_told(box):
    box.state.add_thread(process(8, ptid=7))
    box.event("PROCEXIT_1_E", status=0)
    box.state.settle()
    assert (box.state.threads[8].ptid, box.state.parent(box.state.threads[8])) == (7, None)


def test_a_process_stays_until_its_last_thread_is_gone(box):
    box.event("PROCEXIT_1_E", tid=100)
    box.event("SYSCALL_MKDIR_E", tid=101, path="x")
    assert box.state.threads[100].nchilds == 1
    box.event("PROCEXIT_1_E", tid=101)
    assert 100 in box.state.threads
    box.state.settle()
    assert not {100, 101} & set(box.state.threads)


def test_a_thread_that_exits_first_leaves_its_process(box):
    box.event("PROCEXIT_1_E", tid=101)
    box.state.settle()
    assert box.state.threads[100].nchilds == 0


@pytest.mark.parametrize("call", ["SYSCALL_BRK_4_X", "SYSCALL_MMAP_X", "SYSCALL_MMAP2_X", "SYSCALL_MUNMAP_X"])
def test_memory_calls_tell_the_thread_s_memory(box, call):
    thread = box.state.threads[101]
    thread.pfmajor = 9
    box.event(call, tid=101, res=0, vm_size=3, vm_rss=4, vm_swap=5)
    assert (thread.vmsize, thread.vmrss, thread.vmswap, thread.pfmajor) == (3, 4, 5, 9)


def test_switches_tell_the_thread_s_faults_and_the_process_s_memory(box):
    box.event("SCHEDSWITCH_6_E", tid=101, next=1, pgft_maj=1, pgft_min=2, vm_size=3, vm_rss=4, vm_swap=5)
    thread, main = box.state.threads[101], box.state.threads[100]
    assert (thread.pfmajor, thread.pfminor, thread.vmsize) == (1, 2, 0)
    assert (main.vmsize, main.vmrss, main.vmswap) == (3, 4, 5)
    assert box.event("SCHEDSWITCH_6_E", tid=4242).thread is None
