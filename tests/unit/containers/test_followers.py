import logging
import threading
import time
from types import SimpleNamespace

import pytest

from falco.containers import followers as module
from falco.containers.engine import EngineError
from falco.containers.followers import Followers
from falco.containers.health import Health

FULL = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"


class Asked:
    def __init__(self):
        self.calls = []

    def prepare(self, full, kind, owner):
        self.calls.append(("prepare", full, kind, owner))

    def refresh(self, full, kind, owner):
        self.calls.append(("refresh", full, kind, owner))

    def forget(self, short):
        self.calls.append(("forget", short))


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("create", ("prepare", FULL, 11, 1000)),
        ("rename", ("refresh", FULL, 11, 1000)),
        ("update", ("refresh", FULL, 11, 1000)),
        ("start", ("refresh", FULL, 11, 1000)),
        ("destroy", ("forget", FULL[:12])),
        ("remove", ("forget", FULL[:12])),
        ("exec_create: sh", None),
    ],
)
def test_what_follows_from_what_happens(action, call):
    asked = Asked()
    ended: list[str] = []
    Followers(asked, ended.append).take(action, FULL, 11, 1000)
    assert asked.calls == ([call] if call else [])
    assert ended == ([FULL[:12]] if action in ("destroy", "remove") else [])


@pytest.mark.parametrize("identity", ["", "short", "../" * 20])
def test_ids_that_are_none_are_passed_over(identity):
    asked = Asked()
    ended: list[str] = []
    for action in ("create", "destroy"):
        Followers(asked, ended.append).take(action, identity, 0)
    assert asked.calls == ended == []


def test_an_engine_is_followed_again_after_trouble(monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(module, "FIRST_S", 0.01)
    rounds, done = [], threading.Event()

    def follow():
        rounds.append(1)
        if len(rounds) == 1:
            raise EngineError("broken")
        yield "create", FULL
        if len(rounds) == 3:
            done.set()

    engine = SimpleNamespace(name="docker", kind=0, owner=7, is_there=True, follow=follow)
    asked = Asked()
    followers = Followers(asked, lambda _: None)
    followers.start([(engine, Health(engine, time.monotonic))])
    assert done.wait(5)
    followers.close()
    assert asked.calls[:2] == [("prepare", FULL, 0, 7)] * 2
    assert [r.message for r in caplog.records] == ["docker tells nothing about containers: broken"]


def test_an_engine_that_is_not_there_yet_is_followed_when_it_is(monkeypatch):
    monkeypatch.setattr(module, "FIRST_S", 0.01)
    done = threading.Event()

    def follow():
        done.set()
        yield "create", FULL

    engine = SimpleNamespace(name="docker", kind=0, owner=7, is_there=False, follow=follow)
    followers = Followers(Asked(), lambda _: None)
    followers.start([(engine, Health(engine, time.monotonic))])
    assert not done.wait(0.1)
    engine.is_there = True
    assert done.wait(5)
    followers.close()
