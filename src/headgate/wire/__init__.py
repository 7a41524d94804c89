"""Bytes to meaning and back: the dialects, and which surface speaks which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from headgate.wire import anthropic, openai_chat, openai_responses
from headgate.wire.ability import Aim
from headgate.wire.envelope import Envelope
from headgate.wire.loss import Losses
from headgate.wire.meaning import Answer, Ask, Delta
from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.naming import Lexicon
from headgate.wire.reading import Reading
from headgate.wire.sse import Sse
from headgate.wire.voice import Voice


class Dialect(Protocol):
    """One vendor's way of saying things; each is a module."""

    NAME: str
    PING: bytes
    MAX_OUTPUT_FIELDS: tuple[str, ...]
    """where a request bounds its output, the field that wins first"""
    STOP_ENDS: bool
    """is a stream whole once a stop reason was seen, even without the terminal event"""
    STATUS: dict[Kind, int]

    def see(self, event: Sse, reading: Reading) -> None: ...
    def classify(self, status: int, body: bytes) -> tuple[str, str]: ...
    def error_body(self, fault: Fault, call_id: str) -> bytes: ...
    def error_event(self, fault: Fault, call_id: str, reading: Reading) -> bytes: ...
    def session(self, envelope: Envelope) -> str: ...


class Listener(Protocol):
    """Hears one upstream stream in its dialect."""

    def hear(self, event: Sse) -> list[Delta]: ...
    def finish(self) -> list[Delta]:
        """The stream's bytes have ended: what is still owed."""
        ...


class Speaker(Protocol):
    """Says one stream to a caller in its dialect."""

    def begin(self, id: str, model: str) -> bytes: ...
    def say(self, delta: Delta) -> bytes: ...
    def end(self, usage: Usage, terms: Terms) -> bytes: ...
    def fail(self, fault: Fault) -> bytes: ...


class Codec(Dialect, Protocol):
    """A dialect that can be translated from and to."""

    SHOWS_SEARCHES: bool
    """is a caller told what the vendor's own tool searched the web for"""
    WORDS: Mapping[str, str]
    """an Ask's field -> what this dialect calls it"""

    def decode_ask(self, body: bytes, losses: Losses) -> Ask: ...
    def encode_ask(self, ask: Ask, aim: Aim, losses: Losses) -> tuple[bytes, Lexicon]: ...
    def decode_answer(self, body: bytes, reading: Reading | None = None) -> Answer: ...
    def encode_answer(self, answer: Answer, voice: Voice) -> bytes: ...
    def Listener(self) -> Listener: ...
    def Speaker(self, voice: Voice) -> Speaker: ...


@dataclass(frozen=True, slots=True)
class Surface:
    """One endpoint that callers use."""

    name: str
    path: str
    dialect: Codec
    read: Callable[[bytes, Reading], None]
    """learns from a whole reply, or raises Fault when the bytes are none"""
    converses: bool = True
    """does it answer with text, so that a canned answer makes sense"""
    streams: bool = True


SURFACES: dict[str, Surface] = {
    surface.name: surface
    for surface in (
        Surface("messages", "/v1/messages", anthropic, anthropic.read),
        Surface(
            "count_tokens",
            "/v1/messages/count_tokens",
            anthropic,
            anthropic.read_count,
            converses=False,
            streams=False,
        ),
        Surface("chat", "/v1/chat/completions", openai_chat, openai_chat.read),
        Surface("responses", "/v1/responses", openai_responses, openai_responses.read),
        Surface(
            "embeddings",
            "/v1/embeddings",
            openai_chat,
            openai_chat.read_embeddings,
            converses=False,
            streams=False,
        ),
    )
}
