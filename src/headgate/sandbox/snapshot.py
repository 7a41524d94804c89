"""The files of a session as one archive: decides what a snapshot holds and what is taken back.

Rule 1: the same files make the same bytes: no times, no owners, in the order of their names.
Rule 2: what is taken back is regular files below the work folder; anything else is refused.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import PurePosixPath

from headgate.sandbox.model import File, Refused

MOST_FILES = 10_000


def pack(files: Iterable[File]) -> bytes:
    """An archive in the format of tar, not compressed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for each in sorted(files, key=lambda it: it.path):
            entry = tarfile.TarInfo(each.path)
            entry.size = len(each.data)
            entry.mode = 0o755 if each.executable else 0o644
            archive.addfile(entry, io.BytesIO(each.data))
    return out.getvalue()


def unpack(data: bytes, most_bytes: int) -> tuple[File, ...]:
    """The files of an archive; raises Refused where it holds anything else, or too much."""
    if len(data) > most_bytes + MOST_FILES * 2048:
        raise Refused(f"the snapshot is larger than {most_bytes >> 20} MB")
    found: dict[str, File] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for entry in archive:
                if entry.isdir():
                    continue
                path = _path(entry)
                found[path] = _file(archive, entry, path)
                if len(found) > MOST_FILES:
                    raise Refused(f"the snapshot holds more than {MOST_FILES} files")
    except (tarfile.TarError, UnicodeError, ValueError, OSError, EOFError) as error:
        raise Refused(
            f"the snapshot cannot be read: {error}",
            "give it as it was made: a tar archive that is not compressed",
        ) from None
    if sum(len(it.data) for it in found.values()) > most_bytes:
        raise Refused(f"the snapshot is larger than {most_bytes >> 20} MB")
    return tuple(found.values())


def _path(entry: tarfile.TarInfo) -> str:
    path = PurePosixPath(entry.name)
    if not entry.isreg() or entry.sparse is not None:
        raise Refused(f"'{entry.name}' in the snapshot is no regular file")
    if path.is_absolute() or ".." in path.parts or "\0" in entry.name or not path.parts:
        raise Refused(f"'{entry.name}' in the snapshot is no path below the work folder")
    return str(path)


def _file(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: str) -> File:
    content = archive.extractfile(entry)
    data = content.read() if content is not None else b""
    return File(path, data, bool(entry.mode & 0o100))
