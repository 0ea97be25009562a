"""--explain-filter: which system calls leave the kernel, what it tests before it sends one, and for which rules."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from falco.capture.probe.sifted import CANARY_OPTION
from falco.capture.probe.text import code
from falco.commands import probing
from falco.commands.configuration import configure, rules_paths
from falco.commands.departures import Departure, Look, Way, departures
from falco.commands.in_force import InForce
from falco.commands.rules import load, load_configured
from falco.commands.say import say
from falco.engine.known_paths import KnownPaths
from falco.errors import FalcoError, nearest
from falco.events.table import EVENT_TABLE
from falco.filter.gather import gathered
from falco.filter.superset import ALWAYS, NEVER
from falco.filter.words import AND_BELOW, ANY_TEXT, Style, told

if TYPE_CHECKING:
    from falco.capture.probe.plan import Wanted
    from falco.capture.probe.sieve import Sieve
    from falco.commands.options import Options
    from falco.engine.ruleset import Ruleset

WIDTH = 100
_INDENT = 4
_MOST = 32
"""So many calls are named in a line of the summary."""
_SUMMARY = (
    (Way.NEVER, "not sent: no rule looks at them"),
    (Way.TESTED, "sent if a rule may match"),
    (Way.EVERY, "all sent, as a rule holds them open"),
    (Way.UNTESTED, "all sent, as rules look at them and calls of these kinds are not tested"),
    (Way.STATE, "all sent, as they begin, change and end processes"),
)
_HOW_TO_READ = (
    f"In paths {ANY_TEXT} stands for any text, {AND_BELOW} for a directory itself and all below it. What the kernel"
    " cannot test counts as true there; the rules test it when the call has come. Of two paths that a call was given"
    " either may be the one. Files that rules name are sent by whatever name they are used. With the name of a call or"
    " of a rule all of it is shown, with -v all of everything."
)
_EVERYTHING = "With -A and with -w every system call is sent, whatever the rules look at."


def explain(options: Options) -> int:
    """--explain-filter. FalcoError if there is neither a call nor a rule of the name that it was given."""
    in_force, wanted = _in_force(load_configured(options).ruleset, options)
    if wanted.syscalls is None:
        say([_EVERYTHING])
        return 0
    found = departures(in_force, wanted)
    asked = options.explain_filter
    if asked:
        say(_asked(asked, found, wanted.sieve))
    else:
        say(_page(found, Style(whole=options.verbose)))
    return 0


def report(options: Options) -> list[str]:
    """The summary, for --support; or why there is none."""
    try:
        config = configure(options).config
        ready = load(options, rules_paths(options, config), config.priority)
    except FalcoError as error:
        return str(error).splitlines()[:1]
    in_force, wanted = _in_force(ready.ruleset, options)
    return [_EVERYTHING] if wanted.syscalls is None else list(summary(departures(in_force, wanted)))


def _in_force(ruleset: Ruleset, options: Options) -> tuple[InForce, Wanted]:
    """The rules with what this host makes of their paths, and what they want of the probe."""
    in_force = InForce(ruleset, options.all_events)
    in_force.know(KnownPaths.build(ruleset.rules, options.host_root).tables)
    return in_force, probing.wanted(in_force, options)


def summary(found: Iterable[Departure], most: int | None = None) -> Iterator[str]:
    """How many kinds of calls are sent, and why: a few lines, with so many names of calls in each."""
    all_of_them = list(found)
    for way, words in _SUMMARY:
        members = [each for each in all_of_them if each.way is way]
        names = "" if way is Way.NEVER or not members else f": {_some([each.name for each in members], most)}"
        yield from _wrapped(f"{len(members):4} {words}{names}", 5)
        if way is Way.EVERY:
            yield from _holders(members, most)


def _holders(members: list[Departure], most: int | None) -> Iterator[str]:
    by_rule: dict[str, list[str]] = {}
    for each in members:
        for rule in each.held_by:
            by_rule.setdefault(f"by {rule.name}", []).append(each.name)
        if each.too_large:
            by_rule.setdefault("for want of room", []).append(each.name)
    for who, names in by_rule.items():
        yield from _wrapped(f"     {who}: {_some(names, most)}", 9)


def _some(names: list[str], most: int | None) -> str:
    if most is None or len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def _page(found: list[Departure], style: Style) -> Iterator[str]:
    yield f"Of {len(found)} kinds of system calls these are"
    yield from summary(found, None if style.whole else _MOST)
    yield ""
    yield from _wrapped(_HOW_TO_READ, 0)
    told_of: dict[tuple[str, ...], str] = {}
    for group in _alike([each for each in found if each.way in (Way.TESTED, Way.EVERY)], style):
        yield ""
        yield from _calls(group, style, told_of)


def _alike(found: list[Departure], style: Style) -> list[list[Departure]]:
    """Calls of which the same is to be said."""
    groups: dict[tuple[str, ...], list[Departure]] = {}
    for each in found:
        groups.setdefault((each.way.value, *_about(each, style, {})), []).append(each)
    return list(groups.values())


def _calls(group: list[Departure], style: Style, told_of: dict[tuple[str, ...], str] | None = None) -> Iterator[str]:
    yield from _wrapped(", ".join(each.name for each in group))
    yield from _about(group[0], style, {} if told_of is None else told_of)


def _about(departure: Departure, style: Style, told_of: dict[tuple[str, ...], str]) -> Iterator[str]:
    """What is said of a call below its name. told_of has what was said before, and below which call, and gets this."""
    if departure.too_large:
        yield from _wrapped(f"  Every one is sent, for want of room: {departure.too_large}. The tests would be", 2)
    elif departure.way is Way.EVERY:
        yield "  Every one is sent"
    style = _style(departure, style)
    again: dict[str, list[str]] = {}
    one_path = departure.sifted is None or departure.sifted.one_path
    for text, names in _by_text(departure.looks, style, one_path).items():
        lines = (*_wrapped(f"  {'; '.join(names)}"), *text)
        if lines in told_of:
            again.setdefault(told_of[lines], []).extend(names)
        else:
            told_of[lines] = departure.name
            yield from lines
    for call, names in again.items():
        yield from _wrapped(f"  The same as for {call}: {'; '.join(names)}", _INDENT)
    if departure.sifted is not None and departure.sifted.state != NEVER:
        yield "  What is known of processes"
        yield from _wrapped(f"    {told(departure.sifted.state, style)}", _INDENT + 2)


def _by_text(looks: Iterable[Look], style: Style, one_path: bool) -> dict[tuple[str, ...], list[str]]:
    """Rules by what is to be said of them."""
    found: dict[tuple[str, ...], list[str]] = {}
    for look in looks:
        found.setdefault(tuple(_tests(look, style, one_path)), []).append(look.rule.name)
    return found


def _style(departure: Departure, style: Style) -> Style:
    """The style with the names of what the call's parameters are made of."""
    params = EVENT_TABLE[code(departure.call, "X")].params
    names = {param.name: {bits: name for name, bits in param.flags or ()} for param in params}
    if departure.name == "prctl":
        names["option"][CANARY_OPTION] = "that of Falco's own look whether it still sees"
    return Style(style.whole, names)


def _tests(look: Look, style: Style, one_path: bool) -> Iterator[str]:
    if look.at_start:
        yield "    every one, as it looks at the call's start too (it lacks evt.dir=<)"
    if look.superset == ALWAYS:
        why = f"nothing can be tested of {', '.join(look.opens)}" if look.opens else "it matches all"
        yield from _wrapped(f"    every one: {why}", _INDENT + 2)
        return
    yield from _wrapped(f"    {told(gathered(look.superset, one_path=one_path), style)}", _INDENT + 2)
    if look.untested:
        yield from _wrapped(f"    not tested: {style.listed(look.untested)}", _INDENT + 2)


def _asked(name: str, found: list[Departure], sieve: Sieve) -> Iterator[str]:
    """All that there is to say of a call, by its name or its event's, or of a rule."""
    whole = Style(whole=True)
    named = [each for each in found if name in (each.name, EVENT_TABLE[code(each.call, "X")].name)]
    if named:
        yield from itertools.chain.from_iterable(_whole_call(each, sieve, whole) for each in named)
        return
    of_rule = [_only(each, name) for each in found if any(look.rule.name == name for look in each.looks)]
    if not of_rule:
        known = {each.name for each in found} | {look.rule.name for each in found for look in each.looks}
        close = nearest(name, sorted(known))
        hint = f", did you mean {close}?" if close else ""
        raise FalcoError(f'Neither a system call nor a rule in force that looks at one is called "{name}"{hint}')
    for way, words in _SUMMARY:
        for group in _alike([each for each in of_rule if each.way is way], whole):
            yield from _calls(group, whole) if way in (Way.TESTED, Way.EVERY) else _plain(group, words)


def _only(departure: Departure, rule: str) -> Departure:
    """A call as if there were only this rule."""
    looks = tuple(look for look in departure.looks if look.rule.name == rule)
    return Departure(departure.call, departure.way, looks, departure.sifted, departure.too_large)


def _plain(group: list[Departure], words: str) -> Iterator[str]:
    yield from _wrapped(f"{', '.join(each.name for each in group)}: {words}")


def _whole_call(departure: Departure, sieve: Sieve, whole: Style) -> Iterator[str]:
    if departure.way in (Way.TESTED, Way.EVERY):
        yield from _calls([departure], whole)
        if departure.way is Way.TESTED:
            yield "  All of it together, as the kernel tests it"
            yield from _wrapped(f"    {told(sieve.supersets[departure.name], _style(departure, whole))}", _INDENT + 2)
        return
    yield from _plain([departure], dict(_SUMMARY)[departure.way])
    for look in departure.looks:
        yield from _wrapped(f"  {look.rule.name}", 2)


def _wrapped(text: str, indent: int = 2) -> Iterator[str]:
    """Lines of a page; what has no blank in it is not broken."""
    lead = text[: len(text) - len(text.lstrip())]
    wrap: Callable[..., list[str]] = textwrap.wrap
    yield from wrap(
        text.lstrip(), WIDTH, initial_indent=lead, subsequent_indent=" " * indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
