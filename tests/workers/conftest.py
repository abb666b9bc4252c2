"""Results that workers must find."""

from __future__ import annotations

import pytest
from sweeps_of_workers import SMALL

from genloss.sweeps.runs import run


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    store = tmp_path_factory.mktemp("serial") / "s"
    return run(SMALL, str(store), cluster="serial", block_size=4).dataset()
