"""Opens the book for a command: the store's rows, hot and sealed, of a window.

Rule 1: a span such as 30d counts back from the newest call, not from now: a ledger that rested
for a month still has its last month.
Rule 2: what cannot be opened is told as the command line tells it, with the remedy.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headgate.cli import Trouble
from headgate.cli.since import start_us
from headgate.cli.where import explained, ledger_of
from headgate.config import Config, load_places
from headgate.ledger.archive.opening import open_shelf
from headgate.ledger.book.book import Book, open_book
from headgate.ledger.book.duck import ERRORS
from headgate.ledger.book.hot import ALWAYS, Window
from headgate.ledger.shelf import Shelf, ShelfError
from headgate.store.place import Place, connect_reader
from headgate.store.sql import Connection

AHEAD_US = 86_400_000_000
"""how far clocks may be ahead"""

Named = tuple[Path | None, str | None]
"""--ledger and --config"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows lie."""

    config: Config
    place: Place
    shelf: Shelf

    @contextlib.contextmanager
    def book(self, window: Window = ALWAYS) -> Iterator[Book]:
        with told(), open_book(self.place, self.shelf, window) as book:
            yield book

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        with explained(), contextlib.closing(connect_reader(self.place)) as connection:
            yield connection

    def newest_us(self) -> int:
        """The moment of the newest call, or 0: there is none. What somebody's clock has put
        into the future counts only where nothing else is there."""
        latest = time.time_ns() // 1000 + AHEAD_US
        with self.connection() as connection:
            return _newest(connection, latest) or _newest(connection, ALWAYS.until_us)

    def since(self, last: str) -> Window:
        """From so far back on."""
        return Window(start_us(last, self.newest_us()), ALWAYS.until_us)


def _newest(connection: Connection, latest_us: int) -> int:
    found = (
        connection.execute("SELECT max(at_us) FROM call WHERE at_us <= ?", (latest_us,)),
        connection.execute(
            "SELECT max(last_us) FROM segment WHERE gone_us IS NULL AND last_us <= ?",
            (latest_us,),
        ),
    )
    return max(int(row[0] or 0) for row in (it.fetchone() for it in found))


def source_of(named: Named) -> Source:
    """What a command's --ledger and --config mean."""
    ledger, config_path = named
    config = load_places(Path(config_path) if config_path else None, os.environ)
    place = ledger or ledger_of(config)
    with told():
        return Source(config, place, open_shelf(config.archive, place, os.environ))


@contextlib.contextmanager
def book_since(last: str, named: Named) -> Iterator[Book]:
    """The book of the last so many days."""
    source = source_of(named)
    with source.book(source.since(last)) as book:
        yield book


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Show trouble with the store and the shelf as the command line does."""
    try:
        with explained():
            yield
    except ShelfError as error:
        raise Trouble(error.what, error.hint) from error
    except ERRORS as error:
        words = str(error).partition("\n")[0]
        raise Trouble(
            f"the book cannot be read: {words}", "`headgate archive verify` checks its files"
        ) from error
