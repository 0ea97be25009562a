from __future__ import annotations

import dataclasses
import re
import socket

import pytest

from falco.config_forwarders import Webhook
from falco.forwarders.destination import RefusedError, TryLaterError
from falco.forwarders.http import HttpClient, retry_after_s


def client(url, **changes):
    return HttpClient(dataclasses.replace(Webhook(url=url, timeout=5), **changes))


def test_a_post_and_its_answer(server, closed):
    server.answers = [(201, {}, b"made")]
    made = closed(client(server.url + "/a/"))
    assert made.post(b"x", {"X-Y": "z"}, "/b").text == "made"
    made.close()
    (request,) = server.requests
    assert (request.path, request.body, request.headers["X-Y"]) == ("/a/b", b"x", "z")
    assert request.headers["User-Agent"].startswith("falco-forwarder/")


@pytest.mark.parametrize("status", [301, 302, 307, 401, 407, 408, 425, 429, 500, 502, 503, 504])
def test_answers_that_are_not_about_the_alert(server, status, closed):
    server.answers = [(status, {"Retry-After": "7", "Location": "/x"}, b"why\nnot")]
    with pytest.raises(TryLaterError, match=f"the server answered {status} .*: why not") as caught:
        closed(client(server.url)).post(b"x", {})
    assert caught.value.after_s == 7
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 410, 413, 415, 422])
def test_answers_that_are(server, status, closed):
    for whole in (False, True):
        server.answers = [(status, {}, b"")]
        with pytest.raises(RefusedError) as caught:
            closed(client(server.url)).post(b"x", {}, whole=whole)
        assert caught.value.whole == whole


def test_nobody_there_no_such_host_and_no_answer(closed_port, closed):
    with pytest.raises(TryLaterError, match="Connection refused") as refused:
        closed(client(f"http://127.0.0.1:{closed_port}")).post(b"x", {})
    assert not re.search("0x[0-9a-f]{6}", str(refused.value))
    with pytest.raises(TryLaterError, match="ConnectionError"):
        closed(client("http://nosuchhost.invalid")).post(b"x", {})
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TryLaterError, match="timed out"):
        closed(client(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)).post(b"x", {})


def test_secrets_come_from_files_and_are_read_anew_for_each_connection(server, tmp_path, monkeypatch, closed):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    files = {name: tmp_path / name for name in ("token", "password", "headers", "url")}
    files["token"].write_text("t1\n")
    files["password"].write_text("p\n")
    files["headers"].write_text("X-Key: k:1\n\nX-Other:o\n")
    files["url"].write_text(f"{server.url}/secret\n")
    bearer = closed(
        client("", url_file=str(files["url"]), token_file=str(files["token"]), headers_file=str(files["headers"]))
    )
    bearer.post(b"", {})
    files["token"].write_text("t2")
    bearer.close()
    bearer.post(b"", {})
    basic = closed(client(server.url, user="u", password_file=str(files["password"])))
    basic.post(b"", {})
    closed(client(server.url)).post(b"", {})
    shown = [(each.path, each.headers.get("Authorization"), each.headers.get("X-Key")) for each in server.requests]
    assert shown == [
        ("/secret", "Bearer t1", "k:1"),
        ("/secret", "Bearer t2", "k:1"),
        ("/", "Basic dTpw", None),
        ("/", None, None),
    ]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120),
        ("0", 0),
        ("nonsense", None),
        ("-1", None),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ],
)
def test_retry_after(value, seconds):
    assert retry_after_s(value, 100) == seconds
