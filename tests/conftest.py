"""What tests share: where the captures are, golden files, and how hypothesis chooses its inputs.

A test that takes `capture` runs once for each shipped .scap file; one that takes `captures` gets their directory.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = Path(__file__).resolve().parent
CAPTURES = Path(os.environ.get("FALCO_TEST_CAPTURES", TESTS / "captures"))
GOLDEN = TESTS / "golden"

# The same inputs in every ordinary run, so that a failure is the change's; a long fuzz looks for new ones. A deadline
# per example would only measure how busy the machine is.
hypothesis.settings.register_profile("falco", deadline=None, derandomize="FUZZ_N" not in os.environ)
hypothesis.settings.load_profile("falco")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --update-golden, run only the tests that have a golden file."""
    if not config.getoption("update_golden"):
        return
    others = [item for item in items if "golden" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if "golden" in getattr(item, "fixturenames", ())]


def pytest_collection_finish() -> None:
    """Leave thousands of collected tests out of every later garbage collection."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that takes `capture` every .scap file in turn."""
    if "capture" in metafunc.fixturenames:
        paths = sorted(CAPTURES.glob("*.scap"))
        metafunc.parametrize("capture", paths, ids=[path.stem for path in paths])


@pytest.fixture(scope="session")
def captures() -> Path:
    """The directory of the captures; k8s_audit/ in it holds audit events."""
    return CAPTURES


@pytest.fixture
def golden(pytestconfig: pytest.Config) -> Callable[[str, str], None]:
    """golden(name, text): text is what tests/golden/name holds; --update-golden writes it instead."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if pytestconfig.getoption("update_golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing; `make golden` writes it"
        assert text == path.read_text(encoding="utf-8")

    return check
