"""The builder makes every package from a checkout with nothing but docker; the tester runs tests against one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.appliance.engines import PROJECT, in_shell, run, timed
from tests.documents.run_lines import BUILDER, BUILDER_IMAGE, line

if TYPE_CHECKING:
    from tests.appliance.engines import Engine


@pytest.fixture(scope="module")
def built(docker: Engine, tmp_path_factory) -> Path:
    """What README's lines for the builder, as they stand there, make of a clone, and the image beside them."""
    clone: Path = tmp_path_factory.mktemp("builder") / "falco"
    run("git", "clone", "--quiet", "--depth", "1", f"file://{PROJECT}", str(clone))
    with timed("builder image"):
        in_shell(line(BUILDER_IMAGE), docker, clone, 900)
    with timed("deb, rpm and wheel by the builder"):
        in_shell(line(BUILDER), docker, clone, 1800)
    socket = docker.command[2].removeprefix("unix://")
    options, _, kinds = line(BUILDER).partition(" falco-builder ")
    assert kinds == "deb rpm wheel"
    with timed("image by the builder"):
        in_shell(f"{options} -v {socket}:/var/run/docker.sock falco-builder image", docker, clone, 1800)
    return clone / "build/out"


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
