"""A Redis of sealed replies: shared, bounded by time, and never waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from headgate.store.replies.far import Box, ShelfError
from headgate.store.replies.redis import PREFIX, SILENCE_S, Redis
from tests.servers import Redis as Server
from tests.servers import free_port
from tests.store.replies.kit import NOW_US, SECOND, asked_of, until
from tests.store.replies.writer import box_of


@pytest.fixture
def shelf(redis: Server) -> Iterator[Redis]:
    it = Redis(redis.url)
    yield it
    it.close()


def test_what_was_written_is_read_by_every_process(shelf: Redis, redis: Server) -> None:
    shelf.write([box_of(1, "one"), box_of(2, "two")], NOW_US)
    other = Redis(redis.url)
    assert other.read(asked_of(1).name, NOW_US)
    assert other.read(asked_of(3).name, NOW_US) is None
    other.close()


def test_a_reply_has_its_end(shelf: Redis, redis: Server) -> None:
    box = box_of(1, "one")
    shelf.write([box._replace(ends_us=NOW_US + SECOND // 20)], NOW_US)
    shelf.write([box_of(2, "two")._replace(ends_us=NOW_US)], NOW_US)
    assert shelf.read(asked_of(1).name, NOW_US)
    until(lambda: shelf.read(asked_of(1).name, NOW_US) is None)
    assert shelf.read(asked_of(2).name, NOW_US) is None


def test_the_server_sees_boxes_and_hashed_names_alone(shelf: Redis, redis: Server) -> None:
    shelf.write([box_of(1, "a secret that is not to be found")], NOW_US)
    data = shelf._link.dump(PREFIX + asked_of(1).name)
    assert data is not None
    assert b"secret" not in data
    assert b"application/json" not in data


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    shelf = Redis(f"redis://user:hidden@127.0.0.1:{free_port()}/0")
    began = time.monotonic()
    with pytest.raises(
        ShelfError, match=r"Redis at 127\.0\.0\.1:\d+/0 cannot be used"
    ) as caught:
        shelf.read(asked_of(1).name, NOW_US)
    assert time.monotonic() - began < 10 * SILENCE_S
    assert "hidden" not in str(caught.value)
    shelf.close()


@pytest.mark.slow
def test_a_server_that_hangs_is_not_waited_for(shelf: Redis, redis: Server) -> None:
    assert shelf.read(asked_of(1).name, NOW_US) is None
    redis.pause()
    try:
        began = time.monotonic()
        with pytest.raises(ShelfError, match="cannot be used"):
            shelf.read(asked_of(1).name, NOW_US)
        assert time.monotonic() - began < 10 * SILENCE_S
    finally:
        redis.resume()
    until(lambda: _answers(shelf))


def _answers(shelf: Redis) -> bool:
    try:
        shelf.tidy(NOW_US)
    except ShelfError:
        return False
    return True


def test_a_url_that_is_none_is_told_without_what_is_secret_in_it() -> None:
    with pytest.raises(ShelfError, match="write redis://USER") as caught:
        Redis("http://user:hidden@somewhere")
    assert "hidden" not in str(caught.value)


def test_clearing_it_away_is_known_to_everybody_and_spares_what_is_not_ours(
    shelf: Redis, redis: Server
) -> None:
    assert shelf.tidy(NOW_US) == 0
    shelf.write([box_of(n, "x") for n in range(1200)], NOW_US)
    redis.ask("SET", "another", "1")
    assert shelf.clear(NOW_US + 5) == 1200
    assert shelf.tidy(NOW_US) == NOW_US + 5
    assert shelf.read(asked_of(1).name, NOW_US) is None
    assert "1" in str(redis.ask("GET", "another"))


def test_nothing_is_written_of_nothing(shelf: Redis) -> None:
    empty: list[Box] = []
    shelf.write(empty, NOW_US)
