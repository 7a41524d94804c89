"""Hears a Responses stream: its events, in whatever order its items come, as parts in a row.

Rule 1: one part is open at a time; what a later one says meanwhile is kept until its turn.
Rule 2: a part is known by its place, not by its events: one that arrives whole in
`output_item.done` or in the last response is as good as one in pieces, and is heard once.
Rule 3: a part begins with its first word, so that an empty one does not begin at all.
Rule 4: without a last response the answer is not over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from headgate.wire.broken import BROKEN, DONE, Reader, mend
from headgate.wire.citation import known
from headgate.wire.meaning import (
    ENDED,
    Begun,
    Cited,
    Delta,
    More,
    Object,
    Over,
    Part,
    Refusal,
    Sealed,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import Fault, Kind
from headgate.wire.openai_responses.answer import item_parts, stop_of, tool_call
from headgate.wire.openai_responses.reading import NAME
from headgate.wire.sse import Sse


class _Event(Struct, gc=False):
    type: str = ""
    delta: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    item_id: str | None = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    input: str | None = None
    item: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    annotation: dict[str, Any] | None = None
    part: dict[str, Any] | None = None


_EVENT = Reader(_Event)
_WORDS: dict[str, type[Text] | type[Refusal]] = {
    "response.output_text.delta": Text,
    "response.refusal.delta": Refusal,
}
_WORDS_DONE = ("response.output_text.done", "response.refusal.done")
_THOUGHTS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
_CALLS = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
_CALLS_DONE = ("response.function_call_arguments.done", "response.custom_tool_call_input.done")
_LAST = ("response.completed", "response.incomplete")
"""a cancelled answer is never whole"""
_FAILED = ("response.failed", "error")
_WHOLE = -1
"""stands for the place of an item's only part"""

Item = int | str
"""an item's place in the output; its id where a server does not say the place"""
Place = tuple[Item, int]


class _Track(Struct, gc=False):
    """One part of the answer on its way."""

    part: Part
    heard: int = 0
    """characters so far"""
    kept: list[Delta] = []
    """what it said before its turn"""
    source: str = ""
    """which kind of event tells a thought's text: some servers tell it twice"""
    paragraph: int = 0
    cited: int = 0
    """citations so far"""
    told: bool = False
    """is it complete but for citations that may follow"""
    ended: bool = False


class Listener:
    """One upstream stream."""

    __slots__ = ("_done", "_open", "_over", "_parts", "_queue", "_tracks")

    def __init__(self) -> None:
        self._tracks: dict[Place, _Track] = {}
        self._open: _Track | None = None
        self._queue: deque[_Track] = deque()
        self._done: set[Item] = set()
        """the items that are complete, by place and by id"""
        self._parts: list[Part] = []
        self._over = False

    def hear(self, event: Sse) -> list[Delta]:
        it = _read(event)
        if it is None or self._over:
            return []
        delta = it.delta
        if delta and it.type in _WORDS:
            place = (_item_of(it), it.content_index or 0)
            track = self._tracks.get(place)
            if track is not None and track is self._open and not track.ended:
                track.heard += len(delta)
                return [More(delta)]
            out: list[Delta] = []
            if track is None:
                track = self._begin(place, _WORDS[it.type](""), out)
            self._more(track, delta, out)
            return out
        reader = _READERS.get(it.type)
        out = []
        if reader is not None:
            reader(self, it, out)
        return out

    def finish(self) -> list[Delta]:
        """Nothing is ever owed: what waits for a part that never ended was cut with it."""
        return []

    def _begin(self, place: Place, part: Part, out: list[Delta]) -> _Track:
        track = self._tracks[place] = _Track(part, kept=[])
        self._parts.append(part)
        if self._open is not None and self._open.told:
            self._end(self._open, None, out)
        if self._open is None:
            self._open = track
            out.append(Begun(part))
        else:
            self._queue.append(track)
        return track

    def _say(self, track: _Track, delta: Delta, out: list[Delta]) -> None:
        (out if track is self._open else track.kept).append(delta)

    def _more(self, track: _Track, text: str, out: list[Delta]) -> None:
        if text and not track.ended:
            track.heard += len(text)
            self._say(track, More(text), out)

    def _end(self, track: _Track, whole: str | None, out: list[Delta]) -> None:
        """The part is complete; `whole` is all of it, of which some may not have come."""
        if track.ended:
            return
        self._rest(track, whole, out)
        track.ended = True
        self._say(track, ENDED, out)
        if track is self._open:
            self._next(out)

    def _rest(self, track: _Track, whole: str | None, out: list[Delta]) -> None:
        if whole is not None and len(whole) > track.heard:
            self._more(track, whole[track.heard :], out)

    def _next(self, out: list[Delta]) -> None:
        self._open = None
        while self._queue and self._open is None:
            track = self._queue.popleft()
            out.append(Begun(track.part))
            out += track.kept
            track.kept = []
            if not track.ended:
                self._open = track

    def _on_words_done(self, it: _Event, out: list[Delta]) -> None:
        track = self._tracks.get((_item_of(it), it.content_index or 0))
        if track is not None:
            self._rest(track, it.refusal if it.text is None else it.text, out)
            track.told = True

    def _on_citation(self, it: _Event, out: list[Delta]) -> None:
        track = self._tracks.get((_item_of(it), it.content_index or 0))
        if track is not None and it.annotation is not None:
            self._cite(track, [it.annotation], out)
            track.cited += 1

    def _on_part_done(self, it: _Event, out: list[Delta]) -> None:
        track = self._tracks.get((_item_of(it), it.content_index or 0))
        given = it.part.get("annotations") if it.part is not None else None
        if track is not None and isinstance(given, list):
            self._cite(track, given[track.cited :], out)
            track.cited = len(given)

    def _cite(self, track: _Track, given: list[Any], out: list[Delta]) -> None:
        if isinstance(track.part, Text) and not track.ended:
            for citation in known(given):
                self._say(track, Cited(citation), out)

    def _on_thought(self, it: _Event, out: list[Delta]) -> None:
        if not it.delta:
            return
        item = _item_of(it)
        track = self._tracks.get((item, _WHOLE))
        if track is None:
            thought = Thought(maker=NAME, id=it.item_id or "")
            track = self._begin((item, _WHOLE), thought, out)
            track.source = it.type
        if track.source != it.type:
            return
        paragraph = (it.summary_index or 0) + (it.content_index or 0)
        if paragraph != track.paragraph and track.heard:
            self._more(track, "\n\n", out)
        track.paragraph = paragraph
        self._more(track, it.delta, out)

    def _on_call(self, it: _Event, out: list[Delta]) -> None:
        track = self._tracks.get((_item_of(it), _WHOLE))
        if track is not None and it.delta:
            self._more(track, it.delta, out)

    def _on_call_done(self, it: _Event, out: list[Delta]) -> None:
        track = self._tracks.get((_item_of(it), _WHOLE))
        if track is not None:
            self._end(track, it.input if it.arguments is None else it.arguments, out)

    def _on_item_added(self, it: _Event, out: list[Delta]) -> None:
        """A call begins as soon as its name is known."""
        item = it.item or {}
        place = (_item_of(it), _WHOLE)
        calls = item.get("type") in ("function_call", "custom_tool_call")
        if calls and item.get("name") and item.get("call_id") and place not in self._tracks:
            call = tool_call(item, len(self._parts))
            call.arguments = ""
            self._begin(place, call, out)

    def _on_item_done(self, it: _Event, out: list[Delta]) -> None:
        self._hear_item(_item_of(it), it.item or {}, out)

    def _hear_item(self, at: Item, item: Object, out: list[Delta]) -> None:
        id = _id(item)
        if at in self._done or id in self._done:
            return
        self._done.add(at)
        if id:
            self._done.add(id)
        if item.get("type") == "message":
            content = item.get("content")
            for n, one in enumerate(content if isinstance(content, list) else ()):
                for part in item_parts({"type": "message", "content": [one]}, 0):
                    self._hear_whole((at, n), part, out)
        else:
            for part in item_parts(item, len(self._parts)):
                self._hear_whole((at, _WHOLE), part, out)
        for (of, _), track in list(self._tracks.items()):
            if of == at:
                self._end(track, None, out)

    def _hear_whole(self, place: Place, part: Part, out: list[Delta]) -> None:
        """A complete part, of which nothing, some or everything was heard before."""
        track = self._tracks.get(place)
        empty, text = _emptied(part)
        if track is None:
            if not text and isinstance(part, Text | Refusal):
                return
            track = self._begin(place, empty, out)
        if isinstance(part, Thought) and not track.ended:
            if len(text) > track.heard:
                self._more(track, text[track.heard :], out)
            if part.seal:
                self._say(track, Sealed(part.seal), out)
        if isinstance(part, Text):
            self._rest(track, text, out)
            self._cite(track, part.citations[track.cited :], out)
        self._end(track, text, out)

    def _on_last(self, it: _Event, out: list[Delta]) -> None:
        response = it.response or {}
        output = response.get("output")
        by_id = {of for of, _ in self._tracks if isinstance(of, str)}
        for at, item in enumerate(output if isinstance(output, list) else ()):
            if isinstance(item, dict):
                id = _id(item)
                self._hear_item(id if id in by_id else at, item, out)
        for track in list(self._tracks.values()):
            self._end(track, None, out)
        self._over = True
        out.append(Over(stop_of(response, self._parts)))

    def _on_failure(self, it: _Event, out: list[Delta]) -> None:
        self._over = True


_READERS: dict[str, Callable[[Listener, _Event, list[Delta]], None]] = {
    "response.output_item.added": Listener._on_item_added,
    "response.output_item.done": Listener._on_item_done,
    "response.output_text.annotation.added": Listener._on_citation,
    "response.content_part.done": Listener._on_part_done,
    **dict.fromkeys(_WORDS_DONE, Listener._on_words_done),
    **dict.fromkeys(_THOUGHTS, Listener._on_thought),
    **dict.fromkeys(_CALLS, Listener._on_call),
    **dict.fromkeys(_CALLS_DONE, Listener._on_call_done),
    **dict.fromkeys(_LAST, Listener._on_last),
    **dict.fromkeys(_FAILED, Listener._on_failure),
}


def _read(event: Sse) -> _Event | None:
    """The event; None when it is none of ours or of a shape nobody can read."""
    if event.data == DONE:
        return None
    try:
        return _EVENT.decode(event.data)
    except msgspec.ValidationError:
        return _odd(event.data)
    except BROKEN:
        return _odd(mend(event.data))


def _odd(data: bytes) -> _Event | None:
    try:
        return _EVENT.odd(data)
    except BROKEN:
        raise Fault(Kind.UPSTREAM, "the upstream sent a malformed event") from None


def _item_of(it: _Event) -> Item:
    return it.item_id or "" if it.output_index is None else it.output_index


def _id(item: Object) -> str:
    id = item.get("id")
    return id if isinstance(id, str) else ""


def _emptied(part: Part) -> tuple[Part, str]:
    """The part as it begins, and all it says."""
    match part:
        case ToolCall():
            return msgspec.structs.replace(part, arguments=""), part.arguments
        case Thought():
            return msgspec.structs.replace(part, text="", seal=""), part.text
        case Text() | Refusal():
            return type(part)(""), part.text
        case _:
            return part, ""
