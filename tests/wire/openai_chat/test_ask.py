"""A request heard and said: limits, sampling, shape, account; what is lost has a name."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import completion_create_params as params
from pydantic import TypeAdapter

from headgate.wire import openai_chat
from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Losses
from headgate.wire.meaning import Ask, Choice, Format, Text, Thinking, Turn
from headgate.wire.model import Fault, Kind
from tests.wire.openai_chat.spoken import (
    CAPABLE,
    TOOLS,
    USER,
    WORDS,
    conversation,
    conversations,
    heard,
    lost,
    spoken,
)

PARAMS: TypeAdapter[Any] = TypeAdapter(params.CompletionCreateParamsNonStreaming)
CLOSED = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
SESSIONS = Abilities(session_key=True)


def asking(**fields: Any) -> Ask:
    return conversation(Turn(USER, [Text("hi")]), **fields)


def said(abilities: Abilities = CAPABLE, **fields: Any) -> dict[str, Any]:
    return spoken(asking(**fields), abilities)[0]


def test_everything_that_has_a_meaning_elsewhere_is_heard() -> None:
    ask, losses = heard(
        stream=True,
        stream_options={"include_usage": True, "include_obfuscation": False},
        max_completion_tokens=9,
        temperature=1.5,
        top_p=0.5,
        top_k=3,
        stop="END",
        reasoning_effort="xhigh",
        verbosity="low",
        parallel_tool_calls=False,
        service_tier="default",
        safety_identifier="u-1",
        prompt_cache_key="s-1",
        metadata={"a": "b"},
    )
    assert not losses.all
    assert (ask.model, ask.stream, ask.include_usage) == ("m", True, True)
    assert (ask.max_output, ask.temperature, ask.top_p, ask.top_k) == (9, 1.5, 0.5, 3)
    assert (ask.stop, ask.effort, ask.verbosity, ask.parallel) == (
        ["END"],
        "xhigh",
        "low",
        False,
    )
    assert (ask.tier, ask.user, ask.session) == ("standard", "u-1", "s-1")
    assert ask.metadata == {"a": "b"}


def test_the_newer_of_two_names_wins_and_losses_use_the_one_that_was_written() -> None:
    ask, losses = heard(max_tokens=5, max_completion_tokens=6, user="a", safety_identifier="b")
    assert (ask.max_output, ask.user) == (6, "b")
    ask, losses = heard(max_tokens=5, user="a")
    assert (ask.max_output, ask.user) == (5, "a")
    losses.note("max_output", "x")
    losses.note("user", "x")
    assert set(lost(losses)) == {"max_tokens", "user"}


@pytest.mark.parametrize(
    ("format", "meant"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, Format()),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "r", "schema": CLOSED, "strict": True},
            },
            Format(CLOSED, "r", strict=True),
        ),
        ({"type": "json_schema", "json_schema": {"name": "r"}}, Format({}, "r")),
    ],
)
def test_every_response_format_is_heard(format: dict[str, Any], meant: Format | None) -> None:
    assert heard(response_format=format)[0].format == meant


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"logprobs": True},
        {"top_logprobs": 3},
        {"audio": {"voice": "alloy"}},
        {"modalities": ["text", "audio"]},
    ],
)
def test_what_would_change_the_answers_shape_is_refused_by_name(fields: dict[str, Any]) -> None:
    assert lost(heard(**fields)[1]) == dict.fromkeys(fields, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": 0},
        {"logit_bias": {"5": -1}},
        {"frequency_penalty": 0.5},
        {"presence_penalty": -1},
        {"prediction": {"type": "content", "content": "x"}},
        {"prompt_cache_retention": "24h"},
        {"store": True},
        {"service_tier": "scale"},
        {"something_new": [1]},
    ],
)
def test_what_only_steers_is_dropped_and_named(fields: dict[str, Any]) -> None:
    assert lost(heard(**fields)[1]) == dict.fromkeys(fields, False)


def test_a_default_that_is_spelled_out_is_no_loss() -> None:
    _, losses = heard(
        n=1,
        logprobs=False,
        top_logprobs=0,
        modalities=["text"],
        frequency_penalty=0.0,
        presence_penalty=0,
        logit_bias={},
        store=False,
        seed=None,
        stop=None,
    )
    assert not losses.all


def test_fields_inside_fields_are_named_by_their_path() -> None:
    _, losses = heard(
        stream_options={"include_obfuscation": True, "x": 1},
        stop=["a", " ", ""],
        response_format={"type": "json_schema", "json_schema": {"name": "r", "y": 1}},
    )
    assert set(lost(losses)) == {
        "stream_options.include_obfuscation",
        "stream_options.x",
        "stop[1]",
        "stop[2]",
        "response_format.json_schema.y",
    }


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"model": None}, "model: must name a model"),
        ({"model": 7}, "model: must be a string"),
        ({"max_tokens": 0}, "max_tokens: must be 1 or more"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens: must be a whole number"),
        ({"temperature": "hot"}, "temperature: must be a number"),
        ({"stop": [1]}, "stop: must be a string or a list of strings"),
        ({"reasoning_effort": "huge"}, "reasoning_effort: must be one of none, minimal"),
        ({"verbosity": "chatty"}, "verbosity: must be one of low, medium, high"),
        ({"response_format": {"type": "xml"}}, "response_format.type: must be text"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema: must be"),
        ({"metadata": {"a": 1}}, "metadata.a: must be a string"),
        ({"stream": "yes"}, "stream: must be true or false"),
        ({"messages": {}}, "messages: must be a list"),
    ],
)
def test_a_field_of_a_wrong_shape_is_told_where_and_why(
    fields: dict[str, Any], told: str
) -> None:
    with pytest.raises(Fault) as caught:
        heard(**fields)
    assert caught.value.kind is Kind.INVALID
    assert caught.value.message.startswith(told)


def test_a_limit_is_lowered_to_what_the_model_writes() -> None:
    abilities = Abilities(max_output=16384, max_tokens_field="max_tokens")
    it, losses = spoken(asking(max_output=128000), abilities)
    assert it["max_tokens"] == 16384
    assert lost(losses) == {"max_completion_tokens": False}
    assert said(max_output=5)["max_completion_tokens"] == 5
    assert "max_completion_tokens" not in said()


@pytest.mark.parametrize(
    ("stops", "sent", "noted"), [(None, 5, False), (4, 4, True), (0, 0, True), (5, 5, False)]
)
def test_as_many_stop_sequences_are_sent_as_the_model_takes(
    stops: int | None, sent: int, noted: bool
) -> None:
    it, losses = spoken(asking(stop=list("abcde")), Abilities(stops=stops))
    assert it.get("stop", []) == list("abcde")[:sent]
    assert lost(losses) == ({"stop": False} if noted else {})
    assert not noted or "watched for by the gateway" in losses.all[0].why


def test_sampling_is_kept_where_it_is_taken_and_else_named() -> None:
    ask = asking(temperature=0.2, top_p=1, top_k=5)
    it, losses = spoken(ask, CAPABLE)
    assert (it["temperature"], it["top_p"]) == (0.2, 1)
    assert lost(losses) == {"top_k": False}
    it, losses = spoken(ask, Abilities(sampling=False))
    assert not {"temperature", "top_p", "top_k"} & set(it)
    assert set(lost(losses)) == {"temperature", "top_k"}


@pytest.mark.parametrize(
    ("fields", "efforts", "level", "noted"),
    [
        ({"thinking": Thinking("on", 2048)}, ("low", "medium", "high"), "medium", False),
        ({"thinking": Thinking("off")}, ("none", "low"), "none", False),
        ({"thinking": Thinking("off")}, ("low", "high"), "low", True),
        ({"thinking": Thinking("adaptive"), "effort": "xhigh"}, ("xhigh",), "xhigh", False),
        ({"effort": "max"}, ("low", "high"), "high", True),
        ({"effort": "high"}, (), None, True),
        ({"effort": "none"}, (), None, False),
        ({"thinking": Thinking("adaptive")}, ("low",), None, False),
    ],
)
def test_effort_is_the_nearest_level_the_model_knows(
    fields: dict[str, Any], efforts: tuple[str, ...], level: str | None, noted: bool
) -> None:
    it, losses = spoken(asking(**fields), Abilities(efforts=efforts))
    assert it.get("reasoning_effort") == level
    assert lost(losses) == ({"reasoning_effort": False} if noted else {})


@pytest.mark.parametrize(
    ("schema", "strict", "wire"),
    [
        (CLOSED, None, True),
        (CLOSED, False, False),
        (
            {"type": "object", "properties": {"n": {}}, "additionalProperties": False},
            None,
            False,
        ),
        ({"type": "array", "items": {"anyOf": [{"type": "object"}]}}, None, False),
        ({"type": "object", "properties": [], "required": 7}, None, False),
        ({}, True, True),
    ],
)
def test_a_schema_is_strict_where_openai_would_take_it_so(
    schema: dict[str, Any], strict: bool | None, wire: bool
) -> None:
    format = said(format=Format(schema, strict=strict))["response_format"]
    inner = {"name": "answer", "schema": schema, "strict": wire}
    assert format == {"type": "json_schema", "json_schema": inner}


@pytest.mark.parametrize(
    ("schema", "json_object", "told"),
    [
        (CLOSED, True, "matches this JSON schema"),
        (CLOSED, False, "matches this JSON schema"),
        (None, False, "Answer with one JSON object and nothing else."),
        (None, True, ""),
    ],
)
def test_a_format_that_cannot_be_held_is_asked_for_in_words(
    schema: dict[str, Any] | None, json_object: bool, told: str
) -> None:
    ask = asking(format=Format(schema), system=[Text("A")])
    it, losses = spoken(ask, Abilities(json_schema=False, json_object=json_object))
    assert it.get("response_format") == ({"type": "json_object"} if json_object else None)
    assert told in it["messages"][0]["content"]
    assert lost(losses) == ({"response_format": False} if told else {})
    assert ask.system == [Text("A")]


def test_who_asks_is_told_as_a_digest_and_only_where_it_is_asked_for() -> None:
    it, losses = spoken(asking(user="jane@example.test", session="s" * 65), SESSIONS)
    assert len(it["safety_identifier"]) == len(it["prompt_cache_key"]) == 64
    assert "jane" not in json.dumps(it)
    assert not losses.all
    again = said(SESSIONS, user=it["safety_identifier"], session="s-1")
    assert again["safety_identifier"] == it["safety_identifier"]
    assert again["prompt_cache_key"] == "s-1"
    it, losses = spoken(asking(user="u", session="s"), CAPABLE)
    assert not {"safety_identifier", "prompt_cache_key"} & set(it)
    assert lost(losses) == {"safety_identifier": False}


@pytest.mark.parametrize(
    ("tier", "wire"),
    [("auto", "auto"), ("standard", "default"), ("flex", "flex"), ("priority", "priority")],
)
def test_a_tier_is_asked_for_in_openais_word(tier: str, wire: str) -> None:
    assert said(tier=tier)["service_tier"] == wire


def test_what_costs_another_price_or_has_no_place_is_dropped_and_named() -> None:
    it, losses = spoken(asking(tier="fast", metadata={"a": "b"}))
    assert not {"service_tier", "metadata"} & set(it)
    assert lost(losses) == {"service_tier": False, "metadata": False}
    assert heard(service_tier="fast")[0].tier == "fast"


def test_a_stream_always_tells_its_usage() -> None:
    it = spoken(asking(stream=True))[0]
    assert (it["stream"], it["stream_options"]) == (True, {"include_usage": True})
    assert not {"stream", "stream_options"} & set(spoken(asking())[0])


ASKS = st.builds(
    Ask,
    model=st.just("m"),
    turns=conversations(),
    system=st.lists(WORDS.map(Text), max_size=1),
    tools=TOOLS,
    max_output=st.none() | st.integers(1, 99),
    stop=st.lists(WORDS.filter(str.strip), max_size=4),
    temperature=st.none() | st.floats(0, 2),
    effort=st.sampled_from(["", "none", "low", "xhigh"]),
    verbosity=st.sampled_from(["", "high"]),
    format=st.none() | st.builds(Format) | st.just(Format(CLOSED, "r", strict=True)),
    tier=st.sampled_from(["", "auto", "standard"]),
    stream=st.booleans(),
)


@pytest.mark.slow
@given(ASKS, st.sampled_from(["auto", "none"]))
def test_what_is_said_is_heard_as_it_was_meant(ask: Ask, mode: str) -> None:
    if ask.tools:
        ask.choice, ask.parallel = Choice(mode), False
    losses = Losses()
    body, _ = openai_chat.encode_ask(ask, Aim("m", CAPABLE, ask.stream), losses)
    again = openai_chat.decode_ask(body, losses)
    assert not losses.all
    ask.include_usage = ask.stream
    assert again == ask


@pytest.mark.slow
@given(ASKS)
def test_what_is_said_has_the_shape_that_openais_client_describes(ask: Ask) -> None:
    it = spoken(ask)[0] | {"stream": False, "stream_options": None}
    drain(PARAMS.validate_python(it))


def drain(value: object) -> None:
    """Iterables are checked only when somebody reads them."""
    if isinstance(value, dict):
        for inner in value.values():
            drain(inner)
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for inner in value:
            drain(inner)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
_FIELDS = """role content type text image_url url file file_data tool_calls id function name
arguments custom input tool_call_id refusal function_call reasoning_content parameters format
prompt_cache_breakpoint grammar description strict mode tools allowed_tools json_schema schema
include_usage"""
_TOP = """messages model tools tool_choice functions function_call response_format stop n user
max_tokens temperature reasoning_effort stream_options metadata web_search_options logprobs
audio modalities service_tier store"""
_KINDS = "user assistant system tool function text image_url file custom allowed_tools auto m"
FIELDS, TOP, KINDS = (st.sampled_from(it.split()) for it in (_FIELDS, _TOP, _KINDS))
ODD = st.recursive(
    JSON | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=12,
)
MESSAGES = st.lists(st.dictionaries(FIELDS, ODD | KINDS, max_size=5), min_size=1, max_size=3)


@pytest.mark.slow
@given(st.dictionaries(TOP, ODD, max_size=6), MESSAGES)
def test_no_json_raises_anything_but_a_fault(
    body: dict[str, Any], messages: list[dict[str, Any]]
) -> None:
    for odd in (
        body,
        {"model": "m", "messages": messages} | body,
        body | {"messages": messages},
    ):
        losses = Losses()
        with contextlib.suppress(Fault):
            ask = openai_chat.decode_ask(json.dumps(odd).encode(), losses)
            openai_chat.encode_ask(ask, Aim("m", CAPABLE, True), losses)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model":', b"\xff", b"[" * 5000])
def test_what_is_no_object_is_told_so(body: bytes) -> None:
    with pytest.raises(Fault, match="must be a JSON object"):
        openai_chat.decode_ask(body, Losses())


def test_every_word_is_of_a_field_that_an_ask_has() -> None:
    assert set(openai_chat.WORDS) <= set(Ask.__struct_fields__)
