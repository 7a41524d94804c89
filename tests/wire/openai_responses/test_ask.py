"""Responses requests: what their fields mean, and how an Ask's are said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from headgate.wire.ability import Abilities, Aim
from headgate.wire.history import GO_ON
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Ask,
    Format,
    Mark,
    Role,
    Text,
    Thinking,
    Tool,
    Turn,
)
from headgate.wire.model import Fault, Kind
from headgate.wire.openai_responses import WORDS, decode_ask, encode_ask
from tests.wire.openai_responses.talk import (
    ABLE,
    PLAIN,
    a_call,
    a_message,
    fault_of,
    heard,
    nonsense_objects,
    requests,
    said,
    told,
)


def asking(**fields: Any) -> Ask:
    return Ask("m", [Turn(Role.USER, [Text("hi")])], **fields)


@pytest.mark.slow
@given(requests())
def test_what_a_request_means_survives_being_said_again(request: dict[str, Any]) -> None:
    losses = Losses()
    once = decode_ask(json.dumps(request).encode(), losses)
    body, _ = encode_ask(once, Aim("the-model", ABLE, stream=False), losses)
    again = decode_ask(body, losses)
    assert again == once
    assert [one for one in told(losses) if GO_ON not in one] == []
    assert encode_ask(again, Aim("the-model", ABLE, stream=False), losses)[0] == body


@pytest.mark.slow
@given(nonsense_objects)
def test_nonsense_is_a_fault_that_says_why_or_an_ask_that_can_be_said(
    body: dict[str, Any],
) -> None:
    def carry() -> None:
        losses = Losses()
        ask = decode_ask(json.dumps(body).encode(), losses)
        encode_ask(ask, Aim("m", ABLE, stream=True), losses)
        encode_ask(ask, Aim("m", PLAIN, stream=False), losses)

    fault = fault_of(carry)
    assert fault is None or (fault.kind is Kind.INVALID and ":" in fault.message)


@pytest.mark.parametrize("body", [b"[]", b"{", b"", b'{"input":' + b"[" * 5000 + b"]" * 5000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Fault, match=r"JSON object|nested"):
        decode_ask(body, Losses())


def test_a_text_is_what_the_user_says() -> None:
    losses = Losses()
    ask = decode_ask(b'{"model":"m","input":"hi","instructions":"be brief"}', losses)
    assert ask.turns == [Turn(Role.USER, [Text("hi")])]
    assert ask.system == [Text("be brief")]
    assert losses.words is WORDS


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": 5}, "input: must be a list"),
        ({"input": None}, "input: must be a text or a list of items"),
        ({"max_output_tokens": 0}, "max_output_tokens: must be at least 1"),
        ({"max_output_tokens": "9"}, "max_output_tokens: must be a whole number"),
        ({"reasoning": {"effort": "hihg"}}, "reasoning.effort: must be one of none, minimal"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type: must be text, json_object"),
        (
            {"text": {"format": {"type": "json_schema"}}},
            "text.format.schema: must be an object",
        ),
        ({"tool_choice": "any"}, "tool_choice: must be auto, none, required or an object"),
        ({"metadata": {"a": 1}}, "metadata.a: must be a string"),
        ({"include": [1]}, "include: must be a string or a list of strings"),
    ],
)
def test_a_mistake_is_named_where_it_stands(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Fault) as caught:
        heard(**({"input": "hi"} | fields))
    assert caught.value.kind is Kind.INVALID
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "fields",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"conversation": {"id": "conv_1"}},
        {"prompt": {"id": "pmpt_1"}},
        {"background": True},
        {"top_logprobs": 3},
        {"include": ["message.output_text.logprobs"]},
    ],
)
def test_what_only_openai_stores_or_tells_is_refused_by_name(fields: dict[str, Any]) -> None:
    _, losses = heard(a_message("user", "hi"), **fields)
    assert [loss.field for loss in losses.grave] == list(fields)


def test_a_stored_conversation_needs_no_input_to_be_refused() -> None:
    losses = Losses()
    decode_ask(b'{"model":"m","previous_response_id":"r"}', losses)
    assert [loss.field for loss in losses.grave] == ["previous_response_id"]


def test_a_response_asked_to_be_stored_is_told_that_it_is_not() -> None:
    _, losses = heard(a_message("user", "hi"), store=True)
    assert told(losses)[0].startswith("store: changed: nothing is stored")


def test_telemetry_and_defaults_are_left_out_without_a_word() -> None:
    _, losses = heard(
        a_message("user", "hi"),
        store=False,
        background=False,
        truncation="disabled",
        top_logprobs=0,
        client_metadata={"x-codex-window-id": "w"},
        stream_options={"include_obfuscation": False},
        reasoning={"context": "all_turns"},
        previous_response_id=None,
    )
    assert told(losses) == []


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"max_tool_calls": 3}, "max_tool_calls"),
        ({"truncation": "auto"}, "truncation"),
        ({"context_management": [{"type": "compaction"}]}, "context_management"),
        (
            {"stream_options": {"include_obfuscation": True}},
            "stream_options.include_obfuscation",
        ),
        ({"service_tier": "scale"}, "service_tier"),
        ({"include": ["file_search_call.results"]}, "include"),
        ({"reasoning": {"summary": "detailed"}}, "reasoning.summary"),
        ({"reasoning": {"context": "current_turn"}}, "reasoning.context"),
        ({"something_new": 1}, "something_new"),
        ({"text": {"something_new": 1}}, "text.something_new"),
    ],
)
def test_any_other_loss_is_named_and_the_call_goes_on(
    fields: dict[str, Any], where: str
) -> None:
    _, losses = heard(a_message("user", "hi"), **fields)
    assert [(loss.field, loss.grave) for loss in losses.all] == [(where, False)]


def test_reasoning_is_asked_for_in_the_request_and_anew_by_an_item() -> None:
    update = {"type": "configuration_update", "reasoning": {"effort": "low"}}
    ask, losses = heard(a_message("user", "hi"), update, reasoning={"effort": "high"})
    assert (ask.effort, told(losses)) == ("low", [])
    ask, _ = heard(a_message("user", "hi"), reasoning={"effort": "high", "summary": "auto"})
    assert (ask.effort, ask.thinking) == ("high", Thinking("adaptive", shown=True))
    ask, _ = heard(a_message("user", "hi"), reasoning={"effort": "none", "summary": "auto"})
    assert (ask.effort, ask.thinking) == ("none", None)


def test_the_end_user_is_called_as_the_caller_called_them() -> None:
    for name in ("user", "safety_identifier"):
        ask, losses = heard(a_message("user", "hi"), **{name: "jane@example.com"})
        assert ask.user == "jane@example.com"
        said(ask, PLAIN, losses)
        assert [loss.field for loss in losses.all] == [name]


def test_an_end_user_is_never_named_to_the_vendor() -> None:
    body, _ = said(asking(user="jane@example.com", session="s" * 65))
    assert len(body["safety_identifier"]) == len(body["prompt_cache_key"]) == 64
    assert "jane" not in json.dumps(body)


def test_sealed_reasoning_is_wanted_if_it_is_included() -> None:
    ask, _ = heard(a_message("user", "hi"), include=["reasoning.encrypted_content"])
    assert ask.sealed_thoughts
    assert not heard(a_message("user", "hi"))[0].sealed_thoughts


def test_instructions_are_the_systems_words_without_claude_codes_billing_line() -> None:
    system = [Text("x-anthropic-billing-header: cc=1;"), Text("a"), Text("b")]
    losses = Losses()
    body, _ = said(asking(system=system), ABLE, losses)
    assert body["instructions"] == "a\n\nb"
    assert told(losses) == []
    assert "instructions" not in said(asking(system=system[:1]))[0]


def test_marked_instructions_open_the_input_where_breakpoints_can_stand_in_them() -> None:
    system = [Text("x-anthropic-billing-header: cc=1;"), Text("a", Mark("1h")), Text("b")]
    body, _ = said(asking(system=system), ABLE)
    assert "instructions" not in body
    assert body["input"][0] == {
        "type": "message",
        "role": "developer",
        "content": [
            {
                "type": "input_text",
                "text": "a",
                "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"},
            },
            {"type": "input_text", "text": "b"},
        ],
    }
    assert said(asking(system=system), PLAIN)[0]["instructions"] == "a\n\nb"


def test_nothing_is_ever_stored_and_reasoning_always_comes_sealed() -> None:
    body, _ = said(asking())
    assert body["store"] is False
    assert body["include"] == ["reasoning.encrypted_content"]
    body, _ = said(asking(), PLAIN)
    assert "include" not in body
    assert "reasoning" not in body


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"effort": "high"}, {"effort": "high"}),
        ({"effort": "max"}, {"effort": "high"}),
        ({"thinking": Thinking("on", budget=2048)}, {"effort": "medium", "summary": "auto"}),
        ({"thinking": Thinking("adaptive", shown=False), "effort": "low"}, {"effort": "low"}),
        ({"thinking": Thinking("adaptive")}, {"summary": "auto"}),
        ({"thinking": Thinking("off")}, {"effort": "low"}),
        ({}, None),
    ],
)
def test_effort_is_the_nearest_the_model_knows_and_a_summary_is_wanted_unless_hidden(
    fields: dict[str, Any], reasoning: dict[str, Any] | None
) -> None:
    abilities = Abilities(efforts=("low", "medium", "high"))
    losses = Losses()
    body, _ = said(asking(**fields), abilities, losses)
    assert body.get("reasoning") == reasoning
    changed = fields.get("effort") == "max" or fields.get("thinking") == Thinking("off")
    assert len(losses.all) == changed


def test_effort_for_a_model_that_does_not_reason_is_named() -> None:
    for fields in ({"effort": "high"}, {"thinking": Thinking("on", budget=9000)}):
        losses = Losses()
        said(asking(**fields), PLAIN, losses)
        assert [loss.field for loss in losses.all] == list(fields)
    losses = Losses()
    said(asking(thinking=Thinking("off")), PLAIN, losses)
    assert told(losses) == []


def test_limits_are_bent_to_what_the_model_and_openai_accept() -> None:
    losses = Losses()
    abilities = Abilities(max_output=1000)
    assert said(asking(max_output=128_000), abilities, losses)[0]["max_output_tokens"] == 1000
    assert said(asking(max_output=1), abilities, losses)[0]["max_output_tokens"] == 16
    assert len(losses.all) == 2
    assert "max_output_tokens" not in said(asking())[0]


def test_stop_sequences_are_left_to_the_gateway_and_top_k_is_dropped() -> None:
    losses = Losses()
    body, _ = said(asking(stop=["END"], top_k=5), ABLE, losses)
    assert not {"stop", "top_k"} & set(body)
    assert told(losses) == [
        "stop: watched for by the gateway: Responses has no such field",
        "top_k: dropped: Responses has no such field",
    ]


def test_sampling_is_said_where_it_may_be_chosen() -> None:
    ask = asking(temperature=0.2, top_p=1.0)
    assert (said(ask)[0]["temperature"], said(ask)[0]["top_p"]) == (0.2, 1.0)
    losses = Losses()
    body, _ = said(ask, Abilities(sampling=False), losses)
    assert not {"temperature", "top_p"} & set(body)
    assert [loss.field for loss in losses.all] == ["temperature"]


OPEN: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = {**OPEN, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(("schema", "strict"), [(OPEN, False), (CLOSED, True)])
def test_a_schema_is_strict_when_nobody_said_if_it_obeys_the_rules_of_strict_ones(
    schema: dict[str, Any], strict: bool
) -> None:
    body, _ = said(asking(format=Format(schema)))
    assert body["text"]["format"] == {
        "type": "json_schema",
        "name": "answer",
        "schema": schema,
        "strict": strict,
    }


def test_what_the_caller_says_of_strictness_holds_where_openai_can_enforce_it() -> None:
    losses = Losses()
    body, _ = said(asking(format=Format(CLOSED, strict=False)), ABLE, losses)
    assert body["text"]["format"]["strict"] is False
    assert told(losses) == []
    body, _ = said(asking(format=Format(OPEN, strict=True)), ABLE, losses)
    assert body["text"]["format"]["strict"] is False
    assert [loss.field for loss in losses.all] == ["format"]


def test_a_schema_is_told_in_words_to_a_model_that_cannot_be_held_to_it() -> None:
    losses = Losses()
    ask = asking(format=Format(CLOSED), system=[Text("a")])
    body, _ = said(ask, Abilities(json_schema=False), losses)
    assert body["text"] == {"format": {"type": "json_object"}}
    assert body["instructions"].startswith("a\n\nAnswer with one JSON object")
    body, _ = said(asking(format=Format()), Abilities(json_object=False), losses)
    assert "text" not in body
    assert "JSON" in body["instructions"]
    assert [loss.field for loss in losses.all] == ["format", "format"]


@pytest.mark.parametrize(
    ("tier", "word"),
    [("auto", "auto"), ("standard", "default"), ("flex", "flex"), ("priority", "priority")],
)
def test_a_tier_is_said_in_openais_word(tier: str, word: str) -> None:
    assert said(asking(tier=tier))[0]["service_tier"] == word


def test_a_tier_that_costs_something_else_and_metadata_are_named_not_said() -> None:
    losses = Losses()
    body, _ = said(asking(tier="fast", metadata={"a": "b"}), ABLE, losses)
    assert not {"service_tier", "metadata"} & set(body)
    assert [loss.field for loss in losses.all] == ["tier", "metadata"]


def test_the_cache_of_everything_is_asked_for_where_there_are_breakpoints() -> None:
    ask = asking(mark=Mark("1h"))
    assert said(ask)[0]["prompt_cache_options"] == {"mode": "implicit", "ttl": "12h"}
    assert "prompt_cache_options" not in said(ask, PLAIN)[0]


@pytest.mark.slow
@given(requests())
def test_a_conversation_that_goes_on_keeps_the_bytes_of_what_was_said(
    request: dict[str, Any],
) -> None:
    ask, _ = heard(**request)
    shorter = said(ask)[0]["input"]
    ask.turns += [Turn(Role.ASSISTANT, [Text("ok")]), Turn(Role.USER, [Text("more")])]
    longer = said(ask)[0]["input"]
    assert longer[: len(shorter)] == shorter


def test_a_stream_is_asked_for_as_it_is_aimed() -> None:
    body, _ = encode_ask(asking(), Aim("x", ABLE, stream=True), Losses())
    assert json.loads(body)["stream"] is True
    assert json.loads(body)["model"] == "x"
    assert "stream" not in said(asking())[0]


def test_parallel_calls_are_spoken_of_only_where_there_are_tools() -> None:
    assert "parallel_tool_calls" not in said(asking(parallel=False))[0]
    body, _ = said(asking(parallel=False, tools=[Tool("f")]))
    assert body["parallel_tool_calls"] is False


def test_codexs_own_request_is_understood_without_a_loss() -> None:
    exec_tool = {
        "type": "custom",
        "name": "exec",
        "description": "runs",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
    }
    wait = {"type": "function", "name": "wait", "strict": False, "parameters": {}}
    kinds = {"content_item_kinds": ["user.text"]}
    ask, losses = heard(
        {
            "type": "additional_tools",
            "id": "at_1",
            "role": "developer",
            "tools": [
                {
                    "type": "namespace",
                    "name": "functions",
                    "description": "",
                    "tools": [exec_tool, wait],
                }
            ],
        },
        {
            "type": "message",
            "id": "msg_1",
            "role": "developer",
            "content": [{"type": "input_text", "text": "You are Codex"}],
            "internal_chat_message_metadata_passthrough": kinds,
        },
        {
            "type": "message",
            "id": "msg_2",
            "role": "user",
            "content": [{"type": "input_text", "text": "say hi"}],
        },
        {"type": "configuration_update", "reasoning": {"effort": "low"}},
        tool_choice="auto",
        parallel_tool_calls=False,
        reasoning={"effort": "low", "context": "all_turns"},
        store=False,
        stream=True,
        include=["reasoning.encrypted_content"],
        prompt_cache_key="s-1",
        text={"verbosity": "low"},
        client_metadata={"x-codex-turn-metadata": "{}"},
    )
    assert told(losses) == []
    assert ask.system == [Text("You are Codex")]
    assert ask.turns == [Turn(Role.USER, [Text("say hi")])]
    tools = [(t.name, t.namespace, t.custom) for t in ask.tools if isinstance(t, Tool)]
    assert tools == [("exec", "functions", True), ("wait", "functions", False)]
    assert (ask.effort, ask.session, ask.verbosity) == ("low", "s-1", "low")
    assert ask.sealed_thoughts
    assert ask.stream


@pytest.mark.parametrize("depth", [100, 400, 800, 990, 1100])
@pytest.mark.parametrize(
    "where", ['"tools":[{"type":"function","name":"f","parameters":{"a":%s}}]', '"x":%s']
)
def test_a_body_of_any_depth_is_carried_or_refused(where: str, depth: int) -> None:
    deep = where % ('{"a":' * depth + "1" + "}" * depth)

    def carry() -> None:
        losses = Losses()
        ask = decode_ask(('{"model":"m","input":"hi",' + deep + "}").encode(), losses)
        encode_ask(ask, Aim("m", ABLE, stream=False), losses)

    fault = fault_of(carry)
    assert fault is None or fault.kind is Kind.INVALID


def test_a_schema_keeps_its_name_and_description() -> None:
    form = Format(CLOSED, "an answer", "what it is", strict=True)
    said_format = said(asking(format=form))[0]["text"]["format"]
    assert (said_format["name"], said_format["description"]) == ("an_answer", "what it is")
    ask, _ = heard(a_message("user", "hi"), text={"format": {"type": "text"}})
    assert ask.format is None


def test_after_the_assistants_words_the_user_is_made_to_ask_for_new_ones() -> None:
    ask, losses = heard(a_message("user", "hi"), a_message("assistant", "so far"))
    assert ask.turns[-1] == Turn(Role.USER, [Text(GO_ON)])
    (loss,) = losses.all
    assert (loss.field, loss.grave) == ("input", False)


@pytest.mark.parametrize("last", ["user", "called", "empty", "thought"])
def test_where_somebody_else_speaks_last_nobody_is_made_to(last: str) -> None:
    items: dict[str, dict[str, Any]] = {
        "user": a_message("user", "and?"),
        "called": a_call(),
        "empty": a_message("assistant", ""),
        "thought": {"type": "reasoning", "id": "rs_1", "summary": []},
    }
    ask, losses = heard(a_message("user", "hi"), items[last])
    assert Turn(Role.USER, [Text(GO_ON)]) not in ask.turns
    assert losses.all == []
