"""Decides what a report reads, and how replies become JSON: the ledger with its archive, files,
or a warehouse.

Rule 1: a span such as 30d counts back from the newest call, not from now.
Rule 2: whose rows could not answer is said after every table they are missing from.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from headgate.cli import Misuse, Trouble
from headgate.cli.openbook import source_of, told
from headgate.cli.since import start_us
from headgate.cli.tail import plain
from headgate.cli.terminal import config_option, json_option, say
from headgate.cli.where import ledger_option
from headgate.ledger.book.book import open_files
from headgate.ledger.book.duck import ERRORS
from headgate.ledger.book.hot import ALWAYS, Window
from headgate.ledger.book.question import Asks, Cut, Reply, ask
from headgate.ledger.book.questions.spend import SPEND
from headgate.ledger.book.warehouse import open_warehouse
from headgate.ledger.caching import names as names_of_keys

Decorated = TypeVar("Decorated", bound=Callable[..., object])
GATEWAY = "gateway"
NAMED = 12
"""names that are told to somebody who missed"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a report was told on the command line."""

    since: str
    until: str
    key: str
    model: str
    limit: int
    sources: tuple[Path, ...]
    warehouse: str
    as_json: bool
    ledger: Path | None
    config_path: str | None
    by: str = ""


class Opened(NamedTuple):
    """What a report asks, and how it speaks of it."""

    asks: Asks
    cut: Cut
    names: Mapping[str, str]
    """what keys are called, by their id"""

    def key(self, id: str) -> str:
        return self.names.get(id, id)


Found = dict[str, Reply[Any]]
"""by question"""


@contextlib.contextmanager
def opened(look: Look) -> Iterator[Opened]:
    """What is to be asked, for as long as it is asked."""
    if look.sources and look.warehouse:
        raise Misuse(
            "--source and --warehouse are both given", "a report is made of one of them"
        )
    try:
        with told(), _asks(look) as (asks, window, names):
            it = Opened(asks, _cut(look, window, names), names)
            _known(it, look)
            yield it
    except ERRORS as error:
        words = str(error).split("\n")[0]
        raise Trouble(
            f"the book cannot be read: {words}", "`headgate archive verify` checks its files"
        ) from error


@contextlib.contextmanager
def _asks(look: Look) -> Iterator[tuple[Asks, Window, Mapping[str, str]]]:
    if look.warehouse:
        with open_warehouse(look.warehouse) as warehouse:
            yield warehouse, _window(look, _newest(warehouse)), {}
    elif look.sources:
        with open_files(files_of(look.sources)) as book:
            yield book, _window(look, _newest(book)), {}
    else:
        source = source_of((look.ledger, look.config_path))
        window = _window(look, source.newest_us())
        with source.connection() as connection:
            names = names_of_keys(connection)
        with source.book(window) as book:
            yield book, window, names


def _newest(asks: Asks) -> int:
    ((newest,),) = asks.rows("SELECT max(at_us) FROM book")
    return int(newest or 0)


def _window(look: Look, newest_us: int) -> Window:
    since_us = start_us(look.since, newest_us + 1)
    if not look.until:
        return Window(since_us, ALWAYS.until_us)
    until_us = start_us(look.until, newest_us + 1, "--until")
    if until_us <= since_us:
        raise Misuse("--until lies before --since", "write the earlier moment into --since")
    return Window(since_us, until_us)


def _cut(look: Look, window: Window, names: Mapping[str, str]) -> Cut:
    ids = [id for id, name in names.items() if name == look.key]
    key = look.key if look.key in names or not ids else ids[0]
    return Cut(
        key=key,
        model=look.model,
        by=look.by,
        limit=look.limit,
        since_us=window.since_us,
        until_us=window.until_us,
    )


def _known(it: Opened, look: Look) -> None:
    """A name that nobody has is a mistake, not an empty table."""
    for option, group, value in (
        ("--key", "key", it.cut.key),
        ("--model", "model", it.cut.model),
    ):
        if not value or not it.asks.sources:
            continue
        cut = Cut(by=group, since_us=it.cut.since_us, until_us=it.cut.until_us)
        there = [row.name for row in ask(it.asks, SPEND, cut).rows]
        if value not in there:
            given = getattr(look, group)
            names = [it.key(name) if group == "key" else name for name in there if name]
            listed = ", ".join(plain(name) for name in names[:NAMED]) or f"none names a {group}"
            raise Trouble(
                f"{option} {given}: no call in this time has it", f"there are: {listed}"
            )


def files_of(sources: Sequence[Path]) -> list[Path]:
    """Parquet files, and those in folders."""
    found: list[Path] = []
    for source in sources:
        files = sorted(source.rglob("*.parquet")) if source.is_dir() else [source]
        if not files:
            raise Trouble(
                f"--source {source}: there is no Parquet file in it",
                "`headgate export` writes one; `headgate import` reads other formats",
            )
        found += files
    return found


def look_options(command: Decorated) -> Decorated:
    """The options that every report has."""
    decorate: Any
    decorators = (
        click.option(
            "--since", default="30d", show_default=True,
            help="From when on: 24h, 7d, 2w before the newest call, or a day: 2026-11-01.",
        ),
        click.option(
            "--until", default="", help="Until when, written alike. Default: the end."
        ),
        click.option("--key", default="", help="Only calls of this key: its name or id."),
        click.option("--model", default="", help="Only calls sent to this model."),
        click.option(
            "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000),
            help="How long a table may be.",
        ),
        click.option(
            "--source", "sources", multiple=True,
            type=click.Path(exists=True, path_type=Path),
            help="Segments to read instead of the ledger: a Parquet file, or a folder of them.",
        ),
        click.option(
            "--warehouse", default="", envvar="HEADGATE_WAREHOUSE",
            help="A ClickHouse that segments were loaded into, to be asked instead: "
            "clickhouse://USER:PASSWORD@HOST:8123/DATABASE.",
        ),
        json_option,
        ledger_option,
        config_option,
    )  # fmt: skip
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def as_data(opened: Opened, found: Mapping[str, Reply[Any]]) -> dict[str, Any]:
    """Replies for machines; money in nano-dollars, times in microseconds."""
    return {
        "since_us": opened.cut.since_us,
        "until_us": opened.cut.until_us if opened.cut.until_us != ALWAYS.until_us else None,
        **{
            name: {
                "rows": [_line(opened, row) for row in reply.rows],
                "left_out": [it or GATEWAY for it in reply.left_out],
            }
            for name, reply in found.items()
        },
    }


def _line(opened: Opened, row: Any) -> dict[str, Any]:
    line = dict(row._asdict())
    if "head" in line:
        line["head"] = f"{line['head']:016x}"  # too large for a number of JavaScript
    if "key_id" in line:
        line["key"] = opened.key(line["key_id"])
    return line


def say_left_out(found: Mapping[str, Reply[Any]], what: str) -> None:
    """Whose rows are missing from what was printed."""
    names = sorted({it or GATEWAY for reply in found.values() for it in reply.left_out})
    if names:
        say(f"left out: rows of {', '.join(names)}, which do not tell {what}")


def share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else ""
