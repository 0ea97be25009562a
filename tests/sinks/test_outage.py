"""Nothing that was committed is lost, whoever is killed meanwhile: detector, forwarder and sink, one after the other.

What happens goes by how many alerts are committed, not by the clock, so that a slow machine makes the run longer and
not easier. SOAK_ALERTS and SOAK_SECONDS make it as long as `make soak` has it; ordinary runs are short.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nats
import pytest
import redis

from tests.conftest import TESTS
from tests.sinks.servers import Process, free_port, running, until
from tests.sinks.stores import alerts, command, stored

ALERTS = int(os.environ.get("SOAK_ALERTS", "1500"))
"""Committed in all, by the detectors that follow each other."""
SECONDS = float(os.environ.get("SOAK_SECONDS", "6"))
"""How long raising them takes where nothing else needs the processors; the limit is three times as much."""
RATE = ALERTS / SECONDS
PLAN = (
    (0.05, "sink", "kill"),
    (0.20, "forwarder", "replace"),
    (0.35, "detector", "replace"),
    (0.50, "forwarder", "replace"),
    (0.65, "detector", "replace"),
    (0.91, "sink", "start"),
    (0.93, "forwarder", "replace"),
    (0.95, "sink", "replace"),
    (0.97, "detector", "replace"),
)
"""At which part of the alerts who gets what. While the sink is down, 86 in 100 of them are raised."""
ENVIRONMENT = os.environ | {"PYTHONPATH": str(TESTS.parent)}


@contextmanager
def nats_sink(folder: Path) -> Iterator[tuple[Process, list[str], Callable[[], list[str]]]]:
    port = free_port()

    async def read() -> list[str]:
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        reader = await client.jetstream().subscribe("falco.alerts", ordered_consumer=True)
        count = (await client.jetstream().stream_info("FALCO")).state.messages
        found = [await reader.next_msg(timeout=10) for _ in range(count)]
        await client.close()
        return [(message.headers or {})["Nats-Msg-Id"] for message in found]

    server = ["nats-server", "-js", "-sd", folder / "js", "-a", "127.0.0.1", "-p", port]
    with running(server, port, folder) as process:
        yield process, [f"url=nats://127.0.0.1:{port}", "stream=FALCO", "timeout=2"], lambda: asyncio.run(read())


@contextmanager
def redis_sink(folder: Path) -> Iterator[tuple[Process, list[str], Callable[[], list[str]]]]:
    port = free_port()

    def read() -> list[str]:
        with redis.Redis(port=port, decode_responses=True) as client:
            return [entry["id"] for _, entry in client.xrange("falco")]

    server = ["redis-server", "--port", port, "--dir", folder, "--appendonly", "yes", "--appendfsync", "always"]
    with running(server, port, folder) as process:
        yield process, [f"url=redis://127.0.0.1:{port}", "timeout=2"], read


@contextmanager
def syslog_sink(folder: Path) -> Iterator[tuple[Process, list[str], Callable[[], list[str]]]]:
    port = free_port()
    out = folder / "received"
    (folder / "rsyslog.conf").write_text(
        f"""
        global(workDirectory="{folder}")
        module(load="imtcp")
        template(name="raw" type="string" string="%rawmsg%\\n")
        input(type="imtcp" address="127.0.0.1" port="{port}")
        action(type="omfile" file="{out}" template="raw")
        """
    )

    def read() -> list[str]:
        return re.findall(r'\[falco@32473 id="(\w+)"', out.read_text(errors="replace")) if out.exists() else []

    server = ["rsyslogd", "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid"]
    with running(server, port, folder) as process:
        yield process, [f"url=tcp://127.0.0.1:{port}", "timeout=2"], read


class Restarted:
    """A process of ours that is killed and started again."""

    def __init__(self, words: list[str], folder: Path, name: str) -> None:
        self._words, self._folder, self._name = words, folder, name
        self.start()

    def start(self) -> None:
        with (
            (self._folder / f"{self._name}.out").open("wb") as out,
            (self._folder / f"{self._name}.log").open("ab") as log,
        ):
            self.process = subprocess.Popen(self._words, stdout=out, stderr=log, cwd=self._folder, env=ENVIRONMENT)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Detector(Restarted):
    """The one that raises alerts. lost has, for each time it was killed, how many it had raised and not committed."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.lost: list[int] = []
        super().__init__(
            [sys.executable, "-m", "tests.sinks.detector", str(store), str(ALERTS), str(RATE)], store.parent, "detector"
        )

    def start(self) -> None:
        self._before = stored(self._store)
        super().start()

    def reach(self, count: int) -> None:
        """Wait until so many alerts are committed."""
        until(lambda: stored(self._store) >= count, f"{count} alerts", 60 + 3 * SECONDS)

    def kill(self) -> None:
        self.reach(self._before + 10)  # One that has done nothing yet could lose nothing.
        super().kill()
        raised, committed = map(int, (self._folder / "detector.out").read_text().split("\n")[-2].split())
        kept = stored(self._store) - self._before
        assert committed <= kept <= raised + 1, "it says that an alert is raised after it has been"
        self.lost.append(max(0, raised - kept))


def carry_out(plan: Sequence[tuple[float, str, str]], parts: Mapping[str, Process | Restarted]) -> None:
    """Kill and start; the detector sets the time."""
    detector = parts["detector"]
    assert isinstance(detector, Detector)
    for fraction, who, what in plan:
        detector.reach(int(fraction * ALERTS))
        if what != "start":
            parts[who].kill()
        if what != "kill":
            parts[who].start()


@pytest.mark.parametrize("sink", [nats_sink, redis_sink, syslog_sink], ids=["nats", "redis", "syslog"])
def test_every_committed_alert_arrives(tmp_path, sink):
    folder = tmp_path / "store"
    folder.mkdir()
    store = folder / "alerts.db"
    with sink(tmp_path) as (server, settings, received):
        detector = Detector(store)
        forwarder = Restarted(command(sink.__name__.partition("_")[0], store, settings), folder, "forwarder")
        try:
            carry_out(PLAN, {"detector": detector, "forwarder": forwarder, "sink": server})
            assert detector.process.wait(60 + SECONDS) == 0
            expected = [alert.id for alert in alerts(store)]
            until(lambda: len(set(received())) >= len(expected), "the rest", 120)
        finally:
            for process in (detector.process, forwarder.process):
                process.terminate()
                process.wait()
        found = received()
    first = list(dict.fromkeys(found))
    print(f"{sink.__name__}: {len(expected)} alerts, {len(found) - len(first)} twice, not committed {detector.lost}")
    assert len(expected) == ALERTS
    assert first == expected
    # What a killed detector had raised and not committed is what came during a commit, on a busy machine too.
    assert max(detector.lost) <= max(2 * RATE, 50)
