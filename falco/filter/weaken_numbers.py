"""Supersets of comparisons of numbers (weaken.py): results, flags, parameters, and what is known of sockets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from falco.events.flags import ERRNO
from falco.filter.joining import both, either
from falco.filter.patterns import Network, Networks
from falco.filter.superset import ALWAYS, COMPARISONS, How, Kind, Number, Param, Superset
from falco.state.fds import L4

if TYPE_CHECKING:
    from falco.filter.ast import Test
    from falco.filter.weaken import Weaken

SUCCEEDED = How(Number.RESULT, ">=", 0)
_IPV4 = 4
_SUCCESS = "SUCCESS"

_KIND_OF = {
    "4": Kind.INET, "6": Kind.INET, "ipv4": Kind.INET, "ipv6": Kind.INET, "u": Kind.UNIX, "unix": Kind.UNIX,
    "f": Kind.FILE, "file": Kind.FILE, "d": Kind.DIRECTORY, "directory": Kind.DIRECTORY,
    "p": Kind.PIPE, "pipe": Kind.PIPE,
}  # fmt: skip
_WHOLE = (({"4", "6"}, Kind.INET), ({"ipv4", "ipv6"}, Kind.INET), ({"u"}, Kind.UNIX), ({"unix"}, Kind.UNIX))
"""Words that only together say that an fd is of a kind; what looks like a file may yet be none, so that is not here."""
_FAMILIES = {"ip": Kind.INET, "unix": Kind.UNIX}
_TRANSPORTS = {"tcp": L4.TCP, "udp": L4.UDP, "icmp": L4.ICMP, "raw": L4.RAW}


def compared(number: Number | Param, op: str, operand: object, negated: bool) -> Superset:
    """A number against a value or a set of values."""
    if op == "in":
        values = sorted(cast("frozenset[int]", operand))
        numbers = [How(number, "=", int(value), negated) for value in values]
        return both(numbers) if negated else either(numbers)
    return How(number, op, int(cast("int", operand)), negated) if op in COMPARISONS else ALWAYS


def of_number(number: Number) -> Weaken:
    """A field that is the number."""
    return lambda test, negated: compared(number, test.op, test.operand, negated)


def of_flag(number: Number) -> Weaken:
    """A boolean that is always there."""

    def make(test: Test, negated: bool) -> Superset:
        if test.op not in ("=", "!="):
            return ALWAYS
        return How(number, test.op, int(cast("bool", test.operand)), negated)

    return make


def _words(test: Test) -> frozenset[str] | None:
    """The words that a field is compared with for equality; None if that is not what the test does."""
    if test.op in ("=", "!="):
        return frozenset((cast("str", test.operand),))
    return cast("frozenset[str]", test.operand) if test.op == "in" else None


def of_error(test: Test, negated: bool) -> Superset:
    """evt.res: SUCCESS or the name of the error."""
    words = _words(test)
    if words is None:
        return ALWAYS
    found = [_result_is(word) for word in sorted(words)]
    if None in found:
        return ALWAYS
    negated = negated is not (test.op == "!=")
    each = [How(Number.RESULT, op, value, negated) for op, value in cast("list[tuple[str, int]]", found)]
    return both(each) if negated else either(each)


def _result_is(word: str) -> tuple[str, int] | None:
    if word == _SUCCESS:
        return ">=", 0
    return next((("=", -number) for number, name in ERRNO.items() if name == word), None)


def of_failed(test: Test, negated: bool) -> Superset:
    """evt.failed."""
    if test.op not in ("=", "!="):
        return ALWAYS
    failed = bool(test.operand) is ((test.op == "=") is not negated)
    return How(Number.RESULT, "<" if failed else ">=", 0)


def of_kind(test: Test, negated: bool) -> Superset:
    """fd.typechar and fd.type."""
    words = _words(test)
    if words is None:
        return ALWAYS
    if negated is not (test.op == "!="):
        out = dict.fromkeys(kind for together, kind in _WHOLE if together <= words)
        return both(How(Number.KIND, "!=", kind) for kind in out)
    if not words <= _KIND_OF.keys():
        return ALWAYS
    return either(How(Number.KIND, "=", kind) for kind in sorted({_KIND_OF[word] for word in words}))


def of_family(test: Test, negated: bool) -> Superset:
    """fd.sockfamily, which only sockets of these families have."""
    words = _words(test)
    if words is None:
        return ALWAYS
    kinds = [kind for word, kind in _FAMILIES.items() if (word in words) is (test.op != "!=")]
    join = both if negated else either
    return join(How(Number.KIND, "=", kind, negated) for kind in kinds)


def of_transport(test: Test, negated: bool) -> Superset:
    """fd.l4proto."""
    words = _words(test)
    if words is None or not words <= _TRANSPORTS.keys():
        return ALWAYS
    numbers = frozenset(int(_TRANSPORTS[word]) for word in words)
    return compared(Number.TRANSPORT, "in", numbers, negated is not (test.op == "!="))


def of_ends(one: Weaken, other: Weaken) -> Weaken:
    """A field of both ends: one of them has to compare as said, for != both."""

    def make(test: Test, negated: bool) -> Superset:
        join = both if (test.op == "!=") is not negated else either
        return join((one(test, negated), other(test, negated)))

    return make


def of_address(number: Number) -> Weaken:
    """An address, or the networks that it is in; those of IPv6 are never known."""

    def make(test: Test, negated: bool) -> Superset:
        join = both if negated else either
        if isinstance(test.operand, Networks):
            nets = sorted(test.operand.networks, key=lambda net: (net.width, net.network, net.mask))
            return join(_network_has(number, net, negated) for net in nets)
        if test.op not in ("=", "!=", "in"):
            return ALWAYS
        op = "!=" if test.op == "!=" else "="
        operand = test.operand if test.op == "in" else (test.operand,)
        return join(_address_is(number, op, address, negated) for address in sorted(cast("Iterable[bytes]", operand)))

    return make


def _address_is(number: Number, op: str, address: bytes, negated: bool) -> Superset:
    if len(address) == _IPV4:
        return How(number, op, int.from_bytes(address, "big"), negated)
    return ALWAYS if (op == "!=") is not negated else _unknown(number)


def _network_has(number: Number, net: Network, negated: bool) -> Superset:
    if net.width == _IPV4:
        return How(number, "=", net.network, negated, mask=net.mask)
    return ALWAYS if negated else _unknown(number)


def _unknown(number: Number) -> Superset:
    """What holds of no address of IPv4, and so only where it is not known."""
    return How(number, "<", 0)


def of_param(flags: Mapping[str, Mapping[str, int]]) -> tuple[Weaken, Weaken]:
    """evt.rawarg and evt.arg, for parameters that are plain numbers; flags has the bits of the names of some."""

    def raw(test: Test, negated: bool) -> Superset:
        name = test.field.argument or ""
        return compared(Param(name), test.op, test.operand, negated) if name in flags else ALWAYS

    def shown(test: Test, negated: bool) -> Superset:
        bits = flags.get(test.field.argument or "", {})
        if negated or test.op != "contains" or not bits:
            return ALWAYS
        wanted = cast("str", test.operand)
        found = [value for name, value in bits.items() if wanted in name]
        if not found or "|" in wanted or not all(found):
            return ALWAYS
        return either(How(Param(test.field.argument or ""), "&", value) for value in found)

    return raw, shown
