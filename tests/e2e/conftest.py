"""Fixtures for tests with real clients: a street with a gateway, and a fresh home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.street import Street, open_street
from tests.matrix import Notes


def pytest_configure(config: pytest.Config) -> None:
    file = os.environ.get("CELLS_FILE")
    if file:
        config.pluginmanager.register(Notes(Path(file)))


@pytest.fixture(scope="session")
def open_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with open_street(tmp_path_factory.mktemp("street")) as street:
        yield street


@pytest.fixture
def street(open_for_all: Street) -> Iterator[Street]:
    """The one running gateway of the session, with the simulator back to calm for each test."""
    open_for_all.direct("")
    yield open_for_all
    open_for_all.direct("")


@pytest.fixture
def fresh_home(tmp_path: Path) -> Path:
    """A client's home folder with nothing in it."""
    home = tmp_path / "home"
    home.mkdir()
    return home
