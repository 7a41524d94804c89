"""What a translation could not carry: nothing is left out without a line here.

Rule 1: a loss that changes what the caller meant is grave: the call is refused and the field
named; any other is carried to the caller and the ledger as a warning.
Rule 2: a field is named as the caller wrote it, wherever the loss was noticed.
Rule 3: of what the caller wrote nothing but words of an API are repeated: these lines go to the
log and into header fields, and any other text may be a piece of somebody's prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from headgate.wire.meaning import Part

_WORD = re.compile(r"[A-Za-z0-9_.:/+$-]{1,64}")
NO_WORD = "…"


def as_word(written: str) -> str:
    """What a caller wrote where a word of the API belongs, if it can be one."""
    return written if _WORD.fullmatch(written) else NO_WORD


class Loss(Struct, frozen=True):
    field: str
    """where it stood, as the caller wrote it: `messages[2].content[0]`"""
    why: str
    """what becomes of it: `dropped: Chat Completions has no such field`"""
    grave: bool = False
    heals: str = ""
    """the capability that Claude Code can do without, by its own word for it"""
    code: str = ""
    """the error code by which the vendor's own SDK knows what to leave out"""

    def __str__(self) -> str:
        return f"{self.field}: {self.why}"


class Losses:
    """Collects losses while an Ask is read and said again."""

    __slots__ = ("_places", "_seen", "all", "words")

    def __init__(self) -> None:
        self.all: list[Loss] = []
        self.words: Mapping[str, str] = {}
        """an Ask's field -> what the caller's dialect calls it"""
        self._places: dict[int, tuple[Part, str]] = {}
        self._seen: set[tuple[str, str]] = set()

    def place(self, part: Part, path: str) -> None:
        """Remember where a part stood that not every dialect can carry."""
        self._places[id(part)] = (part, path)

    def note(self, what: str | Part, why: str) -> None:
        """It is left out or changed, and the call goes on."""
        self._add(Loss(self._name(what), why))

    def refuse(self, what: str | Part, why: str, *, heals: str = "", code: str = "") -> None:
        """Without it the call would mean something else."""
        self._add(Loss(self._name(what), why, grave=True, heals=heals, code=code))

    def _name(self, what: str | Part) -> str:
        if isinstance(what, str):
            return self.words.get(what, what)
        placed = self._places.get(id(what))
        return placed[1] if placed is not None else type(what).__name__.lower()

    def _add(self, loss: Loss) -> None:
        name = (loss.field, loss.why)
        if name not in self._seen:
            self._seen.add(name)
            self.all.append(loss)

    @property
    def grave(self) -> list[Loss]:
        return [loss for loss in self.all if loss.grave]
