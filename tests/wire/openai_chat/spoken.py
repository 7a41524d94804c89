"""Chat Completions as tests say and hear it, and strategies for whole conversations."""

from __future__ import annotations

import json
from copy import copy
from typing import Any

from hypothesis import strategies as st

from headgate.wire import openai_chat
from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    ENDED,
    Ask,
    Begun,
    Delta,
    Document,
    Image,
    More,
    Over,
    Part,
    Refusal,
    Role,
    Stop,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.sse import Sse
from headgate.wire.voice import Voice

CAPABLE = Abilities(
    efforts=("none", "low", "medium", "high", "xhigh"),
    stops=4,
    custom_tools=True,
    cache_marks=True,
    reasoning_text=True,
)
VOICE = Voice("id-1", 7, "m", include_usage=True)
USER, ASSISTANT, SYSTEM = Role.USER, Role.ASSISTANT, Role.SYSTEM


def asked(*messages: dict[str, Any], **fields: object) -> bytes:
    return json.dumps({"model": "m", "messages": list(messages)} | fields).encode()


def heard(*messages: dict[str, Any], **fields: object) -> tuple[Ask, Losses]:
    """A request as it is understood; without messages, the user says hi."""
    losses = Losses()
    said = messages or ({"role": "user", "content": "hi"},)
    return openai_chat.decode_ask(asked(*said, **fields), losses), losses


def spoken(ask: Ask, abilities: Abilities = CAPABLE) -> tuple[dict[str, Any], Losses]:
    """A request as it goes upstream."""
    losses = Losses()
    losses.words = openai_chat.WORDS
    body, _ = openai_chat.encode_ask(ask, Aim("m", abilities, ask.stream), losses)
    return json.loads(body), losses


def conversation(*turns: Turn, **fields: Any) -> Ask:
    return Ask("m", list(turns), **fields)


def messages(*turns: Turn, abilities: Abilities = CAPABLE) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = spoken(conversation(*turns), abilities)[0]["messages"]
    return said


def lost(losses: Losses) -> dict[str, bool]:
    """The fields that were lost, and whether that is grave."""
    return {loss.field: loss.grave for loss in losses.all}


def stream(*chunks: dict[str, Any] | str) -> list[Sse]:
    return [
        Sse(b"", c.encode() if isinstance(c, str) else json.dumps(c).encode()) for c in chunks
    ]


def delta(**fields: object) -> dict[str, Any]:
    return {"id": "c-1", "choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def call(index: int | None, arguments: str | None = None, **fields: object) -> dict[str, Any]:
    """A chunk with a fragment of one tool call; `name` goes into its function."""
    function = {"name": fields.pop("name")} if "name" in fields else {}
    if arguments is not None:
        function["arguments"] = arguments
    numbered = {} if index is None else {"index": index}
    return delta(tool_calls=[{**numbered, **fields, "function": function}])


def ended(reason: str) -> dict[str, Any]:
    return {"id": "c-1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def listened(*chunks: dict[str, Any] | str) -> list[Delta]:
    """What a stream says, its bytes having ended."""
    listener = openai_chat.Listener()
    out = [delta for event in stream(*chunks) for delta in listener.hear(event)]
    return out + listener.finish()


def whole(deltas: list[Delta]) -> tuple[list[Part], Stop | None]:
    """The parts a stream made, and why it ended; asserts that nothing interleaves."""
    parts: list[Part] = []
    stop: Stop | None = None
    is_open = False
    for it in deltas:
        assert stop is None, "something follows the end"
        match it:
            case Begun(part=part):
                assert not is_open, "two parts are open at once"
                is_open = True
                parts.append(copy(part))
            case More(text=text):
                assert is_open, "words of no part"
                last = parts[-1]
                if isinstance(last, ToolCall):
                    last.arguments += text
                else:
                    assert isinstance(last, Text | Thought | Refusal)
                    last.text += text
            case Over(stop=why):
                assert not is_open, "the answer is over and a part still open"
                stop = why
            case _:
                assert it == ENDED
                is_open = False
    return parts, stop


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NAMES = st.sampled_from(["f", "get_weather", "exec-2"])
ARGUMENTS = st.dictionaries(WORDS, WORDS | st.integers(-9, 9), min_size=1, max_size=2).map(
    json.dumps
)
IMAGES = st.builds(Image, media_type=st.just("image/png"), data=st.just("AAAA")) | st.builds(
    Image, url=st.just("https://example.test/a.png"), detail=st.sampled_from(["", "low"])
)
DOCUMENTS = st.just(Document("application/pdf", "JVBE", title="x.pdf"))


@st.composite
def conversations(draw: st.DrawFn) -> list[Turn]:
    """Turns as every dialect could have them: calls answered, the user speaking last."""
    turns: list[Turn] = []
    made = 0
    for _ in range(draw(st.integers(0, 4))):
        turns.append(Turn(USER, _contents(draw)))
        parts: list[Part] = [Text(draw(WORDS))] if draw(st.booleans()) else []
        calls = []
        for _ in range(draw(st.integers(0 if parts else 1, 2))):
            calls.append(ToolCall(f"call_{made}", draw(NAMES), draw(ARGUMENTS)))
            made += 1
        turns.append(Turn(ASSISTANT, [*parts, *calls]))
        if calls:
            results: list[Part] = [
                ToolResult(it.id, [Text(draw(WORDS))] if draw(st.booleans()) else [])
                for it in calls
            ]
            turns.append(Turn(USER, results))
            if draw(st.booleans()):
                turns[-1].parts += _contents(draw)
                continue
            turns.append(Turn(ASSISTANT, [Text(draw(WORDS))]))
        if draw(st.booleans()):
            turns.append(Turn(SYSTEM, [Text(draw(WORDS))]))
    turns.append(Turn(ASSISTANT, [Text("ok")]))
    turns.append(Turn(USER, _contents(draw)))
    return turns


def _contents(draw: st.DrawFn) -> list[Part]:
    return list(draw(st.lists(WORDS.map(Text) | IMAGES | DOCUMENTS, min_size=1, max_size=3)))


TOOLS = st.lists(
    st.builds(
        Tool,
        name=NAMES,
        description=st.sampled_from(["", "does it"]),
        schema=st.just(
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            }
        ),
        strict=st.sampled_from([None, True, False]),
    )
    | st.builds(Tool, name=st.just("free"), custom=st.just(True)),
    max_size=3,
    unique_by=lambda tool: tool.name,
)
