"""Replies are kept where the operator said, and in memory where that cannot be."""

from __future__ import annotations

import asyncio
import builtins
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.config.model import CacheConfig
from headgate.store.replies.disk import NAME
from headgate.store.replies.far import ShelfError
from headgate.store.replies.open import clear, open_replies
from tests.servers import Redis as Server
from tests.store.replies.kit import asked_of, kept_of, until

DISK = CacheConfig(store="disk")


def now_us() -> int:
    return time.time_ns() // 1000


async def test_memory_alone_writes_nothing_down(tmp_path: Path) -> None:
    store = open_replies(CacheConfig(), tmp_path, "", print)
    store.put(asked_of(1), kept_of(at_us=now_us()))
    assert store.near(asked_of(1), now_us())
    assert await store.get(asked_of(1), now_us()) is None
    await asyncio.to_thread(store.close)
    assert clear(CacheConfig(), tmp_path, "") is None
    assert os.listdir(tmp_path) == []


async def test_a_reply_on_disk_outlives_its_process(tmp_path: Path) -> None:
    kept = kept_of(at_us=now_us())
    first = open_replies(DISK, tmp_path, "", print)
    first.put(asked_of(1), kept)
    await asyncio.to_thread(first.close)
    second = open_replies(DISK, tmp_path, "", print)
    assert second.near(asked_of(1), now_us()) is None
    assert await second.get(asked_of(1), now_us()) == kept
    assert second.near(asked_of(1), now_us()) == kept
    await asyncio.to_thread(second.close)


async def test_processes_share_a_redis(redis: Server, tmp_path: Path) -> None:
    cache = replace(DISK, store="redis")
    one, two = (open_replies(cache, tmp_path, redis.url, print) for _ in range(2))
    kept = kept_of(at_us=now_us())
    one.put(asked_of(1), kept)
    await asyncio.to_thread(one.close)
    assert await two.get(asked_of(1), now_us()) == kept
    assert await asyncio.to_thread(clear, cache, tmp_path, redis.url) == 1
    await asyncio.to_thread(two.close)


def test_what_was_cleared_away_is_forgotten_by_those_who_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headgate.store.replies.far.TIDY_S", 0.02)
    store = open_replies(DISK, tmp_path, "", print)
    store.put(asked_of(1), kept_of(at_us=now_us()))
    path = tmp_path / NAME
    until(lambda: path.exists() and clear(DISK, tmp_path, "") is not None)
    until(lambda: store.near(asked_of(1), now_us()) is None)
    store.put(asked_of(1), kept_of(at_us=now_us()))
    assert store.near(asked_of(1), now_us())
    store.close()


async def test_a_place_that_cannot_be_used_is_said_and_memory_serves(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said: list[str] = []
    store = open_replies(DISK, tmp_path / "file", "", said.append)
    store.put(asked_of(1), kept_of(at_us=now_us()))
    await asyncio.to_thread(until, lambda: said)
    assert store.near(asked_of(1), now_us())
    assert "replies.db" in said[0]
    await asyncio.to_thread(store.close)
    with pytest.raises(ShelfError):
        await asyncio.to_thread(clear, DISK, tmp_path / "file", "")


@pytest.mark.parametrize("url", ["http://x", "redis://127.0.0.1:1/notanumber"])
def test_a_redis_that_cannot_be_is_said_at_the_start(tmp_path: Path, url: str) -> None:
    said: list[str] = []
    open_replies(replace(DISK, store="redis"), tmp_path, url, said.append).close()
    assert all("Redis" in words for words in said)


def test_what_a_redis_needs_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "headgate.store.replies.redis":
            raise ModuleNotFoundError("no", name="redis")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    said: list[str] = []
    open_replies(replace(DISK, store="redis"), tmp_path, "redis://x", said.append).close()
    assert said == [
        "replies are kept in memory only: the package redis is not installed:"
        " pip install 'headgate[redis]'"
    ]
