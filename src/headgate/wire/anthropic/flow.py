"""A Messages stream: what its events mean, and how deltas are said as events.

Facts: docs page "Streaming", as of 2026-11-20; Claude Code 2.1.329 asks again, and pays
again, for an empty message, an empty text block or a block that does not end (seen 2026-11-20).
Rule 1: blocks follow one another; a block opens with its first content and not before.
Rule 2: a stream is whole when `message_stop` was seen, and not otherwise.
Rule 3: usage is in the last events, because most upstreams tell it last.
Rule 4: a tool's input is a JSON object or the stream fails: SDKs raise on any other. Only the
last call of an answer that was cut short may be half said.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from headgate.wire.anthropic import cited
from headgate.wire.anthropic.answer import (
    CUT_SHORT,
    NO_INPUT,
    NOTHING_SAID,
    ending,
    explanation_in,
    foreign,
    opening,
    say_native,
    signature_of,
    stop_of,
    usage_of,
)
from headgate.wire.anthropic.reading import NAME, error_body
from headgate.wire.broken import BROKEN, mend
from headgate.wire.meaning import (
    ENDED,
    Begun,
    Cited,
    Delta,
    Ended,
    Foreign,
    More,
    Object,
    Over,
    Part,
    Refusal,
    Sealed,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import STANDARD, Fault, Kind, Terms, Usage
from headgate.wire.sse import Sse, encode
from headgate.wire.voice import Voice

_json = msgspec.json.Encoder().encode


class _Piece(Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    signature: str | None = None
    citation: Object | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: Object | None = None


class _Event(Struct):
    type: str = ""
    index: int | None = None
    delta: _Piece | None = None
    content_block: Object | None = None


_EVENT = msgspec.json.Decoder(_Event)
_LENIENT = msgspec.json.Decoder(_Event, strict=False)


class Listener:
    """Hears one stream of Anthropic's."""

    __slots__ = ("_block", "_called", "_end", "_foreign", "_index", "_input", "_over")

    def __init__(self) -> None:
        self._block = ""
        """the type of the open block; empty: none is open"""
        self._index: int | None = None
        self._foreign: Object = {}
        self._input: list[str] = []
        """of the open block, where it cannot be told at once"""
        self._called = False
        self._end = _Piece()
        self._over = False

    def hear(self, event: Sse) -> list[Delta]:
        try:
            it = _EVENT.decode(event.data)
        except BROKEN:
            it = _odd(event)
        if it.type == "content_block_delta":  # nearly every event is one
            return [] if it.delta is None or self._over else self._more(it.delta, it.index)
        step = _STEPS.get(it.type)
        return [] if step is None or self._over else step(self, it)

    def finish(self) -> list[Delta]:
        """Whatever is missing now is missing: without its last event the stream was cut."""
        return []

    def _more(self, piece: _Piece, index: int | None) -> list[Delta]:
        kind = piece.type
        if self._block and index != self._index:
            raise Fault(Kind.UPSTREAM, "the upstream mixed the blocks of its stream")
        if kind == "text_delta":
            return self._words("text", piece.text, index)
        if kind == "thinking_delta":
            return self._words("thinking", piece.thinking, index)
        if kind == "input_json_delta":
            return self._arguments(piece.partial_json)
        if kind == "signature_delta" and piece.signature and self._block == "thinking":
            return [Sealed(piece.signature)]
        if kind == "citations_delta" and piece.citation and self._block == "text":
            return [*map(Cited, cited.heard([piece.citation]))]
        return []

    def _words(self, block: str, text: str | None, index: int | None) -> list[Delta]:
        if not text:
            return []
        if self._block == block:
            return [More(text)]
        return [*self._open(block, index, {}), More(text)]

    def _arguments(self, text: str | None) -> list[Delta]:
        if not text or not self._block:
            return []
        if self._block == "tool_use":
            self._foreign = {}
            return [More(text)]
        self._input.append(text)
        return []

    def _open(self, kind: str, index: int | None, block: Object) -> list[Delta]:
        deltas = self._close()
        self._block, self._index = kind, index
        part = _begun(kind, block)
        if part is None:
            self._foreign = block
            return deltas
        deltas.append(Begun(part))
        first = block.get(kind)
        if kind in ("text", "thinking") and isinstance(first, str) and first:
            deltas.append(More(first))
        given = block.get("citations") if kind == "text" else None
        if isinstance(given, list):
            deltas += map(Cited, cited.heard(given))
        if kind == "tool_use":
            self._called = True
            self._foreign = block
        return deltas

    def _close(self) -> list[Delta]:
        kind, block, pieces = self._block, self._foreign, self._input
        if not kind:
            return []
        self._block, self._foreign, self._input = "", {}, []
        if kind in ("text", "thinking", "redacted_thinking"):
            return [ENDED]
        if kind == "tool_use":
            # some servers send a call's whole input when it begins, and no pieces
            whole = block.get("input")
            if isinstance(whole, dict) and whole:
                return [More(_json(whole).decode()), ENDED]
            return [ENDED]
        if pieces:
            block = {**block, "input": _parsed("".join(pieces))}
        return [Begun(foreign(kind, block)), ENDED]

    def _on_block(self, it: _Event) -> list[Delta]:
        block = it.content_block or {}
        kind = block.get("type")
        return self._open(kind if isinstance(kind, str) and kind else "text", it.index, block)

    def _on_block_end(self, it: _Event) -> list[Delta]:
        return self._close()

    def _on_totals(self, it: _Event) -> list[Delta]:
        if it.delta is not None and it.delta.stop_reason:
            self._end = it.delta
        return []

    def _on_stop(self, it: _Event) -> list[Delta]:
        deltas = self._close()
        self._over = True
        end = self._end
        refusal = explanation_in(end.stop_details)
        if refusal:
            deltas += (Begun(Refusal()), More(refusal), ENDED)
        stop = stop_of(end.stop_reason or "", self._called)
        return [*deltas, Over(stop, end.stop_sequence or "")]


_STEPS: dict[str, Callable[[Listener, _Event], list[Delta]]] = {
    "content_block_start": Listener._on_block,
    "content_block_stop": Listener._on_block_end,
    "message_delta": Listener._on_totals,
    "message_stop": Listener._on_stop,
}


def _odd(event: Sse) -> _Event:
    """What can be read of an event that is not of its shape."""
    try:
        return _LENIENT.decode(mend(event.data))
    except msgspec.ValidationError:
        return _Event()
    except BROKEN:
        raise Fault(Kind.UPSTREAM, "the upstream sent a malformed event") from None


def _begun(kind: str, block: Object) -> Part | None:
    """The part a block begins; None when it is told when it is whole."""
    if kind == "text":
        return Text("")
    if kind == "tool_use":
        return ToolCall(_text(block, "id"), _text(block, "name"))
    if kind == "thinking":
        return Thought(seal=_text(block, "signature"), maker=NAME)
    if kind == "redacted_thinking":
        return Thought(seal=_text(block, "data"), redacted=True, maker=NAME)
    return None


def _text(block: Object, name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""


def _parsed(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except BROKEN:
        return {}


_PIECES = {
    Text: b'"text_delta","text":',
    Refusal: b'"text_delta","text":',
    Thought: b'"thinking_delta","thinking":',
    ToolCall: b'"input_json_delta","partial_json":',
}


class Speaker:
    """Says one stream as Anthropic would."""

    __slots__ = (
        "_called",
        "_half",
        "_index",
        "_input",
        "_over",
        "_part",
        "_prefix",
        "_refused",
        "_said",
        "_seal",
        "_voice",
    )

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._part: Part | None = None
        self._said = False
        """has the block of the open part been opened"""
        self._seal = ""
        """of the thought that is open"""
        self._prefix = b""
        self._input: list[str] = []
        """of the tool call that is open"""
        self._half = -1
        """the first block whose input is no JSON object"""
        self._index = 0
        self._called = self._refused = False
        self._over = Over(Stop.END)

    def begin(self, id: str, model: str) -> bytes:
        message = {
            **opening(id, model, self._voice),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_of(Usage(), STANDARD),
        }
        return _event("message_start", message=message)

    def say(self, delta: Delta) -> bytes:
        if isinstance(delta, More):  # nearly every delta is one
            return self._more(delta.text)
        said = b""
        match delta:
            case Begun():
                said = self._close() + self._begin(delta.part)
            case Sealed():
                self._seal = delta.seal
            case Cited():
                said = self._cite(delta.citation)
            case Ended():
                said = self._close()
            case Over():
                self._over = delta
                said = self._close()
                self._check(delta.stop)
        return said

    def _check(self, stop: Stop) -> None:
        excused = stop in CUT_SHORT and self._half == self._index - 1
        if self._half >= 0 and not excused:
            raise Fault(Kind.UPSTREAM, NO_INPUT)

    def end(self, usage: Usage, terms: Terms) -> bytes:
        """The last events; a message that held nothing says so."""
        said = self._close()
        if not self._index:
            said += self._begin(Text("")) + self._more(NOTHING_SAID) + self._close()
        over = self._over
        why = ending(over.stop, over.sequence, called=self._called, refused=self._refused)
        totals = _event("message_delta", delta=why, usage=usage_of(usage, terms))
        return said + totals + _STOP

    def fail(self, fault: Fault) -> bytes:
        """What ends a stream that cannot go on; an open block stays open."""
        return encode(error_body(fault, self._voice.call_id), b"error")

    def _begin(self, part: Part) -> bytes:
        if isinstance(part, Foreign):
            native = say_native(part)
            return self._open(native[0]) + self._stop() if native else b""
        self._part, self._said = part, False
        self._prefix = (
            b"event: content_block_delta\n"
            b'data: {"type":"content_block_delta","index":%d,"delta":{"type":%b'
            % (self._index, _PIECES[type(part)])
        )
        if isinstance(part, ToolCall):
            self._called, self._input = True, []
            opened = self._first()
            if part.custom:
                opened += self._piece('{"input":"')
            return opened + self._more(part.arguments)
        self._seal = part.seal if isinstance(part, Thought) else ""
        self._refused = self._refused or isinstance(part, Refusal)
        shown = part.text if isinstance(part, Text | Thought | Refusal) else ""
        return self._more(shown)

    def _more(self, text: str) -> bytes:
        part = self._part
        if not text or part is None:
            return b""
        if type(part) is ToolCall:
            return self._piece(_json(text)[1:-1].decode() if part.custom else text)
        said = self._prefix + _json(text) + b"}}\n\n"
        return said if self._said else self._first() + said

    def _cite(self, citation: Object) -> bytes:
        """Where words of the open text come from, once some have been said."""
        said = cited.say(citation)
        if said is None or not (self._said and isinstance(self._part, Text)):
            return b""
        delta = {"type": "citations_delta", "citation": said}
        return _event("content_block_delta", index=self._index, delta=delta)

    def _piece(self, text: str) -> bytes:
        """A piece of a tool's input."""
        self._input.append(text)
        return self._prefix + _json(text) + b"}}\n\n"

    def _first(self) -> bytes:
        """The event that opens the block of the open part."""
        self._said = True
        part = self._part
        if isinstance(part, ToolCall):
            return self._open(
                {"type": "tool_use", "id": part.id, "name": part.name, "input": {}}
            )
        if isinstance(part, Thought):
            return self._open({"type": "thinking", "thinking": "", "signature": ""})
        return self._open({"type": "text", "text": ""})

    def _close(self) -> bytes:
        part = self._part
        if part is None:
            return b""
        said = b""
        if isinstance(part, Thought):
            said = self._sign(part)
        elif isinstance(part, ToolCall):
            said = self._piece('"}') if part.custom else b""
            if self._half < 0 and self._input and not _is_object("".join(self._input)):
                self._half = self._index
        self._part = None
        return said + self._stop() if self._said else b""

    def _sign(self, thought: Thought) -> bytes:
        """What a thought's block still needs; its seal comes last."""
        if thought.redacted and thought.maker == NAME:
            self._said = True
            return self._open({"type": "redacted_thinking", "data": self._seal})
        if not self._seal and (not self._said or thought.maker == NAME):
            return b""
        said = b"" if self._said else self._first()
        sealed = Thought("", self._seal, thought.redacted, thought.maker, thought.id)
        delta = {"type": "signature_delta", "signature": signature_of(sealed)}
        return said + _event("content_block_delta", index=self._index, delta=delta)

    def _open(self, block: Object) -> bytes:
        return _event("content_block_start", index=self._index, content_block=block)

    def _stop(self) -> bytes:
        index = self._index
        self._index = index + 1
        return _event("content_block_stop", index=index)


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except BROKEN:
        return False


def _event(name: str, **members: object) -> bytes:
    return encode(_json({"type": name, **members}), name.encode())


_STOP = _event("message_stop")
