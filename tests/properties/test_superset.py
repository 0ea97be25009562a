"""What a condition lets through, its superset lets through: on events that are made up of a few values."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from falco.events.text import errno_name
from falco.fields.fd import directory_of
from falco.fields.registry import SYSCALL_FIELDS
from falco.filter.ast import And, Not, Or
from falco.filter.check import check
from falco.filter.interpret import evaluate
from falco.filter.parser import parse_condition
from falco.filter.superset import UNKNOWN_PATH, Kind, Number, Path, passes
from falco.filter.vocabulary import BY_FD_ALONE, OPENS, PAIRS, TRANSFERS
from falco.filter.vocabulary import NAMES as NAMED
from falco.filter.weaken import superset_of
from falco.filter.weaken_traits import TRAITS, traits_of, with_traits, without_needless_traits
from falco.state.fds import L4

if TYPE_CHECKING:
    from falco.events.event import Event

PIECES = st.lists(st.sampled_from(["/", "/etc", "/etc/", "a", "b", ".so", "shadow", "ü"]), min_size=1, max_size=4)
TEXTS = PIECES.map("".join)
PATHS = TEXTS.map(lambda text: re.sub("/+", "/", "/" + text.strip("/")))
GLOBS = st.sampled_from(["/*", "/*/*", "/*/*/*", "*", "/etc/*", "*a*", "/?*"])
QUOTED = st.one_of(TEXTS, GLOBS).map(lambda text: f'"{text}"')
FLAGS = st.sampled_from(["evt.is_open_write", "evt.is_open_read"])
EQUAL = st.sampled_from(["=", "!="])
ORDER = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


def texts(names):
    """Comparisons of fields that are texts."""
    operators = st.sampled_from(["=", "!=", "contains", "startswith", "endswith", "glob"])
    some = st.lists(QUOTED, min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("{} {} {}".format, names, operators, QUOTED),
        st.builds("{} {} ({})".format, names, st.sampled_from(["in", "pmatch"]), some),
        st.builds("{} exists".format, names),
    )


def numbers(names, values, order=ORDER):
    """Comparisons of fields with some values."""
    some = st.lists(values.map(str), min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("{} {} {}".format, names, order, values), st.builds("{} in ({})".format, names, some),
        st.builds("{} exists".format, names),
    )  # fmt: skip


def conditions(tests):
    """Nested ones, with negations."""
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {})".format, inner, inner),
            st.builds("not ({})".format, inner),
        ),
        max_leaves=8,
    )


BOOLEANS = st.builds("{} {} {}".format, FLAGS, EQUAL, st.sampled_from(["true", "false"]))
OF_OPENS = conditions(
    st.one_of(
        texts(
            st.sampled_from(["fd.name", "fd.directory", "fd.filename", "fs.path.name", "fs.path.written", "proc.name"])
        ),
        BOOLEANS,
        numbers(st.just("fd.num"), st.integers(-2, 4)),
        numbers(st.just("evt.rawres"), st.integers(-2, 4)),
    )
)
OF_NAMES = conditions(
    st.one_of(
        texts(st.sampled_from(["fs.path.name", "fs.path.written", "proc.name"])),
        numbers(st.just("evt.rawres"), st.integers(-2, 4)),
        numbers(st.just("evt.res"), st.sampled_from(["SUCCESS", "ENOENT", "EPERM", "ELSE"]), EQUAL),
    )
)
OF_FD_ALONE = conditions(texts(st.sampled_from(["fs.path.name", "fs.path.source", "fs.path.written", "proc.name"])))
OF_PAIRS = conditions(
    st.one_of(
        texts(st.sampled_from(["fs.path.source", "fs.path.target", "fs.path.written", "proc.name"])),
        numbers(st.just("evt.rawres"), st.integers(-2, 4)),
    )
)
ADDRESSES = st.sampled_from(["127.0.0.1", "10.0.0.1", "9.9.9.9", "::1", "0.0.0.0"])
NETS = st.sampled_from(["127.0.0.0/8", "10.0.0.0/30", "0.0.0.0/0", "::/8"])
PORTS = st.sampled_from([0, 22, 443, 30000, 65535])
OF_SOCKETS = conditions(
    st.one_of(
        numbers(st.sampled_from(["fd.sip", "fd.cip", "fd.ip"]), ADDRESSES, EQUAL),
        numbers(st.sampled_from(["fd.snet", "fd.cnet", "fd.net"]), NETS, EQUAL),
        numbers(st.sampled_from(["fd.sport", "fd.cport", "fd.port"]), PORTS),
        numbers(st.just("fd.typechar"), st.sampled_from(["4", "6", "u", "f", "d", "p", "o", "e"]), EQUAL),
        numbers(st.just("fd.type"), st.sampled_from(["ipv4", "ipv6", "unix", "file", "pipe", "event"]), EQUAL),
        numbers(st.just("fd.sockfamily"), st.sampled_from(["ip", "unix"]), EQUAL),
        numbers(st.just("fd.l4proto"), st.sampled_from(["tcp", "udp", "icmp", '"<NA>"']), EQUAL),
        st.builds("fd.name_changed {} {}".format, EQUAL, st.sampled_from(["true", "false"])),
        st.builds("evt.failed {} {}".format, EQUAL, st.sampled_from(["true", "false"])),
        numbers(st.just("evt.res"), st.sampled_from(["SUCCESS", "ENOENT", "EPERM", "ELSE"]), EQUAL),
    )
)


def reading_rows(node):
    """The condition on rows of values instead of events."""
    match node:
        case And(children):
            return And(tuple(map(reading_rows, children)))
        case Or(children):
            return Or(tuple(map(reading_rows, children)))
        case Not(child):
            return Not(reading_rows(child))
        case _:
            key = node.field.key
            return dataclasses.replace(node, field=dataclasses.replace(node.field, extract=lambda row: row.get(key)))


def check_passes(text, row, vocabulary, paths, known):
    condition = check(parse_condition(text, "test"), SYSCALL_FIELDS)
    superset = superset_of([condition], {**vocabulary, **TRAITS})
    told = {each.text: evaluate(reading_rows(each.test), cast("Event", row)) for each in traits_of(superset)}
    if evaluate(reading_rows(condition), cast("Event", row)):
        assert passes(superset, paths, known, told)
        for looser in (
            without_needless_traits(superset),
            with_traits(superset, list(told)[::2]),
            with_traits(superset, ()),
        ):
            assert passes(looser, paths, known, told)


@settings(max_examples=1000)
@given(
    OF_OPENS, PATHS, st.booleans(), st.booleans(), st.booleans(), st.integers(-1, 4),
    st.sampled_from(["cat", "a", None]),
)  # fmt: skip
def test_whatever_open_matches_passes(text, path, readable, writes, reads, fd, program):
    failed = fd < 0
    row = {
        "fd.num": fd,
        "evt.rawres": fd,
        "evt.is_open_write": writes,
        "evt.is_open_read": reads,
        # A failed open has the path that was passed.
        "fd.name": path,
        "fd.directory": directory_of(path),
        "fd.filename": None if failed else path[path.rfind("/") + 1 :] or path,
        "fs.path.name": None if failed else path,
        "fs.path.written": path if writes and not failed else None,
        "proc.name": program,
    }
    known = Path(whole=path.encode("utf-8", "surrogateescape") if readable else None)
    told = {Number.WRITES: int(writes), Number.READS: int(reads), Number.FD: fd, Number.RESULT: fd}
    check_passes(text, row, OPENS, [known], told)


@settings(max_examples=500)
@given(OF_FD_ALONE, PATHS, st.booleans(), st.booleans())
def test_whatever_call_that_tells_only_the_path_of_its_fd_matches_passes(text, path, there, readable):
    row = {"fs.path.name": path if there else None}
    check_passes(text, row, BY_FD_ALONE, [Path(whole=path.encode() if there and readable else None)], {})


@settings(max_examples=1000)
@given(
    OF_NAMES, PATHS, st.sampled_from(["whole", "last"]), st.integers(-2, 2), st.booleans(),
    st.sampled_from(["cat", None]),
)  # fmt: skip
def test_whatever_call_with_a_name_matches_passes(text, path, known, result, readable, program):
    value = path if result >= 0 and readable else None
    row = {
        "fs.path.name": value,
        "fs.path.written": value,
        "evt.rawres": result,
        "evt.res": "SUCCESS" if result >= 0 else errno_name(result),
        "proc.name": program,
    }
    check_passes(text, row, NAMED, [passed(path, known, readable)], {Number.RESULT: result})


@settings(max_examples=2000)
@given(
    OF_PAIRS, st.lists(st.tuples(PATHS, st.sampled_from(["whole", "last"]), st.booleans()), min_size=2, max_size=2),
    st.integers(-2, 2), st.booleans(),
)  # fmt: skip
def test_whatever_call_with_two_names_matches_passes(text, given_, result, source_is_written):
    values = [path if result >= 0 and readable else None for path, _, readable in given_]
    row = {
        "fs.path.source": values[0],
        "fs.path.target": values[1],
        "fs.path.written": values[0 if source_is_written else 1],
        "evt.rawres": result,
        "evt.res": "SUCCESS" if result >= 0 else errno_name(result),
        "proc.name": None,
    }
    check_passes(text, row, PAIRS, [passed(*each) for each in given_], {Number.RESULT: result})


def passed(path, known, readable):
    """What is known of a passed path: nothing if it could not be read, or ends in a slash and so has no last part."""
    raw = path.encode()
    if not readable or raw.endswith(b"/"):
        return Path()
    return Path(whole=raw) if known == "whole" else Path(last=raw.rpartition(b"/")[2])


@st.composite
def sockets(draw):
    """A socket, or another fd: its values, and what is known of it."""
    kind = draw(st.sampled_from(["4", "6", "u", "f", "d", "p", "o", "e"]))
    words = {"4": "ipv4", "6": "ipv6", "u": "unix", "f": "file", "d": "directory", "p": "pipe", "e": "event"}
    kinds = {"4": Kind.INET, "6": Kind.INET, "u": Kind.UNIX, "f": Kind.FILE, "d": Kind.DIRECTORY, "p": Kind.PIPE}
    inet, result = kind in "46", draw(st.integers(-2, 2))
    row = {
        "fd.typechar": kind, "fd.type": words.get(kind, "<NA>"), "evt.failed": result < 0,
        "fd.sockfamily": "ip" if inet else "unix" if kind == "u" else None, "fd.l4proto": "<NA>",
        "evt.res": "SUCCESS" if result >= 0 else errno_name(result),
        "fd.name_changed": draw(st.sampled_from([True, False, None])),
    }  # fmt: skip
    known = {Number.RESULT: result}
    # Some are taken for a file that are something else, such as what has no directory.
    if kind == "o" and draw(st.booleans()):
        known[Number.KIND] = Kind.FILE
    elif kind in kinds and draw(st.booleans()):
        known[Number.KIND] = kinds[kind]
    if not inet or not draw(st.booleans()):
        return row, known
    connect(draw, row, known, kind)
    return row, known


def connect(draw, row, known, kind):
    """Give a socket two ends."""
    ports, ends = (
        (draw(PORTS), draw(PORTS)),
        [ipaddress.ip_address(text) for text in draw(st.tuples(ADDRESSES, ADDRESSES))],
    )
    row["fd.l4proto"] = draw(st.sampled_from(["tcp", "udp", "icmp"]))
    row["fd.name_changed"] = False
    row["fd.cport"], row["fd.sport"], row["fd.port"] = *ports, ports
    for name, address in zip(("c", "s"), ends, strict=True):
        row[f"fd.{name}ip"] = row[f"fd.{name}net"] = address.packed
    row["fd.ip"] = row["fd.net"] = tuple(address.packed for address in ends)
    known |= {Number.CLIENT_PORT: ports[0], Number.SERVER_PORT: ports[1], Number.RENAMES: 0}
    known[Number.TRANSPORT] = {"tcp": L4.TCP, "udp": L4.UDP, "icmp": L4.ICMP}[row["fd.l4proto"]]
    if kind == "4" and all(address.version == 4 for address in ends):
        known |= {Number.CLIENT: int(ends[0]), Number.SERVER: int(ends[1])}


@settings(max_examples=3000)
@given(OF_SOCKETS, sockets())
def test_whatever_call_on_an_fd_matches_passes(text, socket):
    row, known = socket
    check_passes(text, row, TRANSFERS, UNKNOWN_PATH, known)
