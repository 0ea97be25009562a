"""The probe with everything in it, built once for all live tests."""

from __future__ import annotations

import os

import pytest

from falco.capture.probe.cache import Cache
from tests.live.watching import Watching, build_everything


@pytest.fixture(scope="session", params=[(), ("-DBY_CALLS",)], ids=["as the kernel lets it", "by calls"])
def everything(request, tmp_path_factory):
    """Every program of the probe, in each way that it can read what lies in the kernel."""
    if os.geteuid() != 0:
        pytest.skip("BPF needs root")
    cache = Cache(tmp_path_factory.mktemp("probes"), start=tmp_path_factory.getbasetemp())
    return build_everything(cache, *request.param)


@pytest.fixture(scope="module")
def watching(everything):
    """The whole probe, attached."""
    with Watching(everything) as watching:
        assert not watching.loaded.left_out
        yield watching
