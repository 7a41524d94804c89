"""One call between two dialects: what to ask the upstream, and how to say its answer again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from headgate.wire.ability import Aim
from headgate.wire.loss import Loss, Losses
from headgate.wire.meaning import Answer
from headgate.wire.model import Ending, Fault, Kind
from headgate.wire.overflow import is_overflow
from headgate.wire.reading import Reading
from headgate.wire.recode import Count, Crossing, Recoder, returned
from headgate.wire.stream import StreamWatch
from headgate.wire.voice import Voice

if TYPE_CHECKING:
    from headgate.wire import Codec

_NEVER = float("inf")
_KIND_OF_STATUS = {404: Kind.NOT_FOUND, 413: Kind.TOO_LARGE}


class Translation(Struct, frozen=True):
    """An Ask said in the upstream's dialect, and the way back."""

    body: bytes
    crossing: Crossing
    losses: list[Loss]

    def stream(self, voice: Voice, reading: Reading, count: Count) -> Retelling:
        """What watches the upstream's stream and says it again."""
        watch = StreamWatch(self.crossing.upstream, reading)
        return Retelling(watch, Recoder(self.crossing, voice, reading, count))

    def answer(self, body: bytes, reading: Reading, count: Count) -> Answer:
        """The upstream's whole answer, which `reading` has seen, for the caller."""
        answer = self.crossing.upstream.decode_answer(body, reading)
        answer = returned(answer, self.crossing, reading)
        if not reading.usage_seen:
            answer.usage = count(reading)
        return answer


class Retelling:
    """Watches an upstream's stream as StreamWatch does, and returns it said again."""

    __slots__ = ("_recoder", "_watch", "reading")

    def __init__(self, watch: StreamWatch, recoder: Recoder) -> None:
        self._watch = watch
        self._recoder = recoder
        self.reading = watch.reading

    @property
    def ending(self) -> Ending | None:
        return self._watch.ending

    def feed(self, data: bytes) -> bytes:
        """The caller's events for the whole events now complete."""
        return self._say(self._watch.feed(data))

    def finish(self) -> bytes:
        """The upstream ended cleanly: what is still owed."""
        return self._say(self._watch.finish())

    def _say(self, forward: bytes) -> bytes:
        recoder, ending = self._recoder, self._watch.ending
        said = recoder.feed(forward) if forward else b""
        if ending is Ending.COMPLETE:
            said += recoder.finish()
            if not recoder.over:
                recoder.owe(said)
                raise Fault(Kind.UPSTREAM, "the upstream's stream made no whole answer")
        elif ending is Ending.ERROR and self.reading.fault is not None:
            said += recoder.fail(told_elsewhere(self.reading.fault))
        return said

    def fail(self, fault: Fault, call_id: str) -> bytes:
        """What ends a stream that cannot go on, behind what was whole of a broken read."""
        recoder, intact = self._recoder, self._watch.intact
        try:
            said = recoder.feed(intact) if intact else b""
        except Fault:
            said = b""  # it broke before the place where its reader stumbled
        return said + recoder.fail(fault)

    def close(self, why: Ending) -> Ending:
        """The ending, decided once; what could not be said to its end was not complete."""
        if self.ending is Ending.COMPLETE and not self._recoder.over:
            self._watch.ending = why
        return self._watch.close(why)


def translate(body: bytes, caller: Codec, upstream: Codec, aim: Aim) -> Translation:
    """What to send upstream; the losses say what it does not carry."""
    losses = Losses()
    ask = caller.decode_ask(body, losses)
    ask.model, ask.stream = aim.model, aim.stream
    said, lexicon = upstream.encode_ask(ask, aim, losses)
    return Translation(said, Crossing(upstream, caller, lexicon, ask.stop), losses.all)


def refusal(losses: Sequence[Loss], target: str) -> Fault:
    """Why the call cannot go to this target without meaning something else."""
    what = "; ".join(str(loss) for loss in losses if loss.grave)
    code = next((loss.code for loss in losses if loss.code), "")
    return Fault(Kind.UNTRANSLATABLE, f"{what} (the call goes to {target})", detail=code)


def told_elsewhere(fault: Fault) -> Fault:
    """An upstream's fault as a caller of another dialect can make use of it."""
    reply, kind, message = fault.reply, fault.kind, fault.message
    if kind is Kind.UPSTREAM_LIMITED and fault.retry_after == _NEVER:
        kind, message = Kind.BUDGET, "upstream quota exhausted"
    elif kind is Kind.UPSTREAM and fault.detail.startswith("504"):
        kind = Kind.TIMEOUT
    elif kind is Kind.UPSTREAM_INVALID and is_overflow(f"{fault.detail} {message}"):
        kind = Kind.TOO_LONG
    elif kind is Kind.UPSTREAM_INVALID and reply is not None:
        kind = _KIND_OF_STATUS.get(reply.status, kind)
    return Fault(
        kind,
        message,
        retry_after=fault.retry_after,
        detail=fault.detail,
        maybe_billed=fault.maybe_billed,
        quoted=fault.quoted,
    )
