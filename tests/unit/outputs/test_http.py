from __future__ import annotations

import http.server
import socket
import threading

import pytest

from falco.outputs.http import HttpOutput
from falco.priority import Priority

LINES = [(b'{"rule":"a"}', Priority.WARNING)]


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.seen.append((self.path, self.headers["Content-Type"], body))
            self.send_response(made.answer)
            if made.answer == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *args):
            pass

    class Server(http.server.ThreadingHTTPServer):
        seen: list[tuple[str, str, bytes]]
        answer = 200

    made = Server(("127.0.0.1", 0), Handler)
    made.seen = []
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def url(server):
    return f"http://127.0.0.1:{server.server_address[1]}/hook?a=b"


def test_each_alert_is_posted_as_json(server):
    output = HttpOutput(url(server))
    output.open()
    assert output.write([*LINES, *LINES]) == 1
    assert server.seen == [("/hook?a=b", "application/json", b'{"rule":"a"}')]


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_an_answer_that_is_no_success_is_an_error_and_no_redirect_is_followed(server, answer):
    server.answer = answer
    with pytest.raises(OSError, match=f"the server answered {answer}"):
        HttpOutput(url(server)).write(LINES)
    assert len(server.seen) == 1


def test_nobody_listening():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        HttpOutput(f"http://127.0.0.1:{port}/").write(LINES)


def test_a_server_that_accepts_and_never_answers_is_left_after_a_while():
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(OSError, match="timed out"):
        HttpOutput(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout_s=0.1).write(LINES)


def test_an_answer_that_is_not_http():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(10000)
                connection.sendall(b"nonsense\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(OSError, match="nonsense"):
            HttpOutput(f"http://127.0.0.1:{server.getsockname()[1]}/").write(LINES)
        thread.join()


@pytest.mark.parametrize("text", ["ftp://x/", "localhost:1", "/x"])
def test_what_is_no_url_of_http(text):
    with pytest.raises(OSError, match="not a URL of HTTP"):
        HttpOutput(text).open()
