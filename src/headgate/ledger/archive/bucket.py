"""Segments in a bucket of S3-compatible object storage, read through copies on this machine.

Rule 1: nobody else speaks to object storage; what it says becomes a ShelfError with a remedy.
Rule 2: a segment's name holds its digest: what arrives is checked before anybody reads it.
Rule 3: credentials come from the AWS_* variables, or from the machine itself, as with every
other program that uses a bucket.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import (
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from headgate.config.model import Archive
from headgate.ledger.archive.copies import Copies
from headgate.ledger.archive.segment import digest_in
from headgate.ledger.shelf import ShelfError, Stored, digest_of, made, new_digest

AT_ONCE = 8
"""files that are fetched at the same time"""
PIECE = 4 * 1024 * 1024
TIMEOUT = timedelta(seconds=30)
SILENCE = timedelta(seconds=20)
"""a server that says nothing for so long says nothing any more"""
REGION = "us-east-1"


def open_store(path: str, archive: Archive, env: Mapping[str, str]) -> S3Store:
    """The bucket of s3://BUCKET/PREFIX; nothing is asked of it yet."""
    parts = urlsplit(path)
    endpoint = archive.endpoint or env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL")
    region = archive.region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    config: dict[str, str] = {
        "region": region or REGION,
        "virtual_hosted_style_request": "false" if endpoint else "true",
    }
    if endpoint:
        config["endpoint"] = endpoint
    for name in ("access_key_id", "secret_access_key", "session_token"):
        if value := env.get(f"AWS_{name.upper()}"):
            config[name] = value
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=config,  # type: ignore[arg-type]
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "timeout": TIMEOUT * 10,
            "connect_timeout": TIMEOUT / 3,
            "read_timeout": SILENCE,
        },
        retry_config={"max_retries": 4, "retry_timeout": TIMEOUT},
    )


class Bucket:
    """A shelf in a bucket. `folder` is for copies, of which `most` bytes are kept."""

    def __init__(self, name: str, store: S3Store, folder: Path, most: int) -> None:
        self.name = name
        self._store = store
        self._most = most
        # stores on one machine may share a folder: each bucket has a part of its own
        place = f"{name} {store.config.get('endpoint', '')}"
        self._folder = folder / hashlib.blake2b(place.encode(), digest_size=8).hexdigest()
        self._opened: Copies | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def _copies(self) -> Copies:
        if self._opened is None:
            with self._room():
                self._opened = Copies(self._folder, self._most)
        return self._opened

    @contextlib.contextmanager
    def _room(self) -> Iterator[None]:
        """What stands in the way of copies, in words."""
        try:
            yield
        except (ShelfError, FileNotFoundError):
            raise
        except OSError as error:
            raise ShelfError(
                f"{self._folder} cannot hold copies of segments: {error.strerror or error}",
                "make room there and see that it can be written, or set HEADGATE_HOME to"
                " another folder; [archive] cache_bytes bounds what is kept",
            ) from None

    def staging(self) -> Path:
        return made(self._folder / "staging")

    def put(self, path: str, local: Path) -> None:
        with _told(self.name):
            obstore.put(self._store, path, local)
        expected, found = digest_in(path), digest_of(local)
        assert found.startswith(expected), "a segment is put under the name of its digest"
        with open(local, "rb") as file, self._room():
            self._copies.keep(path, partial(_pour, file))  # whoever sealed it may read it next
        self._copies.shrink()
        local.unlink()

    def fetch(self, paths: Sequence[str]) -> list[Path]:
        found = {path: self._copies.take(path) for path in paths}
        wanted = [path for path, file in found.items() if file is None]
        if wanted:
            with ThreadPoolExecutor(min(AT_ONCE, len(wanted))) as pool:
                found.update(zip(wanted, pool.map(self._fetched, wanted), strict=True))
            self._copies.shrink()
        return [file for path in paths if (file := found[path]) is not None]

    def _fetched(self, path: str) -> Path:
        with self._room():
            return self._copies.keep(path, partial(self._download, path))

    def _download(self, path: str, file: BinaryIO) -> None:
        digest = new_digest()
        try:
            for piece in self._read(path):
                file.write(piece)
                digest.update(piece)
        except FileNotFoundError:
            raise ShelfError(
                f"the segment {path} is not in {self.name}",
                "`headgate archive verify` names all that are missing, and the remedy",
            ) from None
        if not digest.digest().startswith(digest_in(path)):
            raise ShelfError(
                f"the segment {path} comes damaged from {self.name}",
                "`headgate archive verify` names all that are damaged, and the remedy",
            )

    def _read(self, path: str) -> Iterator[Any]:
        with _told(self.name):
            yield from obstore.get(self._store, path).stream(PIECE)

    def digest(self, path: str) -> bytes | None:
        digest = new_digest()
        try:
            for piece in self._read(path):
                digest.update(piece)
        except FileNotFoundError:
            return None
        return digest.digest()

    def remove(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError), _told(self.name):
            obstore.delete(self._store, path)

    def listed(self) -> Iterator[Stored]:
        with _told(self.name):
            for part in obstore.list(self._store):
                for it in part:
                    put_us = int(it["last_modified"].timestamp() * 1_000_000)
                    yield Stored(it["path"], it["size"], put_us)

    def prove(self) -> None:
        """Write, read and remove a small file; ShelfError: what of it cannot be done."""
        path = f"proof-{secrets.token_hex(6)}"
        with _told(self.name):
            obstore.put(self._store, path, b"headgate")
            obstore.get(self._store, path).bytes()
            obstore.delete(self._store, path)

    def close(self) -> None:
        """Give up the copies that were fetched."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _pour(source: BinaryIO, target: BinaryIO) -> None:
    while piece := source.read(PIECE):
        target.write(piece)


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """FileNotFoundError: the bucket is there, and the object is not."""
    try:
        yield
    except ShelfError:
        raise
    except (BaseError, OSError) as error:
        words = str(error)
        if "NoSuchBucket" in words:
            raise ShelfError(
                f"there is no bucket for {name}", "create it, or correct [archive] path"
            ) from None
        if isinstance(error, FileNotFoundError):
            raise
        raise _explained(error, words.partition("\n")[0], name) from None


def _explained(error: Exception, words: str, name: str) -> ShelfError:
    if isinstance(error, PermissionDeniedError | UnauthenticatedError | PermissionError):
        return ShelfError(
            f"{name} refuses these credentials",
            "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they may list, read,"
            " write and delete there",
        )
    return ShelfError(
        f"{name} cannot be used: {words}",
        "check [archive] endpoint and region, the AWS_* variables and the network",
    )
