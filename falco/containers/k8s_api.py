"""What only the Kubernetes API server knows of a pod: its controllers, services, and its namespace's id and labels.

Asked by a worker of its own, about pods whose containers were seen on this node and about nothing else: a watch of the
whole cluster by every node is what API servers suffer from. What several pods share is kept for a minute.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import ssl
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from falco.containers import reading
from falco.errors import FalcoError
from falco.logs import LOG
from falco.state.containers import K8sObject

if TYPE_CHECKING:
    from falco.containers.reading import Json

ANSWER_S = 5.0
LONGEST = 8 << 20
"""Bytes of an answer that are read."""
KEPT_S, KEPT = 60.0, 512
"""For how long answers about what pods share are kept, and how many."""
PODS = 1024
"""Pods that may wait to be asked about."""
TRIES, AGAIN_S = 3, 1.0
_CLUSTER_CA = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
"""Where a pod finds the certificate that its cluster's API server has been signed by."""
_OWNERS = {
    "ReplicationController": ("/api/v1", "replicationcontrollers", "rc"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets", "rs"),
    "Deployment": ("/apis/apps/v1", "deployments", "deployment"),
}
"""Kind -> group and plural in paths, and the word of fields for it."""

Belongings = dict[str, tuple[K8sObject, ...]]
"""Kind (rc, rs, deployment, svc, ns) -> what the pod belongs to."""


class Pod(NamedTuple):
    """A pod as labels of its containers call it."""

    uid: str
    namespace: str
    name: str


class Access(NamedTuple):
    """Where the API server is and what it is shown."""

    url: str
    headers: dict[str, str]
    context: ssl.SSLContext | None


def access(url: str, credentials: str | None) -> Access:
    """How to reach the API server of -k with -K: TOKENFILE, or CERTFILE:KEYFILE[#PASSWORD][:CAFILE]. FalcoError."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FalcoError(f"-k {parts._replace(netloc=parts.hostname or '').geturl()}: http://HOST[:PORT] is wanted")
    context = ssl.create_default_context() if parts.scheme == "https" else None
    headers = {"Accept": "application/json"}
    try:
        words = (credentials or "").split(":")
        if len(words) > 1:
            key, _, password = words[1].partition("#")
            if context is not None:
                context.load_cert_chain(words[0], key, password or None)
                if len(words) > 2:
                    context.load_verify_locations(words[2])
        elif credentials:
            headers["Authorization"] = f"Bearer {Path(credentials).read_text(encoding='utf-8').strip()}"
            if context is not None and Path(_CLUSTER_CA).is_file():
                context.load_verify_locations(_CLUSTER_CA)
    except (OSError, ValueError) as error:
        raise FalcoError(f"-K: {getattr(error, 'strerror', None) or error}") from None
    return Access(url, headers, context)


class K8sApi:
    """Finds out what pods belong to. request() and answers() never wait."""

    def __init__(self, to: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._to, self._clock = to, clock
        self._asked: set[str] = set()
        self._pods: queue.Queue[Pod | None] = queue.Queue(PODS)
        self._answers: deque[tuple[str, Belongings]] = deque()
        self._kept: dict[str, tuple[float, Json]] = {}
        self._trouble = False

    def start(self) -> None:
        """Begin to ask."""
        threading.Thread(target=self._work, name="k8s-api", daemon=True).start()

    def close(self) -> None:
        """Ask no more."""
        self._asked.clear()
        with contextlib.suppress(queue.Full):  # Then its thread ends with the program.
            self._pods.put_nowait(None)

    def request(self, pod: Pod) -> None:
        """Find out about a pod, once; when too many wait, not now."""
        if pod.uid in self._asked or not pod.name or not pod.namespace:
            return
        try:
            self._pods.put_nowait(pod)
        except queue.Full:
            return
        if len(self._asked) >= 16 * PODS:
            self._asked.clear()
        self._asked.add(pod.uid)

    def answers(self) -> Iterator[tuple[str, Belongings]]:
        """Uids of pods and what they belong to, since the last time."""
        while self._answers:
            yield self._answers.popleft()

    def look_up(self, pod: Pod) -> Belongings:
        """What a pod belongs to. OSError and ValueError where the server does not tell."""
        space = f"/api/v1/namespaces/{_quoted(pod.namespace)}"
        row = self._get(f"{space}/pods/{_quoted(pod.name)}")
        if reading.text(reading.section(row, "metadata"), "uid") != pod.uid:
            return {}
        found: Belongings = {"ns": (_object(self._shared(space)),)}
        labels = reading.labels(reading.section(row, "metadata", "labels"))
        services = [each for each in reading.rows(self._shared(f"{space}/services"), "items") if _selects(each, labels)]
        if services:
            found["svc"] = tuple(map(_object, services))
        self._add_owners(pod.namespace, row, ("ReplicationController", "ReplicaSet"), found)
        return found

    def _add_owners(self, namespace: str, row: Json, kinds: tuple[str, ...], found: Belongings) -> None:
        """Add who owns what the server has told of, of these kinds; of a replica set, the deployment as well."""
        for owner in reading.rows(reading.section(row, "metadata"), "ownerReferences"):
            kind, name = reading.text(owner, "kind"), _quoted(reading.text(owner, "name"))
            if kind in kinds:
                group, plural, short = _OWNERS[kind]
                owning = self._shared(f"{group}/namespaces/{_quoted(namespace)}/{plural}/{name}")
                found[short] = (_object(owning),)
                if kind == "ReplicaSet":
                    self._add_owners(namespace, owning, ("Deployment",), found)

    def _shared(self, path: str) -> Json:
        known = self._kept.get(path)
        if known is not None and known[0] > self._clock():
            return known[1]
        row = self._get(path)
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[path] = (self._clock() + KEPT_S, row)
        return row

    def _get(self, path: str) -> Json:
        parts = urllib.parse.urlsplit(self._to.url)
        host = str(parts.hostname)
        connection = (
            http.client.HTTPConnection(host, parts.port, timeout=ANSWER_S)
            if self._to.context is None
            else http.client.HTTPSConnection(host, parts.port, timeout=ANSWER_S, context=self._to.context)
        )
        try:
            connection.request("GET", parts.path.rstrip("/") + path, headers=self._to.headers)
            answer = connection.getresponse()
            body = answer.read(LONGEST + 1)
        except http.client.HTTPException as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None
        finally:
            connection.close()
        if answer.status != 200 or len(body) > LONGEST:
            raise ValueError(f"it answered {answer.status}" if answer.status != 200 else "its answer is too long")
        return reading.section(json.loads(body))

    def _work(self) -> None:
        while (pod := self._pods.get()) is not None:
            for attempt in range(TRIES):
                try:
                    self._answers.append((pod.uid, self.look_up(pod)))
                    self._tell("")
                    break
                except (OSError, ValueError, RecursionError) as error:
                    self._tell(str(error))
                time.sleep(AGAIN_S * attempt)
            else:
                self._asked.discard(pod.uid)

    def _tell(self, trouble: str) -> None:
        if bool(trouble) != self._trouble:
            self._trouble = bool(trouble)
            if trouble:
                LOG.warning("The Kubernetes API does not tell what pods belong to: %s", trouble)
            else:
                LOG.info("The Kubernetes API answers")


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


def _object(row: Json) -> K8sObject:
    metadata = reading.section(row, "metadata")
    labels = reading.labels(reading.section(metadata, "labels"))
    return K8sObject(reading.text(metadata, "name"), reading.text(metadata, "uid"), labels)


def _selects(service: Json, labels: dict[str, str]) -> bool:
    selector = reading.labels(reading.section(service, "spec", "selector"))
    return bool(selector) and selector.items() <= labels.items()
