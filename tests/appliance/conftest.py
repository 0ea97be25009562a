"""The image, built once for all tests, and the engines that run it. A machine that cannot run it fails these tests."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from tests.appliance import engines
from tests.appliance.engines import Engine, timed


@pytest.fixture(scope="session")
def based() -> Iterator[Engine]:
    """An engine with the image that all others are built from."""
    with engines.dockerd() as engine:
        if not engines.has(engine, engines.BASE):
            with timed("base image"):
                engines.make_base(engine)
        yield engine
        engine.remove_all()


@pytest.fixture(scope="session")
def docker(based: Engine) -> Engine:
    with timed("docker build"):
        engines.run("make", "-C", str(engines.PROJECT), "image", timeout=1800, env={"DOCKER_HOST": based.command[2]})
    return based


@pytest.fixture(scope="session")
def podman(docker: Engine) -> Iterator[Engine]:
    engine = engines.podman(docker)
    yield engine
    engine.remove_all()


class Sink:
    """A webhook's other end: what was posted to it. While it is closed it refuses everything."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, object]] = []
        self.open = True
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if sink.open:
                    sink.alerts.append(json.loads(body))
                self.send_response(200 if sink.open else 503)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.server.shutdown()
    made.server.server_close()
