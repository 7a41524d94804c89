"""Free-text tools for models without them: a function of one string takes their place.

A tool that takes free text is offered to models without such tools as a function of one
string, `input`; what the model then writes is JSON, fragment by fragment, and the caller wants
the text.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec

from headgate.wire.broken import BROKEN
from headgate.wire.meaning import Object, Tool
from headgate.wire.walk import object_in

FREE_TEXT: Object = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
}
"""the schema of such a function's arguments"""
_INPUT = "input"
_PLAIN = re.compile(r'[^"\\]*')
_SHORT_ESCAPES = 2
_UNICODE_ESCAPE = 6
_PAIR = 12
_STRING = msgspec.json.Decoder(str)


class Unwrapper:
    """Feed it fragments of the object; it returns fragments of the text."""

    __slots__ = ("_closed", "_inside", "_name", "_opening", "_rest", "_said", "_whole")

    def __init__(self, name: str = _INPUT) -> None:
        self._name = name
        """of the object's one member"""
        self._opening = _opening(name)
        self._rest = ""
        """what cannot be read yet: half an escape, or the object's beginning"""
        self._whole: list[str] = []
        self._inside = False
        self._closed = False
        self._said = False

    def feed(self, fragment: str) -> str:
        if self._closed:
            return ""
        if not self._inside:
            self._whole.append(fragment)
        self._rest += fragment
        if not self._inside:
            opening = self._opening.match(self._rest)
            if opening is None:
                return ""
            self._inside = True
            self._rest = self._rest[opening.end() :]
        return self._read()

    def finish(self) -> str:
        """What an object of another shape holds instead: its `input`, or all of it."""
        if self._inside or not self._whole:
            return ""
        text = "".join(self._whole)
        value = object_in(text).get(self._name)
        return value if isinstance(value, str) else text

    def _read(self) -> str:
        out: list[str] = []
        rest, at = self._rest, 0
        while at < len(rest):
            plain = _PLAIN.match(rest, at)
            if plain is not None and plain.end() > at:
                out.append(plain[0])
                at = plain.end()
                continue
            if rest[at] == '"':
                self._closed = True
                at = len(rest)
                break
            escape = _escape(rest, at)
            if not escape:
                break
            out.append(_meant(escape))
            at += len(escape)
        self._rest = rest[at:]
        return "".join(out)


@cache
def _opening(name: str) -> re.Pattern[str]:
    return re.compile(rf'\s*\{{\s*"{name}"\s*:\s*"')


def _escape(text: str, at: int) -> str:
    """The escape that begins here; empty when more of it must come first."""
    if text[at + 1 : at + 2] != "u":
        return text[at : at + _SHORT_ESCAPES] if at + 1 < len(text) else ""
    one = text[at : at + _UNICODE_ESCAPE]
    if len(one) < _UNICODE_ESCAPE:
        return ""
    if one[2:4].lower() not in ("d8", "d9", "da", "db"):
        return one
    if not "\\u".startswith(text[at + _UNICODE_ESCAPE : at + _UNICODE_ESCAPE + 2]):
        return one
    return text[at : at + _PAIR] if len(text) >= at + _PAIR else ""


def _meant(escape: str) -> str:
    try:
        return _STRING.decode(f'"{escape}"')
    except BROKEN:
        return "\ufffd"


def wrapped(text: str) -> str:
    """The object that stands for a call with this text."""
    return msgspec.json.encode({"input": text}).decode()


def described(tool: Tool) -> str:
    """Its description, with the grammar that a vendor of such tools would hold the model to."""
    grammar = flat(tool.grammar or {})
    definition, syntax = grammar.get("definition"), grammar.get("syntax")
    if not isinstance(definition, str) or not definition:
        return tool.description
    kind = f" ({syntax})" if isinstance(syntax, str) and syntax else ""
    told = f"The input must follow this grammar{kind}:\n{definition}"
    return f"{tool.description}\n\n{told}" if tool.description else told


def flat(grammar: Object) -> Object:
    """The grammar's members side by side: Chat Completions nests what Responses has flat."""
    inner = grammar.get("grammar")
    return {"type": "grammar", **inner} if isinstance(inner, dict) else grammar


def whole(arguments: str) -> str:
    """The text of a complete object."""
    unwrapper = Unwrapper()
    return unwrapper.feed(arguments) + unwrapper.finish()
