"""Reads from the ledger what prompt caches did: single calls with those before them, and sums.

Rule 1: a call is looked for from the newest row backwards, piece by piece: ids have no index,
and whoever asks can be told how far the search has come.
Rule 2: sums are made by the database, in integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from headgate.ledger.recent import Row, at
from headgate.store.sql import Connection

PIECE = 20_000
"""rows looked at with one question"""
MOST_ROWS = 5_000_000
BACK_PIECE, BACK_ROWS, BACK_US = 2_000, 100_000, 7 * 86_400_000_000
"""how far back a call's history is read"""
GROUPS = {
    "key": "key_id",
    "model": "model_sent",
    "team": "team",
    "route": "route",
}
MISSES_SHOWN = 1_000


class Step(NamedTuple):
    """A call, as far as it decides what later ones could read."""

    seq: int
    id: str
    at_us: int
    ttft_us: int
    key_id: str
    session: str
    agent: str
    provider: str
    credential: str
    model: str
    input_fresh: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    cache_write_30m: int
    cache_write_12h: int
    prefix: bytes | None
    opening: str
    cache_plan: str
    miss: str
    miss_at: str
    miss_nusd: int


class Sums(NamedTuple):
    """What the calls of one group read, wrote and paid."""

    name: str
    calls: int
    fresh: int
    read: int
    write_5m: int
    write_1h: int
    write_30m: int
    write_12h: int
    uncached_nusd: int
    """what all of its input would have cost without a cache"""
    input_nusd: int
    """what it did cost"""
    read_nusd: int
    write_nusd: int
    cost_nusd: int
    miss_nusd: int

    @property
    def written(self) -> int:
        return self.write_5m + self.write_1h + self.write_30m + self.write_12h

    @property
    def saved_nusd(self) -> int:
        """Less than nothing: the cache cost more than it saved."""
        return self.uncached_nusd - self.input_nusd


class Missed(NamedTuple):
    """What one cause at one place cost one caller."""

    why: str
    at: str
    key_id: str
    agent: str
    model: str
    calls: int
    nusd: int
    first_us: int
    last_us: int


class Given(NamedTuple):
    """Answers that were given again."""

    source: str
    calls: int
    saved_nusd: int


class Pause(NamedTuple):
    """A call that came too late for what another had left, as far as a price can be told."""

    at_us: int
    key_id: str
    session: str
    agent: str
    provider: str
    model: str
    prefix: bytes | None
    opening: str
    cached: int
    """tokens it read or wrote"""
    wrote: int
    write_1h: int
    write_30m: int
    write_12h: int


_STEP = ", ".join("model_sent" if name == "model" else name for name in Step._fields)
_WRITTEN = "cache_write_5m + cache_write_1h + cache_write_30m + cache_write_12h"


def find(
    connection: Connection, id: str, progress: Callable[[int], None] | None = None
) -> Row | None:
    """The newest call of this id; `progress` is told how many rows were looked at."""
    found = connection.execute("SELECT coalesce(max(seq), 0) FROM call").fetchone()
    newest = int(found[0])
    for upto in range(newest, max(0, newest - MOST_ROWS), -PIECE):
        row = connection.execute(
            "SELECT max(seq) FROM call WHERE seq > ? AND seq <= ? AND id = ?",
            (upto - PIECE, upto, id),
        ).fetchone()
        if row[0] is not None:
            return at(connection, int(row[0]))
        if progress is not None:
            progress(newest - upto + PIECE)
    return None


def before(connection: Connection, seq: int, at_us: int) -> Iterator[Step]:
    """Calls before this one, the latest first, that went upstream and were counted."""
    least = max(0, seq - BACK_ROWS)
    for upto in range(seq - 1, least, -BACK_PIECE):
        rows = connection.execute(
            f"SELECT {_STEP} FROM call WHERE seq <= ? AND seq > ? AND at_us > ?"  # noqa: S608 - constant text
            " AND usage_from = 'provider' ORDER BY seq DESC",
            (upto, max(least, upto - BACK_PIECE), at_us - BACK_US),
        ).fetchall()
        for row in rows:
            yield _step(row)


def _step(row: Any) -> Step:
    values = list(row)
    at = Step._fields.index("prefix")
    values[at] = bytes(values[at]) if values[at] is not None else None
    return Step._make(values)


def sums(connection: Connection, group: str, since_us: int) -> list[Sums]:
    """By key, model, team or route, the dearest first."""
    column = GROUPS[group]
    rows = connection.execute(
        f"SELECT {column}, count(*), sum(input_fresh), sum(cache_read), sum(cache_write_5m),"  # noqa: S608 - constant text
        " sum(cache_write_1h), sum(cache_write_30m), sum(cache_write_12h), sum(uncached_nusd),"
        " sum(input_nusd + cache_read_nusd + cache_write_nusd), sum(cache_read_nusd),"
        " sum(cache_write_nusd), sum(cost_nusd), sum(miss_nusd) FROM call"
        " WHERE at_us >= ? AND usage_from = 'provider' AND uncached_nusd > 0"
        f" GROUP BY {column} ORDER BY sum(cost_nusd) DESC",
        (since_us,),
    ).fetchall()
    return [Sums(str(row[0]), *map(int, row[1:])) for row in rows]


def missed(connection: Connection, since_us: int) -> list[Missed]:
    """Why prompts were not read from their caches, the dearest first."""
    rows = connection.execute(
        "SELECT miss, miss_at, key_id, agent, model_sent, count(*), sum(miss_nusd), min(at_us),"
        " max(at_us) FROM call WHERE at_us >= ? AND miss <> ''"
        " GROUP BY miss, miss_at, key_id, agent, model_sent"
        " ORDER BY sum(miss_nusd) DESC, count(*) DESC LIMIT ?",
        (since_us, MISSES_SHOWN),
    ).fetchall()
    return [Missed._make((*map(str, row[:5]), *map(int, row[5:]))) for row in rows]


def given(connection: Connection, since_us: int) -> list[Given]:
    """Answers that no upstream was asked for, by where they came from."""
    rows = connection.execute(
        "SELECT answered_from, count(*), sum(saved_nusd) FROM call"
        " WHERE at_us >= ? AND answered_from <> '' GROUP BY answered_from"
        " ORDER BY sum(saved_nusd) DESC",
        (since_us,),
    ).fetchall()
    return [Given(str(row[0]), int(row[1]), int(row[2])) for row in rows]


def cached(connection: Connection, since_us: int) -> Iterator[Pause]:
    """Calls that read or wrote a cache, in their order."""
    rows = connection.execute(
        "SELECT at_us, key_id, session, agent, provider, model_sent, prefix, opening,"  # noqa: S608 - constant text
        f" cache_read + {_WRITTEN}, {_WRITTEN}, cache_write_1h, cache_write_30m,"
        f" cache_write_12h FROM call WHERE at_us >= ? AND cache_read + {_WRITTEN} > 0"
        " AND usage_from = 'provider' ORDER BY at_us, seq",
        (since_us,),
    )
    for row in rows:
        packed = bytes(row[6]) if row[6] is not None else None
        yield Pause._make((*row[:6], packed, *row[7:]))


def names(connection: Connection) -> dict[str, str]:
    """What keys are called, by their id."""
    rows = connection.execute('SELECT id, name FROM "key"').fetchall()
    return {str(id): str(name) for id, name in rows}
