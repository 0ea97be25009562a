"""The sieve in the kernel keeps back exactly what its plain meaning does."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import mmap
import os
import socket
import stat
from collections import Counter
from pathlib import Path as Folder
from typing import TYPE_CHECKING, cast

import pytest

from falco.capture.live.known_files import KnownFiles
from falco.capture.probe.plan import Wanted
from falco.capture.probe.sieve import LARGEST, make_sieve, sieve_of
from falco.capture.probe.sifted import SIFTED, Group
from falco.capture.probe.text import code, event_of
from falco.commands import rules
from falco.commands.in_force import InForce
from falco.commands.options import Options
from falco.events import facts
from falco.events.table import CODES as SYMBOLS
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.check import check
from falco.filter.joining import both, either
from falco.filter.parser import parse_condition
from falco.filter.superset import How, Number, Param, Path, Text, Where, passes
from tests.live import sifted_calls
from tests.live.watching import Watching, build_for

if TYPE_CHECKING:
    from falco.capture.probe.sifted import Sifted

OPENS = frozenset(code(each.call, "X") for each in SIFTED if each.group is Group.OPENS)
OPENAT, BY_HANDLE = SYMBOLS["SYSCALL_OPENAT_2_X"], SYMBOLS["SYSCALL_OPEN_BY_HANDLE_AT_X"]
LONGEST, FIXED = 256, 0x10
"""FIXED is MAP_FIXED."""
SHIPPED = "rules/falco_rules.yaml"
BY_CALLS = ("-DBY_CALLS",)
"""As on a kernel that gives nothing with its type."""
SHUFFLED = (*BY_CALLS, "-DNEAR=8")
"""As on one that has the members of its structures far apart besides."""
ANCHORED = (
    "evt.is_open_write = true and fd.num >= 0 and fd.name startswith {place}/w",
    "evt.is_open_read = true and fd.name in ({place}/file, /etc/shadow, /dev/null)",
    "fd.name endswith .so or fd.filename = passwd",
    "fd.name contains needle and fd.num in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)",
    "fd.name pmatch ({place}/sub, /usr/share)",
)
NEGATED = (
    "evt.is_open_write = false and not fd.name startswith {place} and not fd.name startswith /etc",
    "not fd.name != {place}/file",
    "not (fd.name endswith .so or fd.name contains w or fd.num < 0)",
)


def conditions_of(texts, place):
    nodes = [check(parse_condition(text.format(place=place), "test"), SYSCALL_FIELDS) for text in texts]
    return lambda call: nodes


def shipped(_place):
    ready = rules.load(Options(rules=(SHIPPED,)), (SHIPPED,))
    in_force = InForce(ready.ruleset, all_events=False)
    return lambda call: [node for _, node in in_force.remaining(*event_of(call, "X"))]


SETS = {
    "shipped rules": shipped,
    "anchored": lambda place: conditions_of(ANCHORED, place),
    "negated": lambda place: conditions_of(NEGATED, place),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("sieve").resolve()
    for name in ("file", "w", "wx", "passwd", "needle", "x.so", "x.so.1", "n\udcffedle"):
        (place / name).write_text("x")
    (place / "sub/deep").mkdir(parents=True)
    (place / "sub/deep/file").write_text("x")
    (place / "subway").write_text("x")
    (place / "link").symlink_to("file")
    os.mkfifo(place / "fifo")
    long = place.joinpath(*["long" * 20] * 4)
    long.mkdir(parents=True)
    (long / "needle").write_text("x")
    return place


ONE_WAY = (("shipped rules", True),)
"""Sets of rules of which all are about opens that succeed."""


def opens(place):
    """(path, flags) of opens of all kinds."""
    paths = [str(path) for path in sorted(place.rglob("*"))]
    paths += ["/etc/shadow", "/etc/passwd", "/dev/null", "/dev/zero", "/proc/self/status", "/usr/share", "/", "/bin/sh"]
    paths += [f"{place}/sub/../file", f"{place}//w"]
    # Nothing is there, or what is there is no directory: some would meet the tests, some are odd or too deep.
    paths += [
        f"{place}/none", "/etc/none", f"{place}/none/x.so", f"{place}/link/needle", f"{place}/file/passwd",
        f"{place}/sub/../none.so", f"{place}//none.so", f"{place}/none/./needle", f"{place}/sub/none/.",
        f"{place}/sub/none/", f"//{str(place)[1:]}/w/none", "none.so", "sub/none", ".needle", "./none.so", "../needle",
        f"{place}/.../needle", f"{place}{'/n' * 30}", f"{place}{'/n' * 70}.so", f"/none/{'n' * 240}.so",
        f"/none/{'n' * 250}.so",
    ]  # fmt: skip
    reads = [(path, os.O_RDONLY | os.O_NONBLOCK) for path in paths]
    writes = [(path, os.O_RDWR | os.O_NONBLOCK) for path in paths if path.startswith((str(place), "/dev"))]
    return reads + writes


def expected(event, supersets):
    """Whether the plain meaning lets an open through."""
    sifted = cast("Sifted", sifted_calls.sifted_of(event.code, event.raw))
    superset = supersets[sifted.call.name]
    fd, flags = event.values["fd"], event.values["flags"]
    path = Path()
    if fd < 0:
        (path,), _ = sifted_calls.known(event)
    else:
        kind = stat.S_IFMT(Folder(event.fd.path).stat().st_mode)
        if kind != stat.S_IFIFO and len(os.fsencode(event.fd.path)) < LONGEST:
            path = Path(whole=os.fsencode(event.fd.path))
    numbers: dict[Number | Param, int] = {
        Number.WRITES: flags >> 1 & 1, Number.READS: flags & 1, Number.FD: max(fd, -1), Number.RESULT: fd,
    }  # fmt: skip
    return passes(superset, [path], numbers)


@pytest.mark.parametrize(
    ("name", "cflags"),
    [*((name, cflags) for name in SETS for cflags in ((), BY_CALLS)), ("shipped rules", SHUFFLED)],
)
def test_kernel_and_plain_meaning_agree_open_by_open(place, name, cflags, monkeypatch):
    sieve = make_sieve(SETS[name](place))
    wanted = Wanted(OPENS, sieve=sieve)
    made = opens(place)

    beyond = 1 << 20

    def act():
        for path, flags in made:
            for directory in (None, below, beyond):
                with contextlib.suppress(OSError):
                    os.close(os.open(path, flags, dir_fd=directory))
            with contextlib.suppress(OSError):
                sifted_calls.open_by_handle(path, flags)

    below = os.open(place / "sub", os.O_RDONLY)
    monkeypatch.chdir(place)
    with Watching(build_for(wanted, *cflags), wanted, shadow=True) as watching:
        assert not watching.loaded.left_out
        seen = [event for event in watching.seen(act) if event.code in OPENS]
    os.close(below)
    count = Counter(event.code for event in seen)
    assert count[OPENAT] >= 3 * len(made)
    assert count[BY_HANDLE] >= len(made) // 2
    verdicts = [
        (
            event.values,
            not event.fact(facts.MARKS),
            expected(event, sieve.supersets),
            cast("int", event.values["fd"]) < 0,
        )
        for event in seen
    ]
    assert [row for row in verdicts if row[1] is not row[2]] == []
    for failed in (False, True):
        both_ways = {row[2] for row in verdicts if (cast("int", row[0]["fd"]) < 0) is failed}
        assert both_ways == {True, False} or (name, failed) in ONE_WAY, "one verdict for all shows nothing"


OF_CALLS = {
    Group.OPENS: ("fd.num < -1",),
    Group.FDS: (
        "fd.typechar in (4, 6) and evt.rawres >= 0 and fd.sport >= 1024 and not fd.snet in (127.0.0.0/28, ::1/128)",
        "fd.typechar = 4 and fd.cport != 22 and fd.port > 60000 and not fd.sip in (127.0.0.9, 127.0.0.1)",
        "fd.typechar in (4, 6) and fd.cip = 127.0.0.9",
        "fd.sockfamily = ip and fd.l4proto = udp and evt.rawres = 3",
        "fd.type in (unix, pipe) and evt.rawres = 1 and not evt.res = ENOENT",
        "not fd.typechar in (4, 6) and evt.failed = true",
        "fd.typechar = f and evt.arg.mode contains S_ISUID and evt.rawres = 0",
        "fd.typechar in (f, d) and (fd.name contains needle or (fd.name endswith /file and evt.rawres > 99))",
    ),
    Group.NAMES: (
        "fs.path.name endswith .so or fs.path.name = {place}/made",
        "fs.path.name in (/falco-sieve-test, /a/passwd) and evt.res = SUCCESS",
        "fs.path.name contains needle and not fs.path.name startswith /etc",
        "fs.path.name glob {place}/*/made and evt.res = SUCCESS",
        "fs.path.source endswith .so or fs.path.written = {place}/made",
    ),
    Group.PAIRS: (
        "fs.path.source endswith .so or fs.path.target = {place}/made",
        "fs.path.written contains needle and not fs.path.source startswith {place}/pair",
        "not fs.path.source glob /*/* and fs.path.target in ({place}/pair, {place}/sub/passwd)",
        "evt.res = EISDIR and fs.path.source exists",
    ),
    Group.PLAIN: ("evt.arg.mode contains S_ISUID and evt.rawres = 0",),
}


BY_FD_ALONE = ("fs.path.name endswith /file", "fs.path.source = {place}/file")


def by_group(place):
    """For each call the conditions for its group."""
    nodes = {group: conditions_of(texts, place)(None) for group, texts in OF_CALLS.items()}
    own = {"ftruncate": conditions_of(BY_FD_ALONE, place)(None)}
    return lambda call: own.get(call.name) or nodes[sifted_calls.BY_NAME[call.name].group]


ACTS = (
    sifted_calls.make_names, sifted_calls.make_pairs, sifted_calls.make_plain, sifted_calls.make_fds,
    sifted_calls.make_connections,
)  # fmt: skip


def transfers(place):
    """What only calls that send and receive are asked for."""
    del place
    texts = ("fd.name_changed = true and fd.typechar in (4, 6)",)
    nodes = conditions_of(texts, "")(None)
    return lambda call: nodes if "fd.name_changed" in sifted_calls.BY_NAME[call.name].vocabulary else []


RULES = {
    # What is asked for, and how many kinds of calls at least have both verdicts.
    "shipped rules": (shipped, 3),
    "rules by group": (by_group, 12),
    "rules about transfers": (transfers, 3),
}


@pytest.mark.parametrize(
    ("name", "cflags"),
    [*((name, ()) for name in RULES), ("rules by group", BY_CALLS), ("rules by group", SHUFFLED)],
)
def test_kernel_and_plain_meaning_agree_call_by_call(place, name, cflags):
    conditions, least = RULES[name]
    sieve = make_sieve(conditions(place))
    wanted = Wanted(sifted_calls.CODES - OPENS, sifted_calls.SYSCALLS, sieve=sieve)
    seen = []
    with Watching(build_for(wanted, *cflags), wanted, shadow=True) as watching:
        assert not watching.loaded.left_out
        for act in ACTS:
            seen += watching.seen(functools.partial(act, place))
    verdicts = []
    for event in seen:
        sifted = sifted_calls.sifted_of(event.code, event.raw)
        if sifted is not None and sifted.call.name in sieve.by_call:
            name = sifted.call.name
            expected = passes(sieve.supersets[name], *sifted_calls.known(event))
            verdicts.append((name, event.values, not event.fact(facts.MARKS), expected))
    assert [row for row in verdicts if row[2] is not row[3]] == []
    kinds = [{name for name, _, passed, _ in verdicts if passed is which} for which in (True, False)]
    assert len(kinds[0] & kinds[1]) >= least, kinds


def test_the_largest_programs_are_taken_by_the_kernel():
    """The kernel refuses programs that are too large, or have too many ways through them: none that is made is."""
    supersets = {}
    for sifted in SIFTED:
        each = []
        for i in range(LARGEST // 4):
            path = Where(frozenset((Text(b"/a%d" % (i % 30), begins=True),)), negated=bool(i % 2))
            last = How(Number.RESULT, "<", 3 * i) if sifted.group is Group.PLAIN else path
            number = Number.SERVER_PORT if sifted.group is Group.FDS else Number.RESULT
            each.append(both((How(Number.RESULT, "=", i), How(number, "!=", i + 1), How(number, ">", -i - 7), last)))
        supersets[sifted.call.name] = either(each)
    sieve = sieve_of(supersets)
    assert {len(text) > 10_000 for text in sieve.programs.values()} >= {True}
    assert sieve.too_large
    wanted = Wanted(sifted_calls.CODES, sifted_calls.SYSCALLS, sieve=sieve)
    with Watching(build_for(wanted), wanted) as watching:
        assert not watching.loaded.left_out


@pytest.mark.parametrize("negated", [False, True])
def test_many_values_of_one_number_are_taken_by_the_kernel(negated):
    """What compares one number many times, the compiler would like to do at once, with more than the stack holds."""
    numbers = {**dict.fromkeys(Group, Number.RESULT), Group.OPENS: Number.FD, Group.FDS: Number.SERVER_PORT}
    join = both if negated else either
    supersets = {
        sifted.call.name: join(How(numbers[sifted.group], "=", 2 * i, negated) for i in range(LARGEST - 12))
        for sifted in SIFTED
    }
    sieve = sieve_of(supersets)
    assert {sifted.group for sifted in SIFTED if sifted.call.name in sieve.by_call} == set(Group)
    wanted = Wanted(sifted_calls.CODES, sifted_calls.SYSCALLS, sieve=sieve)
    with Watching(build_for(wanted), wanted) as watching:
        assert not watching.loaded.left_out


def test_calls_that_the_rules_test_too_much_are_all_sent(place):
    many = (f"(fd.num = {i} and fd.name = /none{i})" for i in range(1000))
    wanted = Wanted(OPENS, sieve=make_sieve(conditions_of([" or ".join(many)], place)))
    assert "openat" in wanted.sieve.too_large
    with Watching(build_for(wanted), wanted) as watching:
        seen = watching.seen(lambda: os.close(os.open(place / "subway", os.O_RDONLY)))
    assert [event.values["name"] for event in seen if event.code == OPENAT] == [str(place / "subway")]


def test_what_is_kept_back_does_not_come_and_the_rest_does(place):
    wanted = Wanted(OPENS, sieve=make_sieve(conditions_of(ANCHORED, place)))
    with Watching(build_for(wanted), wanted) as watching:
        names = ("file", "subway", "w", "sub/deep/file", "x.so.1")

        def act():
            for name in names:
                os.close(os.open(place / name, os.O_RDONLY))

        seen = watching.seen(act)
    assert [event.values["name"] for event in seen if event.code == OPENAT] == [
        str(place / "file"), str(place / "sub/deep/file")
    ]  # fmt: skip


def test_a_file_that_rules_know_passes_by_whatever_name(place):
    wanted = Wanted(OPENS, sieve=make_sieve(conditions_of(ANCHORED, place)))
    (place / "other name").hardlink_to(place / "passwd")
    status = (place / "passwd").stat()
    with Watching(build_for(wanted), wanted) as watching:
        act = lambda: os.close(os.open(place / "other name", os.O_RDONLY))  # noqa: E731
        assert [event for event in watching.seen(act) if event.code == OPENAT] == []
        known = KnownFiles(watching.loaded.maps)
        known.know([(status.st_dev, status.st_ino)])
        assert len([event for event in watching.seen(act) if event.code == OPENAT]) == 1
        known.know([(status.st_dev + 1, status.st_ino)])
        assert [event for event in watching.seen(act) if event.code == OPENAT] == []


@contextlib.contextmanager
def at_address_0(content):
    """Something that can be read lies at address 0, as a process with CAP_SYS_RAWIO can have it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    mapped = libc.mmap(
        0, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | FIXED, -1, 0
    )
    assert mapped in (0, None), os.strerror(ctypes.get_errno())
    with Folder("/proc/self/mem").open("r+b", buffering=0) as memory:
        memory.write(content)
    try:
        yield
    finally:
        libc.munmap(ctypes.c_void_p(0), mmap.PAGESIZE)


def test_a_name_that_was_not_given_is_not_looked_for_at_address_0(place):
    (place / "secret").write_text("x")
    sieve = make_sieve(conditions_of(("fs.path.target = {place}/secret or fs.path.source = {place}/secret",), place))
    wanted = Wanted(sifted_calls.CODES - OPENS, sieve=sieve)
    with Watching(build_for(wanted), wanted) as watching, at_address_0(b"/tmp/harmless\0"):
        seen = watching.seen(lambda: sifted_calls.link_followed(str(place / "secret"), str(place / "linked")))
    assert [event.type.name for event in seen if event.type.name == "linkat"] == ["linkat"]


def test_a_call_whose_event_tells_no_fd_is_not_tested_by_its_fd(place):
    sieve = make_sieve(conditions_of(("not fd.typechar in (4, 6, u, f)",), place))
    wanted = Wanted(frozenset((SYMBOLS["SOCKET_RECVMMSG_X"],)), sieve=sieve)
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with Watching(build_for(wanted), wanted) as watching, one, other:
        one.send(b"x")
        seen = watching.seen(lambda: sifted_calls.receive_many(other.fileno()))
    assert len([event for event in seen if event.type.name == "recvmmsg"]) == 1
