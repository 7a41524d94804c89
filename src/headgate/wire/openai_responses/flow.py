"""Says one stream to a Responses caller, with the whole life of every item.

Rule 1: every item lives the whole life its kind has: added, its parts added, told and done,
done; the last event repeats all of them, and events are numbered from 0 without a gap.
Rule 2: words in a row are one message; an item is done when the next one begins or the answer
is over, as only then it is known whether it is complete.
Rule 3: what broke off is not closed: a closed half of a tool call would be run.

Facts: API reference "Streaming events", as of 2026-11-20; Codex 0.169 reads
`response.output_item.done` and `response.completed`, measured.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.wire.meaning import (
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
from headgate.wire.model import Fault, Terms, Usage
from headgate.wire.openai_responses import reply
from headgate.wire.openai_responses.hearing import Listener as Listener
from headgate.wire.openai_responses.reading import error_event
from headgate.wire.reading import Reading
from headgate.wire.sse import encode
from headgate.wire.voice import Voice

_encode = msgspec.json.encode
_TEXT = "response.output_text"
_REFUSAL = "response.refusal"
_SUMMARY = "response.reasoning_summary_text"
_SUMMARY_PART = "response.reasoning_summary_part"
_ARGUMENTS = "response.function_call_arguments"
_INPUT = "response.custom_tool_call_input"


class Speaker:
    """One stream towards a caller."""

    __slots__ = (
        "_at",
        "_content",
        "_frame",
        "_head",
        "_heard",
        "_id",
        "_items",
        "_number",
        "_part",
        "_place",
        "_sealed",
        "_stop",
        "_tail",
        "_voice",
    )

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._frame = reply.frame(voice, "", "")
        self._sealed = reply.wants_seals(voice)
        self._number = 0
        self._items: list[bytes] = []
        """the items that are done"""
        self._stop = Stop.END
        self._part: Part | None = None
        """the part that is open, or was the last in an item that still is"""
        self._content: list[Object] = []
        """the parts of the message that is open"""
        self._heard: list[str] = []
        self._id = ""
        self._place: dict[str, Any] = {}
        self._head = self._at = self._tail = b""
        """what surrounds a delta's number and text"""

    def begin(self, id: str, model: str) -> bytes:
        self._frame = reply.frame(self._voice, id, model)
        opened = msgspec.Raw(self._frame.opened())
        return self._event("response.created", {"response": opened}) + self._event(
            "response.in_progress", {"response": opened}
        )

    def say(self, delta: Delta) -> bytes:
        if isinstance(delta, More):
            return self._more(delta.text)
        match delta:
            case Begun():
                return self._begin(delta.part)
            case Ended():
                return self._end()
            case Sealed():
                if isinstance(self._part, Thought):
                    self._part.seal = delta.seal
                return b""
            case Cited():
                if isinstance(self._part, Text) and self._head:
                    self._part.citations.append(delta.citation)
                return b""
            case Over():
                self._stop = delta.stop
                return self._finish_item(reply.status(delta.stop))

    def end(self, usage: Usage, terms: Terms) -> bytes:
        whole = self._frame.closed(self._stop, self._items, usage, terms)
        kind = f"response.{reply.status(self._stop)}"
        return self._event(kind, {"response": msgspec.Raw(whole)})

    def fail(self, fault: Fault) -> bytes:
        frame = self._frame
        reading = Reading(
            reply_id=frame.id,
            model=frame.model,
            created_at=frame.created_s,
            last_sequence=self._number - 1,
        )
        return error_event(fault, self._voice.call_id, reading)

    def _event(self, kind: str, members: Object) -> bytes:
        body = {"type": kind, "sequence_number": self._number, **members}
        self._number += 1
        return encode(_encode(body), kind.encode())

    def _begin(self, part: Part) -> bytes:
        match part:
            case Text() | Refusal():
                return self._begin_words(part)
            case ToolCall():
                kind = _INPUT if part.custom else _ARGUMENTS
                part = msgspec.structs.replace(part, arguments="")
                out = self._add_item("ctc" if part.custom else "fc", part)
                self._aim(kind, {})
                return out
            case Thought():
                out = self._add_item("rs", msgspec.structs.replace(part))
                self._aim(_SUMMARY, {"summary_index": 0})
                return out
            case Foreign(search=str() as query) if query:
                return self._search(query)
            case _:
                # a block of another vendor's own: nobody here would know what it is
                out = self._finish_item("completed")
                self._head = b""
                return out

    def _search(self, query: str) -> bytes:
        """A search that is over already, with the whole life of its item."""
        out = self._finish_item("completed")
        at, self._head = len(self._items), b""
        id = reply.item_id("ws", self._voice, at)
        place: Object = {"output_index": at}
        item = reply.search(query, id, "in_progress")
        out += self._event("response.output_item.added", {**place, "item": item})
        for step in ("in_progress", "searching", "completed"):
            out += self._event(f"response.web_search_call.{step}", {"item_id": id, **place})
        done = reply.search(query, id, "completed")
        out += self._event("response.output_item.done", {**place, "item": done})
        self._items.append(_encode(done))
        return out

    def _begin_words(self, part: Text | Refusal) -> bytes:
        out = b""
        if not self._content:
            out = self._add_item("msg", part)
        self._part = type(part)("")
        self._content.append({})
        place = {"content_index": len(self._content) - 1}
        self._aim(_REFUSAL if isinstance(part, Refusal) else _TEXT, place)
        shown = reply.words(self._part)
        return out + self._event("response.content_part.added", {**self._place, "part": shown})

    def _add_item(self, prefix: str, part: Part) -> bytes:
        out = self._finish_item("completed")
        self._part = part
        self._id = reply.item_id(prefix, self._voice, len(self._items))
        added = {"output_index": len(self._items), "item": self._item("in_progress")}
        return out + self._event("response.output_item.added", added)

    def _aim(self, kind: str, within: Object) -> None:
        """Make ready what every delta of the part repeats."""
        self._heard = []
        self._place = {"item_id": self._id, "output_index": len(self._items), **within}
        name = f"{kind}.delta".encode()
        self._head = b'event: %b\ndata: {"type":"%b","sequence_number":' % (name, name)
        self._at = b',%b,"delta":' % _encode(self._place)[1:-1]
        self._tail = b',"logprobs":[]}\n\n' if kind == _TEXT else b"}\n\n"

    def _more(self, text: str) -> bytes:
        if not text or not self._head:
            return b""
        opening = b""
        if not self._heard and isinstance(self._part, Thought):
            opening = self._summary_part("added", "")
        self._heard.append(text)
        number = self._number
        self._number = number + 1
        return b"%b%b%d%b%b%b" % (
            opening,
            self._head,
            number,
            self._at,
            _encode(text),
            self._tail,
        )

    def _summary_part(self, what: str, text: str) -> bytes:
        part = {"type": "summary_text", "text": text}
        return self._event(f"{_SUMMARY_PART}.{what}", {**self._place, "part": part})

    def _end(self) -> bytes:
        """The open part is complete; its item may go on."""
        text = "".join(self._heard)
        part = self._part
        match part:
            case Text() | Refusal() if self._head:
                return self._end_words(part, text)
            case Thought() if self._head:
                out = self._end_thought(part, text)
            case ToolCall() if self._head:
                out = self._end_call(part, text)
            case _:
                return b""
        self._head = b""
        return out

    def _end_words(self, part: Text | Refusal, text: str) -> bytes:
        part.text = text
        said = self._content[-1] = reply.words(part)
        if isinstance(part, Refusal):
            done = self._event(f"{_REFUSAL}.done", {**self._place, "refusal": text})
        else:
            done = self._cite(said["annotations"])
            done += self._event(f"{_TEXT}.done", {**self._place, "text": text, "logprobs": []})
        self._head = b""
        return done + self._event("response.content_part.done", {**self._place, "part": said})

    def _cite(self, annotations: list[Object]) -> bytes:
        """Told when the text is whole: before that, nobody knows where some of them end."""
        name = f"{_TEXT}.annotation.added"
        told = ({"annotation_index": n, "annotation": it} for n, it in enumerate(annotations))
        return b"".join(self._event(name, {**self._place, **one}) for one in told)

    def _end_thought(self, part: Thought, text: str) -> bytes:
        part.text = text
        if not text:
            return b""
        done = self._event(f"{_SUMMARY}.done", {**self._place, "text": text})
        return done + self._summary_part("done", text)

    def _end_call(self, part: ToolCall, text: str) -> bytes:
        out = b""
        if not text and not part.custom:
            text = "{}"
            out = self._more(text)
        part.arguments = text
        if part.custom:
            return out + self._event(f"{_INPUT}.done", {**self._place, "input": text})
        done = {**self._place, "name": part.name, "arguments": text}
        return out + self._event(f"{_ARGUMENTS}.done", done)

    def _finish_item(self, status: str) -> bytes:
        """Close the item that is open, if one is."""
        if self._part is None:
            return b""
        out = self._end()
        item = msgspec.Raw(_encode(self._item(status)))
        done = self._event(
            "response.output_item.done", {"output_index": len(self._items), "item": item}
        )
        self._items.append(bytes(item))
        self._part = None
        self._content = []
        return out + done

    def _item(self, status: str) -> Object:
        part = self._part
        if isinstance(part, ToolCall):
            return reply.call(part, self._id, status)
        if isinstance(part, Thought):
            sealed = self._sealed and status != "in_progress"
            return reply.reasoning(part, self._id, sealed=sealed)
        return reply.message(self._id, self._content, status)
