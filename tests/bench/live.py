"""What watching this host costs: calls of others, an idle detector, events a second, start-up, memory. As root.

Each figure of a call is the median of rounds in which all cases take turns, so that what else the machine does hits
them alike.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from falco.capture.live import bpf
from tests.live.product import DEFAULT_RULES, Product

SOURCE = Path(__file__).with_name("pairs.c")
ROUNDS, PAIRS, REPORTED = 7, 100_000, 15_000
"""Pairs that are reported are so few that the ring takes them all at once."""
IDLE_S = 60
RATES, SUSTAINED_S = (25_000, 50_000, 75_000, 100_000, 150_000), 4
STARTS = 3
RETURN_0 = bytes.fromhex("b7000000 00000000 95000000 00000000")
RAW_TRACEPOINT = 17
EVERY_OPEN = """
- rule: Every open
  desc: Every open leaves the kernel, since this cannot be decided there, and none is told.
  condition: evt.type in (open, openat) and evt.dir=< and proc.pcmdline contains nobody
  output: "%fd.name"
  priority: INFO
"""
WRITES = """
- rule: Below etc
  desc: Opens that only read are none of its.
  condition: evt.type in (open, openat, creat) and evt.is_open_write=true and fd.num>=0 and fd.name startswith /etc/
  output: "%fd.name"
  priority: INFO
"""
COLD = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o mode=0700 none "$0" && exec "$@"', "/var/cache/falco")
TICKS = os.sysconf("SC_CLK_TCK")


def live(folder: Path) -> None:
    """Print everything."""
    if os.geteuid() != 0:
        print("\nlive: not without root")
        return
    program = folder / "pairs"
    subprocess.run(["gcc", "-O1", "-o", str(program), str(SOURCE)], check=True)
    (folder / "every_open.yaml").write_text(EVERY_OPEN)
    print(f"\nlive, with a load of {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors at the start")
    if others := hooked():
        print(
            f"  {others} other programs hang on sys_exit: every call pays for them too, and what it costs is not ours"
        )
    calls(folder, program)
    starts(folder)
    idle(folder)
    sustained(folder, program)


def hooked() -> int:
    """How many programs of others hang on sys_exit."""
    found = 0
    for info in Path("/proc").glob("[0-9]*/fdinfo/*"):
        with contextlib.suppress(OSError):
            found += "tp_name:\tsys_exit\n" in info.read_text()
    return found


def pairs(program: Path, kind: str, count: int, path: str = "", rate: int = 0) -> float:
    """Nanoseconds that a pair took."""
    done = subprocess.run([program, kind, str(count), str(rate), path], check=True, capture_output=True, text=True)
    return float(done.stdout)


@contextlib.contextmanager
def empty_hook() -> Iterator[None]:
    """A program on sys_exit that does nothing."""
    loaded = bpf.load_program("empty", RAW_TRACEPOINT, RETURN_0)
    link = bpf.open_raw_tracepoint("sys_exit", loaded)
    yield
    os.close(link)
    os.close(loaded)


def calls(folder: Path, program: Path) -> None:
    """What others' calls cost."""
    plain, writes = folder / "plain", folder / "writes.yaml"
    plain.touch()
    writes.write_text(WRITES)
    took: dict[str, list[float]] = {}

    def measure(name: str, kind: str, path: str = "", count: int = PAIRS) -> None:
        took.setdefault(name, []).append(pairs(program, kind, count, path))

    for number in range(ROUNDS):
        measure("open+close, no probe", "open", str(plain))
        measure("getppid twice, no probe", "getppid")
        with empty_hook():
            measure("open+close, empty hook", "open", str(plain))
            measure("getppid twice, empty hook", "getppid")
        with Product(folder / f"calls{number}", [DEFAULT_RULES]):
            measure("open+close, default rules", "open", str(plain))
            measure("open+close, default rules, reported", "open", "/etc/shadow", REPORTED)
            measure("getppid twice, default rules", "getppid")
        with Product(folder / f"writes{number}", [writes]):
            measure("open+close, rules about writing alone", "open", str(plain))
    for name in sorted(took, reverse=True):
        base = statistics.median(took[f"{name.partition(',')[0]}, no probe"])
        median = statistics.median(took[name])
        print(f"  {name:40}{median:8.0f} ns {median - base:+8.0f}")


def starts(folder: Path) -> None:
    """How long it takes until all is watched."""
    for name, before in (("warm", ()), ("cold", COLD)):
        seconds = []
        for number in range(STARTS):
            with Product(folder / f"{name}{number}", [DEFAULT_RULES], before=before) as falco:
                ready = falco.said(r"^ready in (\S+) s$")
                seconds.append(float(ready[1]) if ready else 0.0)
        print(f"  {name} start to ready, default rules: {statistics.median(seconds):.2f} s")


def idle(folder: Path) -> None:
    """What a detector needs that has nothing to do."""
    with Product(folder / "idle", [DEFAULT_RULES]) as falco:
        pid = falco.process.pid
        time.sleep(2)
        before = cpu_s(pid)
        time.sleep(IDLE_S)
        spent = cpu_s(pid) - before
        used, peak = memory_mb(pid, "VmRSS"), memory_mb(pid, "VmHWM")
    print(f"  an idle minute: {spent / IDLE_S * 60:.2f} s of CPU ({spent / IDLE_S:.1%})")
    print(f"  memory with default rules: {used} MB, {peak} MB at the most")


def memory_mb(pid: int, name: str) -> int:
    """What a line of a process's status says, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) // 1024


def cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def sustained(folder: Path, program: Path) -> None:
    """How many reported records a second one processor takes."""
    print(f"  reported opens, {SUSTAINED_S} s each:")
    for rate in RATES:
        rules = [folder / "every_open.yaml"]
        with Product(folder / f"at{rate}", rules, ["-v"], before=("taskset", "-c", "0")) as falco:
            before = cpu_s(falco.process.pid)
            took_ns = pairs(program, "open", rate * SUSTAINED_S, str(folder / "plain"), rate)
            falco.catch_up()
            spent = cpu_s(falco.process.pid) - before
            falco.stop()
        lost = falco.said(r"Driver Drops:(\d+)")
        count = rate * SUSTAINED_S
        print(f"    asked for {rate:7,}/s, made {1e9 / took_ns:9,.0f}/s: {int(lost[1]) if lost else -1:8,} lost, "
              f"{spent / count * 1e6:6.2f} us of CPU each")  # fmt: skip
