"""Where processes share running calls, on each of the three ways: SQLite, PostgreSQL, Redis."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as RedisClient

from headgate.store.place import Place
from headgate.store.relay import Tower
from headgate.store.relay.open import open_tower
from headgate.store.relay.sql import SqlTower
from headgate.store.server import Server
from tests.servers import Postgres, Redis
from tests.stores import shaped

KINDS = ["sqlite", "postgres", "redis"]


@dataclass
class Sky:
    """One store, the towers that processes have opened on it, and what may happen to it."""

    kind: str
    place: Place
    redis: Redis | None
    towers: list[Tower] = field(default_factory=list)

    def open(self) -> Tower:
        tower = open_tower(self.place, self.redis.url if self.redis is not None else "")
        self.towers.append(tower)
        return tower

    def pass_time(self, seconds: float) -> None:
        """So much time passes for leases and for what is kept."""
        if self.redis is None:
            sql = self._sql()
            us = int(seconds * 1e6)
            sql.execute(
                "UPDATE flight SET lease_us = lease_us - ?, wanted_us = wanted_us - ?", (us, us)
            )
            sql.execute("UPDATE flight_part SET at_us = at_us - ?", (us,))
            return
        with contextlib.closing(RedisClient.from_url(self.redis.url)) as it:
            client: Any = it
            for key in client.keys("headgate:flight*"):
                left = client.pttl(key) - int(seconds * 1000)
                if left <= 0:
                    client.delete(key)
                    continue
                client.pexpire(key, left)
                if client.type(key) == b"hash":
                    until = int(client.hget(key, "until"))
                    client.hset(key, "until", until and until - int(seconds * 1000))

    def left(self) -> int:
        """How much lies there."""
        if self.redis is None:
            (flights,) = self._sql().execute("SELECT count(*) FROM flight").fetchone()
            (parts,) = self._sql().execute("SELECT count(*) FROM flight_part").fetchone()
            return int(flights + parts)
        with contextlib.closing(RedisClient.from_url(self.redis.url)) as it:
            client: Any = it
            keys = client.keys("headgate:flight:*")
            assert all(client.pttl(key) > 0 for key in client.keys("headgate:*"))
            return len(keys)

    def clear(self) -> None:
        """Nothing has ever happened."""
        if self.redis is not None:
            self.redis.ask("FLUSHALL")
            return
        self._sql().execute("DELETE FROM flight")
        self._sql().execute("DELETE FROM flight_part")

    def _sql(self) -> Any:
        if not self.towers:
            self.open()
        tower = self.towers[0]
        assert isinstance(tower, SqlTower)
        return tower._connection

    def close(self) -> None:
        for tower in self.towers:
            tower.close()
        self.towers.clear()


Opener = Callable[[], Sky]


@contextlib.contextmanager
def sky(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Sky]:
    """A new store of that kind."""
    place: Place = folder / "headgate.db"
    redis: Redis | None = None
    if kind == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        place = Server(server.fresh(shaped))
    if kind == "redis":
        redis = request.getfixturevalue("redis")
    with contextlib.closing(Sky(kind, place, redis)) as it:
        yield it
