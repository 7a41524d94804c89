"""Tools heard and said: what may be called, what must be, and under which names."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Losses
from headgate.wire.meaning import Choice, Foreign, Hosted, Text, Tool, ToolCall, Turn
from headgate.wire.model import Fault
from headgate.wire.openai_chat import encode_ask
from tests.wire.openai_chat.spoken import (
    ASSISTANT,
    CAPABLE,
    USER,
    conversation,
    heard,
    lost,
    spoken,
)

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
LARK = {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}
PLAIN = Abilities()


def function(name: str, **fields: object) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name} | fields}


def said(
    *tools: Tool | Hosted, abilities: Abilities = CAPABLE, **fields: Any
) -> dict[str, Any]:
    ask = conversation(Turn(USER, [Text("hi")]), tools=list(tools), **fields)
    return spoken(ask, abilities)[0]


def test_functions_and_free_text_tools_are_heard_in_one_list() -> None:
    custom = {"name": "exec", "format": {"type": "grammar", "grammar": {**LARK, "type": None}}}
    ask, losses = heard(
        tools=[
            function("f", description="d", parameters=SCHEMA, strict=True),
            {"type": "custom", "custom": {"name": "say", "format": {"type": "text"}}},
            {"type": "custom", "custom": custom},
            {"type": "browser", "size": 1},
        ],
        functions=[{"name": "old", "parameters": {}}],
        web_search_options={"search_context_size": "low"},
    )
    first, say, exec, browser, old, search = ask.tools
    assert first == Tool("f", "d", SCHEMA, True)
    assert say == Tool("say", custom=True)
    assert isinstance(exec, Tool)
    assert exec.grammar is not None
    assert exec.grammar["definition"] == "start: /x/"
    assert old == Tool("old", schema={})
    assert isinstance(browser, Hosted)
    assert msgspec.json.decode(browser.raw) == {"type": "browser", "size": 1}
    assert isinstance(search, Hosted)
    assert search.kind == "web_search"
    assert not losses.all


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({"tool_choice": "auto"}, Choice("auto")),
        ({"tool_choice": "required"}, Choice("any")),
        ({"tool_choice": "none"}, Choice("none")),
        ({"tool_choice": function("f")}, Choice("named", "f")),
        ({"tool_choice": {"type": "custom", "custom": {"name": "c"}}}, Choice("named", "c")),
        ({"function_call": {"name": "f"}}, Choice("named", "f")),
        ({"function_call": "none"}, Choice("none")),
        (
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "required", "tools": [function("f")]},
                }
            },
            Choice("any", allowed=["f"]),
        ),
        ({}, None),
    ],
)
def test_every_shape_of_a_choice_is_heard(fields: dict[str, Any], choice: Choice) -> None:
    assert heard(**fields)[0].choice == choice


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"tools": [{}]}, r"tools\[0\].type: must be function or custom"),
        ({"tools": [{"type": "function"}]}, r"tools\[0\].function: must be an object"),
        ({"tools": [function("")]}, r"tools\[0\].function.name: must name the function"),
        ({"tools": [function("f", parameters=[])]}, r"tools\[0\].function.parameters: must be"),
        ({"tools": [function("f", strict="yes")]}, r"tools\[0\].function.strict: must be true"),
        ({"tools": [{"type": "custom", "custom": {}}]}, r"tools\[0\].custom.name: must name"),
        ({"tool_choice": "perhaps"}, "tool_choice: must be none, auto or required"),
        ({"tool_choice": 7}, "tool_choice: must be a string or an object"),
        ({"tool_choice": {"type": "x"}}, "tool_choice.type: must be function, custom or"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function: is missing"),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}},
            "tool_choice.allowed_tools.tools: must name at least one tool",
        ),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "x"}}},
            "tool_choice.allowed_tools.mode: must be auto or required",
        ),
    ],
)
def test_a_tool_of_a_wrong_shape_is_told_where_and_why(
    fields: dict[str, Any], told: str
) -> None:
    with pytest.raises(Fault, match=told):
        heard(**fields)


@pytest.mark.parametrize("schema", [None, {}, {"type": "object"}])
def test_a_tool_without_arguments_has_an_object_without_properties(
    schema: dict[str, Any] | None,
) -> None:
    none = {"type": "object", "properties": {}}
    assert said(Tool("f", schema=schema))["tools"] == [function("f", parameters=none)]


def test_a_tool_with_an_open_schema_is_not_called_strict() -> None:
    """Anthropic takes such a tool; OpenAI answers 400."""
    ask = conversation(Turn(USER, [Text("hi")]), tools=[Tool("f", schema=SCHEMA, strict=True)])
    body, losses = spoken(ask, CAPABLE)
    assert body["tools"][0]["function"]["strict"] is False
    assert [loss.field for loss in losses.all] == ["tools"]


def test_strict_is_said_only_where_the_caller_did() -> None:
    tools = said(Tool("f", schema=SCHEMA, strict=False), Tool("g", schema=SCHEMA))["tools"]
    assert [tool["function"].get("strict") for tool in tools] == [False, None]


def test_a_long_or_odd_name_gets_an_alias_that_leads_back() -> None:
    long = "mcp__" + "x" * 70
    ask = conversation(
        Turn(USER, [Text("hi")]),
        Turn(ASSISTANT, [ToolCall("c", long, "{}")]),
        tools=[Tool(long), Tool("a.b")],
        choice=Choice("named", long),
    )
    body, lexicon = encode_ask(ask, Aim("m", CAPABLE, False), Losses())
    it = msgspec.json.decode(body)
    first, second = (tool["function"]["name"] for tool in it["tools"])
    assert len(first) <= 64
    assert second == "a_b"
    assert it["messages"][1]["tool_calls"][0]["function"]["name"] == first
    assert it["tool_choice"] == function(first)
    assert lexicon.spoken(first).name == long


def test_a_free_text_tool_stays_one_where_the_model_knows_such() -> None:
    tool = Tool("exec", "run", custom=True, grammar=LARK)
    it = said(tool, choice=Choice("named", "exec"))
    grammar = {"syntax": "lark", "definition": "start: /x/"}
    assert it["tools"] == [
        {
            "type": "custom",
            "custom": {
                "name": "exec",
                "description": "run",
                "format": {"type": "grammar", "grammar": grammar},
            },
        }
    ]
    assert it["tool_choice"] == {"type": "custom", "custom": {"name": "exec"}}
    assert "format" not in said(Tool("say", custom=True))["tools"][0]["custom"]


def test_a_free_text_tool_is_else_a_function_of_one_string() -> None:
    tool = Tool("exec", "run", custom=True, grammar=LARK)
    ask = conversation(
        Turn(USER, [Text("hi")]), tools=[tool, Tool("say", custom=True)], choice=Choice("any")
    )
    it, losses = spoken(ask, PLAIN)
    first, second = (tool["function"] for tool in it["tools"])
    assert first["parameters"] == second["parameters"]
    assert first["parameters"]["required"] == ["input"]
    assert (
        first["description"] == "run\n\nThe input must follow this grammar (lark):\nstart: /x/"
    )
    assert lost(losses) == {"tools": False}


def test_a_deferred_tool_comes_in_once_the_conversation_names_it() -> None:
    """Claude Code always sends a placeholder that nobody shall see."""
    tools: list[Tool | Hosted] = [
        Tool("DeferredToolPlaceholder", deferred=True),
        Tool("searched", deferred=True),
        Tool("called", deferred=True),
        Tool("Read"),
    ]
    found = msgspec.Raw(
        b'{"type":"tool_search_tool_result","content":{"tool_references":'
        b'[{"type":"tool_reference","tool_name":"searched"}]}}'
    )
    history = Turn(
        ASSISTANT, [Foreign("tool_search_tool_result", found), ToolCall("c", "called")]
    )
    ask = conversation(Turn(USER, [Text("hi")]), tools=tools)
    it, losses = spoken(ask)
    assert [tool["function"]["name"] for tool in it["tools"]] == ["Read"]
    assert not losses.all
    ask.turns.append(history)
    names = [tool["function"]["name"] for tool in spoken(ask)[0]["tools"]]
    assert names == ["searched", "called", "Read"]


def test_a_tool_that_its_vendor_runs_is_dropped_and_named() -> None:
    ask = conversation(
        Turn(USER, [Text("hi")]),
        tools=[Hosted("web_search", msgspec.Raw(b"{}"), "anthropic")],
        parallel=False,
        choice=Choice("auto"),
    )
    it, losses = spoken(ask)
    assert lost(losses) == {"tools": False}
    assert "web_search" in losses.all[0].why
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(it)


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (Choice("auto"), "auto"),
        (Choice("any"), "required"),
        (Choice("none"), "none"),
        (Choice("named", "g"), function("g")),
    ],
)
def test_a_choice_is_said_as_openai_has_it(choice: Choice, wire: object) -> None:
    assert said(Tool("f"), Tool("g"), choice=choice)["tool_choice"] == wire


def test_only_allowed_tools_are_offered() -> None:
    it = said(Tool("f"), Tool("g"), choice=Choice("any", allowed=["g"]), parallel=False)
    assert [tool["function"]["name"] for tool in it["tools"]] == ["g"]
    assert (it["tool_choice"], it["parallel_tool_calls"]) == ("required", False)
    assert "parallel_tool_calls" not in said(Tool("f"), parallel=True)


@pytest.mark.parametrize(
    ("choice", "tools", "abilities"),
    [
        (Choice("named", "gone"), [Tool("f")], CAPABLE),
        (Choice("any"), [], CAPABLE),
        (Choice("any"), [Tool("f")], Abilities(forced_tools=False)),
        (Choice("named", "f"), [Tool("f")], Abilities(forced_tools=False)),
    ],
)
def test_a_choice_that_cannot_be_had_is_refused(
    choice: Choice, tools: list[Tool], abilities: Abilities
) -> None:
    ask = conversation(Turn(USER, [Text("hi")]), tools=list(tools), choice=choice)
    it, losses = spoken(ask, abilities)
    assert lost(losses) == {"tool_choice": True}
    assert "tool_choice" not in it
