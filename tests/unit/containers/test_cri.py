import json
import time
from concurrent import futures
from contextlib import contextmanager

import grpc
import pytest

from falco.containers import wire
from falco.containers.cri import SERVICES, CriEngine
from falco.containers.engine import BadAnswerError, EngineError, LateAnswerError, NoSuchContainerError
from tests.unit.containers import criwords

V1, V1ALPHA2 = SERVICES


class Runtime:
    """Answers by method: bytes, a status code, or a function of the request. Another service it does not serve."""

    def __init__(self, service, **answers):
        self.service, self.asked = service, []
        self.answers = {"Version": criwords.version(), **answers}

    def answer(self, method, request, context):
        self.asked.append((method, wire.decode(request)))
        answer = self.answers.get(method, grpc.StatusCode.NOT_FOUND)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, grpc.StatusCode):
            context.abort(answer, "said by the test")
        return answer


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, runtime):
        self._runtime = runtime

    def service(self, handler_call_details):
        _, service, method = handler_call_details.method.split("/")
        if service != self._runtime.service:
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._runtime.answer(method, request, context)
        )


@contextmanager
def running(socket, service=V1, **answers):
    runtime = Runtime(service, **answers)
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((_Handler(runtime),))
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    engine = CriEngine(str(socket), answer_s=1.0, longest=2 << 20)
    try:
        yield engine, runtime
    finally:
        engine.close()
        server.stop(None).wait()


@pytest.fixture
def socket(tmp_path):
    return tmp_path / "cri.sock"


@pytest.mark.parametrize("service", SERVICES)
def test_both_versions_are_spoken(socket, service):
    answers = {"ContainerStatus": criwords.container(), "PodSandboxStatus": criwords.sandbox()}
    with running(socket, service, **answers) as (engine, runtime):
        sandbox, container = engine.look_up(criwords.ID)
        assert (sandbox.name, container.name, container.type_name) == ("web-1", "main", "containerd")
        assert engine.look_up(criwords.ID) == (sandbox, container)
    assert [method for method, _ in runtime.asked] == ["Version", *("ContainerStatus", "PodSandboxStatus") * 2]
    request = runtime.asked[1][1]
    assert (wire.text(request, 1), wire.integer(request, 2)) == (criwords.ID, 1)  # Verbose: else nothing is privileged.


def test_version(socket):
    with running(socket, V1ALPHA2) as (engine, _):
        assert engine.version() == "containerd 1.6.20 (v1alpha2)"


def test_a_sandbox_is_a_container_too(socket):
    with running(socket, PodSandboxStatus=criwords.sandbox()) as (engine, _):
        (found,) = engine.look_up(criwords.SANDBOX)
    assert found.is_pod_sandbox and found.labels["app"] == "shop"


def test_a_container_whose_sandbox_has_gone(socket):
    with running(socket, ContainerStatus=criwords.container()) as (engine, _):
        assert [found.name for found in engine.look_up(criwords.ID)] == ["main"]


def test_one_that_is_not_there(socket):
    with running(socket) as (engine, _), pytest.raises(NoSuchContainerError):
        engine.look_up(criwords.ID)


def slow(_request):
    time.sleep(1.5)
    return criwords.container()


LONG_INFO = json.dumps({"config": {"annotations": {str(n): "" for n in range(50_000)}}})


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"ContainerStatus": b"\x08"}, "makes no sense"),
        ({"ContainerStatus": criwords.container(info=LONG_INFO)}, "too many values"),
        ({"ContainerStatus": criwords.container(labels={str(n): "" for n in range(70_000)})}, "too many fields"),
        ({"ContainerStatus": b""}, "no id of a container"),
        ({"ContainerStatus": b"\x0a\x03abc"}, "makes no sense"),
        (
            {"ContainerStatus": criwords.container(identity="f" * 64), "PodSandboxStatus": criwords.sandbox()},
            "about ffff",
        ),
        ({"ContainerStatus": criwords.container() + bytes(3 << 20)}, "RESOURCE_EXHAUSTED"),
    ],
)
def test_an_answer_that_is_of_no_use_says_nothing_about_the_engine(socket, answers, words):
    with running(socket, **answers) as (engine, _), pytest.raises(BadAnswerError, match=words) as raised:
        engine.look_up(criwords.ID)
    assert not raised.value.may_change


def test_a_refusal_may_be_another_answer_the_next_time(socket):
    with (
        running(socket, ContainerStatus=grpc.StatusCode.INTERNAL) as (engine, _),
        pytest.raises(BadAnswerError, match="INTERNAL: said by the test") as raised,
    ):
        engine.look_up(criwords.ID)
    assert raised.value.may_change


def test_a_container_is_known_whatever_is_said_of_its_sandbox(socket):
    answers = {"ContainerStatus": criwords.container(), "PodSandboxStatus": b"\x08"}
    with running(socket, **answers) as (engine, _):
        assert [found.name for found in engine.look_up(criwords.ID)] == ["main"]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"ContainerStatus": slow}, "DEADLINE_EXCEEDED"),
        ({"ContainerStatus": grpc.StatusCode.UNAVAILABLE}, "UNAVAILABLE"),
        ({"Version": grpc.StatusCode.PERMISSION_DENIED}, "PERMISSION_DENIED"),
        ({"Version": b"\x08"}, "makes no sense"),
    ],
)
def test_trouble_is_the_engines(socket, answers, words):
    with running(socket, **answers) as (engine, _), pytest.raises(EngineError, match=words) as raised:
        engine.look_up(criwords.ID)
    assert not isinstance(raised.value, BadAnswerError)
    assert isinstance(raised.value, LateAnswerError) == (words == "DEADLINE_EXCEEDED")


def test_what_serves_something_else(socket):
    with running(socket, "some.Service") as (engine, _), pytest.raises(EngineError, match="neither version"):
        engine.look_up(criwords.ID)


def test_a_socket_that_is_not_there(socket):
    engine = CriEngine(str(socket), answer_s=1.0)
    assert not engine.is_there
    with pytest.raises(EngineError, match="UNAVAILABLE"):
        engine.look_up(criwords.ID)


def test_a_runtime_that_comes_back_is_asked_again_at_once(socket):
    with running(socket, PodSandboxStatus=criwords.sandbox()) as (engine, _):
        engine.look_up(criwords.SANDBOX)
    with pytest.raises(EngineError):
        engine.look_up(criwords.SANDBOX)
    with running(socket, PodSandboxStatus=criwords.sandbox()):
        assert engine.look_up(criwords.SANDBOX)[0].name == "web-1"
        engine.close()
