"""Names that both sides accept: tools and tool calls, renamed the same way every time.

Rule 1: a name that is accepted stays as it is; one that is not gets an alias that depends on
nothing but the name, so that a conversation sent again is the same conversation.
Rule 2: a Lexicon leads back from every alias to what the caller said.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from msgspec import Struct

from headgate.wire.meaning import Hosted, Tool

_OUTSIDE = re.compile(r"[^a-zA-Z0-9_-]")
_INSIDE = re.compile(r"[a-zA-Z0-9_-]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")
LONGEST_ID = 64
"""of a tool call; what OpenAI's Responses accept, and Anthropic sets no limit"""


class Spoken(Struct, frozen=True):
    """What the caller calls a tool."""

    name: str
    custom: bool = False
    """the caller's tool takes free text, and was offered as a function with one argument"""
    namespace: str = ""


class Lexicon:
    """The tools of one Ask, by the names the upstream knows them under."""

    __slots__ = ("_alias", "_spoken")

    def __init__(self, tools: Iterable[Tool | Hosted], longest: int) -> None:
        self._spoken: dict[str, Spoken] = {}
        self._alias: dict[tuple[str, str], str] = {}
        for tool in tools:
            if isinstance(tool, Tool):
                self._enter(tool, longest)

    def _enter(self, tool: Tool, longest: int) -> None:
        alias = accepted(tool.name, longest)
        spoken = Spoken(tool.name, tool.custom, tool.namespace)
        holder = self._spoken.get(alias, spoken)
        if holder != spoken:
            if tool.name != alias or holder.name == alias:
                return self._give(_apart(spoken, longest), spoken)
            self._give(_apart(holder, longest), holder)  # who is called so, stays so
        self._give(alias, spoken)

    def _give(self, alias: str, spoken: Spoken) -> None:
        self._spoken[alias] = spoken
        self._alias[spoken.namespace, spoken.name] = alias

    def alias(self, name: str, namespace: str = "", longest: int = 64) -> str:
        """What the upstream knows the caller's tool as."""
        return self._alias.get((namespace, name)) or accepted(name, longest)

    def spoken(self, alias: str) -> Spoken:
        """What the caller knows the upstream's tool as."""
        return self._spoken.get(alias) or Spoken(alias)


def _apart(spoken: Spoken, longest: int) -> str:
    """An alias for a tool whose first choice of one is taken."""
    return _with_hash(f"{spoken.namespace}/{spoken.name}".removeprefix("/"), longest)


def accepted(name: str, longest: int) -> str:
    """The name with the characters and the length that both vendors accept."""
    alias = _OUTSIDE.sub("_", name)
    return alias if alias and len(alias) <= longest else _with_hash(name, longest)


def call_id(id: str) -> str:
    """A tool call's id as both vendors accept it."""
    if _INSIDE.fullmatch(id) and len(id) <= LONGEST_ID:
        return id
    return _with_hash(id, LONGEST_ID)


def hidden(person: str) -> str:
    """A person's name that says nothing of the person; one that says nothing already stays."""
    if _DIGEST.fullmatch(person):
        return person
    return hashlib.sha256(person.encode("utf-8", "replace")).hexdigest()


def _with_hash(name: str, longest: int) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{_OUTSIDE.sub('_', name)[: longest - 9]}_{digest}"
