"""The tower in Redis or Valkey: parts come as soon as they are published.

Rule 1: Redis may lose everything at any time: then every follower's flight is lost to it, and
leaders lead on for their own clients.
Rule 2: what is written there is sealed, and gone by itself after a while.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from headgate.store.relay import KEPT_S, LEASE_S, NOTHING, SILENCE_S, Heard, Led, RelayError
from headgate.store.relay.script import (
    BOXES,
    CLAIM,
    KEEP,
    LAND,
    LEAVE,
    LEFT,
    PREFIX,
    PUBLISH,
    RENEW,
    WANTED,
)

BLOCK_MS = 50
PARTS_AT_ONCE = 16
LEASE_MS, KEPT_MS = int(LEASE_S * 1000), int(KEPT_S * 1000)


class RedisTower:
    """One connection of one process."""

    pauses_s = (0.0, 0.0)  # reading waits by itself

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._where = parts.netloc.rpartition("@")[2] + parts.path
        self._link: Any = None  # the driver's types do not tell texts from bytes
        with self._told():
            self._link = redis.Redis.from_url(
                url,
                socket_timeout=SILENCE_S,
                socket_connect_timeout=SILENCE_S,
                retry=Retry(NoBackoff(), 0),  # who claims twice follows itself
            )
            self._link.ping()
        script = self._link.register_script
        self._claim, self._renew, self._keep = script(CLAIM), script(RENEW), script(KEEP)
        self._wanted, self._land = script(WANTED), script(LAND)
        self._publish, self._leave = script(PUBLISH), script(LEAVE)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever goes wrong with Redis is a RelayError."""
        try:
            yield
        except (redis.RedisError, ValueError) as error:
            words = str(error).strip().rstrip(".") or type(error).__name__
            raise RelayError(f"Redis at {self._where} cannot be used: {words}") from error

    def claim(self, flight: Led) -> str:
        with self._told():
            leader = self._claim(keys=[_key(flight)], args=[flight.token, LEASE_MS, KEPT_MS])
        return str(leader.decode())

    def renew(self, led: Collection[Led], followed: Collection[Led]) -> None:
        with self._told(), self._link.pipeline(transaction=False) as pipe:
            for flight in led:
                args = [flight.token, LEASE_MS, KEPT_MS]
                self._renew(keys=[_key(flight), _parts(flight)], args=args, client=pipe)
            for flight in followed:
                args = [flight.token, LEASE_MS, KEPT_MS]
                self._keep(keys=[_key(flight)], args=args, client=pipe)
            pipe.execute()

    def wanted(self, process: str) -> set[str]:
        with self._told():
            found = self._wanted(keys=[BOXES + process], args=[process + "."])
        return {token.decode() for token in found}

    def land(self, flight: Led) -> bool:
        with self._told():
            keys = [_key(flight), _parts(flight)]
            return bool(self._land(keys=keys, args=[flight.token]))

    def publish(self, flight: Led, first: int, boxes: Sequence[bytes], *, over: bool) -> None:
        keys = [_key(flight), _parts(flight), _parts(flight) + LEFT]
        with self._told():
            self._publish(keys=keys, args=[flight.token, first, KEPT_MS, int(over), *boxes])

    def leave(self, flight: Led) -> None:
        keys = [_key(flight), _parts(flight), _parts(flight) + LEFT]
        with self._told():
            self._leave(keys=keys, args=[flight.token])

    def read(self, asks: Sequence[tuple[Led, int]]) -> list[Heard]:
        streams = {_parts(flight): f"0-{n}" for flight, n in asks}
        with self._told(), self._link.pipeline(transaction=False) as pipe:
            for flight, _ in asks:  # first: who is not alive has written all its parts before
                pipe.hget(_key(flight), "leader")
            pipe.xread(streams, PARTS_AT_ONCE, BLOCK_MS)
            *leaders, found = pipe.execute()
        parts = {key.decode(): entries for key, entries in found or ()}
        return [
            _heard(leader == flight.token.encode(), n, parts.get(_parts(flight), ()))
            for (flight, n), leader in zip(asks, leaders, strict=True)
        ]

    def sweep(self) -> int:
        """Redis does it by itself."""
        return 0

    def close(self) -> None:
        self._link.close()


def _heard(alive: bool, n: int, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> Heard:
    boxes: list[bytes] = []
    for name, fields in entries:
        if name != b"0-%d" % (n + len(boxes) + 1):
            break
        boxes.append(fields[b"b"])
    if alive and not boxes:
        return NOTHING
    return Heard(boxes, alive or len(boxes) == PARTS_AT_ONCE)


def _key(flight: Led) -> str:
    return PREFIX + flight.name.hex()


def _parts(flight: Led) -> str:
    return f"{_key(flight)}:{flight.token}"
