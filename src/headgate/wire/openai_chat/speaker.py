"""A Chat Completions stream, said to a caller.

Facts: API reference "Streaming", as of 2026-11-20.
Rule 1: every chunk carries the same id, time and model.
Rule 2: tool calls are numbered among themselves; a call without arguments has `{}`.
Rule 3: an error is the last thing said; what was open stays open.
Rule 4: reasoning is not shown, as OpenAI itself does not show it here.
"""

from __future__ import annotations

import msgspec

from headgate.wire.meaning import (
    Begun,
    Cited,
    Delta,
    Ended,
    More,
    Object,
    Over,
    Refusal,
    Stop,
    Text,
    ToolCall,
)
from headgate.wire.model import Fault, Terms, Usage
from headgate.wire.openai_chat import said
from headgate.wire.openai_chat.reading import error_body
from headgate.wire.sse import encode
from headgate.wire.voice import Voice

_quoted = msgspec.json.Encoder().encode
_DONE = encode(b"[DONE]")


class Speaker:
    """One stream towards a caller."""

    __slots__ = (
        "_annotations",
        "_before",
        "_begun",
        "_empty",
        "_end",
        "_opening",
        "_refused",
        "_spoken",
        "_tail",
        "_text",
        "_tools",
        "_voice",
        "_wrap",
    )

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._opening = b""
        """how every chunk begins"""
        self._end = b'}],"usage":null}\n\n' if voice.include_usage else b"}]}\n\n"
        self._tail = b',"finish_reason":null' + self._end
        self._before = b""
        """what stands before the text of the open part; empty where it is not shown"""
        self._wrap = b""
        """what stands after it"""
        self._tools = 0
        self._empty = False
        """is a function's call open that has no arguments yet"""
        self._refused = False
        self._spoken = self._begun = 0
        """characters of text so far, and when the open part began"""
        self._text: Text | None = None
        """the text that is open, for the pages it cites"""
        self._annotations: list[Object] = []

    def begin(self, id: str, model: str) -> bytes:
        voice = self._voice
        opening = msgspec.json.encode(
            {
                "id": id or f"chatcmpl-{voice.call_id}",
                "object": "chat.completion.chunk",
                "created": voice.at_s,
                "model": model or voice.model,
            }
        )
        self._opening = b"data: " + opening[:-1] + b',"choices":['
        return self._chunk(b'{"role":"assistant","content":""}')

    def _chunk(self, delta: bytes) -> bytes:
        return b"".join((self._opening, b'{"index":0,"delta":', delta, self._tail))

    def say(self, delta: Delta) -> bytes:
        if type(delta) is More:
            if not (self._before and delta.text):
                return b""
            self._empty = False
            self._spoken += len(delta.text)
            return b"".join((self._before, _quoted(delta.text), self._wrap))
        match delta:
            case Begun(part=ToolCall() as call):
                return self._begin_call(call)
            case Begun(part=Text()):
                self._text = Text("")
                self._open(b'{"content":', b"}")
            case Cited() if self._text is not None:
                self._text.citations.append(delta.citation)
            case Begun(part=Refusal()):
                self._refused = True
                self._open(b'{"refusal":', b"}")
            case Begun():
                self._before = b""
            case Ended():
                return self._end_part()
            case Over(stop=stop):
                return self._end_answer(stop)
            case _:
                pass  # seals belong to reasoning
        return b""

    def _open(self, before: bytes, after: bytes) -> None:
        self._begun = self._spoken
        self._before = self._opening + b'{"index":0,"delta":' + before
        self._wrap = after + self._tail

    def _begin_call(self, call: ToolCall) -> bytes:
        at = b"%d" % self._tools
        self._tools += 1
        kind, field = ("custom", "input") if call.custom else ("function", "arguments")
        self._empty = not call.custom
        opened = b'{"tool_calls":[{"index":' + at
        field_open = b',"%s":{"%s":' % (kind.encode(), field.encode())
        self._open(opened + field_open, b"}}]}")
        first: Object = {"id": call.id, "type": kind, kind: {"name": call.name, field: ""}}
        return self._chunk(opened + b"," + _quoted(first)[1:] + b"]}")

    def _end_part(self) -> bytes:
        owed = self.say(More("{}")) if self._empty else b""
        self._before = b""
        if self._text is None:
            self._spoken = self._begun  # a message's positions count its text alone
        else:
            length = self._spoken - self._begun
            self._annotations += said.annotations_of(self._text, length, self._begun)
        self._text = None
        return owed

    def _end_answer(self, stop: Stop) -> bytes:
        owed = b""
        if stop is Stop.REFUSAL and not self._refused:
            owed = self._chunk(b'{"refusal":' + _quoted(said.DECLINED) + b"}")
        if self._annotations:  # all at once: OpenAI's own client cannot add to a list
            owed += self._chunk(b'{"annotations":' + _quoted(self._annotations) + b"}")
        finish = said.finish_of(stop, called=self._tools > 0)
        last = b'{"index":0,"delta":{},"finish_reason":"%s"' % finish.encode()
        return b"".join((owed, self._opening, last, self._end))

    def end(self, usage: Usage, terms: Terms) -> bytes:
        """The tokens, where the caller wants to know them, and the mark of a whole stream."""
        if not self._voice.include_usage:
            return _DONE
        members = {"usage": said.usage_members(usage), **said.tier_members(terms)}
        return self._opening + b"]," + _quoted(members)[1:] + b"\n\n" + _DONE

    def fail(self, fault: Fault) -> bytes:
        """SDKs raise on a chunk with `error`, and nothing may follow it."""
        return encode(error_body(fault, self._voice.call_id))
