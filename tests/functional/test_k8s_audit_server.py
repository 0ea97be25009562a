"""The whole command with its web server and real clients over TCP: TLS, client certificates, reload, a slow output, and
clients that mean no good.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from falco.config_schema import Webserver
from falco.k8s_audit.queue import AuditQueue
from falco.k8s_audit.server import WebServer
from falco.k8s_audit.turns import Turns
from tests.certificates import authority, signed

ROOT = Path(__file__).resolve().parents[2]
JSON = {"Content-Type": "application/json"}
RULE = """
- rule: Seen
  desc: Any event
  condition: jevt.rawtime exists
  output: "{output}"
  priority: INFO
  source: k8s_audit
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    ca = authority(folder, "ca")
    return {"ca": ca, "server": signed(folder, "server", ca), "client": signed(folder, "client", ca)}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def event(name):
    return {"kind": "Event", "auditID": str(name), "stage": "ResponseComplete",
            "stageTimestamp": "2019-05-13T08:00:00Z"}  # fmt: skip


def batch(names):
    document = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [event(name) for name in names]}
    return json.dumps(document).encode()


class Falco:
    """A falco of its own process that takes audit events and nothing else."""

    def __init__(self, folder, **settings):
        self.port = free_port()
        self.rules = folder / "rules.yaml"
        self.rules.write_text(RULE.format(output="saw %ka.auditid"))
        options = {"enabled": "true", "listen_address": "127.0.0.1", "listen_port": self.port, **settings}
        config = folder / "falco.yaml"
        config.write_text("stdout_output: {enabled: true}\nlog_stderr: true\nlog_syslog: false\n"
                          "outputs: {rate: 1000000, max_burst: 1000000}\nalert_store: {enabled: 'false'}\n"
                          f"webserver: {json.dumps(options)}\n")  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "falco.cli", "-c", config, "-r", self.rules, "--disable-source", "syscall"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self._log = []
        self._deadline = threading.Timer(60, self.process.kill)
        self._deadline.start()
        self.wait_for("ready in")

    def wait_for(self, words):
        assert self.process.stderr is not None
        while True:
            line = self.process.stderr.readline()
            assert line, "".join(self._log)
            self._log.append(line)
            if words in line:
                return

    def post(self, body, headers=JSON, context=None, path="/k8s_audit"):
        kind = http.client.HTTPConnection if context is None else http.client.HTTPSConnection
        more = {} if context is None else {"context": context}
        client = kind("127.0.0.1", self.port, timeout=20, **more)
        try:
            client.request("POST", path, body, headers)
            answer = client.getresponse()
            return answer.status, answer.read().decode()
        finally:
            client.close()

    def memory_kb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))

    def end(self):
        """Stop; gives standard output and the log."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate()
        self._deadline.cancel()
        assert self.process.returncode == 0, err
        assert "Traceback" not in err
        return out, "".join(self._log) + err


def trusting(files, client=False):
    context = ssl.create_default_context(cafile=str(files["ca"]))
    if client:
        context.load_cert_chain(files["client"])
    return context


def test_events_over_tls_with_a_client_certificate(tmp_path, files):
    falco = Falco(tmp_path, ssl_enabled="true", ssl_certificate=str(files["server"]), ssl_client_ca=str(files["ca"]))
    assert falco.post(batch("ab"), context=trusting(files))[0] == 403
    assert falco.post(batch("cd"), context=trusting(files, client=True)) == (200, '{"status": "ok"}\n')
    packed = {**JSON, "Content-Encoding": "gzip"}
    assert falco.post(gzip.compress(batch("ef")), packed, trusting(files, client=True))[0] == 200
    with pytest.raises((OSError, http.client.HTTPException)):
        falco.post(batch("gh"))
    out, log = falco.end()
    assert [line.rpartition(" ")[2] for line in out.splitlines() if " saw " in line] == list("cdef")
    assert "Events detected: 4\n" in out
    assert "403 a client certificate is needed" in log
    assert "without TLS" not in log


def test_plain_http_on_other_than_loopback_is_warned_about(tmp_path):
    falco = Falco(tmp_path, listen_address="0.0.0.0")
    assert falco.post(json.dumps(event("x")))[0] == 200
    assert "without TLS on 0.0.0.0" in falco.end()[1]


def test_a_reload_changes_the_rules_between_two_events(tmp_path):
    falco = Falco(tmp_path)
    assert falco.post(batch("a"))[0] == 200
    assert falco.process.stdout is not None
    first = falco.process.stdout.readline()  # What was accepted may still wait for its turn.
    falco.rules.write_text(RULE.format(output="now saw %ka.auditid"))
    falco.process.send_signal(signal.SIGHUP)
    falco.wait_for("Reloaded")
    assert falco.post(batch("b"))[0] == 200
    out, _ = falco.end()
    assert [line.partition("Informational ")[2] for line in (first + out).splitlines()[:2]] == ["saw a", "now saw b"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"kind":0}', JSON, 400),
        (b"5E5555", JSON, 400),
        (b"[" * 1000 + b"]" * 1000, JSON, 400),
        (b'{"kind":"Event","stageTimestamp":"2019-05-13T08:00:00Z","a":5E5555}', JSON, 400),
        (b"[" * 1_000_000, JSON, 400),
        (b" " * 100_000_000, JSON, 413),
        (gzip.compress(b" " * 1_000_000_000, 1, mtime=0), {**JSON, "Content-Encoding": "gzip"}, 413),
        (batch("a")[:-7], JSON, 400),
        (b'{"kind":"Event","user":"\xff"}', JSON, 400),
        (b'{"kind":"Pod"}', JSON, 400),
        (b"[" + b"[]," * 5_000_000 + b"[]]", JSON, 400),
    ],
    ids=range(11),
)
def test_bad_bodies(bad, body, headers, status):
    assert bad.post(body, headers)[0] == status
    assert bad.post(json.dumps(event("fine")))[0] == 200


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """A falco that everything bad is sent to, which stays unharmed."""
    falco = Falco(tmp_path_factory.mktemp("bad"))
    before = falco.memory_kb()
    yield falco
    grown = (falco.memory_kb() - before) >> 10
    out, log = falco.end()
    assert "Events detected: 11\n" in out
    assert sum("webserver: 127.0.0.1: 4" in line for line in log.splitlines()) == 11
    assert grown < 130, f"{grown} MB more"


def test_slow_clients_do_not_keep_others_out(tmp_path):
    falco = Falco(tmp_path)
    with contextlib.ExitStack() as held:
        for _ in range(50):
            client = held.enter_context(socket.create_connection(("127.0.0.1", falco.port)))
            client.send(b"POST /k8s_audit HTTP/1.1\r\nHost")
        assert falco.post(batch("a"))[0] == 200
    assert "Events detected: 1\n" in falco.end()[0]


def test_a_full_queue_holds_clients_back_and_loses_nothing_that_was_accepted():
    events, size = 50_000, 100
    queue, seen = AuditQueue(1 << 20), []
    highest = 0

    def emit(_, each):
        nonlocal highest
        highest = max(highest, queue.used)
        seen.append(each.json["auditID"])
        if len(seen) % 50 == 0:
            time.sleep(0.001)  # A slow output.

    class Rules:
        def match(self, _):
            return "any"

    server = WebServer(Webserver(listen_address="127.0.0.1", listen_port=0), queue)
    turns = Turns(queue, Rules(), emit)
    server.start()
    refused = []

    def send(part):
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for start in range(part * events // 4, (part + 1) * events // 4, size):
            body = batch(range(start, start + size))
            while True:
                client.request("POST", "/k8s_audit", body, JSON)
                answer = client.getresponse()
                answer.read()
                if answer.status == 200:
                    break
                refused.append((answer.status, answer.headers["Retry-After"]))
                time.sleep(0.02)
        client.close()

    with ThreadPoolExecutor(4) as clients:
        done = [clients.submit(send, part) for part in range(4)]
        while not all(each.done() for each in done):
            turns.pause(0.05)
    for each in done:
        each.result()
    server.stop()
    turns.work(30)
    assert set(refused) == {(429, "1")}
    assert highest <= queue.limit
    assert (turns.num, len(seen), queue.used) == (events, events, 0)
    assert sorted(map(int, seen)) == list(range(events))


def test_50_000_events_with_a_slow_reader_lose_no_alert_and_leave_memory_flat(tmp_path):
    falco = Falco(tmp_path, queue_mb=4)
    seen = []

    def read():
        assert falco.process.stdout is not None
        for line in falco.process.stdout:
            if " saw " in line:
                seen.append(int(line.rpartition(" ")[2]))
                if len(seen) % 100 == 0:
                    time.sleep(0.005)

    reader = threading.Thread(target=read)
    reader.start()
    before = 0
    for start in range(0, 50_000, 400):
        while (status := falco.post(batch(range(start, start + 400)))[0]) == 429:
            time.sleep(0.02)
        assert status == 200
        before = before or (start >= 10_000 and falco.memory_kb())
    grown = falco.memory_kb() - before
    while len(seen) < 50_000 and reader.is_alive():
        time.sleep(0.05)
    falco.process.send_signal(signal.SIGTERM)
    falco.process.wait(20)
    reader.join()
    falco.end()
    assert seen == list(range(50_000))
    assert grown < 20_000, f"{grown} KB"
