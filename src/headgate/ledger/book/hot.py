"""Brings the rows that are not sealed yet into DuckDB, and the segments that hold the others:
both as of one moment.

Rule 1: rows go from the store to DuckDB as Arrow, and are never objects of Python.
Rule 2: the list of segments and the hot rows are read in one transaction: a row that is being
sealed meanwhile is seen once.
Rule 3: SQLite tells the type of a column from its first rows: what may be absent is handed
over as empty, and becomes absent again.
Rule 4: what sealing derives of a row is derived of these rows too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from headgate.ledger.book.columns import HOT
from headgate.ledger.book.derive import derived
from headgate.ledger.book.duck import Duck
from headgate.store.place import Place, connect_reader
from headgate.store.sql import StoreError

_ABSENT = {"VARCHAR": "''", "BLOB": "x''"}
_PATIENTLY = "PRAGMA busy_timeout = 10000"
"""a file whose last writer was killed is put in order by the next one, and others wait"""
_SERVER_FIRST = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL search_path = headgate",
)


Ask = Callable[[str], object]


class Segment(NamedTuple):
    """A sealed file, as the store lists it."""

    path: str
    day: int
    rows: int
    first_us: int
    last_us: int


class Window(NamedTuple):
    """Which rows are asked for: from `since_us` on, before `until_us`."""

    since_us: int = 0
    until_us: int = 2**62


ALWAYS = Window()


def bring(duck: Duck, place: Place, window: Window = ALWAYS) -> list[Segment]:
    """Fill the table `hot`, and list the segments that may hold rows of the window."""
    where = f"at_us >= {window.since_us:d} AND at_us < {window.until_us:d}"
    with _moment(place) as ask:
        segments = _segments(duck, ask, window)
        _arrive(duck, ask, place, where)
    return segments


def take(duck: Duck, place: Place, where: str) -> None:
    """Fill the table `hot` with the rows that a condition names, and nothing else."""
    with _moment(place) as ask:
        _arrive(duck, ask, place, where)


def _arrive(duck: Duck, ask: Ask, place: Place, where: str) -> None:
    if not _count(duck, ask(f"SELECT count(*) AS n FROM call WHERE {where}")):  # noqa: S608 - numbers
        columns = ", ".join(f"CAST(NULL AS {it.kind}) AS {it.name}" for it in HOT)
        _lay(duck, f"(SELECT {columns} WHERE FALSE)")
        return
    names = ", ".join(_handed(it.name, it.kind, place) for it in HOT)
    duck.register("brought", ask(f"SELECT {names} FROM call WHERE {where}"))  # noqa: S608 - the same
    back = ", ".join(
        f"CAST({_back(it.name, it.kind, it.default)} AS {it.kind}) AS {it.name}" for it in HOT
    )
    _lay(duck, f"(SELECT {back} FROM brought)")  # noqa: S608 - constant text
    duck.unregister("brought")


def _lay(duck: Duck, source: str) -> None:
    duck.execute(f"CREATE OR REPLACE TABLE hot AS {derived(source)}").fetchall()


def _handed(name: str, kind: str, place: Place) -> str:
    if isinstance(place, Path) and kind in _ABSENT:
        return f"coalesce({name}, {_ABSENT[kind]}) AS {name}"
    return name


def _back(name: str, kind: str, default: str) -> str:
    return f"nullif({name}, '')" if default == "NULL" and kind in _ABSENT else name


def _segments(duck: Duck, ask: Ask, window: Window) -> list[Segment]:
    where = (
        f"gone_us IS NULL AND last_us >= {window.since_us:d} AND first_us < {window.until_us:d}"
    )
    if not _count(duck, ask(f"SELECT count(*) AS n FROM segment WHERE {where}")):  # noqa: S608 - numbers
        return []
    columns = ", ".join(Segment._fields)
    text = f"SELECT {columns} FROM segment WHERE {where} ORDER BY day, path"  # noqa: S608 - the same
    duck.register("listed", ask(text))
    found = duck.execute("SELECT * FROM listed").fetchall()
    duck.unregister("listed")
    return [Segment._make(row) for row in found]


def _count(duck: Duck, stream: Any) -> int:
    duck.register("counted", stream)
    ((found,),) = duck.execute("SELECT n FROM counted").fetchall()
    duck.unregister("counted")
    return int(found)


@contextlib.contextmanager
def _moment(place: Place) -> Iterator[Ask]:
    """Asks the store one question after the other about one and the same state of it; an
    answer is a stream of Arrow."""
    _check(place)
    with (
        _driver() as adbc,
        _told(adbc, place),
        contextlib.closing(_database(adbc, place)) as database,
        contextlib.closing(adbc.AdbcConnection(database)) as connection,
    ):
        statements: list[Any] = []

        def ask(text: str) -> object:
            statement = adbc.AdbcStatement(connection)
            statements.append(statement)
            statement.set_sql_query(text)
            return statement.execute_query()[0]

        if isinstance(place, Path):
            ask(_PATIENTLY)
        connection.set_autocommit(False)
        try:
            for text in () if isinstance(place, Path) else _SERVER_FIRST:
                ask(text)
            yield ask
        finally:
            for statement in statements:
                statement.close()
            connection.rollback()


def _check(place: Place) -> None:
    """Open it the usual way first: that one says best what is wrong with a store."""
    if isinstance(place, Path) and not place.exists():
        raise StoreError(
            f"there is no ledger at {place} yet",
            "start the gateway once with `headgate up`, or import something: `headgate import`",
        )
    connect_reader(place).close()


@contextlib.contextmanager
def _driver() -> Iterator[Any]:
    try:
        import adbc_driver_manager

        yield adbc_driver_manager
    except ModuleNotFoundError as error:
        if error.name != "adbc_driver_postgresql":
            raise
        raise StoreError(
            "the book of a store on PostgreSQL needs the package adbc-driver-postgresql,"
            " which is not installed",
            "pip install 'headgate[postgres]'",
        ) from None


@contextlib.contextmanager
def _told(adbc: Any, place: Place) -> Iterator[None]:
    try:
        yield
    except adbc.Error as error:
        words = str(error).strip().split("\n")[0]
        if not isinstance(place, Path):
            words = place.scrubbed(words)
        raise StoreError(
            f"the ledger at {place} cannot be read: {words}",
            "`headgate doctor` says whether the store is well",
        ) from None


def _database(adbc: Any, place: Place) -> Any:
    if isinstance(place, Path):
        import adbc_driver_sqlite

        uri = f"{place.absolute().as_uri()}?mode=ro"
        return adbc.AdbcDatabase(driver=adbc_driver_sqlite._driver_path(), uri=uri)
    import adbc_driver_postgresql

    from headgate.store.postgres import conninfo

    return adbc.AdbcDatabase(driver=adbc_driver_postgresql._driver_path(), uri=conninfo(place))
