"""Decides how a batch of rows becomes SQL: the fewest steps, in one transaction.

Rule 1: Python's sqlite3 drops and retakes the interpreter lock at every step, and under a busy
event loop each retake may wait for a time slice; so rows are inserted many to a statement.
Rule 2: what each account spent on each day is summed in the transaction that writes the rows.
Rule 3: a batch carries its number: one that was committed, although the commit reported an
error, is recognised and not written twice.
Rule 4: rows get their seq one transaction after the other, so that whoever follows them by it
misses none.
Rule 5: what nearly every row leaves blank is said by the statement: handing a value over costs
SQLite ten times as much as a blank of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, compress, cycle
from typing import Any, NamedTuple, TypeVar, get_type_hints

from headgate.ledger import spent
from headgate.ledger.owner import OPEN, ORPHANED, SHIFT
from headgate.ledger.record import COLUMNS, Entry, Intent
from headgate.store.sql import COMMITS, Connection, alone, on_file, transaction

SIZES = (64, 8, 1)
"""Rows per statement. One text per size, so that each stays prepared."""
SELDOM = frozenset(
    (
        *("tags", "latency_class", "fault", "canned", "maybe_billed", "tries_json"),
        *("cache_write_30m", "cache_write_12h", "web_searches", "tier", "speed", "geo"),
        *("search_nusd", "batch_id", "simulated", "cost_centre", "key_tags"),
        *("waited_us", "chosen_by", "miss", "miss_at", "miss_nusd", "answered_from"),
        *("saved_nusd",),
    )
)
"""Columns of a call that are blank in most rows."""


Row = TypeVar("Row")


class Batch(NamedTuple):
    """What one commit writes."""

    number: int
    entries: Sequence[Entry]
    intents: Sequence[tuple[int, Intent]]
    """(handle, intent) of calls still running"""
    closed: Sequence[int]
    """handles of committed intents whose outcome is among the entries"""
    mark: int = 0
    """what intents are numbered by: Owner.mark; 0: the owner's own number"""


class Buried(Exception):
    """The owner is not signed in any more: it was taken for dead."""


def _texts(
    table: str, columns: Sequence[str], blanks: Mapping[str, str] | None = None
) -> dict[int, str]:
    """A statement for each size; `blanks`: what stands for columns that bring no value."""
    values = [(blanks or {}).get(column, "?") for column in columns]
    row = "(" + ", ".join(values) + ")"
    head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 - constant text
    return {size: head + ", ".join([row] * size) for size in SIZES}


_BLANK = {int: (0, "0"), str: ("", "''")}
"""as a value and in SQL; what may be absent is NULL"""
_BLANK_OF = {
    name: _BLANK.get(kind, (None, "NULL")) for name, kind in get_type_hints(Entry).items()
}
_CALLS = _texts("call", COLUMNS)
_PLAIN_CALLS = _texts("call", COLUMNS, {name: _BLANK_OF[name][1] for name in SELDOM})
_IS_SELDOM = [name in SELDOM for name in COLUMNS]
_IS_OFTEN = [name not in SELDOM for name in COLUMNS]
_OFTEN = tuple(name for name in COLUMNS if name not in SELDOM)
_BLOBS = ("prefix", "reply_hash")
_BLANKS = tuple(_BLANK_OF[name][0] for name in COLUMNS if name in SELDOM)
_INTENTS = _texts("intent", ("n", "owner", "state", *Intent._fields))


def write(connection: Connection, owner: int, batch: Batch) -> None:
    """Commit the batch, unless this owner has committed that number already."""
    mark = batch.mark or owner
    with transaction(connection):
        fresh = connection.execute(
            "UPDATE owner SET batch = ? WHERE n = ? AND batch < ?",
            (batch.number, owner, batch.number),
        )
        if not fresh.rowcount:
            there = connection.execute("SELECT 1 FROM owner WHERE n = ?", (owner,))
            if there.fetchone() is None:
                raise Buried
            return
        high = mark << SHIFT
        intents = [(high | n, owner, OPEN, *intent) for n, intent in batch.intents]
        _insert(connection, _INTENTS, intents)
        spent.add(connection, owner, spent.of_entries(batch.entries))
        if batch.closed:
            _close(connection, [high | n for n in batch.closed], came_back=mark != owner)
        if batch.entries:
            alone(connection, COMMITS)
            _insert_calls(connection, batch.entries)


def _close(connection: Connection, numbers: list[int], *, came_back: bool) -> None:
    """Forget intents whose outcome is known now."""
    these, values = "(SELECT value FROM json_each(?))", f"[{','.join(map(str, numbers))}]"
    if not on_file(connection):
        these, values = "(SELECT unnest(CAST(? AS BIGINT[])))", f"{{{values[1:-1]}}}"
    if came_back:
        columns = ", ".join(Intent._fields)
        rows = connection.execute(
            f"SELECT {columns} FROM intent WHERE n IN {these} AND state = ?",  # noqa: S608 - constant text
            (values, ORPHANED),
        )
        wrongly = spent.of_orphans([Intent._make(row) for row in rows.fetchall()])
        spent.add(connection, spent.GONE, wrongly, back=True)
    connection.execute(f"DELETE FROM intent WHERE n IN {these}", (values,))  # noqa: S608 - constant text


def _insert(
    connection: Connection, texts: dict[int, str], rows: Sequence[tuple[object, ...]]
) -> None:
    for part in _parts(rows):
        connection.execute(texts[len(part)], tuple(chain.from_iterable(part)))


def _insert_calls(connection: Connection, entries: Sequence[Entry]) -> None:
    for part in _parts(entries):
        if all(tuple(compress(entry, _IS_SELDOM)) == _BLANKS for entry in part):
            text, columns = _PLAIN_CALLS[len(part)], _OFTEN
            values = list(compress(chain.from_iterable(part), cycle(_IS_OFTEN)))
        else:
            text, columns = _CALLS[len(part)], COLUMNS
            values = list(chain.from_iterable(part))
        connection.execute(text, _adapted(values, columns))


def _adapted(values: list[Any], columns: Sequence[str]) -> list[Any]:
    """A bytearray Python's sqlite3 takes as it is; bytes it first offers to adapters, which
    costs as much as four more values."""
    for name in _BLOBS:
        every = slice(columns.index(name), None, len(columns))
        values[every] = [bytearray(it) if type(it) is bytes else it for it in values[every]]
    return values


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """All rows, in as few statements as there are sizes for."""
    at, left = 0, len(rows)
    for size in SIZES:
        while left >= size:
            yield rows[at : at + size]
            at += size
            left -= size
