"""What the tests of towers stand on: a new store of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.relay import towers
from tests.store.relay.towers import Sky


@pytest.fixture(params=towers.KINDS)
def sky(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sky]:
    with towers.sky(request.param, request, tmp_path) as it:
        yield it
