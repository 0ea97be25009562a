import pytest

from falco.state.threads import NO_ID, ThreadInfo, placeholder


def test_a_new_thread_is_its_own_process():
    thread = ThreadInfo(7, 7)
    assert (thread.main, thread.nchilds, thread.is_main, thread.ptid) == (thread, 0, True, -1)
    assert (thread.uid, thread.gid, thread.loginuid) == (NO_ID, NO_ID, NO_ID)
    assert thread.last_fd == 0  # What an exit that comes before any enter shows.


def test_nchilds_counts_the_others():
    thread = ThreadInfo(7, 7)
    thread.others[8] = ThreadInfo(8, 7)
    assert thread.nchilds == 1


def test_a_thread_of_another_process_is_not_its_main_one():
    assert not ThreadInfo(8, 7).is_main


def test_placeholder():
    thread = placeholder(7)
    assert (thread.tid, thread.pid, thread.ptid, thread.comm, thread.exe) == (7, 7, -1, "<NA>", "<NA>")
    assert (thread.uid, thread.gid, thread.loginuid, thread.cwd, thread.exepath) == (NO_ID, NO_ID, NO_ID, "", "")
    assert thread.placeholder


@pytest.mark.parametrize("name", ["args", "env"])
def test_lists_are_read_when_somebody_asks_and_then_kept(name):
    thread = ThreadInfo(7, 7)
    assert getattr(thread, name) == []
    setattr(thread, f"raw_{name}", b"-a\0\0b c\0")
    assert getattr(thread, name) == ["-a", "", "b c"]
    assert getattr(thread, name) is getattr(thread, name)
    setattr(thread, name, ["x"])
    assert getattr(thread, name) == ["x"]
