"""A Messages request is read whole: what it means, what is wrong with it, what is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire import anthropic
from headgate.wire.loss import Losses
from headgate.wire.meaning import Choice, Format, Hosted, Mark, Role, Text, Thinking, Tool
from headgate.wire.model import Fault, Kind
from headgate.wire.translate import refusal
from tests.wire.anthropic.asks import block, call, claude, heard, lost, refused, result, user

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "content", "source", "name", "role", "ttl", "data"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
FIELDS = [
    *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking"),
    *(
        "output_config",
        "output_format",
        "stop_sequences",
        "metadata",
        "cache_control",
        "stream",
    ),
    *("service_tier", "speed", "temperature", "top_p", "top_k", "container", "betas"),
]
MEMBERS = [
    *("text", "source", "input", "id", "name", "tool_use_id", "content", "citations", "data"),
    *("thinking", "signature", "title", "tool", "tool_name", "cache_control"),
]
KINDS = [
    *(
        "text",
        "image",
        "document",
        "search_result",
        "thinking",
        "redacted_thinking",
        "tool_use",
    ),
    *("tool_result", "tool_reference", "tool_addition", "tool_search_tool_result", "new"),
]


def fault_of(**members: Any) -> str:
    with pytest.raises(Fault) as caught:
        heard(**members)
    assert caught.value.kind is Kind.INVALID
    return caught.value.message


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_json_object_raises_anything_but_a_fault_of_the_caller(body: dict[str, Any]) -> None:
    fault = refused(body)
    assert fault is None or fault.kind is Kind.INVALID


@pytest.mark.slow
@given(
    st.sampled_from(["user", "assistant", "system"]),
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from(MEMBERS),
        JSON,
    ),
)
def test_no_block_raises_anything_but_a_fault_that_names_it(
    role: str, kind: str, members: dict[str, Any]
) -> None:
    content = [{**members, "type": kind}]
    fault = refused({"messages": [{"role": role, "content": content}]})
    assert fault is None or fault.message.startswith("messages[0].content")


def test_a_body_nested_beyond_reason_is_the_callers_fault() -> None:
    deep = "[" * 900 + "]" * 900
    body = f'{{"messages":[{{"role":"user","content":[{{"type":"new","x":{deep}}}]}}]}}'

    def from_far_down(steps: int) -> None:
        if steps:
            from_far_down(steps - 1)
        else:
            anthropic.decode_ask(body.encode(), Losses())

    with pytest.raises(Fault, match=r"nested too deeply|JSON object"):
        from_far_down(400)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"messages": None}, "messages: is required"),
        ({"messages": "hi"}, "messages: must be a list"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role: must be user"),
        ({"messages": [{"role": "user"}]}, "messages[0].content: is required"),
        ({"messages": [user([{"text": "x"}])]}, "messages[0].content[0].type: must name"),
        ({"messages": [user([call("t")])]}, "messages[0].content: a tool_use block belongs"),
        ({"messages": [claude([result("t")])]}, "messages[0].content: a tool_result block"),
        (
            {"messages": [user([{"type": "image", "source": {"type": "base64"}}])]},
            "messages[0].content[0].source.media_type: must be a string",
        ),
        ({"max_tokens": "many"}, "max_tokens: must be a whole number"),
        ({"max_tokens": -1}, "max_tokens: must be at least 1"),
        ({"thinking": {"type": "hard"}}, "thinking.type: must be enabled"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort: must be low"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type: must be"),
        ({"tools": [{"name": "a"}]}, "tools[0].input_schema: is required"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name: must be a string"),
        ({"tool_choice": {"type": "maybe"}}, "tool_choice.type: must be auto"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name: must be a string"),
        (
            {"system": [{"type": "image", "source": {"type": "url", "url": "x"}}]},
            "system: must",
        ),
        ({"service_tier": "gold"}, "service_tier: must be auto or standard_only"),
        ({"messages": []}, "messages: must hold at least one message"),
        ({"stop_sequences": ["END", "\n"]}, "stop_sequences[1]: must hold more than white"),
        ({"stop_sequences": [1]}, "stop_sequences: must be a string or a list"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(members: dict[str, Any], message: str) -> None:
    assert fault_of(**members).startswith(message)


def test_the_settings_of_a_request_are_all_heard() -> None:
    ask = heard(
        max_tokens=9,
        stream=True,
        stop_sequences=["END"],
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        thinking={"type": "enabled", "budget_tokens": 2048, "display": "omitted"},
        output_config={
            "effort": "xhigh",
            "format": {"type": "json_schema", "schema": {"type": "object"}},
        },
        cache_control={"type": "ephemeral", "ttl": "1h"},
        service_tier="standard_only",
        tool_choice={"type": "tool", "name": "a", "disable_parallel_tool_use": True},
    )
    assert (ask.max_output, ask.stream, ask.stop) == (9, True, ["END"])
    assert (ask.temperature, ask.top_p, ask.top_k) == (0.5, 0.9, 5)
    assert ask.thinking == Thinking("on", 2048, shown=False)
    assert ask.format == Format({"type": "object"})
    assert (ask.effort, ask.tier, ask.mark) == ("xhigh", "standard", Mark("1h"))
    assert (ask.choice, ask.parallel) == (Choice("named", "a"), False)


def test_nothing_of_all_that_is_named_as_lost() -> None:
    everything = {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low"},
        "tool_choice": {"type": "auto"},
        "metadata": {"user_id": "u"},
        "stream": False,
    }
    assert lost(**everything) == []


def test_claude_codes_user_names_the_session_and_no_longer_the_person_as_json() -> None:
    named = {"device_id": "d" * 64, "account_uuid": "", "session_id": "s-1"}
    ask = heard(metadata={"user_id": json.dumps(named)})
    assert (ask.session, ask.user) == ("s-1", "d" * 64)


def test_an_older_claude_code_is_understood_too() -> None:
    ask = heard(metadata={"user_id": f"user_{'a' * 64}_account__session_5e-55"})
    assert (ask.session, ask.user) == ("5e-55", "a" * 64)


@pytest.mark.parametrize("name", ["jane", "{}", "{broken", '{"session_id":5}'])
def test_any_other_user_is_kept_as_it_is(name: str) -> None:
    ask = heard(metadata={"user_id": name})
    assert (ask.session, ask.user) == ("", name)


def test_the_billing_block_of_claude_code_is_no_instruction_and_no_loss() -> None:
    system = [block("x-anthropic-billing-header: cc_version=2;"), block("A"), block("B")]
    assert heard(system=system).system == [Text("A"), Text("B")]
    assert lost(system=system) == []


def test_a_system_message_in_the_middle_stays_in_its_place() -> None:
    order = {"role": "system", "content": "be brief", "output_config": {"effort": "low"}}
    ask = heard(messages=[user("hi"), order], output_config={"effort": "low"})
    assert [turn.role for turn in ask.turns] == [Role.USER, Role.SYSTEM]
    assert lost(messages=[user("hi"), order], output_config={"effort": "low"}) == []


def test_an_effort_of_its_own_is_named_as_lost() -> None:
    order = {"role": "system", "content": "be brief", "output_config": {"effort": "low"}}
    assert lost(messages=[user("hi"), order]) == [
        "messages[1].output_config.effort: dropped: only Anthropic has it"
    ]


@pytest.mark.parametrize(
    "field",
    ["context_management", "fallbacks", "diagnostics", "betas", "tags", "inference_geo"],
)
def test_what_only_anthropic_has_is_named_as_lost(field: str) -> None:
    assert lost(**{field: {"a": 1}}) == [f"{field}: dropped: only Anthropic has it"]


@pytest.mark.parametrize("field", ["container", "mcp_servers", "max_tokens"])
def test_what_the_model_could_not_do_without_is_refused(field: str) -> None:
    losses = Losses()
    heard(losses, **{field: 0 if field == "max_tokens" else ["x"]})
    assert [loss.field for loss in losses.grave] == [field]


def test_a_thread_is_refused_in_the_words_on_which_the_sdk_sends_everything() -> None:
    """Its tool runner would send only what is new from the second call on."""
    losses = Losses()
    heard(losses, thread={"type": "create"})
    fault = refusal(losses.all, "openai:gpt")
    body = json.loads(anthropic.error_body(fault, "id-1"))
    assert body["error"]["details"]["error_code"] == "thread_unsupported_request"
    assert "thread: only Anthropic keeps threads" in body["error"]["message"]


def test_fast_mode_is_a_tier() -> None:
    assert heard(speed="fast").tier == "fast"


def test_tools_that_the_conversation_found_are_shown_and_those_it_removed_are_not() -> None:
    tools = [{"name": name, "input_schema": {}, "defer_loading": True} for name in "abcd"]
    found = {"type": "tool_reference", "tool_name": "a"}
    change = {"tool": {"type": "tool_reference", "name": "b"}}
    ask = heard(
        tools=tools,
        messages=[
            user("hi"),
            claude([call("t1", "ToolSearch")]),
            user([result("t1", [found])]),
            {"role": "system", "content": [{"type": "tool_addition", **change}]},
            {
                "role": "system",
                "content": [
                    {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "d"}},
                    {
                        "type": "tool_addition",
                        "tool": {
                            "type": "tool_definition",
                            "definition": {"name": "e", "input_schema": {}},
                        },
                    },
                ],
            },
        ],
    )
    shown = {t.name: t.deferred for t in ask.tools if isinstance(t, Tool)}
    assert shown == {"a": False, "b": False, "c": True, "e": False}


def test_tools_that_a_server_side_search_found_are_shown() -> None:
    found = {
        "type": "tool_search_tool_result",
        "tool_use_id": "s1",
        "content": {
            "type": "tool_search_tool_search_result",
            "tool_references": [{"type": "tool_reference", "tool_name": "a"}],
        },
    }
    tools = [{"name": "a", "input_schema": {}, "defer_loading": True}]
    ask = heard(tools=tools, messages=[user("hi"), claude([found])])
    assert [t.deferred for t in ask.tools if isinstance(t, Tool)] == [False]


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("web_search_20250305", "web_search"),
        ("web_search_20260318", "web_search"),
        ("bash_20250124", "bash_20250124"),
    ],
)
def test_a_tool_of_anthropics_own_is_kept_whole(kind: str, meaning: str) -> None:
    tool = {"type": kind, "name": "x", "max_uses": 3}
    hosted = heard(tools=[tool]).tools[0]
    assert isinstance(hosted, Hosted)
    assert (hosted.kind, hosted.maker, json.loads(bytes(hosted.raw))) == (
        meaning,
        "anthropic",
        tool,
    )
