"""The joint of two dialects: an upstream's answer said again to a caller who speaks another.

Rule 1: a stream is said again event by event; nothing waits but what may be half of something.
Rule 2: tools are called by the caller's names, and free-text tools get their text back.
Rule 3: the caller's stop sequences hold even where the upstream knows none: the answer ends at
the first, and the rest of it is read only for its usage.
Rule 4: an answer that broke off ends in the dialect's error, never as if it were whole.
Rule 5: words begin with their first one: a part that would stay empty is not said at all.
Rule 6: what only its own vendor can show is left out, and the ledger told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from headgate.wire import unwrap
from headgate.wire.citation import LOST, PAGE, within
from headgate.wire.cut import Cutter
from headgate.wire.meaning import (
    ENDED,
    Answer,
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
    Stop,
    Text,
    ToolCall,
)
from headgate.wire.model import Fault, Kind, Usage
from headgate.wire.naming import Lexicon, call_id
from headgate.wire.reading import Reading
from headgate.wire.sse import events
from headgate.wire.unwrap import Unwrapper
from headgate.wire.voice import Voice

if TYPE_CHECKING:
    from headgate.wire import Codec


HIDDEN = "hosted_call_not_shown"
"""the ledger's warning of a call of the vendor's own tools that the caller did not see"""
Count = Callable[[Reading], Usage]
"""says what was used where the upstream did not"""


class Crossing(Struct, frozen=True):
    """Between which dialects an answer travels, and what it must be told apart by."""

    upstream: Codec
    caller: Codec
    lexicon: Lexicon
    stop: Sequence[str] = ()
    """what ends the answer, whether or not the upstream was told"""


class Recoder:
    """One upstream stream on its way to a caller of another dialect."""

    __slots__ = (
        "_begun",
        "_caller",
        "_cited",
        "_count",
        "_cutter",
        "_ids",
        "_length",
        "_lexicon",
        "_listener",
        "_owed",
        "_reading",
        "_skipping",
        "_speaker",
        "_stop",
        "_unsaid",
        "_unwrapper",
        "over",
    )

    def __init__(
        self, crossing: Crossing, voice: Voice, reading: Reading, count: Count | None = None
    ) -> None:
        self._listener = crossing.upstream.Listener()
        self._speaker = crossing.caller.Speaker(voice)
        self._caller = crossing.caller
        self._lexicon = crossing.lexicon
        self._stop = crossing.stop
        self._reading = reading
        self._count = count
        self._begun = False
        self._owed = b""
        """what was said and could not be handed over, because something broke after it"""
        self._ids: set[str] = set()
        """of the tool calls so far"""
        self._unsaid: Begun | None = None
        """words that begin, while none has come"""
        self._length = 0
        """of what was said of them"""
        self._cited: list[Object] = []
        """what waits until it is known how much of its text is said"""
        self._cutter: Cutter | None = None
        self._unwrapper: Unwrapper | None = None
        self._skipping = False
        """the answer has ended at a stop sequence: the rest is not for the caller"""
        self.over = False

    def feed(self, data: bytes) -> bytes:
        """The caller's events for whole events of the upstream, which `reading` has seen."""
        out: list[bytes] = []
        if not self._begun and self._reading.fault is None:
            out.append(self._begin())
        try:
            for event in events(data):
                self._pass_all(self._listener.hear(event), out)
        except Fault:
            self.owe(b"".join(out))
            raise
        return b"".join(out)

    def finish(self) -> bytes:
        """The upstream's bytes have ended: what is still owed to the caller."""
        out: list[bytes] = []
        self._pass_all(self._listener.finish(), out)
        return b"".join(out)

    def owe(self, said: bytes) -> None:
        """Keep what the caller has not got, to be handed over before the error."""
        self._owed += said

    def fail(self, fault: Fault) -> bytes:
        """The error that ends the caller's stream instead of a whole answer."""
        if self.over:
            return b""
        self.over = True
        owed = self._owed if self._begun else self._begin()
        return owed + self._speaker.fail(fault)

    def _pass_all(self, deltas: list[Delta], out: list[bytes]) -> None:
        if deltas and not self._begun:
            out.append(self._begin())
        for delta in deltas:
            self._pass(delta, out)

    def _begin(self) -> bytes:
        self._begun = True
        return self._speaker.begin(self._reading.reply_id, self._reading.model)

    def _pass(self, delta: Delta, out: list[bytes]) -> None:
        if self.over:
            return
        match delta:
            case More():
                self._more(delta, out)
            case Over():
                self._end(delta, out)
            case Cited():
                self._cite(delta, out)
            case _ if self._skipping:
                pass
            case Begun():
                self._begin_part(delta.part, out)
            case Ended():
                self._end_part(out)
            case _:
                out.append(self._speaker.say(delta))

    def _more(self, delta: More, out: list[bytes]) -> None:
        if self._skipping:
            return
        if self._cutter is not None:
            self._say(self._cutter.feed(delta.text), out)
            if self._cutter.found:
                self._close(out)
                self._skipping = True
        elif self._unwrapper is not None:
            self._say(self._unwrapper.feed(delta.text), out)
        else:
            if self._unsaid is not None and delta.text:
                self._open(self._unsaid, out)
            self._length += len(delta.text)
            out.append(self._speaker.say(delta))

    def _say(self, text: str, out: list[bytes]) -> None:
        if text:
            if self._unsaid is not None:
                self._open(self._unsaid, out)
            self._length += len(text)
            out.append(self._speaker.say(More(text)))

    def _cite(self, cited: Cited, out: list[bytes]) -> None:
        if self._skipping or cited.citation.get("type") != PAGE:
            self._reading.warn(LOST)
        elif self._unsaid is not None or self._cutter is not None:
            self._cited.append(cited.citation)
        else:
            out.append(self._speaker.say(cited))

    def _open(self, begun: Begun, out: list[bytes]) -> None:
        self._unsaid, self._length = None, 0
        out.append(self._speaker.say(begun))

    def _close(self, out: list[bytes]) -> None:
        waiting, self._cited = self._cited, []
        for citation in waiting:
            own = within(citation, 0, self._length) if self._unsaid is None else None
            if own is None:
                self._reading.warn(LOST)
            else:
                out.append(self._speaker.say(Cited(own)))
        if self._unsaid is None:
            out.append(self._speaker.say(ENDED))
        self._unsaid = None

    def _begin_part(self, part: Part, out: list[bytes]) -> None:
        if isinstance(part, Text | Refusal):
            self._unsaid = Begun(part)
            if self._stop and isinstance(part, Text):
                self._cutter = Cutter(self._stop)
            return
        if isinstance(part, ToolCall):
            wrapped = not part.custom
            part = renamed(part, self._lexicon, self._ids)
            if wrapped and part.custom:
                self._unwrapper = Unwrapper()
        if isinstance(part, Foreign) and is_hidden(part, self._caller):
            self._reading.warn(HIDDEN)
        self._open(Begun(part), out)

    def _end_part(self, out: list[bytes]) -> None:
        if self._cutter is not None:
            self._say(self._cutter.finish(), out)
            self._cutter = None
        elif self._unwrapper is not None:
            self._say(self._unwrapper.finish(), out)
            self._unwrapper = None
        self._close(out)

    def _end(self, over: Over, out: list[bytes]) -> None:
        if self._skipping and self._cutter is not None:
            over = Over(Stop.SEQUENCE, self._cutter.found)
        out.append(self._speaker.say(over))
        reading = self._reading
        usage = reading.usage
        if not reading.usage_seen and self._count is not None:
            usage = self._count(reading)
        out.append(self._speaker.end(usage, reading.terms))
        self.over = True


def renamed(call: ToolCall, lexicon: Lexicon, taken: set[str]) -> ToolCall:
    """The call as the caller knows the tool, under an id that no other call has."""
    if not call.name:
        raise Fault(Kind.UPSTREAM, "the model called a tool without naming it")
    spoken = lexicon.spoken(call.name)
    return ToolCall(
        _distinct(call_id(call.id), taken),
        spoken.name,
        call.arguments,
        call.custom or spoken.custom,
        call.namespace or spoken.namespace,
    )


def _distinct(id: str, taken: set[str]) -> str:
    own, count = id, 1
    while own in taken:
        count += 1
        own = call_id(f"{id}_{count}")
    taken.add(own)
    return own


def is_hidden(part: Foreign, caller: Codec) -> bool:
    """Is it a call of the vendor's own tools that the caller will not see."""
    return part.search is None or not caller.SHOWS_SEARCHES


def returned(answer: Answer, crossing: Crossing, reading: Reading) -> Answer:
    """A whole answer as the caller shall hear it: the same rules, all at once."""
    parts: list[Part] = []
    taken: set[str] = set()
    for part in answer.parts:
        said = part
        if isinstance(part, ToolCall):
            said = renamed(part, crossing.lexicon, taken)
            if said.custom and not part.custom:
                said.arguments = unwrap.whole(part.arguments)
        elif isinstance(part, Foreign) and is_hidden(part, crossing.caller):
            reading.warn(HIDDEN)
        parts.append(said)
        if isinstance(part, Text) and _ends(part, answer, crossing.stop, reading):
            break
    answer.parts = [p for p in parts if not isinstance(p, Text | Refusal) or p.text]
    return answer


def _ends(text: Text, answer: Answer, stop: Sequence[str], reading: Reading) -> bool:
    """Cut the text where a stop sequence stands, and keep of its citations what still holds."""
    found = ""
    if stop:
        cutter = Cutter(stop)
        text.text, found = cutter.feed(text.text) + cutter.finish(), cutter.found
    kept = [
        own
        for one in (text.citations if text.text else ())
        if one.get("type") == PAGE and (own := within(one, 0, len(text.text))) is not None
    ]
    if len(kept) < len(text.citations):
        reading.warn(LOST)
    text.citations = kept
    if found:
        answer.stop, answer.stop_sequence = Stop.SEQUENCE, found
    return bool(found)
