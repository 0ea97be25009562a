"""docker, and podman by the same API, over a Unix socket. The only place that uses the docker package.

The package is loaded when the first socket is asked, which takes a third of a second, and by a worker thread. It brings
the socket and the version of the API; answers are read here, as the package would read on without end.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol, cast

from falco.containers import inspect, reading
from falco.containers.engine import (
    ANSWER_S,
    LONGEST,
    BadAnswerError,
    EngineError,
    LateAnswerError,
    NoSuchContainerError,
    is_socket,
    owner_of,
)
from falco.state.engines import DOCKER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import APIClient

    from falco.containers.reading import Json
    from falco.state.containers import Container

_NAMES = {DOCKER: "docker"}
_IMAGES = 256
"""Images whose names are kept."""
_PIECE = 64 << 10
_LONGEST_EVENT = 256 << 10
_ERROR = 1000
"""Bytes of an answer that are read as what the daemon complains of."""
_EVENTS = '{"type":["container"],"event":["create","rename","start","update","destroy","remove"]}'
_LATE = "it did not answer in time"
_NOTHING: Json = {}


class _Response(Protocol):
    """What of the package's answers is used here."""

    status_code: int
    headers: Mapping[str, str]

    def iter_content(self, chunk_size: int) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class DockerEngine:
    """A daemon behind a socket, of docker or (by kind) of podman."""

    def __init__(self, path: str, kind: int = DOCKER, answer_s: float = ANSWER_S, longest: int = LONGEST) -> None:
        self.kind, self.socket, self.owner = kind, path, owner_of(path)
        self.name = f"{_NAMES.get(kind, 'podman')} ({path})"
        self._answer_s, self._longest = answer_s, longest
        self._own = threading.local()
        self._clients: list[APIClient] = []
        self._images: OrderedDict[str, Json] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def is_there(self) -> bool:
        """Whether the socket exists."""
        return is_socket(self.socket)

    def look_up(self, container_id: str) -> tuple[Container, ...]:
        """The container. NoSuchContainerError, BadAnswerError, EngineError."""
        row = self._get(f"/containers/{container_id}/json")
        found = inspect.container_of(self.kind, row, self._image(inspect.id_of_image(row)))
        if not container_id.startswith(found.id):
            raise BadAnswerError(f"it was asked about {container_id} and answered about {found.id}")
        donor = inspect.network_donor(row)
        if donor.isalnum():
            with contextlib.suppress(NoSuchContainerError, BadAnswerError):
                found = inspect.with_address(found, self._get(f"/containers/{donor}/json"))
        return (found,)

    def version(self) -> str:
        """What the daemon says it is. EngineError."""
        row = self._get("/version")
        return f"{row.get('Version')} (API {row.get('ApiVersion')})"

    def follow(self) -> Iterator[tuple[str, str]]:
        """What happens to containers from now on as (action, id), until the daemon ends it. EngineError."""
        with _told_as_engine_error():
            client = self._client()
            timeouts = (self._answer_s, None)  # Nothing may happen for days.
            with contextlib.closing(self._ask(client, f"/events?filters={_EVENTS}", timeouts)) as told:
                if told.status_code != 200:
                    raise EngineError(f"it does not tell what happens to containers, but {told.status_code}")
                yield from _happenings(told)

    def close(self) -> None:
        """Close all connections."""
        clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    def _image(self, image_id: str) -> Json:
        """What the daemon says of an image, kept as it never changes but for its names; empty if that is of no use."""
        if not image_id:
            return _NOTHING
        with self._lock:
            known = self._images.get(image_id)
            if known is not None:
                self._images.move_to_end(image_id)
                return known
        try:
            row = self._get(f"/images/{image_id}/json")
        except (NoSuchContainerError, BadAnswerError):
            return _NOTHING
        kept = {key: list(reading.texts(row, key)) for key in ("RepoTags", "RepoDigests")}
        with self._lock:
            self._images[image_id] = kept
            while len(self._images) > _IMAGES:
                self._images.popitem(last=False)
        return kept

    def _get(self, path: str) -> Json:
        with _told_as_engine_error():
            client = self._client()
            until = time.monotonic() + self._answer_s
            with contextlib.closing(self._ask(client, path, self._answer_s)) as answer:
                body = self._body(answer, until)
                failed = answer.status_code != 200
                if answer.status_code == 404 or (failed and b"no such container" in body[:_ERROR].lower()):
                    # podman has 500 for one that it is about to make.
                    raise NoSuchContainerError("it has no such container")
                if failed:
                    said = f"it answered {answer.status_code}: {body[:200].decode('utf-8', 'replace')!r}"
                    raise BadAnswerError(said, may_change=True)
        try:
            return reading.parse(body)
        except (ValueError, RecursionError) as error:
            raise BadAnswerError(f"its answer cannot be read: {_short(error)}") from None

    def _ask(self, client: APIClient, path: str, timeout_s: float | tuple[float, float | None]) -> _Response:
        url = f"{client.base_url}/v{client.api_version}{path}"
        return cast("_Response", client.get(url, stream=True, timeout=timeout_s))

    def _body(self, answer: _Response, until: float) -> bytes:
        """All bytes of an answer, as long as they come soon and are not too many."""
        pieces, size = [], 0
        for piece in answer.iter_content(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > self._longest:
                raise BadAnswerError(f"its answer is longer than {self._longest >> 20} MiB")
            if time.monotonic() > until:
                raise LateAnswerError(f"its answer took longer than {self._answer_s:g} s")
        if size < int(answer.headers.get("Content-Length", 0)):
            raise EngineError("its answer ended in the middle")  # The package takes what has come for all of it.
        return b"".join(pieces)

    def _client(self) -> APIClient:
        """This thread's connection."""
        client = getattr(self._own, "client", None)
        if client is None:
            client = self._own.client = self._connected()
            self._clients.append(client)
        return cast("APIClient", client)

    def _connected(self) -> APIClient:
        with socket.socket(socket.AF_UNIX) as knock:
            # The package leaves sockets open that nobody answers at, and is not worth loading then.
            knock.settimeout(self._answer_s)
            knock.connect(self.socket)
        from docker import APIClient  # noqa: PLC0415 - see the top of this file

        # Making it asks for the version, which has to be the daemon's own: old and new daemons refuse others.
        return APIClient(base_url=f"unix://{self.socket}", version="auto", timeout=self._answer_s)


def _happenings(told: _Response) -> Iterator[tuple[str, str]]:
    """Lines that are too long are passed over: the labels of a container are in them, and it is not the only one."""
    rest, passes = b"", False
    for piece in told.iter_content(_PIECE):
        *lines, rest = (rest + piece).split(b"\n")
        if lines and passes:
            lines, passes = lines[1:], False
        if len(rest) > _LONGEST_EVENT or passes:
            rest, passes = b"", True
        for line in filter(None, lines):
            row = json.loads(line)
            yield str(row["Action"]), str(row["id"])


@contextlib.contextmanager
def _told_as_engine_error() -> Iterator[None]:
    """Everything that can go wrong between here and a daemon, as what it means for us."""
    try:
        yield
    except (NoSuchContainerError, EngineError):
        raise
    except Exception as error:
        # The package, what it is made of and JSON have a dozen kinds of errors with no common root but this one.
        raise (LateAnswerError(_LATE) if "timed out" in str(error) else EngineError(_short(error))) from error


def _short(error: Exception) -> str:
    text = str(error)
    for known in ("Connection refused", "No such file or directory", "Permission denied"):
        if known in text:
            return known
    return f"{type(error).__name__}: {text[:200]}"
