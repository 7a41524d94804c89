"""What callers and models mean, whichever dialect they say it in.

Rule 1: every dialect says what it hears in these words and says these words in its own; no two
dialects know each other.
Rule 2: what only one vendor has travels as Foreign or under `rest`, so that leaving it out is a
loss somebody has to name.
Rule 3: parts of an answer follow one another and never interleave, in a whole reply and in a
stream.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from headgate.wire.model import STANDARD, Terms, Usage

Object = dict[str, Any]
"""a JSON object whose inside is not ours to judge"""


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    """the operator speaks, at the beginning or in the middle (`developer` elsewhere)"""


class Stop(StrEnum):
    """Why an answer ended."""

    END = "end"
    LENGTH = "length"
    CONTEXT = "context"
    """the context window is full"""
    SEQUENCE = "sequence"
    """one of the caller's stop sequences"""
    TOOLS = "tools"
    PAUSE = "pause"
    """the provider's own tools paused the turn"""
    REFUSAL = "refusal"


class Mark(Struct, frozen=True):
    """Everything up to here may be cached."""

    ttl: str = ""
    """5m, 1h, 30m or 12h; empty: the provider's own"""


class Text(Struct):
    text: str
    mark: Mark | None = None
    citations: list[Object] = []
    """where the words come from, as citation.py has it"""


class Image(Struct):
    media_type: str = ""
    data: str = ""
    """base64; empty when it lies elsewhere"""
    url: str = ""
    file_id: str = ""
    """in the vendor's own store, which no other vendor can read"""
    detail: str = ""
    mark: Mark | None = None


class Document(Struct):
    media_type: str = ""
    data: str = ""
    """base64, or the text itself when the media type is text/plain"""
    url: str = ""
    file_id: str = ""
    title: str = ""
    context: str = ""
    citations: bool = False
    mark: Mark | None = None


class Thought(Struct):
    """A model's reasoning, as far as the vendor shows it."""

    text: str = ""
    seal: str = ""
    """what proves it to the vendor that made it: a signature or encrypted content"""
    redacted: bool = False
    """nothing but the seal is shown"""
    maker: str = ""
    """whose seal it is: the name of the dialect that made it"""
    id: str = ""


class ToolCall(Struct):
    id: str
    name: str
    arguments: str = ""
    """a JSON object as text; the free text itself when `custom`"""
    custom: bool = False
    namespace: str = ""


class ToolResult(Struct):
    id: str
    parts: list[Text | Image | Document] = []
    failed: bool = False
    mark: Mark | None = None


class Refusal(Struct):
    text: str = ""


class Foreign(Struct):
    """A block that only its own vendor understands: a hosted tool's call, a compaction, …"""

    kind: str
    raw: msgspec.Raw
    maker: str = ""
    """the dialect whose block it is; no other can carry it"""
    search: str | None = None
    """what its maker searched the web for; empty: it is what was found, or was not said"""


Part = Text | Image | Document | Thought | ToolCall | ToolResult | Refusal | Foreign


class Turn(Struct):
    role: Role
    parts: list[Part]
    name: str = ""
    """which of several speakers of that role"""


class Tool(Struct):
    """Something the model may call."""

    name: str
    description: str = ""
    schema: Object | None = None
    """of its arguments; None: it takes none"""
    strict: bool | None = None
    custom: bool = False
    """takes free text instead of arguments"""
    grammar: Object | None = None
    """the format of that text, as OpenAI writes it"""
    deferred: bool = False
    """not shown to the model until it is searched for"""
    namespace: str = ""
    mark: Mark | None = None


class Hosted(Struct):
    """A tool that the vendor runs itself."""

    kind: str
    """web_search where it is that, else the vendor's own word"""
    raw: msgspec.Raw
    maker: str
    """the dialect whose word it is"""


class Choice(Struct):
    """Whether and which tools shall be called."""

    mode: str = "auto"
    """auto, any, none or named"""
    name: str = ""
    allowed: list[str] = []
    """when not empty, only these"""


class Thinking(Struct):
    """How the model shall reason."""

    mode: str
    """off, on, adaptive or between_tools"""
    budget: int | None = None
    shown: bool | None = None
    """shall the caller see a summary; None: the vendor decides"""


class Format(Struct):
    """What shape the answer's text shall have."""

    schema: Object | None = None
    """None: any one JSON object"""
    name: str = ""
    description: str = ""
    strict: bool | None = None


class Ask(Struct):
    """One request: what a client wants of a model."""

    model: str
    turns: list[Turn]
    system: list[Text] = []
    """what the operator says before the conversation"""
    tools: list[Tool | Hosted] = []
    choice: Choice | None = None
    parallel: bool | None = None
    """may several tools be called at once"""
    max_output: int | None = None
    stop: list[str] = []
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    thinking: Thinking | None = None
    effort: str = ""
    """none, minimal, low, medium, high, xhigh or max"""
    verbosity: str = ""
    format: Format | None = None
    user: str = ""
    """the caller's end user, as the caller names them"""
    session: str = ""
    """the conversation this belongs to; also the key of its cache"""
    tier: str = ""
    """auto, standard, flex, priority or fast; empty: not said"""
    metadata: dict[str, str] = {}
    mark: Mark | None = None
    """cache as much as can be cached"""
    sealed_thoughts: bool = False
    """does the caller want reasoning it can send back"""
    stream: bool = False
    include_usage: bool = False


class Answer(Struct):
    """One whole reply."""

    parts: list[Part]
    stop: Stop
    id: str = ""
    model: str = ""
    stop_sequence: str = ""
    usage: Usage = Usage()
    terms: Terms = STANDARD
    created_s: int = 0


class Begun(Struct, gc=False):
    """A part of the answer begins, still empty: Text, Thought, Refusal or ToolCall; a Foreign
    one is whole at once."""

    part: Part


class More(Struct, gc=False):
    """More text of the part that is open: words, reasoning, or a tool's arguments."""

    text: str


class Sealed(Struct, gc=False):
    """The seal of the thought that is open."""

    seal: str


class Cited(Struct, gc=False):
    """Where words of the text that is open come from, as one of Text.citations."""

    citation: Object


class Ended(Struct, gc=False):
    """The open part is complete."""


class Over(Struct, gc=False):
    """The answer is complete."""

    stop: Stop
    sequence: str = ""


Delta = Begun | More | Sealed | Cited | Ended | Over
"""A stream is (Begun (More | Sealed | Cited)* Ended)* Over?; without Over it was cut."""

ENDED = Ended()
