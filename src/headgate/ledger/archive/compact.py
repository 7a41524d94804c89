"""Makes few large segments of many small ones, by the protocol that seals rows.

Rule 1: the commit that lists the new file takes the old ones off the book, or does neither; the
old files stay for a while, because readers hold lists of paths.
Rule 2: only segments of one day and of one import become one: either may be removed as a whole.
Rule 3: a day is touched when it is worth it: nothing is written again for a little gain.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from headgate.ledger.archive.seal import MEMORY_MB, Done
from headgate.ledger.archive.segment import (
    ROWS,
    Owned,
    Segment,
    enter,
    live,
    put_rows,
    quoted,
    retire,
    tag_of,
)
from headgate.ledger.book.duck import Duck, open_duck
from headgate.ledger.shelf import Shelf
from headgate.store.place import Place, connect
from headgate.store.sql import Connection, StoreError, transaction

SMALL = ROWS // 2
"""with fewer rows a segment is small"""
MANY = 8
"""so many small segments of a day become one at once, fewer when the day is over"""
OVER_US = 2 * 86_400_000_000
"""so long after its last row a day's segments are expected to be all there"""


class _Raced(Exception):
    """A segment was taken off the book meanwhile."""


def groups(segments: Iterable[Segment], now_us: int) -> Iterator[list[Segment]]:
    """Segments of which each group should become one."""

    def day(it: Segment) -> tuple[int, str]:
        return it.day, it.import_id

    for _, of_day in groupby(sorted(segments, key=lambda it: (*day(it), it.first_us)), day):
        small = [it for it in of_day if it.rows < SMALL]
        is_over = bool(small) and max(it.last_us for it in small) < now_us - OVER_US
        if len(small) >= (2 if is_over else MANY):
            yield from _filled(small)


def _filled(small: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Neighbours in time, as many as fit into one file; what stands alone stays as it is."""
    group: list[Segment] = []
    for it in small:
        if group and sum(one.rows for one in group) + it.rows > ROWS:
            if len(group) > 1:
                yield group
            group = []
        group.append(it)
    if len(group) > 1:
        yield group


def compact(
    place: Place, shelf: Shelf, now_us: int, tell: Callable[[int], object] = int
) -> Done:
    """Make large segments of small ones; `tell` is told how many are gone, group by group."""
    done = Done()
    with contextlib.closing(connect(place)) as connection:
        todo = list(groups(live(connection), now_us))
        if not todo:
            return done
        owned = Owned(tag_of(connection), now_us)
        with contextlib.closing(open_duck(memory_mb=MEMORY_MB, threads=1)) as duck:
            for group in todo:
                made = _joined(duck, shelf, group, owned)
                try:
                    _commit(connection, group, made, now_us)
                except _Raced:
                    for it in made:  # nobody was ever told of them
                        shelf.remove(it.path)
                    continue
                rows, size = sum(it.rows for it in made), sum(it.size for it in made)
                done = Done(done.rows + rows, done.segments + len(made), done.size + size)
                tell(len(group))
    return done


def _joined(duck: Duck, shelf: Shelf, group: Sequence[Segment], owned: Owned) -> list[Segment]:
    paths = ", ".join(map(quoted, shelf.fetch([it.path for it in group])))
    duck.execute(
        "CREATE OR REPLACE TEMP TABLE joined AS"  # noqa: S608 - paths of ours
        f" SELECT * FROM read_parquet([{paths}], union_by_name = true,"
        " hive_partitioning = false)"
    ).fetchall()
    made = put_rows(duck, "joined", shelf, owned._replace(import_id=group[0].import_id))
    duck.execute("DROP TABLE joined").fetchall()
    if sum(it.rows for it in made) != sum(it.rows for it in group):
        for it in made:
            shelf.remove(it.path)
        raise StoreError(
            f"segments of one day do not hold the rows they should: {group[0].path} and"
            f" {len(group) - 1} more",
            "`headgate archive verify` names those that are damaged",
        )
    return made


def _commit(
    connection: Connection, old: Sequence[Segment], new: Sequence[Segment], now_us: int
) -> None:
    with transaction(connection):
        if retire(connection, [it.path for it in old], now_us) != len(old):
            raise _Raced
        enter(connection, new)
