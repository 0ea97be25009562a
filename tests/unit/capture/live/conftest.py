from __future__ import annotations

import pytest

from tests.unit.capture.live.proctree import Tree


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)
