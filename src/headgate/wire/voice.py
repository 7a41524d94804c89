"""How an answer is said to one caller: the names, numbers and wishes its dialect needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from headgate.wire.meaning import ENDED, Answer, Begun, Delta, More, Over, Stop, Text

if TYPE_CHECKING:
    from headgate.wire import Codec


class Voice(Struct, frozen=True):
    call_id: str
    at_s: int
    """seconds since 1970"""
    model: str
    """what to call the model where the upstream did not say"""
    include_usage: bool = False
    """did a Chat Completions caller ask for the chunk with usage"""
    echo: Mapping[str, msgspec.Raw] = {}
    """the members of the caller's request; Responses repeats some of them"""


def canned(dialect: Codec, text: str, voice: Voice, *, stream: bool) -> bytes:
    """A reply of the operator's own words, which cost nothing."""
    answer = Answer([Text(text)], Stop.END, id=voice.call_id, model=voice.model)
    if not stream:
        return dialect.encode_answer(answer, voice)
    speaker = dialect.Speaker(voice)
    deltas: tuple[Delta, ...] = (Begun(Text("")), More(text), ENDED, Over(Stop.END))
    said = [speaker.begin(answer.id, answer.model), *map(speaker.say, deltas)]
    return b"".join([*said, speaker.end(answer.usage, answer.terms)])
