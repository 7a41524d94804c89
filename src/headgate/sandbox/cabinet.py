"""The same as a shelf, on disk: decides how things lie in a folder that processes share.

Rule 1: a thing is there whole or not at all: its content first, then its record, each written
beside and renamed; content that is not what its record says is as good as gone.
Rule 2: content is named by its sha256, within its owner's own folder: nobody learns from it
whether another has the same.
Rule 3: whoever dies in the middle leaves nothing that the next sweep does not take away.
Rule 4: only this user can read it: folders are 0700 and files 0600.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from headgate.sandbox.shelf import Found, Held, Room, now_us, to_go

LOCK, NEW, RECORDS, CONTENTS = "lock", "new", "records", "contents"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
_OWNER = re.compile(r"[0-9a-f]{64}")


class Cabinet:
    """Things in a folder; every process of this user may open it."""

    def __init__(self, folder: Path, room: Room, now: Callable[[], int] = now_us) -> None:
        self._folder, self._room, self._now = folder, room, now

    async def open(self) -> None:
        """OSError says why the folder cannot be used."""
        await asyncio.to_thread(self._open)

    async def put(self, name: str, owner: str, thing: Found, keep_s: float) -> bool:
        try:
            return await asyncio.to_thread(self._put, name, owner, thing, keep_s)
        except OSError:  # a full disk: it is not kept, and its owner has it otherwise
            return False

    async def find(self, name: str, owner: str) -> Found | None:
        return await asyncio.to_thread(self._find, name, owner)

    async def remove(self, name: str, owner: str) -> bool:
        return await asyncio.to_thread(self._remove, name, owner)

    async def sweep(self) -> None:
        await asyncio.to_thread(self._sweep)

    # ---- what threads do

    def _open(self) -> None:
        (self._folder / NEW).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        with self._locked():
            return

    def _put(self, name: str, owner: str, thing: Found, keep_s: float) -> bool:
        own, until_us = self._of(owner), self._now() + int(keep_s * 1e6)
        digest = hashlib.sha256(thing.data).hexdigest()
        record = own / RECORDS / f"{_checked(name)}.{until_us}.{thing.size}.{digest}"
        if thing.size > min(self._room):
            self._remove(name, owner)
            return False
        with (
            self._written(thing.data) as content,
            self._written(thing.note) as note,
            self._locked(),
        ):
            if not self._make_room(name, own, thing.size):
                return False
            for folder in (own, own / RECORDS, own / CONTENTS):
                folder.mkdir(mode=0o700, exist_ok=True)
            content.rename(own / CONTENTS / digest)
            note.rename(record)
        return True

    def _find(self, name: str, owner: str) -> Found | None:
        own = self._of(owner)
        for record in _records(own):
            held, digest = _told(record)
            if held.name != name or held.until_us <= self._now():
                continue
            try:
                data, note = (own / CONTENTS / digest).read_bytes(), record.read_bytes()
            except FileNotFoundError:
                return None
            found = Found(data, note)
            good = found.size == held.size and hashlib.sha256(data).hexdigest() == digest
            return found if good else None
        return None

    def _remove(self, name: str, owner: str) -> bool:
        own = self._of(owner)
        with self._locked():
            gone = [_told(it)[0] for it in _records(own) if _told(it)[0].name == name]
            self._let_go(own, gone)
        return any(it.until_us > self._now() for it in gone)

    def _make_room(self, name: str, own: Path, size: int) -> bool:
        """Let go of what has ended, of what had this name, and of what has to give way."""
        others = 0
        for folder in self._owners():
            self._let_go(folder, self._ended(folder))
            if folder != own:
                others += sum(_told(it)[0].size for it in _records(folder))
        standing = [_told(it)[0] for it in _records(own)]
        same = [it for it in standing if it.name == name]
        rest = [it for it in standing if it.name != name]
        going = to_go(rest, size, others, self._room)
        self._let_go(own, same + (going or []))
        return going is not None

    def _sweep(self) -> None:
        with self._locked():
            for folder in self._owners():
                self._let_go(folder, self._ended(folder))
                self._clear(folder)
            for half in (self._folder / NEW).iterdir():
                if _is_given_up(half):
                    half.unlink(missing_ok=True)

    def _ended(self, own: Path) -> list[Held]:
        now = self._now()
        return [it for it in (_told(found)[0] for found in _records(own)) if it.until_us <= now]

    def _let_go(self, own: Path, going: list[Held]) -> None:
        """Remove records, and contents that no other record names."""
        names = {(it.name, it.until_us) for it in going}
        if not names:
            return
        left, gone = set[str](), set[str]()
        for record in _records(own):
            held, digest = _told(record)
            if (held.name, held.until_us) in names:
                record.unlink(missing_ok=True)
                gone.add(digest)
            else:
                left.add(digest)
        for digest in gone - left:
            (own / CONTENTS / digest).unlink(missing_ok=True)

    def _clear(self, own: Path) -> None:
        """Remove contents without a record, as a process that died leaves them."""
        named = {_told(it)[1] for it in _records(own)}
        if not named:
            shutil.rmtree(own, ignore_errors=True)
            return
        for content in (own / CONTENTS).iterdir():
            if content.name not in named:
                content.unlink(missing_ok=True)

    def _owners(self) -> list[Path]:
        return [it for it in self._folder.iterdir() if _OWNER.fullmatch(it.name)]

    def _of(self, owner: str) -> Path:
        return self._folder / hashlib.sha256(owner.encode()).hexdigest()

    @contextlib.contextmanager
    def _written(self, data: bytes) -> Iterator[Path]:
        """A file beside, held while it is in use; it goes where it is not moved."""
        path = self._folder / NEW / secrets.token_hex(16)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            try:
                file.write(data)
                file.flush()
                yield path
            finally:
                path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(self._folder / LOCK, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _checked(name: str) -> str:
    assert _NAME.fullmatch(name), "names are ours"
    return name


def _records(own: Path) -> list[Path]:
    try:
        return [it for it in (own / RECORDS).iterdir() if it.name.count(".") == 3]
    except FileNotFoundError:
        return []


def _told(record: Path) -> tuple[Held, str]:
    """What a record's name says: the thing, and the name of its content."""
    name, until_us, size, digest = record.name.split(".")
    return Held(int(until_us), name, int(size)), digest


def _is_given_up(half: Path) -> bool:
    """Has nobody hold of it any more."""
    try:
        descriptor = os.open(half, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
