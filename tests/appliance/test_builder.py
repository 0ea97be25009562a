"""The builder makes every package from a checkout with nothing but docker; the tester runs tests against one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.appliance.engines import PROJECT, timed

if TYPE_CHECKING:
    from tests.appliance.engines import Engine


@pytest.fixture(scope="module")
def built(docker: Engine, tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("out")
    with timed("builder image"):
        docker("build", "--tag", "falco-builder", str(PROJECT / "build/builder"), timeout=900)
    socket = docker.command[2].removeprefix("unix://")
    with timed("deb, rpm, wheel and image by the builder"):
        docker(
            *(
                "run",
                "--rm",
                "-v",
                f"{PROJECT}:/source:ro",
                "-v",
                f"{folder}:/out",
                "-v",
                f"{socket}:/var/run/docker.sock",
            ),
            *("falco-builder", "deb", "rpm", "wheel", "image"),
            timeout=1800,
        )
    return folder


def test_the_builder_leaves_every_kind_of_package(built: Path) -> None:
    names = sorted(re.sub(r"[0-9]+\.[0-9.]*[0-9]", "V", path.name) for path in built.iterdir())
    assert names == [
        "falco-V-1.x86_64.rpm",
        "falco-V-py3-none-any.whl",
        "falco-V.image.tar.gz",
        "falco_V_amd64.deb",
    ]
    assert all(path.stat().st_size > 100_000 for path in built.iterdir())


def test_the_tester_runs_functional_tests_against_the_package(docker: Engine, built: Path) -> None:
    with timed("tester image"):
        docker("build", "--tag", "falco-tester", str(PROJECT / "build/tester"), timeout=900)
    with timed("tests of captures against the package"):
        shown = docker(
            *("run", "--rm", "-v", f"{PROJECT}:/source:ro", "-v", f"{built}:/packages:ro", "falco-tester"),
            timeout=900,
        )
    assert re.search(r"\d{2,} passed", shown) and "failed" not in shown, shown
