"""Decides which shelf a store has: the folder or bucket of [archive] path, else a folder beside
the ledger's file.

Rule 1: a store on a server has none unless it is named: a folder of one machine would hide rows
from all others.
Rule 2: what a bucket needs is loaded when one is opened, and never otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from headgate.config.archive import BUCKET
from headgate.config.model import Archive
from headgate.ledger.shelf import Folder, Nowhere, Shelf, ShelfError
from headgate.store.place import Place
from headgate.store.sqlite import state_place

UNNAMED = "the store is on a server, and nothing says where sealed rows lie"
REMEDY = 'name it in headgate.toml: [archive] path = "s3://BUCKET/PREFIX", or a folder that all'
REMEDY += " hosts share"


def open_shelf(archive: Archive, place: Place, env: Mapping[str, str]) -> Shelf:
    """The shelf of a store; ShelfError when it cannot be used at all."""
    if archive.path:
        return open_path(archive.path, archive, env)
    if isinstance(place, Path):
        return Folder(place.absolute().with_name(f"{place.name}-archive"))
    return Nowhere(UNNAMED, REMEDY)


def open_path(path: str, archive: Archive, env: Mapping[str, str]) -> Shelf:
    """The shelf at a folder, or at s3://BUCKET/PREFIX."""
    if not path.startswith(BUCKET):
        return Folder(Path(path).expanduser().absolute())
    try:
        from headgate.ledger.archive.bucket import Bucket, open_store
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "obstore":
            raise
        raise ShelfError(
            f"{path} needs the package obstore, which is not installed",
            "pip install 'headgate[s3]'",
        ) from None
    folder = state_place(env) / "segments"
    return Bucket(path, open_store(path, archive, env), folder, archive.cache_bytes)
