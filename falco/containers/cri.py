"""containerd, CRI-O and whatever else serves the Container Runtime Interface, v1 or v1alpha2, at a Unix socket.

The only place that uses grpc, which is loaded when the first socket is asked. Messages are read and written by wire.py:
stubs made by protoc only work with the version of the library that they were made for.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from falco.containers import cri_answers, wire
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
from falco.state.engines import CRI

if TYPE_CHECKING:
    from collections.abc import Callable

    import grpc

    from falco.containers.wire import Message
    from falco.state.containers import Container

_T = TypeVar("_T")
SERVICES = ("runtime.v1.RuntimeService", "runtime.v1alpha2.RuntimeService")
"""The names of the service in its two versions, the newer first."""
_OF_THE_ENGINE = ("UNAVAILABLE", "UNIMPLEMENTED", "PERMISSION_DENIED", "UNAUTHENTICATED", "CANCELLED")
"""Further codes that say that the runtime cannot be asked; others are about what it was asked for."""


class CriEngine:
    """A runtime behind a socket."""

    kind = CRI

    def __init__(self, socket: str, answer_s: float = ANSWER_S, longest: int = LONGEST) -> None:
        self.socket, self.owner = socket, owner_of(socket)
        self.name = f"CRI ({socket})"
        self._answer_s, self._longest = answer_s, longest
        self._lock = threading.Lock()
        self._opened: grpc.Channel | None = None
        self._service = ""
        self._type = 0

    @property
    def is_there(self) -> bool:
        """Whether the socket exists."""
        return is_socket(self.socket)

    def look_up(self, container_id: str) -> tuple[Container, ...]:
        """The container, its sandbox before it; or a sandbox alone.

        NoSuchContainerError, BadAnswerError, EngineError.
        """
        self._greet()
        request = wire.encode((1, container_id), (2, 1))
        try:
            answer = self._call("ContainerStatus", request)
        except NoSuchContainerError:
            found: tuple[Container, ...] = (self._sandbox(container_id),)
        else:
            container, sandbox_id = _read(lambda: cri_answers.container_of(self._type, answer))
            found = (*self._sandboxes(sandbox_id), container)
        if not container_id.startswith(found[-1].id):
            raise BadAnswerError(f"it was asked about {container_id} and answered about {found[-1].id}")
        return found

    def version(self) -> str:
        """What the runtime says it is. EngineError."""
        return self._greet()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            opened, self._opened, self._service = self._opened, None, ""
        if opened is not None:
            opened.close()

    def _sandboxes(self, sandbox_id: str) -> tuple[Container, ...]:
        try:
            return (self._sandbox(sandbox_id),) if sandbox_id else ()
        except (NoSuchContainerError, BadAnswerError):
            return ()

    def _sandbox(self, sandbox_id: str) -> Container:
        answer = self._call("PodSandboxStatus", wire.encode((1, sandbox_id), (2, 1)))
        return _read(lambda: cri_answers.sandbox_of(self._type, answer))

    def _greet(self) -> str:
        """Find out which version of the service there is and whose; what the runtime is called is returned."""
        wanted = wire.encode((1, "0.1.0"))
        for service in (self._service,) if self._service else SERVICES:
            if service == self._service and self._type:
                return ""
            try:
                answer = self._call("Version", wanted, service)
            except _NotServedError:
                continue
            self._type, self._service = cri_answers.type_of(answer), service
            name, version = (wire.text(answer, number) for number in (2, 3))
            return f"{name} {version} ({service.split('.')[1]})"
        raise EngineError("it serves neither version v1 nor v1alpha2 of the CRI")

    def _call(self, method: str, request: bytes, service: str = "") -> Message:
        import grpc  # noqa: PLC0415 - see the top of this file

        call = self._channel().unary_unary(f"/{service or self._service}/{method}")
        try:
            raw = cast("bytes", call(request, timeout=self._answer_s, wait_for_ready=False))
        except grpc.RpcError as error:
            self._raise(cast("grpc.Call", error), method)
        try:
            return wire.decode(raw)
        except wire.WireError as error:
            raise _error(method, f"its answer makes no sense: {error}") from None

    def _raise(self, error: grpc.Call, method: str) -> NoReturn:
        import grpc  # noqa: PLC0415

        code, details = error.code(), error.details() or ""
        if code is grpc.StatusCode.UNIMPLEMENTED:
            if method == "Version":
                raise _NotServedError
            self._service = ""  # Another version of the runtime may have taken its place.
        # containerd 1.x says so by the code, CRI-O before 1.20 in words.
        missing = code is grpc.StatusCode.NOT_FOUND or "not found" in details or "does not exist" in details
        if missing and method != "Version":
            raise NoSuchContainerError("it has no such container")
        if code is grpc.StatusCode.UNAVAILABLE:
            self.close()  # A channel waits longer and longer before it connects again; a new one does not.
        said = f"{method}: {code.name}: {details[:200]}"
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise LateAnswerError(said)
        if code.name in _OF_THE_ENGINE:
            raise EngineError(said)
        # Also where it is longer than we take: the library says RESOURCE_EXHAUSTED then, and so do runtimes.
        raise _error(method, said, may_change=code is not grpc.StatusCode.RESOURCE_EXHAUSTED)

    def _channel(self) -> grpc.Channel:
        import grpc  # noqa: PLC0415

        with self._lock:
            if self._opened is None:
                options = [
                    ("grpc.max_receive_message_length", self._longest),
                    ("grpc.enable_http_proxy", 0),
                    ("grpc.default_authority", "localhost"),
                ]
                self._opened = grpc.insecure_channel(f"unix://{Path(self.socket).absolute()}", options)
            return self._opened


class _NotServedError(Exception):
    """The runtime does not have this version of the service."""


def _error(method: str, text: str, *, may_change: bool = False) -> EngineError:
    """What is wrong with an answer: only of Version it is the runtime that is, of others perhaps the container."""
    return EngineError(text) if method == "Version" else BadAnswerError(text, may_change=may_change)


def _read(read: Callable[[], _T]) -> _T:
    try:
        return read()
    except wire.WireError as error:
        raise BadAnswerError(f"its answer makes no sense: {error}") from None
