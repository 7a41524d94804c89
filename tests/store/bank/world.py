"""A store as processes share it, on each of the three banks: SQLite, PostgreSQL, and Redis.

Processes sign in as they do in a gateway, and die without a word; their rows are written by
the ledger's own transaction.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as RedisClient

from headgate.ledger import owner
from headgate.ledger.insert import Batch, write
from headgate.ledger.owner import Owner
from headgate.ledger.record import Intent
from headgate.store import place as stores
from headgate.store import postgres, postgres_schema
from headgate.store.bank import Bank
from headgate.store.bank.open import open_bank
from headgate.store.bank.postgres import PostgresBank
from headgate.store.bank.redis import RedisBank
from headgate.store.bank.sqlite import SqliteBank
from headgate.store.place import Place
from headgate.store.server import Server
from headgate.store.sql import Connection
from tests.ledger.rows import INTENT, entry
from tests.servers import Postgres, Redis

KINDS = ["sqlite", "postgres", "redis"]
DAY_US = 86_400_000_000


def prepare(url: str) -> None:
    """Give an empty database the newest shape."""
    connection = postgres.connect_bare(Server(url))
    postgres_schema.upgrade(connection)
    connection.close()


@dataclass
class Process:
    """One process that shares limits: its number, its bank, and what it writes."""

    owner: Owner
    bank: Bank
    batches: int = 0
    handles: int = 0


@dataclass
class World:
    """The store, and what may happen to it."""

    kind: str
    place: Place
    redis: Redis | None
    connection: Connection
    processes: list[Process] = field(default_factory=list)

    def start(self) -> Process:
        """A process signs in and opens its bank."""
        self._beat()
        me, _ = owner.enter(self.connection, self.place)
        url = self.redis.url if self.redis is not None else ""
        process = Process(me, open_bank(self.place, me.n, url))
        self.processes.append(process)
        return process

    def commit(
        self,
        process: Process,
        rows: list[tuple[str, int, int, int]] | None = None,
        intents: list[tuple[str, int, int]] | None = None,
    ) -> list[int]:
        """Write rows of (charged, day, cost, handle or -1) and calls that begin, of (charged,
        day, probable cost); the handles of these."""
        entries, closed, opened, handles = [], [], [], []
        for charged, day, cost, handle in rows or ():
            entries.append(entry(charged=charged, at_us=day * DAY_US + 1, cost_nusd=cost))
            closed += [handle] if handle >= 0 else []
        for charged, day, probable in intents or ():
            process.handles += 1
            handles.append(process.handles)
            opened.append((process.handles, begun(charged, day, probable)))
        process.batches += 1
        write(
            self.connection,
            process.owner.n,
            Batch(process.batches, entries, opened, closed, process.owner.mark),
        )
        return handles

    def die(self, process: Process) -> None:
        """It is gone without a word: what it holds stays until it is buried."""
        self.processes.remove(process)
        cut(process.bank)
        if process.owner.lock_path is not None:
            os.close(process.owner.lock)
        else:
            self.connection.execute(
                "UPDATE owner SET alive_us = 0 WHERE n = ?", (process.owner.n,)
            )

    def bury(self) -> None:
        """Settle what the dead left."""
        self._beat()
        owner.bury(self.connection, self.place)

    def _beat(self) -> None:
        """The living say that they live."""
        if not isinstance(self.place, Path):
            self.connection.execute(
                f"UPDATE owner SET alive_us = {owner.CLOCK_US} WHERE alive_us <> 0"  # noqa: S608 - constant text
            )

    def leave(self, process: Process) -> None:
        """It ends in order."""
        self.processes.remove(process)
        process.bank.close()
        owner.sign_out(self.connection, process.owner)
        process.owner.leave()

    def forget(self) -> None:
        """Redis loses everything; there is nothing like it elsewhere."""
        if self.redis is not None:
            self.redis.ask("FLUSHALL")

    def pass_time(self, us: int) -> None:
        """So much time passes for flows; below 0: the clock is set back."""
        if self.redis is None:
            self.connection.execute(
                "UPDATE flow SET at_us = at_us - ? WHERE account NOT LIKE '(bank)%'", (us,)
            )
            return
        with contextlib.closing(
            RedisClient.from_url(self.redis.url, decode_responses=True)
        ) as it:
            for key in it.scan_iter("headgate:*"):
                for name, text in strings(it.hgetall(key)).items():
                    if name == "b" and int(text):
                        it.hset(key, name, str(int(text) - us))
                    if name.startswith("f "):
                        level, at_us = text.split()
                        it.hset(key, name, f"{level} {int(at_us) - us}")

    def spent(self, account: str, first: int, last: int) -> int:
        row = self.connection.execute(
            "SELECT sum(cost_nusd) FROM spend WHERE account = ? AND day BETWEEN ? AND ?",
            (account, first, last),
        ).fetchone()
        return int(row[0] or 0)


def strings(found: Any) -> dict[str, str]:
    """The driver's types do not tell texts from bytes."""
    return {str(name): str(value) for name, value in found.items()}


def begun(charged: str, day: int, probable: int) -> Intent:
    return INTENT._replace(charged=charged, at_us=day * DAY_US + 1, probable_nusd=probable)


def cut(bank: Bank) -> None:
    """End a bank's connections as the end of its process does."""
    match bank:
        case SqliteBank(_connection=connection):
            if connection is not None:
                connection.close()
        case PostgresBank(_line=line):
            line.hang_up()
        case RedisBank(_line=line, _link=link):
            line.hang_up()
            link.close()
        case _:
            raise AssertionError(f"no known bank: {bank}")


@contextlib.contextmanager
def world(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[World]:
    """A new store of that kind."""
    place: Place = folder / "headgate.db"
    redis: Redis | None = None
    if kind != "sqlite":
        server: Postgres = request.getfixturevalue("postgres")
        place = Server(server.fresh(prepare))
    if kind == "redis":
        redis = request.getfixturevalue("redis")
    connection = stores.connect(place)
    it = World(kind, place, redis, connection)
    try:
        yield it
    finally:
        for process in it.processes:
            cut(process.bank)
            process.owner.leave()
        connection.close()
