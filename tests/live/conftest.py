"""The probe with everything in it, built once for all live tests."""

from __future__ import annotations

import os

import pytest

from falco.capture.probe.cache import Cache
from tests.live.watching import Watching, build_everything


@pytest.fixture(scope="session")
def everything(tmp_path_factory):
    """Every program of the probe."""
    if os.geteuid() != 0:
        pytest.skip("BPF needs root")
    return build_everything(Cache(tmp_path_factory.mktemp("probes"), start=tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="module")
def watching(everything):
    """The whole probe, attached."""
    with Watching(everything) as watching:
        assert not watching.loaded.left_out
        yield watching
