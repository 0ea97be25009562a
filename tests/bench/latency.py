"""From a system call to its alert: on standard output, and at a local webhook by way of store and forwarder."""

from __future__ import annotations

import http.server
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

CALLS = 300
_RULE = """
- rule: latency
  desc: A file that only this benchmark opens
  condition: evt.type in (open, openat) and evt.dir=< and fd.name startswith {folder}/call-
  output: opened %fd.name
  priority: WARNING
"""


def latency(folder: Path) -> None:
    """Print a row for each way, or why there is none."""
    rules = folder / "latency.yaml"
    rules.write_text(_RULE.format(folder=folder), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections and never answers on them.
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        first = _run(folder, rules)
        second = first and _run(folder, rules, "-o", "http_output.enabled=true", "-o", f"http_output.url={hanging}")
    if not first or not second:
        print("\nno latencies: live capture does not start here (it takes root and eBPF)")
        return
    print(f"\nfrom {CALLS} system calls to their alerts{'':12}{'seen':>6}{'p50':>10}{'p99':>10}{'longest':>10}")
    _row("standard output", first[0])
    _row("a local webhook, by store and forwarder", first[1])
    _row("standard output beside a URL that hangs", second[0])


def _row(way: str, waits: list[float]) -> None:
    shown = (waits[len(waits) // 2], waits[len(waits) * 99 // 100], waits[-1]) if waits else ()
    print(f"{way:46}{len(waits):6}" + "".join(f"{wait * 1e3:7.1f} ms" for wait in shown))


def _run(folder: Path, rules: Path, *more: str) -> tuple[list[float], list[float]] | None:
    """How long each alert took to standard output and to a webhook (s, sorted); None where Falco does not start."""
    printed: dict[str, float] = {}
    posted: dict[str, float] = {}
    server = _server(posted)
    store = ("-o", f"alert_store.path={folder}/store/alerts.db")
    sink = (
        "-o",
        "forwarders.webhook.enabled=true",
        "-o",
        f"forwarders.webhook.url=http://127.0.0.1:{server.server_port}",
    )
    unlimited = ("-o", "outputs.max_burst=100000", "-o", "log_stderr=true", "-o", "json_output=true")
    command = [sys.executable, "-m", "falco.cli", "-r", str(rules), *store, *sink, *unlimited, *more]
    log = folder / "falco.log"
    with log.open("wb") as err:
        falco = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err)
        forwarder = subprocess.Popen(
            [sys.executable, "-m", "falco.forwarders.cli", "webhook", *store, *sink], stderr=err
        )
    reader = threading.Thread(target=_read, args=(falco, printed), daemon=True)
    reader.start()
    called: dict[str, float] = {}
    try:
        if _ready(falco, log):
            called = _calls(folder)
            time.sleep(1.5)
    finally:
        for process in (falco, forwarder):
            process.terminate()
            process.wait(30)
        reader.join(10)
        if falco.stdout is not None:
            falco.stdout.close()
        server.shutdown()
        server.server_close()
    if not called:
        return None
    first, second = (
        sorted(times[name] - at for name, at in called.items() if name in times) for times in (printed, posted)
    )
    return first, second


def _calls(folder: Path) -> dict[str, float]:
    """Open files, at times that have nothing to do with any polling, and note when."""
    called = {}
    for number in range(CALLS):
        name = f"{folder}/call-{number}"
        time.sleep(random.uniform(0.002, 0.02))
        called[name] = time.monotonic()
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o600))
    return called


def _ready(falco: subprocess.Popen[bytes], log: Path) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end and falco.poll() is None:
        if b"ready in" in log.read_bytes():
            time.sleep(0.5)
            return True
        time.sleep(0.05)
    return False


def _read(falco: subprocess.Popen[bytes], arrived: dict[str, float]) -> None:
    assert falco.stdout is not None
    for line in falco.stdout:
        if line.startswith(b"{"):
            arrived.setdefault(json.loads(line)["output_fields"].get("fd.name", ""), time.monotonic())


def _server(arrived: dict[str, float]) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["output_fields"]
            arrived.setdefault(fields.get("fd.name", ""), time.monotonic())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made
