"""Alerts as they stand in the store, and a server that does what it is told, for tests of forwarders."""

from __future__ import annotations

import dataclasses
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from falco.priority import Priority
from falco.store.record import StoredAlert, alert_id

AT_NS = 1_470_327_477_882_054_739
NASTY = 'a "b" \\ ] <!channel> é\n18:00:00.0: Critical forged\x1b[2K'


def stored(seq=1, priority=Priority.WARNING, rule="Write below etc", text="An open was seen", **changes):
    """An alert whose JSON is what the store would hold for it."""
    shown = json.dumps(f"16:17:57.882054739: {priority.label} {text}")
    fields = json.dumps({"proc.name": text, "fd.num": seq})
    name = json.dumps(rule)
    body = f'{{"output":{shown},"priority":"{priority.label}","rule":{name},"time":"2016-08-04T16:17:57.882054739Z", '
    body += f'"output_fields": {fields}}}'
    made = StoredAlert(seq, alert_id(AT_NS, 1, seq), AT_NS, AT_NS, rule, priority, "syscall", ("t",), body)
    return dataclasses.replace(made, **changes)


def internal(text="Falco internal: x"):
    """An alert about Falco itself."""
    body = json.dumps({"output": text, "output_fields": {}, "priority": "Critical", "rule": text, "time": "T"})
    return stored(priority=Priority.CRITICAL, rule=text, source="internal", json=body)


@dataclasses.dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


class Server(http.server.ThreadingHTTPServer):
    """Notes requests. answers are (status, headers, body) for the next ones; then 200 without a body."""

    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.requests: list[Request] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.judge = None
        """Instead of answers: a function from a request to one."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = Request(self.path, dict(self.headers), body)
        self.server.requests.append(request)
        if self.server.judge:
            status, headers, answer = self.server.judge(request)
        else:
            status, headers, answer = self.server.answers.pop(0) if self.server.answers else (200, {}, b"")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@contextmanager
def serving(port: int = 0) -> Iterator[Server]:
    server = Server(port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
