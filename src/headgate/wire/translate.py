"""One call between two dialects: what to ask the upstream, and how to say its answer again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from headgate.wire.ability import Aim
from headgate.wire.loss import Loss, Losses
from headgate.wire.meaning import Answer
from headgate.wire.model import Fault, Kind
from headgate.wire.reading import Reading
from headgate.wire.recode import Count, Crossing, Recoder, returned
from headgate.wire.voice import Voice

if TYPE_CHECKING:
    from headgate.wire import Codec


class Translation(Struct, frozen=True):
    """An Ask said in the upstream's dialect, and the way back."""

    body: bytes
    crossing: Crossing
    losses: list[Loss]

    def stream(self, voice: Voice, reading: Reading, count: Count) -> Recoder:
        """What says the upstream's stream again."""
        return Recoder(self.crossing, voice, reading, count)

    def answer(self, body: bytes, reading: Reading, count: Count) -> Answer:
        """The upstream's whole answer, which `reading` has seen, for the caller."""
        answer = returned(self.crossing.upstream.decode_answer(body), self.crossing)
        if not reading.usage_seen:
            answer.usage = count(reading)
        return answer


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
    return Fault(Kind.UNTRANSLATABLE, f"{what} (the call goes to {target})")
