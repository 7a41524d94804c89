"""A bucket of a real S3-compatible server: what is put comes back, and trouble has a remedy."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from headgate.config.model import Archive
from headgate.ledger.archive import bucket as bucketing
from headgate.ledger.archive.bucket import Bucket, open_store
from headgate.ledger.archive.chore import last
from headgate.ledger.archive.compact import compact
from headgate.ledger.archive.copies import Copies
from headgate.ledger.archive.retain import prune
from headgate.ledger.archive.seal import seal
from headgate.ledger.archive.segment import DAY_US, live
from headgate.ledger.archive.ship import CHORE, manifest_name, ship_due
from headgate.ledger.archive.verify import verify
from headgate.ledger.book.book import open_book, open_files
from headgate.ledger.shelf import ShelfError, digest_of
from headgate.store.place import connect
from tests.buckets import Storage
from tests.ledger.archive.scenes import ALL, NOON, add, rows_at

pytestmark = pytest.mark.e2e


def bucket_of(
    storage: Storage, path: str, folder: Path, env: dict[str, str] | None = None
) -> Bucket:
    archive = Archive(path=path, endpoint=storage.url)
    return Bucket(
        path, open_store(path, archive, storage.env if env is None else env), folder, 10**9
    )


@pytest.fixture
def name(storage: Storage) -> str:
    return storage.fresh()


@pytest.fixture
def bucket(storage: Storage, name: str, tmp_path: Path) -> Iterator[Bucket]:
    bucket = bucket_of(storage, name, tmp_path / "copies")
    yield bucket
    bucket.close()


def put(bucket: Bucket, content: bytes) -> str:
    local = bucket.staging() / f"{secrets.token_hex(4)}.part"
    local.write_bytes(content)
    digest = digest_of(local).hex()[:32]
    path = f"calls/day=2026-11-21/seg-00c0ffee-1-2-{secrets.token_hex(4)}-{digest}.parquet"
    bucket.put(path, local)
    assert not local.exists()
    return path


def other_machine(storage: Storage, name: str, folder: Path) -> Bucket:
    return bucket_of(storage, name, folder)


def test_what_one_machine_puts_another_reads(
    bucket: Bucket, storage: Storage, name: str, tmp_path: Path
) -> None:
    small, large = b"few bytes", secrets.token_bytes(12 * 1024 * 1024)
    paths = [put(bucket, small), put(bucket, large)]
    there = other_machine(storage, name, tmp_path / "there")
    assert [file.read_bytes() for file in there.fetch(paths)] == [small, large]
    listed = {it.path: it.size for it in there.listed()}
    assert listed == {paths[0]: len(small), paths[1]: len(large)}
    there.close()


def test_the_object_lies_below_the_prefix_and_is_gone_once_removed(
    bucket: Bucket, storage: Storage, name: str
) -> None:
    path = put(bucket, b"some rows")
    file = storage.file(name, path)
    assert file.read_bytes() == b"some rows"
    bucket.remove(path)
    assert not file.exists()
    bucket.remove(path)
    assert bucket.digest(path) is None


def test_a_digest_is_of_the_object_and_not_of_the_copy(
    bucket: Bucket, storage: Storage, name: str
) -> None:
    path = put(bucket, b"some rows")
    before = bucket.digest(path)
    storage.file(name, path).write_bytes(b"SOME ROWS")
    assert bucket.digest(path) not in (before, None)
    assert bucket.fetch([path])[0].read_bytes() == b"some rows"


def test_an_object_that_was_changed_is_never_read(
    bucket: Bucket, storage: Storage, name: str, tmp_path: Path
) -> None:
    path = put(bucket, b"some rows")
    storage.file(name, path).write_bytes(b"SOME ROWS")
    there = other_machine(storage, name, tmp_path / "there")
    with pytest.raises(ShelfError, match="comes damaged"):
        there.fetch([path])
    assert [it for it in (tmp_path / "there").rglob("*") if it.suffix == ".parquet"] == []
    there.close()


def test_an_object_that_is_missing_is_named(bucket: Bucket) -> None:
    path = put(bucket, b"some rows").replace("-1-2-", "-3-4-")
    with pytest.raises(ShelfError) as error:
        bucket.fetch([path])
    assert path in error.value.what
    assert "headgate archive verify" in error.value.hint


def test_a_bucket_that_does_not_exist_is_no_missing_segment(
    storage: Storage, tmp_path: Path
) -> None:
    bucket = bucket_of(storage, "s3://nobody-made-it", tmp_path)
    for ask in (lambda: bucket.digest("calls/x"), lambda: bucket.fetch(["calls/x"])):
        with pytest.raises(ShelfError, match="there is no bucket for s3://nobody-made-it"):
            ask()
    bucket.close()


def test_wrong_credentials_are_said_to_be_wrong(
    storage: Storage, name: str, tmp_path: Path
) -> None:
    env = storage.env | {"AWS_SECRET_ACCESS_KEY": "another"}
    bucket = bucket_of(storage, name, tmp_path, env)
    with pytest.raises(ShelfError, match="refuses these credentials") as error:
        bucket.prove()
    assert "AWS_SECRET_ACCESS_KEY" in error.value.hint


def test_a_bucket_that_works_proves_it_and_keeps_nothing(bucket: Bucket) -> None:
    bucket.prove()
    assert list(bucket.listed()) == []


@pytest.mark.slow
def test_a_server_that_is_away_is_an_error_with_its_address(
    storage: Storage, name: str, tmp_path: Path
) -> None:
    bucket = bucket_of(storage, name, tmp_path)
    storage.stop()
    with pytest.raises(ShelfError, match="cannot be used") as error:
        bucket.prove()
    assert "endpoint" in error.value.hint


def test_the_environment_names_an_endpoint_and_a_region_too() -> None:
    env = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-central-1"}
    store = open_store("s3://bills/a/b/", Archive(), env)
    assert store.config["endpoint"] == "http://127.0.0.1:9"
    assert store.config["region"] == "eu-central-1"
    assert store.prefix == "a/b"


@pytest.mark.slow
def test_a_ledger_is_sealed_compacted_read_and_checked_in_a_bucket(
    bucket: Bucket, storage: Storage, name: str, tmp_path: Path
) -> None:
    ledger = tmp_path / "headgate.db"
    with contextlib.closing(connect(ledger)) as connection:
        for at_us in (NOON, NOON + 1):
            add(connection, *rows_at(at_us))
            seal(ledger, bucket, ALL, NOON)
        add(connection, *rows_at(NOON + 2))
        assert compact(ledger, bucket, NOON + 5 * DAY_US).rows == 2
        there = other_machine(storage, name, tmp_path / "there")
        with open_book(ledger, there) as book:
            assert book.one("SELECT count(*), count(DISTINCT id) FROM book") == (3, 3)
        assert list(verify(live(connection), there)) == []
        there.close()
        assert prune(connection, bucket, Archive(), NOON + 7 * DAY_US).files == 2
        assert len(list(bucket.listed())) == 1


@pytest.mark.slow
def test_a_server_that_is_there_and_says_nothing_is_not_waited_for(
    storage: Storage, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucketing, "SILENCE", timedelta(seconds=0.3))
    bucket = bucket_of(storage, name, tmp_path)
    storage.pause()
    try:
        began = time.monotonic()
        with pytest.raises(ShelfError, match="cannot be used"):
            bucket.digest("calls/x")
        assert time.monotonic() - began < 30
    finally:
        storage.resume()


def test_copies_that_cannot_be_kept_are_told_with_their_remedy(
    storage: Storage, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = bucket_of(storage, name, tmp_path / "here")
    path = put(bucket, b"some rows")
    there = other_machine(storage, name, tmp_path / "there")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Copies, "keep", full)
    with pytest.raises(ShelfError, match="No space left on device") as error:
        there.fetch([path])
    assert "cache_bytes" in error.value.hint
    for it in (bucket, there):
        it.close()


@pytest.mark.slow
def test_sealed_rows_are_shipped_to_a_bucket_and_whoever_loads_its_manifest_has_them_all(
    bucket: Bucket, storage: Storage, tmp_path: Path
) -> None:
    ledger, address = tmp_path / "headgate.db", storage.fresh()
    archive = Archive(endpoint=storage.url, ship=address)
    with contextlib.closing(connect(ledger)) as connection:
        for at_us in (NOON, NOON + 1):
            add(connection, *rows_at(at_us))
            seal(ledger, bucket, ALL, NOON)
        done = ship_due(ledger, bucket, archive, storage.env, NOON)
        assert done is not None
        assert done.segments == 2
        assert compact(ledger, bucket, NOON + 5 * DAY_US).segments == 1
        ship_due(ledger, bucket, archive, storage.env, NOON + 5 * DAY_US)
        name = manifest_name(connection)
        told = json.loads(storage.file(address, name).read_bytes())
        files = [storage.file(address, it["path"]) for it in told["segments"]]
        with open_files(files) as book:
            assert book.one("SELECT count(*), count(DISTINCT id) FROM book") == (2, 2)
        later = ship_due(ledger, bucket, archive, storage.env, NOON + 7 * DAY_US)
        assert later is not None
        assert later.removed == 2
        assert all(file.exists() for file in files)
        add(connection, *rows_at(NOON + 2))
        seal(ledger, bucket, ALL, NOON)
        storage.stop()
        with pytest.raises(ShelfError, match="cannot be used"):
            ship_due(ledger, bucket, archive, storage.env, NOON + 9 * DAY_US)
        kept = last(connection, CHORE)
        assert kept is not None
        assert "cannot be used" in kept.trouble
        storage.start()
        again = ship_due(ledger, bucket, archive, storage.env, NOON + 9 * DAY_US)
        assert again is not None
        assert again.rows == 1
