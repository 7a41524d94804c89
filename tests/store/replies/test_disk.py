"""A file of sealed replies is shared, bounded, and read by nobody who did not ask."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.store import sealed
from headgate.store.replies.disk import NAME, OVERHEAD_BYTES, SHAPE, Disk
from headgate.store.replies.far import ShelfError
from headgate.store.replies.kept import unpacked
from tests.store.replies.kit import DAY_US, NOW_US, asked_of, until
from tests.store.replies.writer import box_of

AMPLE = 1 << 40
ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


@pytest.fixture
def disk(path: Path) -> Iterator[Disk]:
    it = Disk(path, AMPLE)
    yield it
    it.close()


def text_of(disk: Disk, n: int) -> str | None:
    """What is kept under a number; None: nothing that can be read."""
    asked = asked_of(n)
    data = disk.read(asked.name, NOW_US)
    plain = sealed.unseal(asked.key, data, asked.name) if data is not None else None
    kept = unpacked(plain) if plain is not None else None
    return kept.body.decode() if kept is not None else None


def held(path: Path) -> tuple[int, int, int]:
    """(rows, bytes as added up, bytes as counted)."""
    with sqlite3.connect(path) as connection:
        rows, size = connection.execute(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM reply"
        ).fetchone()
        (counted,) = connection.execute("SELECT bytes FROM held").fetchone()
    connection.close()
    return rows, size, counted


def test_what_was_written_is_read(disk: Disk) -> None:
    disk.write([box_of(1, "one"), box_of(2, "two")], NOW_US)
    assert (text_of(disk, 1), text_of(disk, 2), text_of(disk, 3)) == ("one", "two", None)


def test_the_newer_of_two_replies_is_read_and_counted_once(disk: Disk, path: Path) -> None:
    disk.write([box_of(1, "one"), box_of(1, "anew")], NOW_US)
    disk.write([box_of(1, "and again")], NOW_US)
    assert text_of(disk, 1) == "and again"
    rows, size, counted = held(path)
    assert rows == 1
    assert size == counted == len(box_of(1, "and again").data) + OVERHEAD_BYTES


def test_it_is_still_there_after_a_new_start(disk: Disk, path: Path) -> None:
    disk.write([box_of(1, "one")], NOW_US)
    disk.close()
    again = Disk(path, AMPLE)
    assert text_of(again, 1) == "one"
    again.close()


def test_nothing_of_a_reply_or_its_question_can_be_read_in_the_file(
    disk: Disk, path: Path
) -> None:
    disk.write([box_of(1, "a secret that is not to be found " * 20)], NOW_US)
    found = b"".join(it.read_bytes() for it in path.parent.iterdir())
    assert len(found) > 1000
    for word in (b"secret", b"application/json", b"call-1"):
        assert word not in found
    other = asked_of(7)
    data = disk.read(asked_of(1).name, NOW_US)
    assert data is not None
    assert sealed.unseal(other.key, data, asked_of(1).name) is None


def test_the_file_is_the_users_alone(disk: Disk, path: Path) -> None:
    disk.write([box_of(1, "one")], NOW_US)
    for it in path.parent.iterdir():
        assert stat.S_IMODE(it.stat().st_mode) == 0o600, it


def test_what_is_too_old_is_not_read_and_then_removed(disk: Disk, path: Path) -> None:
    disk.write([box_of(n, "x") for n in range(450)], NOW_US)
    assert disk.read(asked_of(1).name, NOW_US + DAY_US) is None
    disk.tidy(NOW_US + DAY_US - 1)
    assert held(path)[0] == 450
    disk.tidy(NOW_US + DAY_US)
    assert held(path) == (0, 0, 0)


def test_it_holds_no_more_than_it_may_and_what_came_first_goes_first(path: Path) -> None:
    size = len(box_of(100, "x" * 1000).data) + OVERHEAD_BYTES
    disk = Disk(path, 10 * size)
    for n in range(100, 150):
        disk.write([box_of(n, "x" * 1000)], NOW_US)
        assert held(path)[2] <= 10 * size
    found = [n for n in range(100, 150) if text_of(disk, n)]
    assert found == list(range(140, 150))
    disk.close()


def test_a_reply_larger_than_all_there_is_drives_nothing_out(path: Path) -> None:
    disk = Disk(path, 2000)
    disk.write([box_of(1, "one")], NOW_US)
    disk.write([box_of(2, "x" * 3000)], NOW_US)
    assert (text_of(disk, 1), text_of(disk, 2)) == ("one", None)
    disk.close()


@pytest.mark.slow
@pytest.mark.parametrize("length", [300, 4000, 50_000])
def test_the_file_is_about_as_large_as_it_was_allowed_to_be(path: Path, length: int) -> None:
    most = 1 << 20 if length < 1000 else 4 << 20
    disk = Disk(path, most)
    for n in range(0, 3 * most // length, 50):
        disk.write([box_of(n + k, "x" * length) for k in range(50)], NOW_US)
    disk.close()
    assert 0.8 < path.stat().st_size / most < 1.2


def test_two_processes_read_what_either_wrote(disk: Disk, path: Path) -> None:
    disk.write([box_of(1, "ours")], NOW_US)
    subprocess.run(writer(path, 100, 10, 20), cwd=ROOT, check=True, capture_output=True)
    assert (text_of(disk, 100) or "").startswith("reply 100 ")
    assert text_of(disk, 1) == "ours"
    disk.write([box_of(2, "after")], NOW_US)
    assert text_of(disk, 2) == "after"


def writer(path: Path, first: int, count: int, size: int) -> list[str]:
    program = [sys.executable, "-m", "tests.store.replies.writer"]
    return [*program, str(path), str(first), str(count), str(size)]


@pytest.mark.slow
def test_a_writer_that_is_killed_costs_only_what_it_had_not_written(
    disk: Disk, path: Path
) -> None:
    for run in range(4):
        first = 10_000 * (run + 1)
        with subprocess.Popen(
            writer(path, first, 0, 20_000), cwd=ROOT, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            told = [int(process.stdout.readline()) for _ in range(10 + 7 * run)]
            process.kill()
            told += [int(line) for line in process.stdout.read().split(b"\n")[:-1]]
        for n in range(first, told[-1]):
            assert (text_of(disk, n) or "").startswith(f"reply {n} ")
        disk.write([box_of(run, "others go on")], NOW_US)
        assert text_of(disk, run) == "others go on"
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    _, size, counted = held(path)
    assert size == counted


@pytest.mark.slow
def test_two_writers_at_once_stand_in_no_ones_way(path: Path) -> None:
    pair = [
        subprocess.Popen(writer(path, first, 100, 500), cwd=ROOT, stdout=subprocess.DEVNULL)
        for first in (1000, 5000)
    ]
    assert [process.wait(60) for process in pair] == [0, 0]
    disk = Disk(path, AMPLE)
    assert all(text_of(disk, n + first) for first in (1000, 5000) for n in range(100))
    disk.close()
    rows, size, counted = held(path)
    assert rows == 200
    assert size == counted


@pytest.mark.parametrize("damage", ["head", "noise", "empty", "tables"])
def test_a_file_that_is_damaged_is_made_anew_at_the_next_start(
    disk: Disk, path: Path, damage: str
) -> None:
    disk.write([box_of(n, "x" * 5000) for n in range(20)], NOW_US)
    disk.close()
    data = path.read_bytes()
    spoilt = {
        "head": b"no database" + data[11:],
        "noise": data[:100] + b"\xff" * (len(data) - 100),
        "empty": b"",
        "tables": data[:4096] + b"\xa5" * (len(data) - 4096),
    }
    path.write_bytes(spoilt[damage])
    again = Disk(path, AMPLE)
    again.write([box_of(1, "anew")], NOW_US)
    assert text_of(again, 1) == "anew"
    again.close()


def test_damage_that_shows_while_it_runs_ends_its_use_for_good(disk: Disk, path: Path) -> None:
    disk.write([box_of(n, "x" * 200) for n in range(500)], NOW_US)
    disk.close()
    again = Disk(path, AMPLE)
    assert again.tidy(NOW_US) == 0
    connection = again._writer()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute("PRAGMA cache_size = 0")
    with path.open("r+b") as file:
        file.seek(4096 * 8)
        file.write(b"\xa5" * 4096 * (pages - 8))
    with pytest.raises(ShelfError, match="damaged") as caught:
        again.write([box_of(n, "y") for n in range(500)], NOW_US)
    assert caught.value.for_good
    again.close()


def test_a_box_that_is_damaged_is_no_reply(disk: Disk, path: Path) -> None:
    disk.write([box_of(n, "x" * 20_000) for n in range(5)], NOW_US)
    disk.close()
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 2, len(data), 1000):
        data[at] ^= 1
    path.write_bytes(data)
    again = Disk(path, AMPLE)
    with contextlib.suppress(ShelfError):
        assert {text_of(again, n) for n in range(5)} <= {None, "x" * 20_000}
    again.close()


def test_a_file_of_another_version_is_made_anew(disk: Disk, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE reply (other TEXT)")
        connection.execute(f"PRAGMA user_version = {SHAPE + 1}")
    connection.close()
    disk.write([box_of(1, "one")], NOW_US)
    assert text_of(disk, 1) == "one"


def test_a_folder_that_cannot_be_written_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    disk = Disk(tmp_path / "file" / NAME, AMPLE)
    with pytest.raises(ShelfError, match=r"replies\.db: .*"):
        disk.write([box_of(1, "one")], NOW_US)
    disk.close()


def test_a_full_disk_is_told_and_what_is_there_stays(disk: Disk) -> None:
    disk.write([box_of(1, "one")], NOW_US)
    connection = disk._writer()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(ShelfError, match="the disk is full") as caught:
        disk.write([box_of(2, "x" * 100_000)], NOW_US)
    assert not caught.value.for_good
    assert (text_of(disk, 1), text_of(disk, 2)) == ("one", None)
    connection.execute(f"PRAGMA max_page_count = {pages + 200}")
    disk.write([box_of(2, "two")], NOW_US)
    assert text_of(disk, 2) == "two"


def test_clearing_it_away_is_known_to_everybody_and_leaves_nothing(
    disk: Disk, path: Path
) -> None:
    disk.write([box_of(n, "x" * 5000) for n in range(100)], NOW_US)
    assert disk.tidy(NOW_US) == 0
    other = Disk(path, AMPLE)
    assert other.clear(NOW_US + 5) == 100
    other.close()
    assert disk.tidy(NOW_US) == NOW_US + 5
    assert text_of(disk, 1) is None
    assert held(path) == (0, 0, 0)
    until(lambda: sum(it.stat().st_size for it in path.parent.iterdir()) < 200_000)
    disk.write([box_of(1, "anew")], NOW_US)
    assert text_of(disk, 1) == "anew"
