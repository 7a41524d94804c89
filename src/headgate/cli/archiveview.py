"""headgate archive: what is said of the archive, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from headgate.cli.terminal import print_table, say
from headgate.config.model import Archive
from headgate.ledger.archive import chore, retain, seal
from headgate.ledger.archive.segment import Segment, day_name, live
from headgate.ledger.archive.verify import MISSING, Flaw
from headgate.ledger.shelf import Nowhere, Shelf, ShelfError
from headgate.store.place import Place
from headgate.store.sql import Connection

SHOWN = 50
"""flaws that people see; --json has all"""
LATE_US = 86_400_000_000
"""after so long without sealing, something is wrong"""


def gather(
    place: Place, shelf: Shelf, archive: Archive, connection: Connection, now_us: int
) -> dict[str, Any]:
    """Everything that is said of it."""
    segments = live(connection)
    hot, oldest = connection.execute("SELECT count(*), min(at_us) FROM call").fetchone()
    bound = seal.bound_of(connection, archive, now_us)
    gone = connection.execute(
        "SELECT count(*), coalesce(sum(size), 0) FROM segment WHERE gone_us IS NOT NULL"
    ).fetchone()
    sealed = [it for it in segments if not it.import_id]
    imported = [it for it in segments if it.import_id]
    tended = chore.last(connection)
    return {
        "store": str(place),
        "shelf": str(shelf),
        "sealing": _sealing(shelf, archive),
        "hot": {
            "rows": int(hot),
            "oldest_us": oldest,
            "waiting": seal.waiting(connection, bound),
        },
        "sealed": _sums(sealed),
        "imported": _sums(imported) | {"imports": len({it.import_id for it in imported})},
        "replaced": {"segments": int(gone[0]), "bytes": int(gone[1])},
        "unlisted": _unlisted(shelf, connection, now_us),
        "last": tended._asdict() if tended is not None else None,
    }


def _sealing(shelf: Shelf, archive: Archive) -> str:
    if isinstance(shelf, Nowhere):
        return f"impossible: {shelf.what}; {shelf.hint}"
    return archive.seal


def _unlisted(shelf: Shelf, connection: Connection, now_us: int) -> int | None:
    """None: the shelf cannot be asked."""
    try:
        return len(retain.orphans(connection, shelf, now_us - LATE_US))
    except ShelfError as error:
        say(f"{error.what}\nhint: {error.hint}")
        return None


def _sums(segments: Sequence[Segment]) -> dict[str, Any]:
    return {
        "segments": len(segments),
        "rows": sum(it.rows for it in segments),
        "bytes": sum(it.size for it in segments),
        "first_us": min((it.first_us for it in segments), default=None),
        "last_us": max((it.last_us for it in segments), default=None),
    }


def tell(facts: Mapping[str, Any]) -> None:
    """For people."""
    click.echo(f"store    {facts['store']}")
    click.echo(f"archive  {facts['shelf']}")
    click.echo(f"sealing  {facts['sealing']}")
    hot, imported = facts["hot"], facts["imported"]
    rows = [["in the store", f"{hot['rows']:,}", "", "", _day(hot["oldest_us"]), ""]]
    for name, part in (("sealed", facts["sealed"]), ("imported", imported)):
        if part["segments"] or name == "sealed":
            counts = [f"{part[each]:,}" for each in ("rows", "segments", "bytes")]
            rows.append([name, *counts, _day(part["first_us"]), _day(part["last_us"])])
    print_table(("rows", "count", "segments", "bytes", "from", "to"), rows)
    if hot["waiting"]:
        click.echo(f"{hot['waiting']:,} rows are old enough to be sealed")
    if facts["replaced"]["segments"]:
        count, size = facts["replaced"]["segments"], facts["replaced"]["bytes"]
        click.echo(f"{count:,} files ({size:,} bytes) were replaced and go within a day")
    if facts["unlisted"]:
        click.echo(f"{facts['unlisted']:,} files on the shelf belong to nothing; prune removes")
        click.echo("them a week after they were written")
    click.echo(_last(facts["last"]))


def _last(tended: Mapping[str, Any] | None) -> str:
    if tended is None:
        return "never tended: a running gateway does, and `headgate archive seal`"
    if tended["trouble"]:
        return f"FAILED at {_time(tended['at_us'])}: {tended['trouble']}"
    return f"last tended at {_time(tended['at_us'])}"


def tell_flaws(count: int, flaws: Sequence[Flaw]) -> None:
    """For people: what is wrong, and what to do about it."""
    if not flaws:
        say(f"{count:,} segments are there and whole")
        return
    print_table(
        ("segment", "day", "rows", "what is wrong"),
        [(it.path, day_name(it.day), f"{it.rows:,}", it.what) for it in flaws[:SHOWN]],
    )
    rows = sum(it.rows for it in flaws)
    say(f"{len(flaws):,} of {count:,} segments are not as they were sealed: {rows:,} rows")
    if any(it.import_id for it in flaws):
        say("hint: imported ones come back: undo the import, and import again")
    verb = "bring them back" if any(it.what == MISSING for it in flaws) else "replace them"
    say(f"hint: {verb} from a copy of the archive under the same names, and verify again;")
    say("without a copy `headgate archive verify --forget` lets the book open without them")


def _day(at_us: int | None) -> str:
    return "" if at_us is None else day_name(at_us // LATE_US)


def _time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
