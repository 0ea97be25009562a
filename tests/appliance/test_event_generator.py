"""The event generator's image: built as its README says, it lists its actions, does them, and leaves nothing behind."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.appliance.engines import PROJECT, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.appliance.engines import Engine

GENERATOR = PROJECT / "build/event-generator"
sys.path.insert(0, str(GENERATOR))

from falco_event_generator.actions import ACTIONS  # noqa: E402 - the path to it has to be there first
from falco_event_generator.scene import CONTAINER  # noqa: E402

NAME, MACHINE = "falco-event-generator", "falco-test-generator"
ELSEWHERE = frozenset(action for action, one in ACTIONS.items() if one.engine)
"""Actions that need an engine, which the image does not bring."""
POWERS = ("--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup")
"""What rules/README.md gives it so that it can do everything."""


@pytest.fixture(scope="module")
def image(based: Engine) -> Engine:
    with timed("event generator's image"):
        based("build", "--tag", NAME, str(GENERATOR), timeout=900)
    return based


@pytest.fixture
def machine(image: Engine) -> Iterator[Engine]:
    """A container of it that stays, so that what its actions leave can be looked for."""
    image("run", "--detach", "--name", MACHINE, *POWERS, "--entrypoint", "sleep", NAME, "600")
    yield image
    image("rm", "--force", MACHINE)


def generate(machine: Engine, *options: str, check: bool = True) -> str:
    return machine("exec", MACHINE, "python3", "-m", "falco_event_generator", *options, check=check, timeout=300)


def files(machine: Engine) -> set[str]:
    """Every file and directory of the container, but for those of the kernel."""
    return set(machine("exec", MACHINE, "find", "/", "-xdev").splitlines())


def test_it_lists_every_action(image: Engine) -> None:
    lines = image("run", "--rm", NAME, "--list").splitlines()
    assert [line.split()[0] for line in lines] == list(ACTIONS)
    assert all(ACTIONS[line.split()[0]].rule in line for line in lines)


def test_one_action_needs_no_more_than_any_container_has(image: Engine) -> None:
    shown = image("run", "--rm", NAME, "--once", "--action", "write_below_etc")
    assert shown == f"write_below_etc\t/etc/{NAME}\n"


def test_the_variable_says_which(image: Engine) -> None:
    chosen = ("--env", "EVENT_GENERATOR_ACTIONS=write_below_etc, write_below_root")
    shown = image("run", "--rm", *chosen, NAME, "--once")
    assert [line.partition("\t")[0] for line in shown.splitlines()] == ["write_below_etc", "write_below_root"]


@pytest.mark.parametrize("near", [(), ("--near-misses",)])
def test_all_of_them_are_done_and_undone(machine: Engine, near: tuple[str, ...]) -> None:
    before = files(machine)
    shown = generate(machine, "--once", *near, check=False)
    done = set(re.findall(r"^(\w+)\t", shown, re.MULTILINE))
    assert ACTIONS.keys() - done == ELSEWHERE, shown
    assert files(machine) == before
    groups = Path("/sys/fs/cgroup")
    assert [*groups.glob(f"docker/{CONTAINER}"), *groups.glob(f"*/docker/{CONTAINER}")] == []
