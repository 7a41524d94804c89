"""Moves old rows from the store to the shelf: each is in exactly one of the two, at any moment.

Rule 1: the file is on the shelf before the commit that lists it, and that commit deletes what
it holds: a crash before leaves a file that nobody lists, a crash after leaves nothing to do.
Rule 2: the commit counts: when it deletes other rows than it lists, it does neither.
Rule 3: rows are never changed, and get their seq one transaction after the other; so what a
condition on seq and time named once, it names again.
Rule 4: a step is short: whoever writes rows waits for its commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from headgate.config.model import Archive
from headgate.ledger.archive.segment import DAY_US, Owned, Segment, enter, put_rows, tag_of
from headgate.ledger.book.duck import Duck, open_duck
from headgate.ledger.book.hot import take
from headgate.ledger.shelf import Shelf
from headgate.store.place import Place, connect
from headgate.store.sql import Connection, StoreError, transaction

STEP_ROWS = 32_768
"""sealed by one commit"""
LEFT_OVER = 4
"""when there are too many hot rows, a quarter of them is sealed at once: no small segments"""
TRIES = 3
MEMORY_MB = 512
SECOND = 1_000_000


class Bound(NamedTuple):
    """Which rows are old: began before then, or stand at or before that seq."""

    before_us: int
    through: int

    @property
    def text(self) -> str:
        return f"(at_us < {self.before_us:d} OR seq <= {self.through:d})"


class Done(NamedTuple):
    """What was sealed."""

    rows: int = 0
    segments: int = 0
    size: int = 0


class _Raced(Exception):
    """The rows are not those that were read: somebody else sealed some of them."""


def bound_of(connection: Connection, archive: Archive, now_us: int) -> Bound:
    """Which rows are old by now. Where rows stay for days, days are sealed whole."""
    before = now_us - int(archive.keep_hot_s * SECOND)
    if archive.keep_hot_s * SECOND >= DAY_US:
        before -= before % DAY_US
    return Bound(before, _through(connection, archive.hot_rows))


def _through(connection: Connection, most: int) -> int:
    """The seq up to which rows are too many; 0: they are not."""
    low, high = connection.execute(
        "SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM call"
    ).fetchone()
    if high - low < most:
        return 0
    (count,) = connection.execute("SELECT count(*) FROM call").fetchone()
    if count <= most:
        return 0
    found = connection.execute(
        "SELECT seq FROM call ORDER BY seq DESC LIMIT 1 OFFSET ?", (most - most // LEFT_OVER,)
    ).fetchone()
    return int(found[0])


def waiting(connection: Connection, bound: Bound) -> int:
    """How many rows are to be sealed."""
    found = connection.execute(f"SELECT count(*) FROM call WHERE {bound.text}").fetchone()  # noqa: S608 - numbers
    return int(found[0])


def seal(
    place: Place, shelf: Shelf, bound: Bound, now_us: int, tell: Callable[[int], object] = int
) -> Done:
    """Seal all rows that are old; `tell` is told how many were, step by step."""
    done = Done()
    with (
        contextlib.closing(connect(place)) as connection,
        contextlib.closing(open_duck(memory_mb=MEMORY_MB, threads=1)) as duck,
    ):
        step = Step(place, shelf, connection, duck, Owned(tag_of(connection), now_us))
        while (where := _next(connection, bound)) is not None:
            made = step.seal(where)
            rows = sum(it.rows for it in made)
            done = Done(
                done.rows + rows,
                done.segments + len(made),
                done.size + sum(it.size for it in made),
            )
            tell(rows)
    return done


def _next(connection: Connection, bound: Bound) -> str | None:
    """The rows of one step, as a condition; None: none are left."""
    low, high, count = connection.execute(
        "SELECT min(seq), max(seq), count(*) FROM"  # noqa: S608 - numbers
        f" (SELECT seq FROM call WHERE {bound.text} ORDER BY seq LIMIT {STEP_ROWS}) AS old"
    ).fetchone()
    if not count:
        return None
    return f"seq >= {low:d} AND seq <= {high:d} AND {bound.text}"


class Step(NamedTuple):
    """What sealing some rows needs."""

    place: Place
    shelf: Shelf
    connection: Connection
    duck: Duck
    owned: Owned

    def seal(self, where: str) -> Sequence[Segment]:
        """Seal the rows that a condition names; none: somebody else has."""
        for _ in range(TRIES):
            take(self.duck, self.place, where)
            made = put_rows(self.duck, "hot", self.shelf, self.owned)
            self.duck.execute("DROP TABLE hot")
            if not made:
                return made
            try:
                self._commit(made, where)
            except _Raced:
                for it in made:  # nobody was ever told of them
                    self.shelf.remove(it.path)
            else:
                return made
        raise StoreError(
            "rows were sealed by somebody else at the same time, again and again",
            "let one process alone seal this store",
        )

    def _commit(self, made: Sequence[Segment], where: str) -> None:
        with transaction(self.connection):
            enter(self.connection, made)
            deleted = self.connection.execute(f"DELETE FROM call WHERE {where}").rowcount  # noqa: S608 - numbers
            if deleted != sum(it.rows for it in made):
                raise _Raced
