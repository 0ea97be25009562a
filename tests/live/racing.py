"""Processes that change what rules look at, and at once do what the rules are about: racing.py RACE PLACE ROUNDS.

Each round acts on names of its own: hit-N is to give an alert, miss-N none, though the same process may do both a
moment apart. An act is one of three kinds in turn, since the sieve looks at each in another way: to open a file, to
make a directory, to change the mode of an fd. PLACE/bin has the program of racing.c under the names that races want.
"""

# Calls are made here by their own names.
# ruff: noqa: PTH104, PTH108, PTH211

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

KINDS = ("open", "make", "mode")
_CHAIN = 5
"""Rounds that one process does by becoming one program after the other."""
_PR_SET_NAME, _PR_SET_CHILD_SUBREAPER, _SETRESUID = 15, 36, 117
_KEEP = -1
_libc = ctypes.CDLL(None)


class Round(NamedTuple):
    """What kind of act a round is about, and the names that it acts on."""

    n: int
    kind: str
    hit: str
    miss: str

    def act_on(self, path: str, dir_fd: int | None = None) -> None:
        """Do what rules are about."""
        if self.kind == "make":
            os.mkdir(path, dir_fd=dir_fd)
            return
        fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=dir_fd)
        if self.kind == "mode":
            os.fchmod(fd, 0o640)
        os.close(fd)

    def do_hit(self) -> None:
        """What a rule tells of."""
        self.act_on(self.hit)

    def do_miss(self) -> None:
        """What it does not."""
        self.act_on(self.miss)


def each(place: str, rounds: int) -> Iterator[Round]:
    """The rounds in order."""
    for n in range(rounds):
        kind = KINDS[n % len(KINDS)]
        yield Round(n, kind, f"{place}/{kind}/hit-{n}", f"{place}/{kind}/miss-{n}")


def _rename(name: bytes) -> None:
    """Give the calling thread another name."""
    _libc.prctl(_PR_SET_NAME, name, 0, 0, 0)


def _in_child(act: Callable[[], None]) -> None:
    pid = os.fork()
    if not pid:
        act()
        os._exit(0)
    _wait_for(pid)


def _wait_for(pid: int = -1) -> None:
    assert os.waitpid(pid, 0)[1] == 0


class _Second:
    """A second thread, for a with block, that does what it is told, one thing at a time."""

    def __enter__(self) -> Self:
        self._begin, self._end = threading.Semaphore(0), threading.Semaphore(0)
        self._act: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._act = None
        self._begin.release()
        self._thread.join()

    def do(self, act: Callable[[], object]) -> None:
        """Have it done, and come back when it is."""
        self._act = act
        self._begin.release()
        self._end.acquire()

    def _run(self) -> None:
        while self._begin.acquire() and self._act is not None:
            self._act()
            self._end.release()


# -- programs: a process becomes another one ---------------------------------------------------------------------------


def _chains(place: str, rounds: int, words: Callable[[Round], list[str]], by: str = "--") -> None:
    """Each round is some programs with their arguments, of which one becomes the next."""
    chain: list[str] = []
    for one in each(place, rounds):
        for word in words(one):
            chain += [by, word] if chain and word.startswith(f"{place}/bin") else [word]
        if one.n % _CHAIN == _CHAIN - 1 or one.n == rounds - 1:
            _wait_for(os.posix_spawn(chain[0], chain, {}))
            chain = []


def program_name(place: str, rounds: int) -> None:
    """Two programs take turns."""
    _chains(place, rounds, lambda one: [f"{place}/bin/races-one", one.miss, f"{place}/bin/races-two", one.hit])


def program_path(place: str, rounds: int) -> None:
    """Two programs of the same name take turns."""
    _chains(place, rounds, lambda one: [f"{place}/bin/races-one", one.miss, f"{place}/bin2/races-one", one.hit])


def program_line(place: str, rounds: int) -> None:
    """A program takes turns with itself, called in another way."""
    program = f"{place}/bin/races-one"
    _chains(place, rounds, lambda one: [program, "quietly", one.miss, program, "wanted", one.hit])


def program_user(place: str, rounds: int) -> None:
    """A program that runs as another user; nobody becomes root from there again."""
    for one in each(place, rounds):
        line = [f"{place}/bin/races-one", one.miss, "--", f"{place}/bin/races-set", one.hit]
        _wait_for(os.posix_spawn(line[0], line, {}))


def program_of_thread(place: str, rounds: int) -> None:
    """The new program is begun by another thread than the first, which ends by that."""
    first, second = f"{place}/bin/races-one", f"{place}/bin/races-two"
    _chains(place, rounds, lambda one: [first, one.miss, second, one.hit], by="--thread")


# -- names: a thread takes another one ---------------------------------------------------------------------------------


def name_by_call(place: str, rounds: int) -> None:
    """prctl."""
    for one in each(place, rounds):
        _rename(b"races-new")
        one.do_hit()
        _rename(b"races-old")
        one.do_miss()


def name_of_child(place: str, rounds: int) -> None:
    """A new process has the name of its parent."""
    for one in each(place, rounds):
        _rename(b"races-new")
        _in_child(one.do_hit)
        _rename(b"races-old")
        _in_child(one.do_miss)


def name_of_thread(place: str, rounds: int) -> None:
    """One thread of a process has another name, and the other keeps its own."""
    _rename(b"races-old")
    with _Second() as second:
        second.do(lambda: _rename(b"races-new"))
        for one in each(place, rounds):
            second.do(one.do_hit)
            one.do_miss()


def name_by_file(place: str, rounds: int) -> None:
    """A thread writes its name into its file, and by that changes it."""
    for one in each(place, rounds):
        Path("/proc/thread-self/comm").write_text("races-new")
        one.do_hit()
        Path("/proc/thread-self/comm").write_text("races-old")
        one.do_miss()


def name_from_another(place: str, rounds: int) -> None:
    """A thread gets its name from another one of its process, which keeps its own."""
    _rename(b"races-old")
    with _Second() as second:
        ids: list[int] = []
        second.do(lambda: ids.append(threading.get_native_id()))
        comm = Path(f"/proc/self/task/{ids[0]}/comm")
        for one in each(place, rounds):
            comm.write_text("races-new")
            second.do(one.do_hit)
            comm.write_text("races-old")
            second.do(one.do_miss)


# -- ids: a process acts as another user or group ----------------------------------------------------------------------


def id_of_user(place: str, rounds: int) -> None:
    """setresuid."""
    for one in each(place, rounds):
        os.setresuid(_KEEP, 1, _KEEP)
        one.do_hit()
        os.setresuid(_KEEP, 0, _KEEP)
        one.do_miss()


def name_of_user(place: str, rounds: int) -> None:
    """setreuid."""
    for one in each(place, rounds):
        os.setreuid(_KEEP, 2)
        one.do_hit()
        os.setreuid(_KEEP, 0)
        one.do_miss()


def id_of_group(place: str, rounds: int) -> None:
    """setresgid and setregid."""
    for one in each(place, rounds):
        os.setresgid(_KEEP, 1, _KEEP)
        one.do_hit()
        os.setregid(_KEEP, 0)
        one.do_miss()


def name_of_group(place: str, rounds: int) -> None:
    """setgid."""
    for one in each(place, rounds):
        os.setgid(2)
        one.do_hit()
        os.setgid(0)
        one.do_miss()


def user_for_good(place: str, rounds: int) -> None:
    """setuid, which gives up all that root has."""

    def act(one: Round) -> None:
        one.do_miss()
        os.setuid(1)
        one.do_hit()

    for one in each(place, rounds):
        _in_child(lambda one=one: act(one))  # type: ignore[misc]


def user_of_thread(place: str, rounds: int) -> None:
    """One thread of a process is another user, which only the bare call brings about."""
    with _Second() as second:
        for one in each(place, rounds):
            second.do(lambda: _libc.syscall(_SETRESUID, _KEEP, 1, _KEEP))
            second.do(one.do_hit)
            one.do_miss()
            second.do(lambda: _libc.syscall(_SETRESUID, _KEEP, 0, _KEEP))


# -- families: who a process's ancestors are ---------------------------------------------------------------------------


def parent_ends(place: str, rounds: int) -> None:
    """A child acts while its parent lives, and when it has ended: then it has no parent that is known."""
    for one in _reaping(place, rounds):
        _orphan(one.do_hit, one.do_miss)


def orphan_begins_program(place: str, rounds: int) -> None:
    """A program that an orphan begins has the parent that the kernel gave the orphan."""
    program = f"{place}/bin/races-one"
    for one in _reaping(place, rounds):
        _orphan(one.do_miss, lambda one=one: os.execve(program, [program, one.hit], {}))  # type: ignore[misc]


def _reaping(place: str, rounds: int) -> Iterator[Round]:
    """The rounds, in a process that orphans are given to."""
    _rename(b"races-reaper")
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return each(place, rounds)


def _orphan(before: Callable[[], None], after: Callable[[], None]) -> None:
    """A child does one thing while its parent, called races-parent, lives, and another once that has begun to end.

    A process that ends has told so when its files are closed. The kernel gives its children away after that.
    """
    end, ended = os.pipe()
    gone, there = os.pipe()
    parent = os.fork()
    if not parent:
        _rename(b"races-parent")
        if os.fork():
            os.read(end, 1)
            os._exit(0)
        _rename(b"races-child")
        os.close(there)
        before()
        os.write(ended, b"x")
        os.read(gone, 1)
        after()
        os._exit(0)
    for fd in (end, ended, gone, there):
        os.close(fd)
    _wait_for()
    _wait_for()


def parent_begins_program(place: str, rounds: int) -> None:
    """The parent becomes another program."""
    for one in each(place, rounds):
        with _Pipes() as pipes:
            _in_child(lambda one=one, pipes=pipes: _become_parent(f"{place}/bin/races-two", one, pipes))  # type: ignore[misc]


def _become_parent(program: str, one: Round, pipes: _Pipes) -> None:
    if os.fork():
        pipes.hear()
        os.execve(program, [program, f"+{pipes.say_to}", f"-{pipes.hear_from}"], {})
    one.do_miss()
    os.write(pipes.told, b"x")
    os.read(pipes.asked, 1)
    one.do_hit()
    os.write(pipes.told, b"x")
    os._exit(0)


class _Pipes:
    """A way to tell somebody to go on, and one to hear of it, for a with block."""

    def __enter__(self) -> Self:
        (self.asked, self.say_to), (self.hear_from, self.told) = os.pipe(), os.pipe()
        os.set_inheritable(self.say_to, True)
        os.set_inheritable(self.hear_from, True)
        return self

    def __exit__(self, *_: object) -> None:
        for fd in (self.asked, self.say_to, self.hear_from, self.told):
            os.close(fd)

    def hear(self) -> None:
        """Wait for the other."""
        os.read(self.hear_from, 1)

    def have_done(self) -> None:
        """Let the other go on, and wait for it."""
        os.write(self.say_to, b"x")
        self.hear()


def grandparent_takes_name(place: str, rounds: int) -> None:
    """One and the same process acts while its grandparent has one name and then another."""
    with _Pipes() as pipes:
        if not os.fork():
            if not os.fork():
                for one in each(place, rounds):
                    for act in (one.do_hit, one.do_miss):
                        os.read(pipes.asked, 1)
                        act()
                        os.write(pipes.told, b"x")
                os._exit(0)
            _wait_for()
            os._exit(0)
        for _ in range(rounds):
            _rename(b"races-new")
            pipes.have_done()
            _rename(b"races-old")
            pipes.have_done()
        _wait_for()


# -- files: the same one under several names ---------------------------------------------------------------------------


def directory_moves(place: str, rounds: int) -> None:
    """A directory gets the name that a rule has, and loses it; files in it are used by their paths and from an fd."""
    here, away = f"{place}/here", f"{place}/away"
    for one in each(place, rounds):
        os.rename(away, here)
        directory = os.open(here, os.O_RDONLY)
        if one.n // len(KINDS) % 2:
            one.act_on(f"{here}/{one.kind}/hit-{one.n}")
        else:
            one.act_on(f"{one.kind}/hit-{one.n}", directory)
        os.rename(here, away)
        one.act_on(f"{one.kind}/miss-{one.n}", directory)
        os.close(directory)


def files_get_links(place: str, rounds: int) -> None:
    """A file has the name that a rule has besides its own, and loses it. There is nothing like it for directories."""
    for one in each(place, rounds):
        if one.kind == "make":
            one.do_hit()
            continue
        plain = f"{place}/plain-{one.n}"
        Path(plain).touch()
        os.link(plain, one.hit)
        one.do_hit()
        one.act_on(plain)
        os.unlink(one.hit)
        one.act_on(plain)


def links_lead_there(place: str, rounds: int) -> None:
    """Directories are reached by links that have just been made."""
    for one in each(place, rounds):
        there, elsewhere = f"{place}/there-{one.n}", f"{place}/elsewhere-{one.n}"
        os.symlink(f"{place}/{one.kind}", there)
        one.act_on(f"{there}/hit-{one.n}" if one.n // 3 % 2 else f"{there}/../{one.kind}/hit-{one.n}")
        os.symlink(f"{place}/away/{one.kind}", elsewhere)
        one.act_on(f"{elsewhere}/miss-{one.n}")


RACES = {
    race.__name__: race
    for race in (
        program_name, program_path, program_line, program_user, program_of_thread,
        name_by_call, name_of_child, name_of_thread, name_by_file, name_from_another,
        id_of_user, name_of_user, id_of_group, name_of_group, user_for_good, user_of_thread,
        parent_ends, orphan_begins_program, parent_begins_program, grandparent_takes_name, directory_moves,
        files_get_links, links_lead_there,
    )
}  # fmt: skip

if __name__ == "__main__":
    RACES[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
