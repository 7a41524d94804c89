"""What tests of the way into the book share: prices, drafts of one call, and a whole import."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from headgate.ledger.book.book import Book, open_book
from headgate.ledger.book.duck import Duck, open_duck
from headgate.ledger.importers.booked import Counts, book, bring
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Options, Reading
from headgate.ledger.importers.intake import From
from headgate.ledger.importers.run import Into, Outcome, run
from headgate.ledger.importers.staging import Staging
from headgate.ledger.shelf import Folder
from headgate.money.catalog import Catalog, PriceRules
from headgate.store.place import Place

NOW_US = 1_795_270_246_000_000
DAY_US = 86_400_000_000


@cache
def catalog() -> Catalog:
    return Catalog.load(PriceRules())


def draft(id: str = "msg_1", at_us: int = NOW_US - DAY_US, **more: Any) -> Draft:
    told: dict[str, Any] = {"model": "claude-opus-5-5", "output": 10} | more
    return Draft(id, at_us, **told)


@contextlib.contextmanager
def booked(
    folder: Path, files: dict[str, Sequence[Draft | Failed]]
) -> Iterator[tuple[Duck, Counts]]:
    """The table `ready` of what some files tell."""
    with contextlib.closing(Staging(folder / "staging.db")) as staging:
        for name, drafts in files.items():
            path = folder / name
            path.write_text(name)
            reading = staging.begin(path, SILENT, Options())
            assert reading is not None
            staging.keep(reading, drafts, whole=True)
        staging.settle()
        duck = open_duck()
        with contextlib.closing(duck):
            bring(duck, staging.path)
            yield duck, book(duck, catalog(), "silent", "imp_1")


def _silent(reading: Reading) -> Iterator[Sequence[Draft | Failed]]:
    yield []


SILENT = Importer("silent", "", lambda path, start: True, _silent)


@dataclass(frozen=True, slots=True)
class Desk:
    """A store, a shelf and a folder for one test."""

    place: Place
    folder: Path

    @property
    def shelf(self) -> Folder:
        return Folder(self.folder / "archive")

    def into(self, *, dry: bool = False) -> Into:
        return Into(self.place, self.shelf, self.folder / "state", catalog(), NOW_US, dry)

    def bring(self, importer: Importer, root: Path, *, dry: bool = False) -> Outcome:
        files = sorted(root.rglob("*.jsonl"))
        return run(From(importer, [root], files, Options()), self.into(dry=dry))

    @contextlib.contextmanager
    def book(self) -> Iterator[Book]:
        with open_book(self.place, self.shelf) as book:
            yield book

    def rows(self, columns: str = "*", where: str = "TRUE") -> list[tuple[Any, ...]]:
        with self.book() as book:
            return book.rows(f"SELECT {columns} FROM book WHERE {where} ORDER BY ALL")  # noqa: S608 - of tests
