"""A conversation in words of no dialect: what a client asks, and what an upstream heard.

Rule 1: nothing here or beside it is shared with Headgate's own codecs: whoever is judged must
not bring the measure along.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

NONCE = re.compile(r"hgc-[0-9a-f]{10} ?")
"""finds the case that a request belongs to, whatever gateway it came through"""


@dataclass(frozen=True, slots=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    data: str
    """base64"""


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF."""

    data: str


@dataclass(frozen=True, slots=True)
class Thought:
    text: str
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """A tool call; a free-text tool's input is a text."""

    id: str
    name: str
    arguments: Any = None


@dataclass(frozen=True, slots=True)
class Result:
    id: str
    parts: tuple[Words | Picture, ...] = ()
    failed: bool = False

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Words))


Part = Words | Picture | Paper | Thought | Use | Result


@dataclass(frozen=True, slots=True)
class Turn:
    role: str
    """user, assistant or system"""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    schema: dict[str, Any] | None = None
    """None: it takes free text"""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """One request."""

    turns: tuple[Turn, ...]
    system: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: str = ""
    """auto, any, none or a tool's name; empty: not said"""
    most: int | None = 1024
    """tokens of output"""
    stop: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    json: bool = False
    """any JSON object"""
    effort: str = ""
    user: str = ""
    stream: bool = True
    extra: dict[str, Any] = field(default_factory=dict)
    """fields of the caller's dialect, as they are"""

    def flat(self) -> list[tuple[str, Part]]:
        """Every part with who said it, in order: where turns begin is the dialect's affair."""
        return [(turn.role, part) for turn in self.turns for part in turn.parts]

    def parts(self, kind: type[Part]) -> list[Any]:
        return [part for _, part in self.flat() if isinstance(part, kind)]

    def words(self, role: str = "") -> str:
        """All that was said in words, by one role or by all."""
        found = [p.text for r, p in self.flat() if isinstance(p, Words) and role in ("", r)]
        return "\n".join(found)


def said(text: str) -> Turn:
    return Turn("user", (Words(text),))


def replied(*parts: Part) -> Turn:
    return Turn("assistant", parts)


def plain(text: str) -> str:
    """A text without the mark that finds its case."""
    return NONCE.sub("", text)
