"""Writers, sealers, compactors and readers of one store, killed again and again.

`python -m tests.ledger.archive.rage PLACE FOLDER SECONDS SEED` prints what it saw as JSON. Each
is a process of its own, forked from this one, which opens nothing itself. What they did is kept
in memory that they share: a kill takes none of it.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import random
import signal
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from headgate.config.model import Archive
from headgate.ledger import insert
from headgate.ledger.archive import compact, retain, seal
from headgate.ledger.archive.segment import live
from headgate.ledger.archive.verify import verify
from headgate.ledger.book.book import Book, open_book
from headgate.ledger.shelf import Folder, Stored
from headgate.store.place import Place, connect
from headgate.store.server import read_url
from headgate.store.sql import ERRORS, StoreError
from tests.ledger.rows import entry
from tests.stores import sign_in

LIVES = 100_000
DAY_US = 86_400_000_000
BEGIN_US = 1_763_720_000_000_000
FIRST_OWNER = 1_000
POINTS = ("", "before put", "after put", "listed", "committed", "removed")
GONE_S = 20.0
"""how long a replaced file stays here; readers are quicker"""

ACKED, READS, DEATHS, WRONG = 0, LIVES, LIVES + 1, LIVES + 2
KINDS = ("write", "seal", "compact")


class Seen:
    """Numbers that outlive whoever wrote them."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, 8 * (LIVES + 64))

    def __getitem__(self, at: int) -> int:
        return int(struct.unpack_from("<q", self._map, 8 * at)[0])

    def __setitem__(self, at: int, value: int) -> None:
        struct.pack_into("<q", self._map, 8 * at, value)


class Scene:
    """Where it all happens."""

    def __init__(self, place: Place, folder: Path, seed: int) -> None:
        self.place = place
        self.folder = folder
        self.dice = random.Random(seed)  # noqa: S311 - a repeatable test
        self.seen = Seen()
        self.lives = 0


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


class Deadly:
    """A folder at which its user dies, when it has come to its point often enough."""

    def __init__(self, root: Path, point: str, after: int) -> None:
        self._folder = Folder(root)
        self._point = point
        self._left = after

    def come(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left <= 0:
                die()

    def staging(self) -> Path:
        return self._folder.staging()

    def put(self, path: str, local: Path) -> None:
        self.come("before put")
        self._folder.put(path, local)
        self.come("after put")

    def fetch(self, paths: Any) -> list[Path]:
        return self._folder.fetch(paths)

    def digest(self, path: str) -> bytes | None:
        return self._folder.digest(path)

    def remove(self, path: str) -> None:
        self._folder.remove(path)
        self.come("removed")

    def listed(self) -> Any:
        found: list[Stored] = list(self._folder.listed())
        return iter(found)


def _arm(shelf: Deadly) -> None:
    """Die in the middle of a commit too, and right after it."""
    for module in (seal, compact):
        enter = module.enter

        def entered(*words: Any, _enter: Callable[..., Any] = enter) -> None:
            _enter(*words)
            shelf.come("listed")

        setattr(module, "enter", entered)  # noqa: B010 - of two modules
    sealed, joined = seal.Step._commit, compact._commit

    def commit(step: seal.Step, *words: Any) -> None:
        sealed(step, *words)
        shelf.come("committed")

    def commit_joined(*words: Any) -> None:
        joined(*words)
        shelf.come("committed")

    setattr(seal.Step, "_commit", commit)  # noqa: B010 - a method of a tuple
    setattr(compact, "_commit", commit_joined)  # noqa: B010 - the same


def write(scene: Scene, life: int) -> None:
    """Commit rows in order, and note what is committed."""
    dice = random.Random(life)  # noqa: S311 - a repeatable test
    with contextlib.closing(connect(scene.place)) as connection:
        owner = FIRST_OWNER + life
        sign_in(connection, owner)
        done = number = 0
        while True:
            number += 1
            rows = [_row(life, done + n) for n in range(dice.randint(1, 40))]
            insert.write(connection, owner, insert.Batch(number, rows, [], []))
            done += len(rows)
            scene.seen[ACKED + life] = done
            time.sleep(dice.random() * 0.06)


def _row(life: int, n: int) -> Any:
    at_us = BEGIN_US + n * 20_000_000 + (n * 7_919 % 613) * 100_000_000
    return entry(
        id=f"{life}-{n}", session=str(life), at_us=at_us, cost_nusd=n, prefix=b"%d" % n
    )


def seal_on(scene: Scene, life: int) -> None:
    """Seal all but the newest rows, for ever; two of these never take turns."""
    shelf = _shelf(scene, life)
    while True:
        with contextlib.closing(connect(scene.place)) as connection:
            (newest,) = connection.execute("SELECT coalesce(max(seq), 0) FROM call").fetchone()
        with contextlib.suppress(StoreError):  # the other one was quicker three times
            seal.seal(scene.place, shelf, seal.Bound(0, newest - 20), _now_us())
        time.sleep(0.1)


def compact_on(scene: Scene, life: int) -> None:
    """Compact and sweep for ever."""
    shelf = _shelf(scene, life)
    while True:
        compact.compact(scene.place, shelf, _now_us())
        with contextlib.closing(connect(scene.place)) as connection:
            retain.prune(connection, shelf, Archive(keep_events_s=0.0), _now_us())
        time.sleep(0.2)


def _shelf(scene: Scene, life: int) -> Deadly:
    dice = random.Random(life)  # noqa: S311 - a repeatable test
    shelf = Deadly(scene.folder, dice.choice(POINTS), dice.randint(1, 6))
    _arm(shelf)
    return shelf


def read_on(scene: Scene, _: int) -> None:
    """Look at one moment after the other: each must hold what was committed before it."""
    while True:
        acked = [scene.seen[ACKED + life] for life in range(scene.seen[DEATHS + 8])]
        with open_book(scene.place, Folder(scene.folder)) as book:
            if said := wrong(book, acked):
                (scene.folder / "wrong").write_text(said)
                scene.seen[WRONG] = 1
                os._exit(1)
        scene.seen[READS] += 1


def wrong(book: Book, acked: list[int]) -> str:
    """What is lost or doubled; empty: nothing."""
    rows = book.rows(
        "SELECT CAST(session AS BIGINT), count(*), count(DISTINCT id), max(cost_nusd),"
        " sum(cost_nusd), bool_and(prefix = encode(CAST(cost_nusd AS VARCHAR))) FROM book"
        " GROUP BY 1"
    )
    found = {int(row[0]): row[1:] for row in rows}
    for life, least in enumerate(acked):
        count, distinct, last, total, whole = found.get(life, (0, 0, -1, 0, True))
        if count < least:
            return f"life {life}: {count} rows of {least} that were committed"
        if not count == distinct == last + 1 or total != count * (count - 1) // 2:
            return f"life {life}: {count} rows, {distinct} of them distinct, last {last}"
        if not whole:
            return f"life {life}: a row is not what was written"
    return ""


ROLES: dict[str, Callable[[Scene, int], None]] = {
    "write": write,
    "seal": seal_on,
    "compact": compact_on,
    "read": read_on,
}
CREW = ("write", "write", "write", "seal", "seal", "compact", "read")


def fork(scene: Scene, role: str) -> int:
    life = scene.lives
    if role == "write":
        scene.lives += 1
        scene.seen[DEATHS + 8] = scene.lives
    seed = scene.dice.randrange(2**30)
    if pid := os.fork():
        return pid
    try:
        ROLES[role](scene, life if role == "write" else seed)
    except (*ERRORS, StoreError) as error:  # a server that was told to stop, a busy file
        sys.stderr.write(f"{role}: {error}\n")
    finally:
        os._exit(2)


def rage(scene: Scene, seconds: float) -> dict[str, Any]:
    """Let them work, kill one after the other, and count."""
    crew = {fork(scene, role): role for role in CREW}
    deaths = dict.fromkeys(ROLES, 0)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not scene.seen[WRONG]:
        time.sleep(scene.dice.uniform(0.02, 0.2))
        if scene.dice.random() < 0.4:
            victims = [pid for pid, role in crew.items() if role != "read"]
            os.kill(scene.dice.choice(victims), signal.SIGKILL)
        _replace(scene, crew, deaths)
    for pid in crew:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return _judge(scene, deaths)


def _replace(scene: Scene, crew: dict[int, str], deaths: dict[str, int]) -> None:
    while True:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        role = crew.pop(pid)
        deaths[role] += 1
        crew[fork(scene, role)] = role


def _judge(scene: Scene, deaths: dict[str, int]) -> dict[str, Any]:
    """Everything against what was acknowledged, before and after a last tidying up."""
    shelf, acked = Folder(scene.folder), [scene.seen[at] for at in range(scene.lives)]
    report = scene.folder / "wrong"
    said = [report.read_text()] if report.exists() else []
    with open_book(scene.place, shelf) as book:
        said.append(wrong(book, acked))
        (rows,) = book.one("SELECT count(*) FROM book")
    seal.STEP_ROWS = 32_768
    seal.seal(scene.place, shelf, seal.Bound(0, 2**60), _now_us())
    compact.compact(scene.place, shelf, _now_us())
    with contextlib.closing(connect(scene.place)) as connection:
        retain.prune(connection, shelf, Archive(keep_events_s=0.0), _now_us() + 9 * DAY_US)
        segments = live(connection)
    said += [str(flaw) for flaw in verify(segments, shelf)]
    if {it.path for it in shelf.listed()} != {it.path for it in segments}:
        said.append("files and list of segments differ in the end")
    with open_book(scene.place, shelf) as book:
        said.append(wrong(book, acked))
        if book.one("SELECT count(*) FROM book") != (rows,):
            said.append("rows came or went while nobody wrote any")
    return {
        "acked": sum(acked),
        "rows": rows,
        "reads": scene.seen[READS],
        "deaths": deaths,
        "segments": len(segments),
        "wrong": [words for words in said if words],
    }


def _now_us() -> int:
    return time.time_ns() // 1_000


def main() -> None:
    where, folder, seconds, seed = sys.argv[1:]
    place: Place = read_url(where) if "://" in where else Path(where)
    connect(place).close()
    seal.STEP_ROWS = 1_000
    retain.GONE_US = retain.ORPHAN_US = int(GONE_S * 1e6)
    Path(folder).mkdir(parents=True, exist_ok=True)
    print(json.dumps(rage(Scene(place, Path(folder), int(seed)), float(seconds))))


if __name__ == "__main__":
    main()
