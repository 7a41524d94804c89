"""Copies sealed segments to a warehouse's folder or bucket, each once.

Rule 1: the manifest there says which files are the book: it is written last, and names nothing
that is not there; whoever loads what it names counts nothing twice.
Rule 2: a segment that was compacted or undone leaves the manifest at once and its file follows
a day later; one that [archive] keep_s removed here stays there.
Rule 3: what was copied is noted after each file, and the manifest like one: whoever is
interrupted goes on from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from headgate.config.model import Archive
from headgate.ledger.archive.chore import note
from headgate.ledger.archive.opening import open_path
from headgate.ledger.archive.retain import GONE_US, SECOND
from headgate.ledger.archive.segment import Segment, gone, live, tag_of
from headgate.ledger.archive.tend import TROUBLES, words_of
from headgate.ledger.archive.turn import turn
from headgate.ledger.shelf import PART, Shelf, ShelfError, digest_of
from headgate.store.place import Place, connect
from headgate.store.sql import Connection


class Shipped(NamedTuple):
    """What was done."""

    segments: int = 0
    rows: int = 0
    size: int = 0
    removed: int = 0
    """files of segments that had been replaced or undone"""


class Route(NamedTuple):
    """From where to where."""

    here: Shelf
    there: Shelf
    destination: str
    """as it is named in headgate.toml"""


CHORE = "ship"


def ship_due(
    place: Place, here: Shelf, archive: Archive, env: Mapping[str, str], now_us: int
) -> Shipped | None:
    """Ship where [archive] ship says; None: nowhere, or another process is at it."""
    if not archive.ship:
        return None
    with contextlib.closing(connect(place)) as connection, turn(place, connection) as ours:
        if not ours:
            return None
        try:
            there = open_path(archive.ship, archive, env)
            done = ship(connection, Route(here, there, archive.ship), archive, now_us)
        except TROUBLES as error:
            note(connection, now_us, words_of(error), CHORE)
            raise
        note(connection, now_us, "", CHORE)
        return done


def manifest_name(connection: Connection) -> str:
    """Several stores may ship to one place: each has a manifest of its own."""
    return f"manifest-{tag_of(connection)}.json"


def ship(
    connection: Connection,
    route: Route,
    archive: Archive,
    now_us: int,
    tell: Callable[[int], object] = int,
) -> Shipped:
    """Copy what is not there yet; ShelfError says what stands in the way. `tell`: of each."""
    _sweep(connection, route.there)
    current = live(connection)
    known = _known(connection, route.destination)
    done = Shipped()
    for segment in current:
        if segment.path not in known and _copy(connection, route, segment, now_us):
            done = done._replace(
                segments=done.segments + 1,
                rows=done.rows + segment.rows,
                size=done.size + segment.size,
            )
        tell(1)
    left = known.keys() - {it.path for it in current}
    replaced = _replaced(connection, archive, left, current)
    _note_gone(connection, route.destination, replaced, now_us)
    _write_manifest(connection, route, now_us)
    return done._replace(removed=_remove(connection, route, now_us))


def _known(connection: Connection, destination: str) -> dict[str, int | None]:
    found = connection.execute(
        "SELECT path, gone_us FROM shipped WHERE destination = ? AND path <> ?",
        (destination, manifest_name(connection)),
    )
    return {str(path): gone_us for path, gone_us in found.fetchall()}


def _sweep(connection: Connection, there: Shelf) -> None:
    """Remove what whoever shipped before us left half copied: one process ships at a time."""
    for file in there.staging().glob(f"{_staging_name(connection)}*{PART}"):
        file.unlink(missing_ok=True)


def _staging_name(connection: Connection) -> str:
    return f"ship-{tag_of(connection)}-"


def _copy(connection: Connection, route: Route, segment: Segment, now_us: int) -> bool:
    """False: it went off the book meanwhile."""
    try:
        (file,) = route.here.fetch([segment.path])
        part = f"{_staging_name(connection)}{segment.digest.hex()[:16]}{PART}"
        local = _staged(file, route.there.staging() / part, segment)
    except OSError:
        if all(it.path != segment.path for it in live(connection)):
            return False
        raise
    try:
        route.there.put(segment.path, local)
    finally:
        local.unlink(missing_ok=True)
    connection.execute(
        "INSERT INTO shipped (destination, path, at_us, entry) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (destination, path) DO NOTHING",
        (route.destination, segment.path, now_us, _entry(segment)),
    )
    return True


def _staged(file: Path, local: Path, segment: Segment) -> Path:
    """A copy that may be moved, checked."""
    try:
        shutil.copyfile(file, local)
        if digest_of(local) != segment.digest:
            raise ShelfError(
                f"the segment {segment.path} is damaged",
                "`headgate archive verify` names all that are, and the remedy",
            )
    except BaseException:
        local.unlink(missing_ok=True)
        raise
    return local


def _entry(segment: Segment) -> str:
    said = {
        "path": segment.path,
        "day": segment.path.partition("day=")[2].partition("/")[0],
        "rows": segment.rows,
        "bytes": segment.size,
        "first_us": segment.first_us,
        "last_us": segment.last_us,
        "digest": segment.digest.hex(),
        "import_id": segment.import_id,
    }
    return msgspec.json.encode(said).decode()


def _replaced(
    connection: Connection, archive: Archive, left: set[str], current: list[Segment]
) -> set[str]:
    """Of paths that left the book: those that something else took the place of, or nobody."""
    off = {it.path: it for it in gone(connection, 2**62)}
    found = set()
    for path in left:
        segment = off.get(path)
        if segment is None:
            continue  # its file is gone for long, and it was judged then
        if not _expired(segment, archive, current):
            found.add(path)
    return found


def _expired(segment: Segment, archive: Archive, current: list[Segment]) -> bool:
    """Did it leave for its age alone."""
    left_us = segment.gone_us or 0
    if not archive.keep_s or segment.last_us >= left_us - int(archive.keep_s * SECOND):
        return False
    return not any(
        it.day == segment.day
        and it.import_id == segment.import_id
        and it.made_us >= left_us - SECOND
        for it in current
    )


def _note_gone(connection: Connection, destination: str, paths: set[str], now_us: int) -> None:
    for path in sorted(paths):
        connection.execute(
            "UPDATE shipped SET gone_us = ? WHERE destination = ? AND path = ?"
            " AND gone_us IS NULL",
            (now_us, destination, path),
        )


def _write_manifest(connection: Connection, route: Route, now_us: int) -> None:
    """Unless what it would name is what the one that is there names."""
    name = manifest_name(connection)
    found = connection.execute(
        "SELECT entry FROM shipped WHERE destination = ? AND path <> ? AND gone_us IS NULL"
        " ORDER BY path",
        (route.destination, name),
    )
    entries = [entry for (entry,) in found.fetchall()]
    digest = hashlib.blake2b("\n".join(entries).encode(), digest_size=16).hexdigest()
    written = connection.execute(
        "SELECT entry FROM shipped WHERE destination = ? AND path = ?",
        (route.destination, name),
    ).fetchone()
    if written is not None and written[0] == digest:
        return
    segments: list[Any] = [msgspec.json.decode(entry) for entry in entries]
    said = {
        "store": tag_of(connection),
        "written": datetime.fromtimestamp(now_us / SECOND, UTC),
        "rows": sum(it["rows"] for it in segments),
        "segments": segments,
    }
    local = route.there.staging() / f"{_staging_name(connection)}manifest{PART}"
    try:
        local.write_bytes(msgspec.json.format(msgspec.json.encode(said), indent=1))
        route.there.put(name, local)
    finally:
        local.unlink(missing_ok=True)
    connection.execute(
        "INSERT INTO shipped (destination, path, at_us, entry) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (destination, path) DO UPDATE"
        " SET at_us = excluded.at_us, entry = excluded.entry",
        (route.destination, name, now_us, digest),
    )


def _remove(connection: Connection, route: Route, now_us: int) -> int:
    """Files that have been out of the manifest for a day."""
    found = connection.execute(
        "SELECT path FROM shipped WHERE destination = ? AND gone_us < ?",
        (route.destination, now_us - GONE_US),
    ).fetchall()
    for (path,) in found:
        with contextlib.suppress(FileNotFoundError):
            route.there.remove(path)
        connection.execute(
            "DELETE FROM shipped WHERE destination = ? AND path = ?", (route.destination, path)
        )
    return len(found)
