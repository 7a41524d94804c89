"""One call between two dialects: what to ask the upstream, and how to say its answer again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from headgate.wire.ability import Aim
from headgate.wire.loss import Loss, Losses
from headgate.wire.meaning import ENDED, Answer, Begun, Delta, More, Over, Stop, Text
from headgate.wire.model import Fault, Kind, Usage
from headgate.wire.naming import Lexicon
from headgate.wire.reading import Reading
from headgate.wire.recode import Recoder, returned
from headgate.wire.voice import Voice

if TYPE_CHECKING:
    from headgate.wire import Codec


class Translation(Struct, frozen=True):
    """An Ask said in the upstream's dialect, and the way back."""

    caller: Codec
    upstream: Codec
    body: bytes
    lexicon: Lexicon
    stop: Sequence[str]
    losses: list[Loss]

    def stream(
        self, voice: Voice, reading: Reading, count: Callable[[Reading], Usage]
    ) -> Recoder:
        """What says the upstream's stream again."""
        dialects = (self.upstream, self.caller)
        return Recoder(dialects, voice, self.lexicon, reading, self.stop, count)

    def answer(
        self, body: bytes, voice: Voice, reading: Reading, count: Callable[[Reading], Usage]
    ) -> bytes:
        """The upstream's whole answer, said again."""
        answer = self.upstream.decode_answer(body)
        nothing = self.caller.NOTHING_SAID
        answer = returned(answer, self.lexicon, self.stop, nothing)
        if not reading.usage_seen:
            answer.usage = count(reading)
        return self.caller.encode_answer(answer, voice)


def translate(body: bytes, caller: Codec, upstream: Codec, aim: Aim) -> Translation:
    """What to send upstream; the losses say what it does not carry."""
    losses = Losses()
    ask = caller.decode_ask(body, losses)
    ask.model, ask.stream = aim.model, aim.stream
    said, lexicon = upstream.encode_ask(ask, aim, losses)
    return Translation(caller, upstream, said, lexicon, ask.stop, losses.all)


def refusal(losses: Sequence[Loss], target: str) -> Fault:
    """Why the call cannot go to this target without meaning something else."""
    grave = [loss for loss in losses if loss.grave]
    what = "; ".join(map(str, grave))
    return Fault(Kind.UNTRANSLATABLE, f"{what} (the call goes to {target})")


def canned(dialect: Codec, text: str, voice: Voice, *, stream: bool) -> bytes:
    """A reply that says `text` and cost nothing."""
    answer = Answer([Text(text)], Stop.END, id=voice.call_id, model=voice.model)
    if not stream:
        return dialect.encode_answer(answer, voice)
    speaker = dialect.Speaker(voice)
    deltas: tuple[Delta, ...] = (Begun(Text("")), More(text), ENDED, Over(Stop.END))
    said = [speaker.begin(answer.id, answer.model), *map(speaker.say, deltas)]
    return b"".join([*said, speaker.end(answer.usage, answer.terms)])
