from __future__ import annotations

import pytest

from falco.fields import proc
from falco.state.threads import ThreadInfo
from tests.unit.fields.reading import read, read_all


def value(name, event):
    return read(proc.FIELDS, f"proc.{name}", event)


@pytest.fixture
def event(event_of, process):
    process.exe, process.exepath = "./cat", "/bin/cat"
    process.args, process.env = ["-n", "", "naïve"], ["A=1", "B=2"]
    process.vpid, process.tty, process.healthcheck = 4, 34816, True
    return event_of("SYSCALL_CHDIR_X", 0, "/")


def test_a_process(event):
    found = {name.removeprefix("proc."): found for name, found in read_all(proc.FIELDS, event).items()}
    assert found == {
        "pid": 100,
        "exe": "./cat",
        "name": "cat",
        "args": "-n  naïve",
        "env": "A=1 B=2",
        "cmdline": "cat -n  naïve",
        "exeline": "./cat -n  naïve",
        "cwd": "/home/joe/",
        "vpid": 4,
        "tty": 34816,
        "exepath": "/bin/cat",
        "is_container_healthcheck": True,
        "cmdnargs": 3,
        "cmdlenargs": 8,
    }


def test_exeline_keeps_its_space_without_arguments(event, process):
    process.args = []
    assert (value("exeline", event), value("cmdline", event), value("args", event)) == ("./cat ", "cat", "")


def test_threads_share_environment_and_directory(event, process, state):
    thread = ThreadInfo(101, 100, 100)
    thread.comm = "worker"
    state.add_thread(thread)
    event.thread = thread
    assert [value(name, event) for name in ("pid", "name", "env", "cwd")] == [100, "worker", "A=1 B=2", "/home/joe/"]


def test_a_pid_in_the_namespace_that_is_not_known(event, process):
    process.vpid = -1
    assert value("vpid", event) is None


def test_no_thread_no_value(event):
    event.thread = None
    assert set(read_all(proc.FIELDS, event).values()) == {None}


def test_whether_the_kernel_gave_the_programs_path(event, process):
    (origin,) = (field.kernel_path for field in proc.FIELDS if field.kernel_path is not None)
    assert origin.is_given is not None
    assert origin.is_given(event) is False
    process.kernel_exepath = True
    assert origin.is_given(event) is True
    event.thread = None
    assert origin.is_given(event) is None
    assert origin.file is None
