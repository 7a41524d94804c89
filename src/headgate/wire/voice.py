"""How an answer is said to one caller: the names, numbers and wishes its dialect needs.

Rule 1: it is made of what the caller asked and of the moment it asked; nothing in it depends on
who answers, but for a model's name where the answer tells none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, structs

from headgate.wire.meaning import (
    ENDED,
    Answer,
    Begun,
    Cited,
    Delta,
    More,
    Over,
    Refusal,
    Sealed,
    Stop,
    Text,
    Thought,
    ToolCall,
)

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


def spoken(answer: Answer) -> Iterator[Delta]:
    """A whole answer as the stream it could have been."""
    for part in answer.parts:
        match part:
            case ToolCall():
                yield Begun(structs.replace(part, arguments=""))
                if part.arguments:
                    yield More(part.arguments)
            case Text() | Refusal() | Thought():
                citations = part.citations if isinstance(part, Text) else []
                yield Begun(Text("") if citations else structs.replace(part, text=""))
                if part.text:
                    yield More(part.text)
                if isinstance(part, Thought) and part.seal:
                    yield Sealed(part.seal)
                yield from map(Cited, citations)
            case _:
                yield Begun(part)
        yield ENDED
    yield Over(answer.stop, answer.stop_sequence)


def say(dialect: Codec, answer: Answer, voice: Voice, *, stream: bool) -> bytes:
    """An answer in the caller's dialect, all at once; as a stream where one was asked for."""
    if not stream:
        return dialect.encode_answer(answer, voice)
    speaker = dialect.Speaker(voice)
    said = [speaker.begin(answer.id, answer.model), *map(speaker.say, spoken(answer))]
    return b"".join([*said, speaker.end(answer.usage, answer.terms)])


def canned(dialect: Codec, text: str, voice: Voice, *, stream: bool) -> bytes:
    """A reply of the operator's own words, which cost nothing."""
    answer = Answer([Text(text)], Stop.END, id=voice.call_id, model=voice.model)
    return say(dialect, answer, voice, stream=stream)
