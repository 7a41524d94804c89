"""Conversations, answers and nonsense in the Responses dialect, and what parts deltas make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from hypothesis import strategies as st

from headgate.wire.ability import EFFORTS, Abilities, Aim
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    ENDED,
    Answer,
    Ask,
    Begun,
    Delta,
    Ended,
    Foreign,
    More,
    Over,
    Part,
    Refusal,
    Sealed,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import Fault, Usage
from headgate.wire.naming import Lexicon
from headgate.wire.openai_responses import decode_ask, encode_ask
from headgate.wire.voice import Voice

ABLE = Abilities(efforts=EFFORTS, custom_tools=True, cache_marks=True, session_key=True)
PLAIN = Abilities()
SEALING = Voice("c1", 7, "m", echo={"include": msgspec.Raw(b'["reasoning.encrypted_content"]')})

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
names = st.sampled_from(["get_weather", "run", "f-1"])


def heard(*items: Any, **fields: Any) -> tuple[Ask, Losses]:
    """What a request with these items means, and what of it was lost."""
    losses = Losses()
    return decode_ask(
        json.dumps({"model": "m", "input": items} | fields).encode(), losses
    ), losses


def fault_of(what: Callable[[], object]) -> Fault | None:
    """The fault it ends in; anything else it raises is a mistake of ours."""
    try:
        what()
    except Fault as fault:
        return fault
    return None


def said(
    ask: Ask, abilities: Abilities = ABLE, losses: Losses | None = None
) -> tuple[dict[str, Any], Lexicon]:
    """The request that says an Ask."""
    losses = Losses() if losses is None else losses
    body, lexicon = encode_ask(ask, Aim("the-model", abilities, stream=False), losses)
    return json.loads(body), lexicon


def told(losses: Losses) -> list[str]:
    return [str(loss) for loss in losses.all]


def a_message(role: str, content: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


def a_call(id: str = "call_1", name: str = "f", arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}


def an_output(id: str = "call_1", output: Any = "x") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": output}


marks = st.none() | st.sampled_from(["30m", "12h"])


@st.composite
def shown(draw: st.DrawFn) -> dict[str, Any]:
    """A content part of the user's."""
    part: dict[str, Any] = draw(
        st.sampled_from(
            [
                {
                    "type": "input_image",
                    "image_url": "https://a.example/b.png",
                    "detail": "low",
                },
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                {"type": "input_file", "file_url": "https://a.example/b.pdf"},
                {
                    "type": "input_file",
                    "filename": "x.pdf",
                    "file_data": "data:application/pdf;base64,JVBE",
                },
            ]
        )
        | words.map(lambda text: {"type": "input_text", "text": text})
    )
    ttl = draw(marks)
    if ttl is None:
        return dict(part)
    return {**part, "prompt_cache_breakpoint": {"mode": "explicit", "ttl": ttl}}


@st.composite
def rounds(draw: st.DrawFn, at: int) -> list[dict[str, Any]]:
    """The user asks, the assistant thinks, speaks and calls, and the results come."""
    items = [a_message("user", draw(st.lists(shown(), min_size=1, max_size=3)))]
    if draw(st.booleans()):
        seal = draw(words.filter(lambda word: not word.startswith("gw1.")))
        items.append(
            {"type": "reasoning", "id": f"rs_{at}", "summary": [], "encrypted_content": seal}
        )
    texts = draw(st.lists(words, min_size=1, max_size=2))
    items.append(a_message("assistant", [{"type": "output_text", "text": t} for t in texts]))
    calls = draw(st.lists(st.booleans(), max_size=3))
    for n, custom in enumerate(calls):
        call = a_call(f"call_{at}_{n}", draw(names), '{"a":1}')
        if custom:
            call["type"] = "custom_tool_call"
            call["input"] = call.pop("arguments")
        items.append(call)
    for n, custom in enumerate(calls):
        output = an_output(f"call_{at}_{n}", draw(words | st.lists(shown(), min_size=2)))
        if isinstance(output["output"], list) and all(
            part["type"] == "input_text" for part in output["output"]
        ):
            output["output"] = "several words"
        if custom:
            output["type"] = "custom_tool_call_output"
        items.append(output)
    return items


OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "instructions": words,
    "tool_choice": st.sampled_from(
        [
            "auto",
            "none",
            "required",
            {"type": "function", "name": "run"},
            {"type": "custom", "name": "f-1"},
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "run"}],
            },
        ]
    ),
    "parallel_tool_calls": st.booleans(),
    "max_output_tokens": st.integers(16, 10**6),
    "temperature": st.sampled_from([0.0, 0.5, 2.0]),
    "top_p": st.sampled_from([0.1, 1.0]),
    "reasoning": st.fixed_dictionaries(
        {}, optional={"effort": st.sampled_from(EFFORTS), "summary": st.just("auto")}
    ),
    "text": st.fixed_dictionaries(
        {},
        optional={
            "verbosity": st.sampled_from(["low", "high"]),
            "format": st.sampled_from(
                [
                    {"type": "json_object"},
                    {
                        "type": "json_schema",
                        "name": "n",
                        "strict": False,
                        "schema": {"type": "object"},
                    },
                ]
            ),
        },
    ),
    "service_tier": st.sampled_from(["auto", "default", "flex", "priority"]),
    "prompt_cache_key": words,
    "prompt_cache_options": st.just({"mode": "implicit", "ttl": "12h"}),
}
"""the fields a request may have, each as it is said again"""


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Requests of which nothing is lost on the way through their meaning."""
    count = draw(st.integers(0, 3))
    items = [item for at in range(count) for item in draw(rounds(at))]
    items.append(a_message("user", [{"type": "input_text", "text": draw(words)}]))
    tool: dict[str, Any] = {
        "type": "function",
        "name": "run",
        "description": "runs",
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    }
    custom = {"type": "custom", "name": "f-1", "format": {"type": "grammar", "syntax": "lark"}}
    fields = draw(st.fixed_dictionaries({}, optional=OPTIONAL))
    strict = draw(st.booleans())
    hosted = {"type": "web_search", "search_context_size": "low"}
    return {
        "model": "the-model",
        "input": items,
        "include": ["reasoning.encrypted_content"],
        "tools": [tool | {"strict": strict}, custom, hosted],
        **fields,
    }


_KEYS = """
type role content text id call_id name arguments input output summary tools format
encrypted_content image_url file_data file_url file_id annotations prompt_cache_breakpoint
ttl reasoning effort tool_choice mode include instructions metadata user response item
delta error output_index content_index summary_index item_id status incomplete_details
reason refusal usage namespace parameters strict model schema service_tier
max_output_tokens stream_options
"""
_WORDS = """
message function_call function_call_output custom_tool_call reasoning user assistant
developer input_text output_text refusal input_image input_file namespace function custom
grammar allowed_tools web_search json_schema additional_tools item_reference compaction
auto high failed completed incomplete content_filter data:image/png;base64,AA
data:text/plain;base64,!! gw1.x response.output_text.delta response.output_item.added
response.output_item.done response.completed response.incomplete
response.reasoning_summary_text.delta response.function_call_arguments.delta
response.function_call_arguments.done response.refusal.delta response.output_text.done
error response.failed
"""
_LEAVES = (
    st.sampled_from(_WORDS.split())
    | st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4).filter(lambda text: text.isprintable())
)
nonsense = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_KEYS.split()), inner, max_size=5)
    ),
    max_leaves=25,
)
nonsense_objects = st.dictionaries(st.sampled_from(_KEYS.split()), nonsense, max_size=6)

_opened = (
    st.just(Text(""))
    | st.just(Refusal(""))
    | st.just(Thought(maker="anthropic"))
    | st.builds(lambda name, custom: ToolCall("call_1", name, "", custom), names, st.booleans())
)


@st.composite
def answers(draw: st.DrawFn) -> list[Delta]:
    """A whole stream of deltas."""
    out: list[Delta] = []
    for at in range(draw(st.integers(1, 5))):
        part = msgspec.structs.replace(draw(_opened))
        if isinstance(part, ToolCall):
            part.id = f"call_{at}"
        out.append(Begun(part))
        out += [More(text) for text in draw(st.lists(words, min_size=1, max_size=3))]
        if isinstance(part, Thought) and draw(st.booleans()):
            out.append(Sealed(draw(words)))
        out.append(ENDED)
    out.append(Over(draw(st.sampled_from([Stop.END, Stop.LENGTH]))))
    return out


def parts_of(deltas: Iterable[Delta]) -> tuple[list[Part], Stop | None]:
    """The parts, and how it ended; asserts that they follow one another."""
    parts: list[Part] = []
    texts: list[str] | None = None
    stop: Stop | None = None
    for delta in deltas:
        assert stop is None, "nothing comes after Over"
        if isinstance(delta, Begun):
            assert texts is None, "one part is open at a time"
            parts.append(msgspec.structs.replace(delta.part))
            texts = []
        elif isinstance(delta, Over):
            assert texts is None, "no part stays open"
            stop = delta.stop
        else:
            assert texts is not None, "a part is open"
            _extend(parts[-1], delta, texts)
            texts = None if isinstance(delta, Ended) else texts
    return parts, stop


def _extend(part: Part, delta: Delta, texts: list[str]) -> None:
    if isinstance(delta, More):
        assert delta.text, "a delta says something"
        texts.append(delta.text)
    elif isinstance(delta, Sealed):
        assert isinstance(part, Thought)
        part.seal = delta.seal
    elif isinstance(part, ToolCall):
        part.arguments = "".join(texts)
    elif isinstance(part, Text | Refusal | Thought):
        part.text = "".join(texts)
    else:
        assert isinstance(part, Foreign)
        assert not texts


def as_answer(deltas: Iterable[Delta], usage: Usage | None = None) -> Answer:
    parts, stop = parts_of(deltas)
    assert stop is not None
    return Answer(parts, stop, id="msg_1", model="m", usage=usage or Usage())
