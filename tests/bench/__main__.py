"""make bench: replays of large captures beside sysdig, in one run, and what watching costs. PART=NAME runs one part.

Figures of two machines, or of two runs on a busy one, do not compare; the ratio to sysdig in the same run does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from falco.engine.bind import bind_rules
from falco.engine.load import load_rules
from falco.engine.ruleset import Ruleset
from falco.fields.registry import SYSCALL_FIELDS
from tests.bench.alerts import alerts
from tests.bench.audit import audit
from tests.bench.dense import write_dense
from tests.bench.equivalent import equivalent
from tests.bench.latency import latency
from tests.bench.live import live
from tests.bench.measure import measured
from tests.bench.repeat import repeat
from tests.bench.rulesets import rules
from tests.bench.shadow import shadow
from tests.bench.sieve import sieve
from tests.bench.stages import STAGES, stages
from tests.conftest import CAPTURES, TESTS

EVENTS = 1_000_000
DENSE = "dense"
CASES = (
    ("run_as_user_0_container", EVENTS),
    ("run_as_user_0_container", EVENTS // 10),
    ("curl_google", EVENTS),
    ("open-multiple-files", EVENTS),
    # Nearly every event of this one changes state or meets a rule, so little can be passed over.
    (DENSE, EVENTS // 2),
)
ITEMS = 400


def replays(folder: Path) -> None:
    """One table row for every capture and rule set."""
    sets = {"default": TESTS.parent / "rules" / "falco_rules.yaml"}
    for count in (50, 500):
        sets[f"{count} rules"] = folder / f"{count}.yaml"
        sets[f"{count} rules"].write_text(rules(count), encoding="utf-8")
    filters = {label: _filter(label, path) for label, path in sets.items()}
    print(f"{'capture':26}{'events':>10}  {'what':18}{'seconds':>9}{'events/s':>12}{'of sysdig':>11}{'MB':>6}")
    made = [(name, *_repeated(name, wanted, folder)) for name, wanted in CASES]
    for name, capture, events in made:
        falco = [sys.executable, "-m", "falco.cli", "-e", str(capture), "-o", "log_stderr=false"]
        for label, path in sets.items():
            base = measured(["sysdig", "-r", str(capture), filters[label]])
            row(name, events, f"sysdig {label}", base, base[0])
            row(name, events, label, measured([*falco, "-r", str(path)]), base[0])
            if label == "default":
                row(name, events, "default, -A", measured([*falco, "-A", "-r", str(path)]), base[0])
    print(f"\nwhere the time goes, default rules: ns an event of the capture, and share\n{'capture':26}", end="")
    print(f"{'events':>10}{'in the loop':>13}" + "".join(f"{stage:>16}" for stage in STAGES))
    for name, capture, _ in made:
        num, reached, spent = stages(capture, sets["default"])
        shares = (f"{seconds / num * 1e9:9.0f}{seconds / sum(spent):7.0%}" for seconds in spent)
        print(f"{name:26}{num:10}{reached:13}" + "".join(shares))


def _filter(label: str, path: Path) -> str:
    """What sysdig is to look for in the place of a rule set."""
    loaded = load_rules([str(path)]).rules
    text, taken = equivalent(loaded, CAPTURES / "made" / "six_behaviours.scap")
    print(f"sysdig looks for the conditions of {taken} of {len(loaded)} rules ({label})")
    return text


def _repeated(name: str, wanted: int, folder: Path) -> tuple[Path, int]:
    capture = folder / f"{name}-{wanted}.scap"
    if name == DENSE:
        return capture, write_dense(capture, wanted)
    return capture, repeat(CAPTURES / f"{name}.scap", capture, wanted)


def row(name: str, events: int, what: str, result: tuple[float, int], base: float) -> None:
    """Print one row, start-up included."""
    seconds, memory = result
    rate = events / seconds
    print(f"{name:26}{events:>10}  {what:18}{seconds:9.2f}{rate:12,.0f}{base / seconds:11.2f}{memory:6}")


def loading(folder: Path) -> None:
    """How long a file of ITEMS items takes to become running code."""
    path = folder / "items.yaml"
    path.write_text(rules(ITEMS), encoding="utf-8")
    started = time.perf_counter()
    loaded = load_rules([str(path)])
    bound = bind_rules(loaded.rules, SYSCALL_FIELDS, loaded.event_types)
    Ruleset(bound.rules, all_events=False).compile_all()
    print(f"loading {ITEMS} rules, all code compiled: {time.perf_counter() - started:.3f} s")


def starting_containers(folder: Path) -> None:
    """How late events are looked at while containers start, in a process of its own: it puts a clock into the loop."""
    del folder
    subprocess.run([sys.executable, "-m", "tests.bench.containers"], check=True)


PARTS: Mapping[str, Callable[[Path], None]] = {
    "replays": replays,
    "loading": loading,
    "audit": audit,
    "live": live,
    "sieve": sieve,
    "alerts": lambda _: alerts(),
    "latency": latency,
    "containers": starting_containers,
    # The last one, as it fails if the sieve does.
    "shadow": shadow,
}


def main(chosen: Sequence[str]) -> None:
    """Run these parts in their order, all if none is named."""
    if unknown := set(chosen) - set(PARTS):
        raise SystemExit(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    for name, part in PARTS.items():
        if not chosen or name in chosen:
            with tempfile.TemporaryDirectory() as made:
                part(Path(made))


if __name__ == "__main__":
    main(sys.argv[1:])
