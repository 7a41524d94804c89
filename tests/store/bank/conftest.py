"""What the tests of banks stand on: a new store of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.bank import world as worlds
from tests.store.bank.world import World


@pytest.fixture(params=worlds.KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with worlds.world(request.param, request, tmp_path) as it:
        yield it
