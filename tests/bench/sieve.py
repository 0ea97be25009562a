"""What leaves the kernel and what it costs: with the sieve and without, with few rules and with many. As root.

Cases take turns, and each figure is the median of its rounds, so that what else the machine does hits them alike. All
calls of the machine are counted, whoever makes them: by perf, and by the product's own counts of what it was sent. On
a machine where others work too both shares are theirs as well.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import statistics
import sys
import time
from typing import TYPE_CHECKING

from tests.bench.cgroup import Group
from tests.bench.counts import Counts, counting
from tests.bench.live import cpu_s
from tests.bench.rulesets import rules
from tests.bench.workload import prepared, watchable
from tests.bench.workloads import WORKLOADS, config
from tests.live.product import DEFAULT_RULES, FALCO, Product

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.bench.workload import Again, Workload

ROUNDS = 3
_STILL_S = 0.05
"""What a detector without work uses in a second at the most."""
_NONE, _FILTER, _WITHOUT = "no falco", "default rules", "without filter"
_UNSIFTED = (sys.executable, "-m", "tests.bench.unsifted")


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """rules is what a falco is given, empty for none at all; program is what is run for it."""

    name: str
    rules: tuple[Path, ...]
    program: Sequence[str] = FALCO


@dataclasses.dataclass(slots=True)
class Cost:
    """Of one workload in one case, a figure for each round (s): by the clock, of processors, and falco's own."""

    wall: list[float] = dataclasses.field(default_factory=list)
    cpu: list[float] = dataclasses.field(default_factory=list)
    agent: list[float] = dataclasses.field(default_factory=list)


Costs = dict[tuple[str, str], Cost]
"""By the names of the case and the workload."""


def sieve(folder: Path) -> None:
    """Print everything."""
    if not watchable("sieve"):
        return
    folder.chmod(0o711)
    cases = _cases(folder)
    print(
        f"\nwhat leaves the kernel, with a load of {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors at the start"
    )
    with Group() as group, contextlib.ExitStack() as stack:
        with group.inside():
            ready = stack.enter_context(prepared(WORKLOADS, folder))
        for case in cases:
            if case.rules and case.name != _WITHOUT:
                _shares(case, ready, folder)
        costs: Costs = {}
        for number in range(ROUNDS):
            for case in cases[number:] + cases[:number]:
                _measure(case, ready, group, folder, costs)
        stack.close()  # Its daemons have to leave the group.
    _table(cases, tuple(ready), costs)


def _cases(folder: Path) -> list[Case]:
    sets = {count: folder / f"{count}.yaml" for count in (50, 500)}
    for count, path in sets.items():
        path.write_text(rules(count), encoding="utf-8")
    return [
        Case(_NONE, ()),
        Case(_FILTER, (DEFAULT_RULES,)),
        Case(_WITHOUT, (DEFAULT_RULES,), _UNSIFTED),
        *(Case(f"{count} rules", (path,)) for count, path in sets.items()),
    ]


@contextlib.contextmanager
def _watched(case: Case, folder: Path, args: Sequence[str] = ()) -> Iterator[Product]:
    with Product(folder / "falco", case.rules, args, config(folder), program=case.program) as falco:
        yield falco
        falco.stop()


def _shares(case: Case, ready: Mapping[Workload, Again], folder: Path) -> None:
    """Print the share of all calls that is delivered, and of what kinds these are."""
    stats = folder / "stats"
    stats.unlink(missing_ok=True)
    print(f"\n  {case.name:28}{'calls':>11}{'kept back':>11}{'delivered':>11}{'share':>8}{'aim':>6}")
    with _watched(case, folder, (*Counts.ARGS, str(stats))) as falco:
        counts = Counts(stats)
        for workload, again in ready.items():
            counts.since()
            made = counting(again)
            falco.catch_up()
            kept, delivered, most = counts.since()
            aim = "" if workload.aim is None else f"{workload.aim:.0f}%"
            print(f"  {workload.name:28}{made:11,}{kept:11,}{delivered:11,}{delivered / made:8.2%}{aim:>6}  {most}")


def _settle(falco: Product) -> None:
    """Wait until what a detector does once after its start is done: the code of its rules is made while it is idle."""
    used = -1.0
    while cpu_s(falco.process.pid) - used > _STILL_S:
        used = cpu_s(falco.process.pid)
        time.sleep(1)


def _measure(case: Case, ready: Mapping[Workload, Again], group: Group, folder: Path, costs: Costs) -> None:
    with _watched(case, folder) if case.rules else contextlib.nullcontext() as falco:
        if falco:
            _settle(falco)
        for workload, again in ready.items():
            cost = costs.setdefault((case.name, workload.name), Cost())
            spent = cpu_s(falco.process.pid) if falco else 0.0
            used, began = group.cpu_s(), time.monotonic()
            with group.inside():
                again()
            cost.wall.append(time.monotonic() - began)
            cost.cpu.append(group.cpu_s() - used)
            if falco:
                falco.catch_up()
                cost.agent.append(cpu_s(falco.process.pid) - spent)


def _table(cases: Sequence[Case], workloads: Sequence[Workload], costs: Costs) -> None:
    """A row for each workload and case: what falco used, and how much longer the workload took than without falco."""
    print(f"\n  medians of {ROUNDS} rounds{'':33}{'falco CPU':>10}{'wall':>9}{'':8}{'CPU':>9}")
    for workload in workloads:
        base = costs[_NONE, workload.name]
        for case in cases:
            cost = costs[case.name, workload.name]
            agent = f"{statistics.median(cost.agent):8.2f} s" if cost.agent else ""
            print(f"  {workload.name:32}{case.name:18}{agent:>10}{_beside(cost.wall, base.wall)}"
                  f"{_beside(cost.cpu, base.cpu)}")  # fmt: skip


def _beside(taken: Sequence[float], base: Sequence[float]) -> str:
    """A median, and by how much it is more than another."""
    median, of = statistics.median(taken), statistics.median(base)
    more = "" if taken is base else f"{median / of - 1:+8.1%}"
    return f"{median:7.2f} s{more:8}"
