import pytest

from falco.containers.cri import CriEngine
from falco.containers.docker import DockerEngine
from falco.containers.engine import ANSWER_S, Engine, EngineError
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
