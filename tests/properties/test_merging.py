"""Whenever a machine is looked at, however long that takes: with the events from before, the tables end as it is."""

from __future__ import annotations

import dataclasses
import random

import pytest

from falco.state.fds import FdInfo, FdType
from falco.state.paths import directory, join
from falco.state.snapshot import Snapshot
from falco.state.state import State
from tests.events import Builder, process

STEP = 3_000_000
"""Between two events, in ns; half a clock tick, as start times are told in whole ones."""
TICK = 10_000_000
BEGIN = 1_500_000_000_000_000_000
TIDS = range(2, 12)


@dataclasses.dataclass
class Task:
    """A process as it is on the model of a machine."""

    tid: int
    ptid: int
    comm: str
    cwd: str
    start: int
    fds: dict[int, str]


class Machine:
    """Processes that live at random; each step is done, and told as the arguments of a Builder's event."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.tasks = {1: Task(1, 0, "init", "/", BEGIN - 10**12, {})}
        self.now = BEGIN
        self.told: list[dict[str, object]] = []
        self.late: list[dict[str, object]] = []
        self.freed: dict[int, int] = {}

    def step(self) -> None:
        """Something happens. A parent that waits for its child (vfork) returns some steps later."""
        self.now += STEP
        if self.late and self.rng.random() < 0.3:
            self.told.append({**self.late.pop(0), "ts": self.now})
        task = self.rng.choice(list(self.tasks.values()))
        steps = [self.clone, self.execute, self.change, self.open, self.exit]
        self.rng.choices(steps, (3, 2, 2, 3, 2))[0](task)

    def tell(self, symbol: str, **values: object) -> None:
        self.told.append({"symbol": symbol, "ts": self.now, **values})

    def clone(self, parent: Task) -> None:
        free = [tid for tid in TIDS if tid not in self.tasks and self.now - self.freed.get(tid, 0) > 2 * TICK]
        if not free or any(late["tid"] == parent.tid for late in self.late):
            return
        child = Task(self.rng.choice(free), parent.tid, parent.comm, parent.cwd, self.now, dict(parent.fds))
        self.tasks[child.tid] = child
        names = {"exe": parent.comm, "comm": parent.comm, "pid": parent.tid, "vtid": parent.tid, "vpid": parent.tid}
        returned = {"symbol": "SYSCALL_CLONE_20_X", "tid": parent.tid, "res": child.tid, **names}
        if self.rng.random() < 0.3:
            self.late.append(returned)
        else:
            self.told.append({**returned, "ts": self.now})
        born = {"pid": child.tid, "vtid": child.tid, "vpid": child.tid, "ptid": parent.tid}
        self.tell("SYSCALL_CLONE_20_X", tid=child.tid, res=0, **{**names, **born})

    def execute(self, task: Task) -> None:
        task.comm = self.rng.choice(("sh", "cat", "ls"))
        self.tell("SYSCALL_EXECVE_19_X", tid=task.tid, res=0, exe=task.comm, comm=task.comm, pid=task.tid)

    def change(self, task: Task) -> None:
        path = self.rng.choice(("/", "/a", "b", "..", "c/d"))
        task.cwd = directory(join(task.cwd, path))
        self.tell("SYSCALL_CHDIR_X", tid=task.tid, res=0, path=path)

    def open(self, task: Task) -> None:
        number, name = self.rng.randrange(3, 6), self.rng.choice(("/x", "/y", "/z"))
        task.fds[number] = name
        self.tell("SYSCALL_OPEN_X", tid=task.tid, fd=number, name=name, flags="O_RDONLY")

    def exit(self, task: Task) -> None:
        if task.tid != 1 and not any(late["tid"] == task.tid for late in self.late):
            self.late = [late for late in self.late if late["res"] != task.tid]
            del self.tasks[task.tid]
            self.freed[task.tid] = self.now  # No kernel gives an id anew within a clock tick: it takes the next one.
            self.tell("PROCEXIT_1_E", tid=task.tid)


def look(machine: Machine, steps: int) -> Snapshot:
    """Read one process after the other, while steps go on between them; then those that were born meanwhile."""
    snapshot = Snapshot()
    for again in (False, True):
        for tid in (1, *TIDS):
            for _ in range(0 if again else machine.rng.randint(0, steps)):
                machine.step()
            task = machine.tasks.get(tid)
            if task is None or tid in snapshot.threads:
                continue
            start = task.start // TICK * TICK
            found = process(tid, ptid=task.ptid, comm=task.comm, exe=task.comm, cwd=task.cwd, clone_ts=start)
            found.fds = {number: FdInfo(FdType.FILE_V2, name) for number, name in task.fds.items()}
            snapshot.add_thread(found)
            snapshot.read_at[tid] = machine.now
    return snapshot


@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("tail", [0, 20, 500])
def test_tables_end_as_the_machine_is(steps, tail):
    for seed in range(60):
        machine = Machine(seed)
        for _ in range(60):
            machine.step()
        attached = len(machine.told) - machine.rng.randrange(30)
        snapshot = look(machine, steps)
        for _ in range(tail):
            machine.step()
        state = State(all_events=True)
        state.load(snapshot)
        box = Builder(state)
        for told in machine.told[attached:]:
            box.event(str(told["symbol"]), **{name: value for name, value in told.items() if name != "symbol"})
        state.settle()
        assert shown(state) == expected(machine), f"seed {seed}"


def shown(state: State) -> dict[int, object]:
    return {t.tid: (t.comm, t.cwd, {number: fd.name for number, fd in t.fds.items()}) for t in state.threads.values()}


def expected(machine: Machine) -> dict[int, object]:
    return {task.tid: (task.comm, task.cwd, task.fds) for task in machine.tasks.values()}
