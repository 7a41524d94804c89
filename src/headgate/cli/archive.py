"""Show and tend the archive: rows that were sealed, and where they lie.

Rule 1: what a running gateway does beside its work can be done here at once, by the same code.
Rule 2: what removes rows for good says how many, and asks.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click

from headgate.cli import FAILURE, Misuse, Trouble
from headgate.cli.tenancy import place_options
from headgate.cli.terminal import print_json, print_table, say
from headgate.cli.where import explained, find_ledger
from headgate.config.model import Archive
from headgate.store.place import Place, connect, connect_reader, explain
from headgate.store.sql import ERRORS, Connection

SECOND = 1_000_000
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Where(NamedTuple):
    """The store, its shelf and what [archive] says."""

    place: Place
    shelf: Any
    archive: Archive


def now_us() -> int:
    return time.time_ns() // 1_000


@click.group()
def command() -> None:
    """Show, seal, compact, check and prune the archive of old rows.

    A running gateway seals, compacts and prunes by itself every few minutes ([archive] seal).

    \b
    Examples:
      headgate archive status
      headgate archive seal --older-than 30d
      headgate archive verify
    """


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Show what went wrong as the command line shows errors."""
    from headgate.ledger.archive.tend import told
    from headgate.ledger.book.duck import ERRORS as DUCK_ERRORS
    from headgate.ledger.shelf import ShelfError

    try:
        with explained():
            yield
    except ShelfError as error:
        raise Trouble(*told(error)) from None
    except DUCK_ERRORS as error:
        raise Trouble(*told(error)) from None
    except OSError as error:
        raise Trouble(
            f"the archive cannot be used: {error}",
            "check the disk and the folder that `headgate archive status` names",
        ) from None


def _where(options: dict[str, Any]) -> Where:
    from headgate.config import load_places
    from headgate.ledger.archive.opening import open_shelf

    path = options["config_path"]
    config = load_places(Path(path) if path else None, os.environ)
    place = find_ledger(options["ledger"], path)
    archive = config.archive
    return Where(place, open_shelf(archive, place, os.environ), archive)


def _connected(
    ask: Callable[..., Any], *, writing: bool, alone: bool = False
) -> Callable[..., Any]:
    """Call with the store and its shelf open; `alone`: while nobody else tends the archive."""

    @wraps(ask)
    def called(**options: Any) -> Any:
        from headgate.ledger.archive.turn import turn

        with _told():
            where = _where(options)
            opened = connect if writing else connect_reader
            with contextlib.closing(opened(where.place)) as connection:
                try:
                    if not alone:
                        return ask(where, connection, **options)
                    with turn(where.place, connection) as ours:
                        if not ours:
                            raise Trouble(
                                "another process tends this archive right now",
                                "wait for it: `headgate archive status` tells when it is done",
                            )
                        return ask(where, connection, **options)
                except ERRORS as error:
                    raise explain(error, where.place) from error

    return called


@command.command()
@place_options
def status(**options: Any) -> None:
    """Show what is sealed, what is not, and how sealing went the last time.

    \b
    Example:
      headgate archive status --json
    """
    from headgate.cli import archiveview

    def look(where: Where, connection: Connection, **_: Any) -> dict[str, Any]:
        return archiveview.gather(*where, connection, now_us())

    facts = _connected(look, writing=False)(**options)
    if options["as_json"]:
        print_json(facts)
    else:
        archiveview.tell(facts)


@command.command()
@click.option(
    "--older-than",
    metavar="AGE",
    help="Seal rows that began so long ago, such as 12h, 30d or 0s; default: what [archive]"
    " keep_hot_s and hot_rows say.",
)
@place_options
def seal(older_than: str | None, **options: Any) -> None:
    """Move old rows from the store to the archive, now.

    \b
    Examples:
      headgate archive seal
      headgate archive seal --older-than 1d
    """
    from headgate.ledger.archive import seal as sealing
    from headgate.ledger.shelf import Nowhere

    age_s = None if older_than is None else _age(older_than)

    def do(where: Where, connection: Connection, **_: Any) -> sealing.Done:
        if isinstance(where.shelf, Nowhere):
            raise Trouble(where.shelf.what, where.shelf.hint)
        bound = sealing.bound_of(connection, where.archive, now_us())
        if age_s is not None:
            bound = sealing.Bound(now_us() - age_s * SECOND, 0)
        count = sealing.waiting(connection, bound)
        with _bar("sealing", count) as tell:
            return sealing.seal(where.place, where.shelf, bound, now_us(), tell)

    done = _connected(do, writing=True, alone=True)(**options)
    if options["as_json"]:
        print_json(done._asdict())
    elif done.rows:
        say(f"sealed {done.rows:,} rows in {done.segments:,} segments, {_size(done.size)}")
    else:
        say("no row is old enough")


@command.command()
@place_options
def compact(**options: Any) -> None:
    """Make few large segments of many small ones, which reads faster.

    \b
    Example:
      headgate archive compact --json
    """
    from headgate.ledger.archive import compact as compacting
    from headgate.ledger.archive.segment import live

    def do(where: Where, connection: Connection, **_: Any) -> dict[str, int]:
        todo = list(compacting.groups(live(connection), now_us()))
        with _bar("compacting", sum(map(len, todo))) as tell:
            done = compacting.compact(where.place, where.shelf, now_us(), tell)
        return {"replaced": sum(map(len, todo)), **done._asdict()}

    done = _connected(do, writing=True, alone=True)(**options)
    if options["as_json"]:
        print_json(done)
    elif done["segments"]:
        made = f"{done['segments']:,} of {done['rows']:,} rows"
        say(f"{done['replaced']:,} segments became {made}, {_size(done['size'])}")
    else:
        say("there is nothing to compact")


@command.command()
@click.option(
    "--forget",
    is_flag=True,
    help="Take what is missing or damaged off the book: those rows are lost.",
)
@click.option("--yes", is_flag=True, help="With --forget: do not ask.")
@place_options
def verify(forget: bool, yes: bool, **options: Any) -> int:
    """Check that every segment is there, whole, and holds the rows it should.

    Reads all of the archive, in a bucket too. Exit code 1 when something is wrong.

    \b
    Examples:
      headgate archive verify
      headgate archive verify --json
    """
    from headgate.cli import archiveview
    from headgate.ledger.archive import verify as verifying
    from headgate.ledger.archive.segment import live, retire

    def look(where: Where, connection: Connection, **_: Any) -> tuple[int, list[Any]]:
        segments = live(connection)
        with _bar("checking", len(segments)) as tell:
            return len(segments), list(verifying.verify(segments, where.shelf, tell))

    count, flaws = _connected(look, writing=False)(**options)
    if options["as_json"]:
        print_json({"segments": count, "flaws": [flaw._asdict() for flaw in flaws]})
    else:
        archiveview.tell_flaws(count, flaws)
    if not flaws or not forget:
        return FAILURE if flaws else 0
    rows = sum(flaw.rows for flaw in flaws)
    if not yes:
        click.confirm(f"Forget {rows:,} rows for good?", abort=True, err=True)

    def drop(where: Where, connection: Connection, **_: Any) -> int:
        return retire(connection, [flaw.path for flaw in flaws], now_us())

    done = _connected(drop, writing=True, alone=True)(**options)
    say(f"{done:,} segments with {rows:,} rows are off the book")
    return 0


@command.command()
@click.option(
    "--to", metavar="PLACE", help="A folder or s3://BUCKET/PREFIX; default: [archive] ship."
)
@place_options
def ship(to: str | None, **options: Any) -> None:
    """Copy sealed segments to a warehouse, each once; a running gateway does so by itself.

    The manifest there names the files that are the book: load those and no others.

    \b
    Examples:
      headgate archive ship
      headgate archive ship --to s3://warehouse/headgate
    """
    from headgate.ledger.archive.opening import open_path
    from headgate.ledger.archive.segment import live
    from headgate.ledger.archive.ship import Route, Shipped
    from headgate.ledger.archive.ship import ship as do_ship

    def do(where: Where, connection: Connection, **_: Any) -> Shipped:
        place = to or where.archive.ship
        if not place:
            raise Trouble(
                "nothing says where to ship to",
                'give --to PLACE, or write [archive] ship = "s3://BUCKET/PREFIX"',
            )
        route = Route(where.shelf, open_path(place, where.archive, os.environ), place)
        with _bar("shipping", len(live(connection))) as tell:
            return do_ship(connection, route, where.archive, now_us(), tell)

    done = _connected(do, writing=True, alone=True)(**options)
    if options["as_json"]:
        print_json(done._asdict())
    elif done.segments or done.removed:
        say(
            f"shipped {done.rows:,} rows in {done.segments:,} segments, {_size(done.size)};"
            f" removed {done.removed:,} that were replaced"
        )
    else:
        say("everything that is sealed is there")


@command.command()
@click.option("--dry-run", is_flag=True, help="Only show which segments would go.")
@place_options
def prune(dry_run: bool, **options: Any) -> None:
    """Remove what is older than [archive] keep_s and keep_events_s, and files nobody needs.

    Without keep_s no row is ever removed.

    \b
    Example:
      headgate archive prune --dry-run
    """
    from headgate.ledger.archive import retain

    def do(where: Where, connection: Connection, **_: Any) -> dict[str, int]:
        old = retain.expired(connection, where.archive, now_us())
        facts = {"rows": sum(it.rows for it in old), "expired": len(old)}
        if dry_run:
            return facts
        return facts | retain.prune(connection, where.shelf, where.archive, now_us())._asdict()

    done = _connected(do, writing=True, alone=True)(**options)
    if options["as_json"]:
        print_json(done | {"dry_run": dry_run})
        return
    would = "would be" if dry_run else "were"
    print_table(
        ("what", f"{would} removed"),
        [(name.replace("expired", "segments"), f"{n:,}") for name, n in done.items()],
    )


@command.command(hidden=True)
@place_options
def tend(**options: Any) -> int:
    """Do all that is due, at low priority: what a running gateway asks for.

    \b
    Example:
      headgate archive tend --json
    """
    from headgate.ledger.archive.ship import ship_due
    from headgate.ledger.archive.tend import TROUBLES, words_of
    from headgate.ledger.archive.tend import tend as do

    with contextlib.suppress(OSError):
        os.nice(15)
    try:
        with explained():
            where = _where(options)
            if where.archive.seal == "off":
                return 0
            done = do(where.place, where.shelf, where.archive, now_us())
        ship_due(where.place, where.shelf, where.archive, os.environ, now_us())
    except Trouble as error:
        click.echo(f"{error.message}; {error.hint}", err=True)
        return FAILURE
    except TROUBLES as error:
        click.echo(words_of(error), err=True)
        return FAILURE
    if done is not None and options["as_json"]:
        print_json({name: part._asdict() for name, part in done._asdict().items()})
    return 0


def _age(text: str) -> int:
    count, unit = text[:-1], text[-1:]
    if unit not in UNITS or not (count.isascii() and count.isdigit()):
        raise Misuse(f"--older-than {text}: is no time span", "write 0s, 30m, 12h, 7d or 2w")
    return int(count) * UNITS[unit]


def _size(size: int) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1_000:
            return f"{size:,.0f} {unit}"
        size //= 1_000
    return f"{size:,} GB"


@contextlib.contextmanager
def _bar(words: str, total: int) -> Iterator[Callable[[int], object]]:
    """Show on a terminal how far it has come."""
    if not sys.stderr.isatty():
        yield int
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=total)
        yield lambda count: bar.advance(task, count)
