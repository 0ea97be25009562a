import gc
import json
import threading
import time

import pytest

from falco.containers.docker import DockerEngine
from falco.containers.engine import BadAnswerError, EngineError, LateAnswerError, NoSuchContainerError
from falco.state.engines import DOCKER, PODMAN
from tests.unit.containers.daemon import Daemon, chunk, raw_reply, reply

ID = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
IMAGE = "sha256:" + "b" * 64
PATH, IMAGE_PATH = f"/containers/{ID}/json", f"/images/{IMAGE}/json"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def row(**changes):
    return {"Id": ID, "Name": "/web", "Image": IMAGE, "Config": {"Image": "web"}, **changes}


@pytest.fixture
def socket(tmp_path):
    return tmp_path / "docker.sock"


# The package leaves the socket of a connection that failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
MADE: list[DockerEngine] = []


def engine(socket, **options):
    MADE.append(DockerEngine(str(socket), **{"answer_s": 5, **options}))
    return MADE[-1]


@pytest.fixture(autouse=True)
def closing():
    yield
    while MADE:
        MADE.pop().close()
    gc.collect()


def test_a_container_and_its_image_which_is_asked_for_once(socket):
    with Daemon(socket, **{PATH: reply(row()), IMAGE_PATH: reply({"RepoTags": ["web:7"]})}) as daemon:
        asked = engine(socket)
        assert asked.is_there
        for _ in range(2):
            (found,) = asked.look_up(ID)
            assert (found.id, found.type, found.name, found.repository, found.tag) == (
                ID[:12],
                DOCKER,
                "web",
                "web",
                "7",
            )
    assert daemon.asked.count(PATH) == 2 and daemon.asked.count(IMAGE_PATH) == 1


def test_podman_is_asked_in_the_same_way(socket):
    with Daemon(socket, **{PATH: reply(row()), IMAGE_PATH: reply({})}):
        asked = engine(socket, kind=PODMAN)
        assert asked.name.startswith("podman (") and asked.look_up(ID)[0].type_name == "podman"
        assert asked.version() == "1.2 (API 1.41)"


def test_the_address_of_the_container_whose_network_it_uses(socket):
    sharing = row(HostConfig={"NetworkMode": "container:" + "c" * 64})
    other = reply({"Id": "c" * 64, "NetworkSettings": {"IPAddress": "10.0.0.1"}})
    with Daemon(socket, **{PATH: reply(sharing), f"/containers/{'c' * 64}/json": other}):
        assert engine(socket).look_up(ID)[0].ip == bytes((10, 0, 0, 1))


@pytest.mark.parametrize(
    "answer",
    [
        reply({"message": "No such container: x"}, 404),
        reply({"cause": "no such container", "message": "x does not exist in database"}, 500),
    ],
)
def test_one_that_is_not_there(socket, answer):
    with Daemon(socket, **{PATH: answer}), pytest.raises(NoSuchContainerError):
        engine(socket).look_up(ID)


def hangs(connection):
    time.sleep(1)
    connection.close()


def dribbles(connection):
    connection.sendall(CHUNKED)
    for _ in range(30):
        connection.sendall(chunk(" "))
        time.sleep(0.1)


def dies(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    connection.shutdown(2)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (raw_reply(b"<html>no</html>"), "JSONDecodeError"),
        (raw_reply(b"[" * 100_000), "RecursionError"),
        (raw_reply(b"[1]"), "no JSON object"),
        (raw_reply(b"\xff\xfe"), "Error"),
        (raw_reply(b"{" + b" " * 3_000_000 + b"}"), "longer than 2 MiB"),
        (reply(row(Config={"Labels": {str(n): "" for n in range(50_000)}})), "too many values"),
        (reply({}), "no id of a container"),
        (reply(row(Id="c" * 64)), "answered about cccccccccccc"),
    ],
)
def test_an_answer_that_is_of_no_use_says_nothing_about_the_engine(socket, answer, words):
    with Daemon(socket, **{PATH: answer}), pytest.raises(BadAnswerError, match=words) as raised:
        engine(socket, longest=2 << 20).look_up(ID)
    assert not raised.value.may_change


def test_a_refusal_may_be_another_answer_the_next_time(socket):
    with Daemon(socket, **{PATH: reply({}, 500)}), pytest.raises(BadAnswerError, match="it answered 500") as raised:
        engine(socket).look_up(ID)
    assert raised.value.may_change


@pytest.mark.parametrize("answer", [reply({}, 500), raw_reply(b"x"), raw_reply(b"{" + b" " * 3_000_000 + b"}")])
def test_a_container_is_known_whatever_is_said_of_its_image(socket, answer):
    with Daemon(socket, **{PATH: reply(row()), IMAGE_PATH: answer}):
        assert engine(socket, longest=2 << 20).look_up(ID)[0].repository == "web"


def test_what_is_kept_of_an_image_is_bounded(socket):
    with Daemon(socket, **{PATH: reply(row()), IMAGE_PATH: reply({"RepoTags": ["x" * 4000] * 30})}):
        asked = engine(socket)
        asked.look_up(ID)
    (kept,) = asked._images.values()
    assert 0 < sum(map(len, kept["RepoTags"])) <= 48 << 10


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "Error"),
        (b"", "Error"),
        (dies, "ended in the middle"),
        (hangs, "in time"),
        (dribbles, "took longer than 0.5 s"),
    ],
)
def test_trouble_is_the_engines(socket, answer, words):
    with Daemon(socket, **{PATH: answer}), pytest.raises(EngineError, match=words) as raised:
        engine(socket, answer_s=0.5).look_up(ID)
    assert not isinstance(raised.value, BadAnswerError)
    assert isinstance(raised.value, LateAnswerError) == (answer in (hangs, dribbles))


def test_ten_megabytes_are_read(socket):
    large = row(Config={"Image": "web", "Labels": {"x": "y" * 10_000_000}})
    with Daemon(socket, **{PATH: reply(large)}):
        (found,) = engine(socket, answer_s=10).look_up(ID)
    assert found.name == "web" and len(found.labels["x"]) == 4096


def test_a_socket_that_is_not_there(socket):
    assert not engine(socket).is_there
    with pytest.raises(EngineError, match="No such file"):
        engine(socket).look_up(ID)


def test_a_socket_that_refuses(socket):
    with Daemon(socket):
        pass
    assert engine(socket).is_there
    with pytest.raises(EngineError, match="Connection refused"):
        engine(socket).look_up(ID)


def test_what_happens_is_followed(socket):
    def tells(connection):
        connection.sendall(CHUNKED)
        connection.sendall(chunk(json.dumps({"Action": "create", "id": "a" * 64}) + "\n" + '{"Action": "sta'))
        connection.sendall(chunk('rt", "id": "b"}\n') + chunk(""))

    with Daemon(socket, **{"/events": tells}):
        assert list(engine(socket).follow()) == [("create", "a" * 64), ("start", "b")]


def test_what_is_too_long_of_what_happens_is_passed_over(socket):
    def tells(connection):
        connection.sendall(CHUNKED)
        for text in ('{"Action": "create", "id": "a"}\n{"Action": "', "x" * 2_000_000, 'y"}\n{"Action": "start"'):
            connection.sendall(chunk(text))
        connection.sendall(chunk(', "id": "b"}\n') + chunk(""))

    with Daemon(socket, **{"/events": tells}):
        assert list(engine(socket).follow()) == [("create", "a"), ("start", "b")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply({}, 403), "403"),
        (CHUNKED + chunk("nonsense\n"), "JSONDecodeError"),
        (CHUNKED + chunk('["x"]\n'), "TypeError"),
    ],
)
def test_a_daemon_that_tells_nonsense_of_what_happens(socket, answer, words):
    with Daemon(socket, **{"/events": answer}), pytest.raises(EngineError, match=words):
        list(engine(socket).follow())


def test_threads_have_their_own_connections(socket):
    found = []
    with Daemon(socket, **{PATH: reply(row()), IMAGE_PATH: reply({})}):
        asked = engine(socket, answer_s=5)
        threads = [threading.Thread(target=lambda: found.extend(asked.look_up(ID))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [each.name for each in found] == ["web"] * 4
