"""Keeps verdicts, so that what did not change is not checked again.

Rule 1: a verdict is known by all it was made of: the file, what was laid beside it, the check,
its tool and its configuration; nothing else decides whether it still holds.
Rule 2: it lies in the state folder of the user, never in the project: a change that someone
proposes cannot bring its own verdicts along.
Rule 3: a verdict about the machine (skipped, broken) is never kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from headgate import __version__
from headgate.validate.problem import Problem, State, Verdict

SHAPE = f"2 {__version__}"
"""how words are read may change with each release"""
MOST = 20_000
"""verdicts; the oldest go first"""


class _Shelf(msgspec.Struct):
    shape: str = SHAPE
    verdicts: dict[str, Verdict] = {}


class Kept:
    """Verdicts by what they were made of; an unreadable or unwritable file keeps none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._verdicts = _load(path)
        self._new: dict[str, Verdict] = {}

    def find(self, key: str, path: str, name: str) -> Verdict | None:
        """The verdict, with its problems where the file lies now."""
        found = self._verdicts.get(key) or self._new.get(key)
        if found is None:
            return None
        self._new[key] = found
        return msgspec.structs.replace(
            found, path=path, problems=_renamed(found.problems, path), cached=True, ms=0.0
        )

    def keep(self, key: str, verdict: Verdict) -> None:
        """Remember it, if it says something of the code."""
        if verdict.state in (State.PASSED, State.FAILED):
            problems = _renamed(verdict.problems, "")  # where it lies is told when it is found
            self._new[key] = msgspec.structs.replace(verdict, path="", problems=problems)

    def close(self) -> None:
        """Write what is new; the newest stand last and go last."""
        if self._path is None or self._new.keys() <= self._verdicts.keys():
            return
        whole = {**_load(self._path), **self._verdicts}
        for key, verdict in self._new.items():
            whole.pop(key, None)
            whole[key] = verdict
        rest = dict(list(whole.items())[-MOST:])
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.msgpack.encode(_Shelf(verdicts=rest)))
            beside.replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):  # what is not kept is checked again
                beside.unlink(missing_ok=True)


def _load(path: Path | None) -> dict[str, Verdict]:
    if path is None:
        return {}
    try:
        shelf = msgspec.msgpack.decode(path.read_bytes(), type=_Shelf)
    except (OSError, msgspec.MsgspecError):
        return {}
    return shelf.verdicts if shelf.shape == SHAPE else {}


def _renamed(problems: Iterable[Problem], path: str) -> tuple[Problem, ...]:
    return tuple(msgspec.structs.replace(it, path=path) for it in problems)


def key(*parts: bytes | str) -> str:
    """What a verdict is made of, in 32 letters; no part can be mistaken for two."""
    whole = hashlib.blake2b(digest_size=16)
    for part in (SHAPE, *parts):
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big"))
        whole.update(data)
    return whole.hexdigest()
