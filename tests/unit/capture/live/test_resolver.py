"""Paths through links: what a host's directories, made of files here, lead to."""

from __future__ import annotations

import os
from typing import cast

import pytest

from falco.capture.live.asking import Asking, NoAnswerError
from falco.capture.live.resolver import RESOLVED, PathResolver
from falco.capture.scap import blocks
from falco.events import facts
from falco.events.event import Event
from falco.events.syscalls import codes_named
from falco.events.table import CODES
from falco.state.fds import FdInfo, FdType
from falco.state.state import State
from tests.events import Builder, process
from tests.facts import base_fact, fd_fact, name_fact, path_fact

ROLES = {"n": facts.NAMED, "s": facts.SOURCE, "t": facts.TARGET}


@pytest.fixture
def host(tmp_path):
    """A root with links in it, and a /proc of a process 7 in that root."""
    root = tmp_path / "root"
    for name in ("usr/bin", "etc/dir", "tmp/real", "home/u"):
        (root / name).mkdir(parents=True)
    (root / "etc/passwd").write_text("x")
    for link, target in {
        "bin": "usr/bin",
        "tmp/etc": "/etc",
        "tmp/up": "../etc/dir/..",
        "tmp/loop": "loop",
        "home/u/p": "../../etc/passwd",
        "tmp/gone": "/nowhere/at/all",
    }.items():
        (root / link).symlink_to(target)
    live(tmp_path, 7, root)
    return tmp_path


def live(tmp_path, pid, root, namespace="mnt:[1]", name="/"):
    """Make a process of this root; name is what the kernel calls that."""
    home = tmp_path / "proc" / str(pid)
    (home / "ns").mkdir(parents=True)
    (home / "ns/mnt").symlink_to(namespace)
    (home / "root").symlink_to(root)
    NAMES[str(home / "root")] = name


NAMES: dict[str, str] = {}


@pytest.fixture(autouse=True)
def roots(monkeypatch):
    """A process's root reads as what the kernel calls it, whatever directory stands for it here."""
    real = os.readlink
    monkeypatch.setattr(os, "readlink", lambda path, **more: NAMES.get(str(path)) or real(path, **more))
    yield
    NAMES.clear()


@pytest.fixture
def state():
    state = State()
    state.add_thread(process(1, ptid=0))
    state.add_thread(process(7, ptid=1, cwd="/home/u/"))
    return state


@pytest.fixture
def led(host, state):
    """led(symbol, role=base, ..., values): where the paths lead, by role; only those that are told."""
    paths, box = PathResolver(str(host / "proc"), Asking()), Builder(state, tid=7)

    def ask(symbol: str, bases: dict[str, str], **values: object) -> dict[str, str]:
        extra = [base_fact(role, base) for role, base in bases.items()]
        extra += cast("list[bytes]", values.pop("extra", []))
        return complete(paths, box.add(symbol, **values, extra=extra, count=99).frame(Event(state), 1))

    return ask


def complete(paths: PathResolver, event: Event) -> dict[str, str]:
    block = paths.complete(event)
    if block is None:
        return {}
    ts, tid, length, code = blocks.HEADER.unpack_from(block, 10)
    (count,) = blocks.COUNT.unpack_from(block, 32)
    assert (ts, tid, code) == (event.ts, event.tid, event.code)
    told = Event(event.state)
    told.begin(1, 0, ts, tid, code, block, 36, 10 + length, count)
    assert told.params()[: event.nparams] == event.params()
    found = {role: facts.path(told, number) for role, number in ROLES.items()}
    return {role: path for role, path in found.items() if path is not None}


(LSETXATTR,) = codes_named("lsetxattr")
UNLINK, CHMOD = "SYSCALL_UNLINK_2_X", "SYSCALL_CHMOD_X"


@pytest.mark.parametrize(
    ("symbol", "base", "passed", "path"),
    [
        (UNLINK, "/", "/bin/sh", "/usr/bin/sh"),
        (UNLINK, "/", "/tmp/etc/passwd", "/etc/passwd"),
        (UNLINK, "/tmp", "etc/passwd", "/etc/passwd"),
        (UNLINK, "/tmp", "etc/../x", "/x"),
        (UNLINK, "/tmp", "up/passwd", "/etc/passwd"),
        (UNLINK, "/tmp", "gone/x", "/nowhere/at/all/x"),
        (UNLINK, "/home", "u/p", None),
        (UNLINK, "/home/u", "p", None),
        (UNLINK, "/home/u", "../../etc/passwd", None),
        (UNLINK, "/tmp", "loop/x", None),
        (UNLINK, "/tmp", "etc/", "/etc"),
        (CHMOD, "/home/u", "p", "/etc/passwd"),
        (CHMOD, "/", "/home/u/p", "/etc/passwd"),
        (CHMOD, "/", "/etc/passwd", None),
        (UNLINK, "/", "/proc/self/cwd/p", "/home/u/p"),
        (UNLINK, "/", "/proc/thread-self/x", "/proc/7/task/7/x"),
        (UNLINK, "/", "/proc/self/fd/4/x", "/etc/dir/x"),
        (UNLINK, "/", "/proc/7/fd/5/x", None),
        (UNLINK, "/", "/proc/self/fd/x/x", "/proc/7/fd/x/x"),
    ],
)
def test_a_path_leads_where_links_lead(led, state, symbol, base, passed, path):
    state.threads[7].fds[4] = directory = FdInfo(FdType.DIRECTORY, "/etc/dir")
    state.threads[7].fds[5] = FdInfo(FdType.DIRECTORY, "/believed")
    directory.kernel_path = True
    found = led(symbol, {"n": base}, **{"path" if symbol == UNLINK else "filename": passed})
    assert found == ({} if path is None else {"n": path})


def test_each_path_has_its_own(led):
    values = {"oldpath": "/bin/a", "newpath": "/tmp/etc/b"}
    bases = {"s": "/", "t": "/"}
    assert led("SYSCALL_RENAME_X", bases, **values) == {"s": "/usr/bin/a", "t": "/etc/b"}
    assert led("SYSCALL_RENAME_X", {"t": "/"}, **values) == {"t": "/etc/b"}
    known = {"extra": [path_fact("s", "/known")]}
    assert led("SYSCALL_RENAME_X", bases, **values, **known) == {"s": "/known", "t": "/etc/b"}


@pytest.mark.parametrize(
    ("symbol", "bases", "values", "found"),
    [
        ("SYSCALL_LINKAT_2_X", {"s": "/home/u"}, {"oldpath": "p", "flags": 0x400}, {"s": "/etc/passwd"}),
        ("SYSCALL_LINKAT_2_X", {"s": "/home/u"}, {"oldpath": "p"}, {}),
        ("SYSCALL_FCHOWNAT_X", {"n": "/home/u"}, {"pathname": "p"}, {"n": "/etc/passwd"}),
        ("SYSCALL_FCHOWNAT_X", {"n": "/home/u"}, {"pathname": "p", "flags": 0x100}, {}),
        ("SYSCALL_LCHOWN_X", {"n": "/home/u"}, {"path": "p"}, {}),
        ("SYSCALL_MOUNT_X", {"s": "/", "t": "/tmp"}, {"dev": "proc", "dir": "etc"}, {"t": "/etc"}),
        ("SYSCALL_MOUNT_X", {"s": "/", "t": "/"}, {"dev": "/bin/x", "dir": "/etc"}, {"s": "/usr/bin/x"}),
        ("GENERIC_X", {"n": "/"}, {"extra": [name_fact("n", "/home/u/p")]}, {"n": "/etc/passwd"}),
        ("GENERIC_X", {"n": "/"}, {"ID": LSETXATTR, "extra": [name_fact("n", "/home/u/p")]}, {}),
        (UNLINK, {"n": "/"}, {"path": "/bin/x", "res": -1}, {}),
        (UNLINK, {}, {"path": "/bin/x"}, {}),
    ],
)
def test_calls_differ_in_what_they_follow(led, symbol, bases, values, found):
    assert led(symbol, bases, **values) == found


def test_which_calls_are_asked_about():
    assert [RESOLVED[CODES[symbol]] for symbol in (UNLINK, CHMOD, "GENERIC_X", "SYSCALL_MOUNT_X")] == [True] * 4
    assert not any(RESOLVED[CODES[f"SYSCALL_{name}"]] for name in ("OPEN_X", "OPENAT_2_X", "READ_X", "CHROOT_X"))


def test_links_are_seen_through_the_root_that_a_process_has_changed_to(host, state, led):
    state.add_thread(process(8, ptid=1))
    (host / "root/jail/bin").mkdir(parents=True)
    (host / "root/jail/b").symlink_to("/bin")
    live(host, 8, host / "root/jail", name="/jail")
    assert led(UNLINK, {"n": "/jail"}, path="/b/../../b/x", tid=8) == {"n": "/jail/bin/x"}
    assert led(UNLINK, {"n": "/jail"}, path="/b/x", tid=8) == {"n": "/jail/bin/x"}
    assert led(UNLINK, {"n": "/outside"}, path="b/x", tid=8) == {}


def test_an_ancestor_of_the_same_container_stands_in(host, state, led):
    inside = process(20, ptid=7, container_id="c")
    for thread in (process(9, ptid=7), process(10, ptid=9), inside, process(21, ptid=20, container_id="c")):
        state.add_thread(thread)
    assert led(UNLINK, {"n": "/"}, path="/bin/x", tid=10) == {"n": "/usr/bin/x"}
    assert led(UNLINK, {"n": "/"}, path="/bin/x", tid=20) == {}
    (host / "inside/opt").mkdir(parents=True)
    (host / "inside/bin").symlink_to("opt")
    live(host, 21, host / "inside", "mnt:[2]")
    assert led(UNLINK, {"n": "/"}, path="/bin/x", tid=21) == {"n": "/opt/x"}
    # Who was seen there stands in for the others of its container.
    assert led(UNLINK, {"n": "/"}, path="/bin/x", tid=20) == {"n": "/opt/x"}
    assert led(UNLINK, {"n": "/"}, path="/bin/x", tid=7) == {"n": "/usr/bin/x"}


def test_a_thread_that_state_does_not_know_is_looked_at_itself(host, led):
    assert led(UNLINK, {"n": "/"}, path="/bin/x", tid=99) == {}
    live(host, 99, host / "root")
    assert led(UNLINK, {"n": "/"}, path="/bin/x", tid=99) == {"n": "/usr/bin/x"}


def test_a_link_that_is_replaced_is_looked_at_again(host, led):
    def replace(link, target):
        (host / "root" / link).unlink()
        (host / "root" / link).symlink_to(target)

    ask = {"n": "/"}
    assert led(UNLINK, ask, path="/bin/x") == {"n": "/usr/bin/x"}
    replace("bin", "etc")
    assert led(UNLINK, ask, path="/bin/x") == {"n": "/usr/bin/x"}  # It is remembered for a while,
    assert led(UNLINK, ask, path="/bin") == {}
    assert led(UNLINK, ask, path="/bin/x") == {"n": "/etc/x"}  # until it is seen to be removed,
    replace("bin", "tmp")
    led("SYSCALL_RENAME_X", {"s": "/", "t": "/"}, oldpath="/a", newpath="/b")
    assert led(UNLINK, ask, path="/bin/x") == {"n": "/tmp/x"}  # something is moved,
    replace("bin", "home")
    later = 1_600_000_000_000_000_000
    assert led(UNLINK, ask, path="/bin/x", ts=later) == {"n": "/home/x"}  # or time has passed.


def test_what_was_not_sent_may_have_put_a_link_in_its_place(host, state):
    moved = [0]
    paths, box = PathResolver(str(host / "proc"), Asking(), lambda: moved[0]), Builder(state, tid=7)

    def ask():
        event = box.add(UNLINK, path="/bin/x", extra=[base_fact("n", "/")], count=99)
        return complete(paths, event.frame(Event(state), 1))

    assert ask() == {"n": "/usr/bin/x"}
    (host / "root/bin").unlink()
    (host / "root/bin").symlink_to("etc")
    assert ask() == {"n": "/usr/bin/x"}
    moved[0] += 1
    assert ask() == {"n": "/etc/x"}


def test_what_is_told_already_is_left_alone(led):
    assert led(UNLINK, {"n": "/"}, path="/bin/x", extra=[path_fact("n", "/p"), fd_fact(1, FdType.FILE_V2, "/x")]) == {}


class Halting(Asking):
    """Who is asked first does not answer."""

    def ask(self, whom, question, what):
        self.ask = super().ask  # type: ignore[method-assign]
        raise NoAnswerError


def test_a_path_through_what_does_not_answer_has_no_fact_and_others_have(host, state):
    (host / "root/new").symlink_to("etc")
    paths, box = PathResolver(str(host / "proc"), Halting()), Builder(state, tid=7)
    extra = [base_fact("s", "/"), base_fact("t", "/")]
    event = box.add("SYSCALL_RENAME_X", oldpath="/new/../tmp/etc/a", newpath="/tmp/etc/b", extra=extra, count=99)
    assert complete(paths, event.frame(Event(state), 1)) == {"t": "/etc/b"}
