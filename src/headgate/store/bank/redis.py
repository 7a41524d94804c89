"""The bank in Redis or Valkey, for a store on PostgreSQL: grants without a write to its disk.

Rule 1: Redis may lose everything at any time. What must not be lost is in PostgreSQL: who holds
leases at all, and what was spent. Until everyone of these has told a Redis what it holds,
nothing new is granted from pots, and flows begin empty.
Rule 2: who is registered is read first, spend after it, and used only for as long as nobody was
struck off: so whoever is gone counts either with a lease or with all that it spent.
Rule 3: spend that is a little old is harmless: the living count with what they were granted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from headgate.store.bank import Answer, BankError, Flow, OwnerGone, Stock
from headgate.store.bank.books import Held, Lease, Spend, lease_of, spend_of, spends_of
from headgate.store.bank.postgres import (
    HERE,
    IN_REDIS,
    NOW_US,
    SPENDS,
    STRIPES,
    Line,
    array,
    by_owner,
    columns,
    lock,
)
from headgate.store.bank.script import EXCHANGE, REGISTER
from headgate.store.server import Server
from headgate.store.sql import transaction

SILENCE_S = 1.0
"""a Redis that does not answer for so long is taken for lost"""
FRESH_S = 0.5
"""how old a reading of PostgreSQL may be: within it a process that dies is struck off"""
FROZEN_S = 10.0
"""after so long without grants because of somebody unknown to Redis it is no passing state"""
TRIES = 6

_HOLDERS = """
SELECT DISTINCT n FROM owner JOIN lease ON lease.owner = owner.n
WHERE lease.account = ANY($1::text[] COLLATE "C")
"""


class Reading(NamedTuple):
    """What PostgreSQL said, and to which generation of the hash in Redis that belongs."""

    generation: str
    holders: frozenset[int]
    spends: dict[Spend, dict[int, int]]
    accounts: frozenset[Spend]
    read_s: float


class RedisBank:
    """Grants shares to one of the processes that share a PostgreSQL store and a Redis."""

    def __init__(self, server: Server, owner: int, url: str) -> None:
        self.owner = owner
        self._where = shown(url)
        self._held = Held()
        self._head = ("", "")
        """the generation last seen, and who was registered then"""
        self._reading: Reading | None = None
        self._asked: set[Spend] = set()
        self._frozen_s = 0.0
        self._key = ""
        self._link = _connect(url, self._where)
        self._say_register = self._link.register_script(REGISTER)
        self._say_exchange = self._link.register_script(EXCHANGE)
        with self._told():
            self._link.ping()
        self._line = Line(server, owner, IN_REDIS)
        try:
            self._begin()
            self.exchange([])  # registers
        except BankError:
            with contextlib.suppress(BankError):
                self.close()
            raise

    def exchange(self, asks: Sequence[Stock | Flow]) -> list[Answer]:
        """Answer all of it in one script."""
        try:
            with self._told():
                answers, now_us = self._answers(asks)
                over = self._held.over(asks, now_us)
                if over:
                    self._link.hdel(self._key, *[self._field(lease) for lease in over])
        except BankError as error:
            self._held.doubt(asks)
            if isinstance(error, OwnerGone):
                self._link.close()
            raise
        self._held.drop(over)
        self._held.note(asks, answers)
        return answers

    def close(self) -> None:
        """Give everything back."""
        try:
            self._line.leave()
            with self._told():
                self._strike([self.owner])
        finally:
            self._link.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong with Redis is a BankError."""
        try:
            yield
        except redis.RedisError as error:
            words = str(error).strip().rstrip(".") or type(error).__name__
            raise BankError(
                f"Redis at {self._where} cannot be used: {words}; is it running, and does"
                " [store] redis lead to it"
            ) from error

    # ---- one exchange

    def _answers(self, asks: Sequence[Stock | Flow]) -> tuple[list[Answer], int]:
        self._asked.update(spends_of(asks))
        for _ in range(TRIES):
            reading = self._read()
            texts = json.dumps([_text(ask, reading) for ask in asks])
            holders = " ".join(map(str, reading.holders))
            generation, owners, state, *rest = self._say_exchange(
                keys=[self._key], args=[reading.generation, self.owner, holders, texts]
            )
            self._head = (str(generation), str(owners))
            if state == "stale":
                self._reading = None
                continue
            self._bear(state, reading)
            return _parsed(rest), time.time_ns() // 1000
        raise BankError(
            f"who shares limits through Redis at {self._where} changes faster than it can be"
            " read: do many processes start and end all the time?"
        )

    def _bear(self, state: str, reading: Reading) -> None:
        """Go without new grants for a while, where somebody has not told what it holds."""
        if state != "frozen":
            self._frozen_s = 0.0
            return
        self._reading = None  # the next one may show that nobody is missing
        self._frozen_s = self._frozen_s or time.monotonic()
        if time.monotonic() - self._frozen_s > FROZEN_S:
            known = {int(n) for n in self._head[1].split()}
            missing = min(reading.holders - known, default=0)
            raise BankError(
                f"process {missing} of this store does not use Redis at {self._where}: name the"
                " same [store] redis on every machine"
            )

    # ---- what PostgreSQL says

    def _read(self) -> Reading:
        """A reading that is fresh and has every account; taken anew where it must be."""
        reading = self._reading
        if (
            reading is not None
            and time.monotonic() - reading.read_s < FRESH_S
            and self._asked <= reading.accounts
        ):
            return reading
        for _ in range(TRIES):
            if reading is None:
                generation, owners = self._link.hmget(self._key, ["g", "o"])
                self._head = (str(generation or ""), str(owners or ""))
            reading = self._read_anew()
            if reading is not None:
                self._reading = reading
                return reading
        raise BankError(f"Redis at {self._where} loses its data again and again")

    def _read_anew(self) -> Reading | None:
        """None: the hash is of another generation by now."""
        generation, owners = self._head
        registered = {int(n) for n in owners.split()}
        accounts, read_s = sorted(self._asked), time.monotonic()
        with self._line.told() as connection, connection.piped():
            self._line.pulse(connection)
            found = connection.execute(_HOLDERS, (array([HERE, IN_REDIS]),))
            rows = connection.execute(SPENDS, columns(accounts, 3))
        holders = frozenset(n for (n,) in found.fetchall())
        spends = by_owner(accounts, rows)
        self._line.check(self.owner if self.owner in holders else None)
        gone = sorted(registered - holders)
        if gone or self.owner not in registered or not generation:
            generation = self._enter(generation, gone)
            if not generation:
                return None
        self._asked.clear()
        return Reading(generation, holders, spends, frozenset(accounts), read_s)

    def _enter(self, generation: str, gone: Sequence[int]) -> str:
        """Register what this process holds, and strike off the dead; the generation from then
        on; empty: it was another one already."""
        token, now = secrets.token_hex(8), self._link.time()
        held = [
            text
            for lease, granted in self._held.granted.items()
            for text in (self._field(lease), granted)
        ]
        born_us = int(now[0]) * 1_000_000 + int(now[1])
        names = " ".join(map(str, gone))
        self._head = self._register(generation, token, born_us, self.owner, names, *held)
        return self._head[0] if self._head[0] in {generation, token} else ""

    def _strike(self, owners: Sequence[int]) -> None:
        for _ in range(TRIES):
            before = self._link.hget(self._key, "g")
            if not before:
                return
            token, names = secrets.token_hex(8), " ".join(map(str, owners))
            if self._register(str(before), token, 0, "", names)[0] == token:
                return

    def _register(self, *words: str | int) -> tuple[str, str]:
        """The generation after it, and who is registered then."""
        generation, owners = self._say_register(keys=[self._key], args=words)
        return str(generation), str(owners)

    def _begin(self) -> None:
        """Find the name of this store's hash. The first Redis that a store ever has is told
        that nothing was taken from flows before it."""
        with self._line.told() as connection, transaction(connection), self._told():
            lock(connection, STRIPES)
            (secret,) = connection.execute(
                "SELECT secret FROM meta WHERE name = 'fingerprint_key'"
            ).fetchone()
            self._key = "headgate:" + hashlib.blake2b(secret, digest_size=8).hexdigest()
            first = connection.execute(
                f"INSERT INTO flow (account, level, at_us) VALUES ($1, 0, {NOW_US})"  # noqa: S608 - constant text
                " ON CONFLICT DO NOTHING",
                (IN_REDIS,),
            )
            if first.rowcount:
                self._register("", secrets.token_hex(8), 0, "", "")

    def _field(self, lease: Lease) -> str:
        pot, first = lease
        return f"l {self.owner} {first} {pot}"


def shown(url: str) -> str:
    """Where a Redis is, without its password."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + parts.path


def _connect(url: str, where: str) -> redis.Redis:
    try:
        return redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=SILENCE_S,
            socket_connect_timeout=SILENCE_S,
            retry=Retry(NoBackoff(), 0),  # a script that takes from flows is not said twice
        )
    except ValueError:
        raise BankError(
            f"the url of Redis ({where}) is none: write redis://USER:PASSWORD@HOST:6379/0, or"
            " rediss:// where it is encrypted"
        ) from None


def _text(ask: Stock | Flow, reading: Reading) -> list[str]:
    """One ask as the script reads it."""
    if isinstance(ask, Flow):
        numbers = (ask.per_minute, ask.burst, ask.take, ask.least)
        return ["f", ask.account, *map(str, numbers)]
    pot, first = lease_of(ask)
    spends = reading.spends.get(spend_of(ask), {}) if ask.account else {}
    gone = sum(nusd for n, nusd in spends.items() if n not in reading.holders)
    here = [(n, nusd) for n, nusd in spends.items() if n in reading.holders]
    amounts = (ask.cap, max(ask.hold, 0), ask.least, gone)
    return [
        "s",
        f"{first} {pot}",
        *map(str, amounts),
        *[str(it) for each in here for it in each],
    ]


def _parsed(texts: Sequence[Any]) -> list[Answer]:
    return [
        Answer(int(granted), int(free), int(spent), float(wait_us) / 1_000_000)
        for granted, free, spent, wait_us in zip(*[iter(texts)] * 4, strict=True)
    ]
