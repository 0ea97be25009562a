"""Kubernetes audit events: how many a second are replayed and taken over HTTP, and how late alerts on system calls come
while a burst of audit events is worked on (where this host can be watched: as root, with eBPF).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import measured
from tests.conftest import CAPTURES, TESTS

REPLAYED, POSTED, BATCH, CLIENTS = 120_000, 120_000, 400, 4
MARKS, BURST_S = 60, 12.0
RULES = TESTS.parent / "rules" / "k8s_audit_rules.yaml"
LOCAL = """
- list: allowed_k8s_users
  append: true
  items: [admin]
- rule: Mark
  desc: The benchmark opens a file that only it knows
  condition: evt.type in (open, openat) and evt.dir=< and fd.name startswith {folder}/mark
  output: mark at=%evt.rawtime
  priority: INFO
"""


def audit(folder: Path) -> None:
    """Print the figures of all three."""
    lines = (CAPTURES / "k8s_audit" / "kube-apiserver-1.20.jsonl").read_text(encoding="utf-8").splitlines()
    local = folder / "local.yaml"
    local.write_text(LOCAL.format(folder=folder), encoding="utf-8")
    capture = folder / "audit.jsonl"
    capture.write_text("\n".join(lines * (REPLAYED // len(lines))) + "\n", encoding="utf-8")
    falco = [sys.executable, "-m", "falco.cli", "-r", str(RULES), "-r", str(local)]
    seconds, memory = measured([*falco, "-e", str(capture)])
    print(f"\naudit events, replay:      {REPLAYED / seconds:10,.0f} a second, {memory} MB")
    with _running(folder, [*falco, "--disable-source", "syscall"]) as (process, port, _):
        started = time.perf_counter()
        held_back = _post(port, lines, POSTED)
        process.send_signal(signal.SIGTERM)
        process.wait()
        rate = POSTED / (time.perf_counter() - started)
        print(f"audit events, over HTTP:   {rate:10,.0f} a second in lists of {BATCH} by {CLIENTS} clients, "
              f"{held_back} times told to wait")  # fmt: skip
    if os.geteuid() == 0:
        _latency(folder, falco, lines)


def _latency(folder: Path, falco: list[str], lines: list[str]) -> None:
    with _running(folder, falco) as (_, port, late):
        _mark(folder, "before")
        quiet = sorted(late)
        late.clear()
        stop, posted = threading.Event(), [0]
        burst = [threading.Thread(target=_burst, args=(port, lines, stop, posted)) for _ in range(CLIENTS)]
        for each in burst:
            each.start()
        started = time.perf_counter()
        _mark(folder, "during")
        spent = time.perf_counter() - started
        stop.set()
        for each in burst:
            each.join()
        busy = sorted(late)
        rate = posted[0] / spent
    print("alerts on system calls, ms from the call to the alert (median, 95 %, most):")
    print(f"  without audit events     {_shown(quiet)}")
    print(f"  with {rate:10,.0f} a second {_shown(busy)}")


def _shown(late: list[float]) -> str:
    if len(late) < 20:
        return f"only {len(late)} of {MARKS} marks were seen"
    return f"{statistics.median(late):8.1f}{late[int(len(late) * 0.95)]:8.1f}{late[-1]:8.1f}   ({len(late)} marks)"


def _mark(folder: Path, name: str) -> None:
    """Open files that alerts are given on, at times that do not go with anything."""
    for number in range(MARKS):
        (folder / f"mark-{name}-{number}").write_text("", encoding="ascii")
        time.sleep(BURST_S / MARKS * (0.5 + (number * 7 % 10) / 10))
    time.sleep(0.5)


def _listen(process: subprocess.Popen[str], late: list[float]) -> None:
    # The probe's clock is set by the same one as this, so that the two can be compared.
    assert process.stdout is not None
    with contextlib.suppress(ValueError):  # Closed when falco has ended.
        for line in process.stdout:
            match = re.search(r"mark at=(\d+)", line)
            if match:
                late.append((time.time_ns() - int(match[1])) / 1e6)


def _burst(port: int, lines: list[str], stop: threading.Event, posted: list[int]) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = _list(lines)
    while not stop.is_set():
        if _sent(client, body):
            posted[0] += BATCH
        else:
            time.sleep(0.1)
    client.close()


def _post(port: int, lines: list[str], count: int) -> int:
    """Post so many events; how often a client was told to wait."""
    held_back = [0] * CLIENTS

    def send(number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = _list(lines)
        for _ in range(count // BATCH // CLIENTS):
            while not _sent(client, body):
                held_back[number] += 1
                time.sleep(0.05)
        client.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(held_back)


def _list(lines: list[str]) -> bytes:
    items = ",".join(lines[number % len(lines)] for number in range(BATCH))
    return f'{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{items}]}}'.encode()


def _sent(client: http.client.HTTPConnection, body: bytes) -> bool:
    client.request("POST", "/k8s_audit", body, {"Content-Type": "application/json"})
    answer = client.getresponse()
    answer.read()
    if answer.status not in (200, 429):
        raise SystemExit(f"web server: {answer.status}")
    return answer.status == 200


@contextlib.contextmanager
def _running(folder: Path, command: list[str]) -> Iterator[tuple[subprocess.Popen[str], int, list[float]]]:
    """A falco with a web server: its process, its port, and a list that grows by how late each mark's alert came."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "falco.yaml"
    server = {"enabled": "true", "listen_address": "127.0.0.1", "listen_port": port}
    config.write_text(
        "stdout_output: {enabled: true}\nlog_stderr: true\nlog_syslog: false\n"
        "outputs: {rate: 1000000, max_burst: 1000000}\nalert_store: {enabled: 'false'}\n"
        f"webserver: {json.dumps(server)}\n",
        encoding="utf-8",
    )
    log = folder / "falco.log"
    with log.open("w", encoding="utf-8") as errors, subprocess.Popen(
        [*command, "-c", str(config)], stdout=subprocess.PIPE, stderr=errors, text=True
    ) as process:  # fmt: skip
        while "ready in" not in log.read_text(encoding="utf-8"):
            if process.poll() is not None:
                raise SystemExit(log.read_text(encoding="utf-8"))
            time.sleep(0.02)
        late: list[float] = []
        threading.Thread(target=_listen, args=(process, late), daemon=True).start()
        yield process, port, late
        process.send_signal(signal.SIGTERM)
