"""Published configurations: nothing is lost, the newest holds, and who did it is on record."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.store import published
from headgate.store.adminlog import Actor, Wanted, acting, entries, verify
from headgate.store.place import Place, connect, connect_reader
from headgate.store.server import read_url
from headgate.store.sql import Connection
from headgate.store.upgrade import upgrade
from tests.servers import Postgres


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A store of each kind."""
    if request.param == "file":
        return tmp_path / "headgate.db"
    server: Postgres = request.getfixturevalue("postgres")
    return read_url(server.fresh(_prepare))


def _prepare(url: str) -> None:
    upgrade(read_url(url))


@contextlib.contextmanager
def store(place: Place) -> Iterator[Connection]:
    with contextlib.closing(connect(place)) as connection, acting(Actor("cli:a@b", "admin")):
        yield connection


@pytest.mark.slow
def test_the_newest_version_holds_and_older_ones_can_still_be_read(place: Place) -> None:
    with store(place) as connection:
        assert (published.newest(connection), published.history(connection)) == (0, [])
        assert published.text_of(connection, 1) is None
        first = published.publish(connection, "a = 1\n", actor="x", now_us=5)
        second = published.publish(connection, "ä = '€ 𝄞'\n", actor="y", now_us=6)
    with contextlib.closing(connect_reader(place)) as connection:
        assert published.newest(connection) == second > first
        assert published.text_of(connection, first) == "a = 1\n"
        assert published.text_of(connection, second) == "ä = '€ 𝄞'\n"
        assert published.history(connection) == [(second, 6, "y"), (first, 5, "x")]
        assert published.history(connection, limit=1) == [(second, 6, "y")]


@pytest.mark.slow
def test_who_published_what_is_in_the_administrators_log(place: Place) -> None:
    with store(place) as connection:
        first = published.publish(connection, "a", actor="x", now_us=5)
        third = published.publish(connection, "a", actor="x", now_us=7, back_to=first)
        told = [
            (each.actor, each.action, each.detail) for each in entries(connection, Wanted())
        ]
        assert told == [
            ("cli:a@b", "config.rollback", f'{{"back_to":{first},"version":{third}}}'),
            ("cli:a@b", "config.publish", f'{{"version":{first}}}'),
        ]
        assert verify(connection).why == ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=4))
def test_a_text_comes_back_as_it_was(tmp_path: Path, texts: list[str]) -> None:
    with store(tmp_path / "headgate.db") as connection:
        before = published.newest(connection)
        for n, text in enumerate(texts, before + 1):
            assert published.publish(connection, text, actor="x", now_us=1) == n
            assert published.text_of(connection, n) == text
