import contextlib
import http.server
import json
import logging
import threading
import time

import pytest

from falco.containers import k8s_api as module
from falco.containers.k8s_api import K8sApi, Pod, access
from falco.errors import FalcoError
from falco.state.containers import K8sObject

POD = Pod("uid-1", "shop", "web-1")


def meta(name, uid, labels=None, owner=None):
    owners = [{"kind": owner[0], "name": owner[1]}] if owner else []
    return {"name": name, "uid": uid, "labels": labels or {}, "ownerReferences": owners}


CLUSTER = {
    "/api/v1/namespaces/shop": {"metadata": meta("shop", "u-ns", {"team": "a"})},
    "/api/v1/namespaces/shop/pods/web-1": {
        "metadata": meta("web-1", "uid-1", {"app": "web", "x": "y"}, ("ReplicaSet", "web-rs"))
    },
    "/api/v1/namespaces/shop/pods/old-1": {
        "metadata": meta("old-1", "uid-2", {"app": "old"}, ("ReplicationController", "old-rc"))
    },
    "/api/v1/namespaces/shop/services": {
        "items": [
            {"metadata": meta("web", "u-svc"), "spec": {"selector": {"app": "web"}}},
            {"metadata": meta("all", "u-all"), "spec": {}},
            {"metadata": meta("other", "u-other"), "spec": {"selector": {"app": "web", "x": "z"}}},
        ]
    },
    "/apis/apps/v1/namespaces/shop/replicasets/web-rs": {"metadata": meta("web-rs", "u-rs", {}, ("Deployment", "web"))},
    "/apis/apps/v1/namespaces/shop/deployments/web": {"metadata": meta("web", "u-d", {"app": "web"})},
    "/api/v1/namespaces/shop/replicationcontrollers/old-rc": {"metadata": meta("old-rc", "u-rc")},
}


class Server(http.server.ThreadingHTTPServer):
    """Answers with CLUSTER, or with the bytes in instead; asked are the paths."""

    def __init__(self):
        self.asked, self.headers, self.instead = [], {}, None
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.headers = dict(self.headers)
        found = CLUSTER.get(self.path)
        body = self.server.instead if self.server.instead is not None else json.dumps(found).encode()
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def api(server):
    return K8sApi(access(f"http://127.0.0.1:{server.server_port}", None))


def test_what_a_pod_belongs_to(api):
    assert api.look_up(POD) == {
        "ns": (K8sObject("shop", "u-ns", {"team": "a"}),),
        "rs": (K8sObject("web-rs", "u-rs", {}),),
        "deployment": (K8sObject("web", "u-d", {"app": "web"}),),
        "svc": (K8sObject("web", "u-svc", {}),),
    }


def test_a_replication_controller(api):
    found = api.look_up(Pod("uid-2", "shop", "old-1"))
    assert found.keys() == {"ns", "rc"} and found["rc"] == (K8sObject("old-rc", "u-rc", {}),)


def test_what_pods_share_is_asked_for_once(api, server):
    api.look_up(POD)
    api.look_up(POD)
    assert [path for path in server.asked if server.asked.count(path) > 1] == [server.asked[0]] * 2


def test_another_pod_of_the_same_name_is_not_it(api):
    assert api.look_up(Pod("other", "shop", "web-1")) == {}


@pytest.mark.parametrize("body", [b"", b"no", b"[" * 100_000, b"[]", b'{"metadata": 1}', b"\xff"])
def test_nonsense_is_survived(api, server, body):
    server.instead = body
    with contextlib.suppress(ValueError, RecursionError):
        assert api.look_up(POD) == {}


def taken(api, patience_s=10):
    until = time.monotonic() + patience_s
    while not (found := list(api.answers())):
        assert time.monotonic() < until
        time.sleep(0.01)
    return found


def test_a_worker_asks(api, server):
    api.start()
    for _ in range(3):
        api.request(POD)
    ((uid, found),) = taken(api)
    assert uid == "uid-1" and found["rs"][0].name == "web-rs"
    api.close()


def test_trouble_is_told_once_and_a_pod_is_asked_about_again(api, server, caplog, monkeypatch):
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    caplog.set_level(logging.WARNING)
    server.instead = b"no"
    api.start()
    for _ in range(2):
        api.request(POD)
        until = time.monotonic() + 10
        while POD.uid in api._asked and time.monotonic() < until:
            time.sleep(0.01)
    assert len(caplog.records) == 1
    server.instead = None
    api.request(POD)
    assert taken(api)[0][0] == "uid-1"
    api.close()


def test_a_token_is_shown(server, tmp_path):
    (tmp_path / "token").write_text("abc\n")
    K8sApi(access(f"http://127.0.0.1:{server.server_port}", str(tmp_path / "token"))).look_up(POD)
    assert server.headers["Authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    ("url", "credentials", "words"),
    [
        ("host:80", None, "http://HOST"),
        ("ftp://host", None, "http://HOST"),
        ("http://user:secret@", None, "http://HOST"),
        ("https://host", "/none/token", "No such file"),
        ("https://host", "/none/cert:/none/key", "No such file"),
    ],
)
def test_what_cannot_be_is_told(url, credentials, words):
    with pytest.raises(FalcoError, match=words) as caught:
        access(url, credentials)
    assert "secret" not in str(caught.value)


def test_the_queue_is_bounded(api, monkeypatch):
    for number in range(module.PODS + 10):
        api.request(Pod(str(number), "n", "p"))
    assert api._pods.qsize() == module.PODS and len(api._asked) == module.PODS
