import socket

import pytest

from falco.containers.cri import CriEngine
from falco.containers.docker import DockerEngine
from falco.containers.engine import ANSWER_S, BadAnswerError, Engine, EngineError, is_socket, owner_of
from falco.state.fetching import LONGEST_NS


@pytest.mark.parametrize("make", [DockerEngine, CriEngine])
def test_engines_are_engines(tmp_path, make):
    engine: Engine = make(str(tmp_path / "socket"))
    assert engine.is_there is False and str(tmp_path) in engine.name
    for ask in (engine.version, lambda: engine.look_up("a" * 64)):
        with pytest.raises(EngineError):
            ask()


def test_an_answer_takes_no_longer_than_events_expect_it():
    assert ANSWER_S * 1e9 < LONGEST_NS


def test_a_bad_answer_will_be_the_same_the_next_time_unless_it_is_said():
    assert not BadAnswerError("x").may_change and BadAnswerError("x", may_change=True).may_change


def test_what_is_a_socket(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "real"))
        assert is_socket(str(tmp_path / "real"))
    (tmp_path / "file").touch()
    (tmp_path / "long").symlink_to("x" * 300)  # Whoever owns the directory can have this there; following it fails.
    (tmp_path / "loop").symlink_to("loop")
    assert [is_socket(str(tmp_path / name)) for name in ("file", "none", "long", "loop")] == [False] * 4


@pytest.mark.parametrize(
    ("socket", "owner"),
    [
        ("/run/user/1000/podman/podman.sock", 1000),
        ("/host/run/user/1000/docker.sock", 1000),
        ("/run/podman/podman.sock", None),
        ("/run/user/podman.sock", None),
    ],
)
def test_whose_an_engine_is(socket, owner):
    assert owner_of(socket) == DockerEngine(socket).owner == CriEngine(socket).owner == owner
