"""The bank on a PostgreSQL server: for processes of any number of machines.

Rule 1: an exchange is one transaction that has its pots and flows to itself, two ways there
and back; the time is the server's.
Rule 2: a grant is on the server's disk before it is told: the server may die without us.
Rule 3: a process counts as long as the table of owners names it; who buries it there, in one
transaction with what its running calls are charged, takes its leases away.
Rule 4: all processes of a store keep their leases in one place: each leaves its mark.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from headgate.policy.bucket import Bucket
from headgate.store import postgres
from headgate.store.bank import Answer, BankError, Flow, OwnerGone, Stock
from headgate.store.bank.books import (
    Books,
    Decision,
    Held,
    Lease,
    Spend,
    decide,
    flows_of,
    leases_of,
    spends_of,
)
from headgate.store.postgres import Postgres
from headgate.store.server import Server
from headgate.store.sql import ServerError, StoreError, transaction

PATIENCE_S = 1.5
"""a server that is silent for longer is taken for lost, in time for others to take us so"""
PULSE_US = 500_000
GIVE_UP_MS = 1_000
"""the server gives a statement up before we do: nobody waits in a line for us without us"""
STRIPES = 16
"""what has the same number is asked for by one exchange at a time"""
_LOCK = 0x4847_0004
MARK = "(bank) "
HERE, IN_REDIS = MARK + "postgresql", MARK + "redis"

# The leases first: who is buried in between counts twice then, and not at all the other way.
_LEASES = """
SELECT ask.at, lease.owner, lease.granted
FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS ask (pot, first, at)
CROSS JOIN LATERAL (
  SELECT owner, granted FROM lease
  WHERE account = ask.pot COLLATE "C" AND span = ask.first
) AS lease
JOIN owner ON owner.n = lease.owner
"""
SPENDS = """
SELECT ask.at, spend.owner, spend.nusd
FROM unnest($1::text[], $2::bigint[], $3::bigint[])
  WITH ORDINALITY AS ask (account, first, last, at)
CROSS JOIN LATERAL (
  SELECT owner, least(sum(cost_nusd), 4611686018427387904)::bigint AS nusd FROM spend
  WHERE account = ask.account COLLATE "C" AND day BETWEEN ask.first AND ask.last
  GROUP BY owner
) AS spend
"""
_FLOWS = """
SELECT account, level, at_us FROM flow WHERE account = ANY($1::text[] COLLATE "C")
"""
_GRANT = """
INSERT INTO lease (account, span, owner, granted)
SELECT pot, first, $4, granted
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS new (pot, first, granted)
ON CONFLICT (account, span, owner) DO UPDATE SET granted = excluded.granted
"""
_RETURN = """
DELETE FROM lease WHERE owner = $3 AND (account, span) IN (
  SELECT pot COLLATE "C", first FROM unnest($1::text[], $2::bigint[]) AS old (pot, first)
)
"""
_DRAW = """
INSERT INTO flow (account, level, at_us)
SELECT account, level, at_us
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS new (account, level, at_us)
ON CONFLICT (account) DO UPDATE SET level = excluded.level, at_us = excluded.at_us
"""
NOW_US = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_GONE = "this process counts as dead in the store: it was silent for too long"


class Line:
    """The connection of one owner's bank to the server; lost, it is made anew when needed."""

    def __init__(self, server: Server, owner: int, kind: str) -> None:
        self.server = server
        self.owner = owner
        self._kind = kind
        self._connection: Postgres | None = None
        with self.told() as connection:
            self._sign(connection)

    @contextlib.contextmanager
    def told(self) -> Iterator[Postgres]:
        """The connection; whatever goes wrong with it is a BankError, and ends it."""
        try:
            if self._connection is None:
                self._connection = postgres.connect(self.server, PATIENCE_S)
                self._connection.execute(f"SET statement_timeout = {GIVE_UP_MS}")
            yield self._connection
        except (ServerError, StoreError) as error:
            self.hang_up()
            explained = postgres.explain(error, self.server)
            raise BankError(explained.what, explained.why) from error
        except BaseException:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def leave(self) -> None:
        """Give back all that the owner was granted."""
        with self.told() as connection:
            connection.execute("DELETE FROM lease WHERE owner = $1", (self.owner,))
        self.hang_up()

    def pulse(self, connection: Postgres) -> None:
        """Who is answered here is alive: an answer is good for as long as that is known."""
        connection.execute(
            f"UPDATE owner SET alive_us = {NOW_US} WHERE n = $1 AND alive_us <> 0"  # noqa: S608 - constant text
            f" AND alive_us < {NOW_US} - $2",
            (self.owner, PULSE_US),
        )

    def check(self, found: object) -> None:
        """OwnerGone unless the owner's row was found."""
        if found is None:
            self.hang_up()
            raise OwnerGone(_GONE)

    def _sign(self, connection: Postgres) -> None:
        """Say where this process keeps its leases; others must not keep theirs elsewhere."""
        with transaction(connection):
            connection.execute(
                "SELECT pg_advisory_xact_lock($1::int, $2::int)", (_LOCK, STRIPES)
            )
            self.check(
                connection.execute(
                    "SELECT n FROM owner WHERE n = $1 FOR KEY SHARE", (self.owner,)
                ).fetchone()
            )
            other = connection.execute(
                "SELECT min(n) FROM owner JOIN lease ON owner = n WHERE account LIKE $1"
                " AND account <> $2 AND n <> $3",
                (MARK + "%", self._kind, self.owner),
            ).fetchone()[0]
            if other is not None:
                raise BankError(_elsewhere(other, self._kind))
            connection.execute(
                "INSERT INTO lease (account, span, owner, granted) VALUES ($1, -1, $2, 0)"
                " ON CONFLICT DO NOTHING",
                (self._kind, self.owner),
            )


def lock(connection: Postgres, *stripes: int) -> None:
    """Wait until nobody else asks for what has these numbers; until the transaction ends,
    nobody else will."""
    connection.execute(
        "SELECT pg_advisory_xact_lock($1::int, stripe) FROM unnest($2::int[]) AS stripe",
        (_LOCK, array(sorted(set(stripes)))),
    )


def _elsewhere(other: int, kind: str) -> str:
    """Two places that do not know of each other would both grant the same dollars."""
    mine, theirs = "with [store] redis", "without it"
    if kind == HERE:
        mine, theirs = "without [store] redis", "with it"
    return (
        f"process {other} of this store shares limits {theirs}, this one {mine}: configure all"
        " machines alike, stop those that are not, and wait 10 s for those that died"
    )


class PostgresBank:
    """Grants shares to one of the processes that have the server's database open."""

    def __init__(self, server: Server, owner: int) -> None:
        self.owner = owner
        self._held = Held()
        self._line = Line(server, owner, HERE)

    def exchange(self, asks: Sequence[Stock | Flow]) -> list[Answer]:
        """Answer all of it in one transaction."""
        try:
            with self._line.told() as connection, connection.piped() as arrive:
                books = self._read(connection, arrive, asks)
                decision = decide(asks, self.owner, books)
                over = self._held.over(asks, books.now_us)
                self._write(connection, decision, over)
                connection.execute("COMMIT")
        except BankError:
            self._held.doubt(asks)
            raise
        self._held.drop(over)
        self._held.note(asks, decision.answers)
        return decision.answers

    def close(self) -> None:
        """Give everything back."""
        self._line.leave()

    def _read(
        self, connection: Postgres, arrive: Callable[[], None], asks: Sequence[Stock | Flow]
    ) -> Books:
        """Begin, and read what is to be decided on; nobody else decides on it meanwhile."""
        pots, accounts, names = leases_of(asks), spends_of(asks), flows_of(asks)
        named = [pot for pot, _ in pots] + names
        connection.execute("BEGIN")
        self._line.pulse(connection)
        known = connection.execute(
            "SELECT n FROM owner WHERE n = $1 FOR KEY SHARE", (self.owner,)
        )
        lock(connection, *[zlib.crc32(name.encode()) % STRIPES for name in named])
        clock = connection.execute(f"SELECT {NOW_US}")
        leases = connection.execute(_LEASES, columns(pots, 2))
        spends = connection.execute(SPENDS, columns(accounts, 3))
        flows = connection.execute(_FLOWS, (array(names),))
        arrive()
        self._line.check(known.fetchone())
        taken = {name: Bucket(level, at_us) for name, level, at_us in flows.fetchall()}
        granted: dict[Lease, dict[int, int]] = {}
        for at, owner, amount in leases.fetchall():
            granted.setdefault(pots[at - 1], {})[owner] = amount
        return Books(clock.fetchone()[0], granted, by_owner(accounts, spends), taken)

    def _write(self, connection: Postgres, decision: Decision, over: Sequence[Lease]) -> None:
        grown = [(*key, n) for key, n in decision.leases.items() if n]
        gone = [key for key, n in decision.leases.items() if not n]
        if grown:
            connection.execute(_GRANT, (*columns(grown, 3), self.owner))
        if gone or over:
            connection.execute(_RETURN, (*columns([*gone, *over], 2), self.owner))
        if decision.flows:
            rows = [(name, *bucket) for name, bucket in decision.flows.items()]
            connection.execute(_DRAW, columns(rows, 3))


def columns(rows: Sequence[Sequence[str | int]], width: int) -> list[str]:
    """The same as one array per column: a statement of one text serves any number of rows."""
    return [array([row[n] for row in rows]) for n in range(width)]


def array(values: Sequence[str | int]) -> str:
    """As PostgreSQL reads it; the driver takes ten times as long to say the same."""
    return (
        "{" + ",".join([_quoted(it) if isinstance(it, str) else str(it) for it in values]) + "}"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def by_owner(accounts: Sequence[Spend], rows: Any) -> dict[Spend, dict[int, int]]:
    """Who spent how much of each account in each span."""
    found: dict[Spend, dict[int, int]] = {}
    for at, owner, nusd in rows.fetchall():
        found.setdefault(accounts[at - 1], {})[owner] = nusd
    return found
