"""A Chat Completions stream, heard from an upstream and said to a caller.

Facts: API reference "Streaming", as of 2026-11-20.
Rule 1: one part is open at a time. What belongs to another waits until the open one is
complete: words when others begin, a tool call when its arguments are a whole object.
Rule 2: tool calls are told apart by their index; an id or a name said again changes nothing.
Rule 3: the answer is over at [DONE], or where the bytes end after a finish reason; a stream
that was cut owes nothing, so that half a tool call never looks like a whole one.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from headgate.wire.broken import BROKEN, DONE, Reader, mend
from headgate.wire.citation import within
from headgate.wire.meaning import (
    ENDED,
    Begun,
    Cited,
    Delta,
    More,
    Object,
    Over,
    Refusal,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.openai_chat import said
from headgate.wire.openai_chat.answer import content_of, written
from headgate.wire.openai_chat.reading import NAME
from headgate.wire.sse import Sse
from headgate.wire.walk import object_in


class _Function(Struct, gc=False):
    name: str | None = None
    arguments: Any = None
    input: Any = None


class _Call(Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None
    custom: _Function | None = None


class _Delta(Struct, gc=False):
    content: str | list[Any] | None = None
    reasoning_content: str | None = None  # DeepSeek, vLLM and others
    reasoning: str | None = None  # OpenRouter, Groq
    refusal: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: _Function | None = None
    annotations: list[Any] | None = None


class _Choice(Struct, gc=False):
    index: int | None = None
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(Struct, gc=False):
    id: str | None = None
    choices: list[_Choice] | None = None


_CHUNK = Reader(_Chunk)
_NOTHING = _Chunk()
_WORDS = {"text": Text, "thought": Thought, "refusal": Refusal}
_OLDER = -1
"""the slot of a `function_call`, which has no index"""


class _Coming:
    """A part of the answer, from its first piece on."""

    __slots__ = ("before", "cited", "custom", "id", "kind", "name", "pieces", "unread", "whole")

    def __init__(self, kind: str, before: int = 0) -> None:
        self.kind = kind
        """text, thought, refusal or call"""
        self.pieces: list[str] = []
        """of words: what waits to be said; of a call: all of its arguments"""
        self.before = before
        """how many characters of text came before it"""
        self.cited: list[Object] = []
        self.id = self.name = ""
        self.custom = False
        self.unread = False
        """have arguments come since they were last looked at"""
        self.whole = kind != "call"
        """may another part begin"""

    def is_whole(self) -> bool:
        if self.unread and not self.whole:
            self.unread = False
            closed = not self.custom and self.pieces[-1].rstrip().endswith("}")
            self.whole = closed and _is_object("".join(self.pieces))
        return self.whole


def _is_object(text: str) -> bool:
    stripped = text.strip()
    return stripped == "{}" or (stripped.endswith("}") and bool(object_in(stripped)))


class Listener:
    """One upstream stream."""

    __slots__ = (
        "_chars",
        "_cited",
        "_ended",
        "_finish",
        "_id",
        "_ids",
        "_open",
        "_refused",
        "_slots",
        "_waiting",
    )

    def __init__(self) -> None:
        self._open: _Coming | None = None
        self._waiting: list[_Coming] = []
        self._slots: dict[int, _Coming] = {}
        self._id = ""
        self._finish = ""
        self._chars = 0
        """of the answer's text so far"""
        self._cited: list[Object] = []
        """pages for words that are not there yet, or are told already"""
        self._ids: set[str] = set()
        """of the tool calls begun so far"""
        self._refused = self._ended = False

    def hear(self, event: Sse) -> list[Delta]:
        data = event.data
        if self._ended:
            return []
        try:
            chunk = _CHUNK.decode(data)
        except BROKEN:
            if data.strip() == DONE:
                return self._over()
            chunk = _odd(data)
        out: list[Delta] = []
        if chunk.id and not self._id:
            self._id = chunk.id
        for choice in chunk.choices or ():
            if choice.index:
                continue  # nobody can ask for several answers
            delta = choice.delta or choice.message
            if delta is not None:
                self._hear(delta, out)
            if choice.finish_reason:
                self._finish = choice.finish_reason
        return out

    def finish(self) -> list[Delta]:
        """The bytes ended without [DONE]: some servers stop at the finish reason."""
        return self._over() if self._finish else []

    def _over(self) -> list[Delta]:
        if self._ended or self._finish in said.BROKE_OFF:
            return []
        self._ended = True
        out: list[Delta] = []
        for coming in self._waiting:
            self._begin(coming, out)
        self._waiting = []
        if self._open is not None:
            out.append(ENDED)
            self._open = None
        if self._cited:  # of words that never came, or are over: whoever hears it must know
            out += (Begun(Text("")), *map(Cited, self._cited), ENDED)
        called, refused = bool(self._ids), self._refused
        out.append(Over(said.stop_of(self._finish, called=called, refused=refused)))
        return out

    def _hear(self, delta: _Delta, out: list[Delta]) -> None:
        thought = delta.reasoning_content or delta.reasoning
        if thought:
            self._words("thought", thought, out)
        content = delta.content
        if content:
            if not isinstance(content, str):
                texts, thoughts = content_of(content)
                self._words("thought", "".join(thoughts), out)
                content = "".join(texts)
            self._words("text", content, out)
            self._chars += len(content)
        if delta.annotations:
            self._cited += said.pages_in(delta.annotations)
            self._cite(out)
        if delta.refusal:
            self._words("refusal", delta.refusal, out)
        if delta.tool_calls:
            for call in delta.tool_calls:
                self._call(call, out)
        elif delta.function_call is not None:
            self._call(_Call(index=_OLDER, function=delta.function_call), out)

    def _words(self, kind: str, text: str, out: list[Delta]) -> None:
        coming = self._open
        if coming is not None and coming.kind == kind and not self._waiting:
            if text:
                out.append(More(text))
            return
        if not text:
            return
        last = self._waiting[-1] if self._waiting else None
        if last is None or last.kind != kind:
            last = _Coming(kind, self._chars)
            self._waiting.append(last)
        last.pieces.append(text)
        self._advance(out)

    def _cite(self, out: list[Delta]) -> None:
        """Say the pages of words that are open or wait; keep the others."""
        held, self._cited = self._cited, []
        texts = [it for it in (self._open, *self._waiting) if it and it.kind == "text"]
        for citation in held:
            for text in reversed(texts):
                own = within(citation, text.before)
                if own is not None:
                    text.cited.append(own)
                    break
            else:
                self._cited.append(citation)
        if self._open is not None and self._open.cited:
            out += map(Cited, self._open.cited)
            self._open.cited = []

    def _call(self, call: _Call, out: list[Delta]) -> None:
        function = call.custom or call.function or _Function()
        coming = self._slot(call, function)
        coming.custom = coming.custom or call.custom is not None
        coming.id = coming.id or call.id or ""
        coming.name = coming.name or function.name or ""
        piece = written(function.arguments if call.custom is None else function.input)
        if piece:
            coming.pieces.append(piece)
            coming.unread = True
            if coming is self._open:
                out.append(More(piece))
        self._advance(out)

    def _slot(self, call: _Call, function: _Function) -> _Coming:
        """The call that a fragment belongs to.

        Some servers number all their calls 0, or not at all: then a new name with another id
        begins a new call where the one before is complete.
        """
        index = call.index
        if index is None:
            index = next(reversed(self._slots), 0)
        known = self._slots.get(index)
        if known is None:
            return self._enter(index)
        if not function.name or (call.id and call.id == known.id):
            return known
        if call.index is None and call.id and known.id:
            return self._enter(index)
        if (call.index is None or call.id) and known.is_whole():
            return self._enter(index)
        return known

    def _enter(self, index: int) -> _Coming:
        coming = self._slots[index] = _Coming("call")
        self._waiting.append(coming)
        return coming

    def _advance(self, out: list[Delta]) -> None:
        """Open what waits as far as what is open is complete."""
        while self._waiting:
            if self._open is not None and not self._open.is_whole():
                return
            if self._waiting[0].kind == "call" and not self._waiting[0].name:
                return
            self._begin(self._waiting.pop(0), out)

    def _begin(self, coming: _Coming, out: list[Delta]) -> None:
        if coming.kind == "call" and not coming.name and not coming.pieces:
            return  # a placeholder: nothing is called with nothing
        if self._open is not None:
            out.append(ENDED)
        self._open = coming
        kind = coming.kind
        if kind == "call":
            id = coming.id
            if not id or id in self._ids:
                id = said.minted_id(len(self._ids), self._id)
            self._ids.add(id)
            out.append(Begun(ToolCall(id, coming.name, custom=coming.custom)))
        elif kind == "thought":
            out.append(Begun(Thought(maker=NAME)))
        elif kind == "refusal":
            self._refused = True
            out.append(Begun(Refusal()))
        else:
            out.append(Begun(Text("")))
        if coming.pieces:
            out.append(More("".join(coming.pieces)))
        if coming.cited:
            out += map(Cited, coming.cited)
        elif self._cited:
            self._cite(out)


def _odd(data: bytes) -> _Chunk:
    """What can be read of a chunk that is not of its shape, or not quite JSON."""
    data = mend(data)
    try:
        return _CHUNK.odd(data) or _gleaned(data)
    except BROKEN:
        return _NOTHING


def _gleaned(data: bytes) -> _Chunk:
    """The fields of a chunk that are of their types, whatever the others are."""
    chunk = msgspec.json.decode(data)
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    made = []
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            delta = choice.get("delta") or choice.get("message")
            finish = choice.get("finish_reason")
            one = _Choice(
                index=choice.get("index") if isinstance(choice.get("index"), int) else None,
                delta=_delta(delta) if isinstance(delta, dict) else None,
                finish_reason=finish if isinstance(finish, str) else None,
            )
            made.append(one)
    return _Chunk(choices=made)


def _delta(members: dict[str, Any]) -> _Delta:
    delta = _Delta()
    for name in _Delta.__struct_fields__:
        try:
            one = msgspec.convert({name: members.get(name)}, _Delta, strict=False)
        except msgspec.ValidationError:
            continue
        setattr(delta, name, getattr(one, name))
    return delta
