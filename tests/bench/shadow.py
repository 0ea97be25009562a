"""Whether the sieve keeps back what a rule matches: falco --verify-filter while workloads run. As root.

What would be kept back is sent and marked instead, and a marked event that matches is a defect of the sieve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench import live_rules
from tests.bench.rulesets import rules
from tests.bench.workload import prepared, watchable
from tests.bench.workloads import WORKLOADS, config
from tests.live.product import DEFAULT_RULES, Product

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.bench.workload import Again, Workload

_RING = "syscall_buf_mb: 256\n"
"""So that nothing is lost, though most calls of some kinds are sent."""
_MISSED = "which the probe would have kept back"


def shadow(folder: Path) -> None:
    """Print what came of it for each set of rules. SystemExit with rule and event if a marked event matched."""
    if not watchable("shadow"):
        return
    print("\nwhat would be kept back, held against the rules (--verify-filter)")
    folder.chmod(0o711)
    missed = []
    with prepared(WORKLOADS, folder) as ready:
        for label, paths in _sets(folder).items():
            missed += [f"{label}: {line}" for line in _verify(label, paths, ready, folder)]
    if missed:
        raise SystemExit("\n".join(("calls that match a rule would have been kept back:", *missed)))


def _sets(folder: Path) -> Mapping[str, Sequence[Path]]:
    texts = {"500": rules(500), "narrow": live_rules.narrow(folder), "wide": live_rules.wide(folder)}
    paths = {name: folder / f"{name}.yaml" for name in texts}
    for name, text in texts.items():
        paths[name].write_text(text, encoding="utf-8")
    return {
        "default rules": [DEFAULT_RULES],
        "500 rules": [paths["500"]],
        "live tests' rules about few calls": [paths["narrow"]],
        "live tests' rules about many calls": [DEFAULT_RULES, paths["wide"]],
    }


def _verify(label: str, paths: Sequence[Path], ready: Mapping[Workload, Again], folder: Path) -> list[str]:
    """What was told of marked events that match, each with its workload."""
    missed: list[str] = []
    with Product(folder / "shadow", paths, ["--verify-filter", "-v"], config=_RING + config(folder)) as falco:
        for workload, again in ready.items():
            before = len(falco.errors)
            again()
            falco.catch_up()
            lines = falco.errors[before:].splitlines()
            missed += [f"{workload.name}: {line}" for line in lines if _MISSED in line]
        alerts = sum(1 for line in falco.output.splitlines() if line.startswith("{"))
        falco.stop()
    verified, lost = falco.said(r"^Filter verified: (\d+) .*, (\d+) of them match"), falco.said(r"Driver Drops:(\d+)")
    if verified is None or lost is None:
        raise RuntimeError(f"falco did not say what came of it:\n{falco.errors}")
    print(f"  {label:36}{int(verified[1]):9,} calls marked, {int(verified[2])} of them match; "
          f"{alerts:7,} alerts of others, {int(lost[1]):,} events lost")  # fmt: skip
    if int(verified[2]) != len(missed):
        missed.append(f"{verified[2]} of the marked calls match, {len(missed)} were told at once")
    return missed
