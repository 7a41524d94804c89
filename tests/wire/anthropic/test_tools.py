"""Tools reach Claude under names it accepts, and the caller's choice among them holds."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.wire import anthropic
from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Losses
from headgate.wire.meaning import Ask, Choice, Hosted, Mark, Role, Tool, ToolCall, Turn
from headgate.wire.naming import Spoken
from tests.wire.anthropic.asks import NEWEST, asking, heard, named, said, turn

EMPTY: dict[str, Any] = {"type": "object", "properties": {}}


def offered(*tools: Tool | Hosted, **members: Any) -> Any:
    return said(asking(tools=list(tools), **members)).get("tools")


def hosted(kind: str, **members: Any) -> Hosted:
    raw = msgspec.Raw(json.dumps({"type": kind, **members}).encode())
    return Hosted(kind, raw, "openai_responses")


def test_a_tool_is_said_with_what_is_known_of_it() -> None:
    assert offered(Tool("a", "does", {"type": "object"}, mark=Mark("1h"), deferred=True)) == [
        {
            "name": "a",
            "description": "does",
            "input_schema": {"type": "object"},
            "defer_loading": True,
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        }
    ]


@pytest.mark.parametrize(
    ("schema", "input_schema"),
    [
        (None, EMPTY),
        ({}, EMPTY),
        ({"properties": {"x": {}}}, {"type": "object", "properties": {"x": {}}}),
    ],
)
def test_every_tool_takes_an_object(schema: Any, input_schema: Any) -> None:
    assert offered(Tool("a", schema=schema)) == [{"name": "a", "input_schema": input_schema}]


def test_a_name_anthropic_refuses_leads_back_to_the_callers() -> None:
    ask = asking(tools=[Tool("fs.read/file"), Tool("fs_read_file", namespace="n")])
    body, lexicon = anthropic.encode_ask(ask, Aim("m", NEWEST, stream=False), Losses())
    names = [tool["name"] for tool in json.loads(body)["tools"]]
    assert names[1] == "fs_read_file"
    assert len(set(names)) == 2
    assert [lexicon.spoken(name) for name in names] == [
        Spoken("fs.read/file"),
        Spoken("fs_read_file", namespace="n"),
    ]


def test_a_tool_that_takes_free_text_takes_an_object_with_one_text() -> None:
    free = {
        "type": "object",
        "properties": {"input": {"type": "string"}},
        "required": ["input"],
    }
    bare = Tool("exec", custom=True, grammar={"type": "grammar", "syntax": "lark"})
    assert offered(bare) == [{"name": "exec", "input_schema": free}]


@pytest.mark.parametrize(
    "grammar",
    [
        {"type": "grammar", "syntax": "lark", "definition": "start: /a/"},
        {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a/"}},
    ],
)
def test_its_grammar_is_told_in_the_description(grammar: dict[str, Any]) -> None:
    (tool,) = offered(Tool("exec", "Runs.", custom=True, grammar=grammar))
    assert tool["description"] == (
        "Runs.\n\nThe input must follow this grammar (lark):\nstart: /a/"
    )


def test_a_strict_tool_is_held_to_what_anthropic_can_enforce() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    (tool,) = offered(Tool("a", schema=schema, strict=True))
    assert tool["strict"] is True
    assert tool["input_schema"] == {
        "type": "object",
        "properties": {"n": {"type": "integer", "description": "minimum: 1"}},
        "additionalProperties": False,
    }


def test_a_strict_tool_with_members_of_any_name_is_not_held_to_it() -> None:
    (tool,) = offered(Tool("a", schema={"type": "object"}, strict=True))
    assert tool == {"name": "a", "input_schema": {"type": "object"}}


def test_tools_hidden_behind_another_vendors_search_are_shown() -> None:
    assert offered(Tool("a", deferred=True), hosted("tool_search")) == [
        {"name": "a", "input_schema": EMPTY}
    ]


def test_a_tool_the_vendor_runs_is_anthropics_or_left_out() -> None:
    search = hosted(
        "web_search",
        filters={"allowed_domains": ["x.org"]},
        user_location={"type": "approximate", "city": "Bern"},
    )
    own = heard(tools=[{"type": "bash_20250124", "name": "bash"}]).tools[0]
    assert offered(search, own, hosted("file_search")) == [
        {
            "type": "web_search_20250305",
            "name": "web_search",
            "allowed_domains": ["x.org"],
            "user_location": {"type": "approximate", "city": "Bern"},
        },
        {"type": "bash_20250124", "name": "bash"},
    ]
    assert named(asking(tools=[search, own, hosted("file_search")])) == [
        "tools: changed: web_search is said as web_search_20250305",
        "tools: dropped: file_search, which its own vendor runs",
    ]


def test_a_tool_of_the_callers_own_that_searches_the_web_is_the_only_one() -> None:
    assert offered(Tool("web_search"), hosted("web_search")) == [
        {"name": "web_search", "input_schema": EMPTY}
    ]


@pytest.mark.parametrize(
    ("choice", "parallel", "tool_choice"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (Choice("auto"), None, {"type": "auto"}),
        (Choice("any"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (Choice("named", "b"), None, {"type": "tool", "name": "b"}),
        (Choice("none"), False, {"type": "none"}),
    ],
)
def test_the_choice_is_said(choice: Any, parallel: Any, tool_choice: Any) -> None:
    ask = asking(tools=[Tool("a"), Tool("b")], choice=choice, parallel=parallel)
    assert said(ask).get("tool_choice") == tool_choice


def test_a_choice_of_some_tools_leaves_the_others_out() -> None:
    choice = Choice("any", allowed=["b"])
    ask = asking(tools=[Tool("a"), Tool("b"), hosted("web_search")], choice=choice)
    assert said(ask)["tools"] == [{"name": "b", "input_schema": EMPTY}]
    assert said(ask)["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize(
    ("ask", "abilities"),
    [
        (asking(tools=[Tool("a")], choice=Choice("any")), Abilities(forced_tools=False)),
        (asking(tools=[Tool("a")], choice=Choice("named", "z")), NEWEST),
        (
            asking(tools=[Tool("a"), hosted("x")], choice=Choice("named", "x")),
            NEWEST,
        ),
        (asking(choice=Choice("any")), NEWEST),
    ],
)
def test_a_choice_that_cannot_hold_is_refused(ask: Ask, abilities: Abilities) -> None:
    assert [line[:8] for line in named(ask, abilities) if "!" in line] == ["!choice:"]


def test_auto_is_never_refused() -> None:
    ask = asking(tools=[Tool("a")], choice=Choice("auto"))
    assert named(ask, Abilities(forced_tools=False)) == []


def test_tools_of_the_past_are_offered_again_but_not_called() -> None:
    ask = asking(
        turn(Role.USER, "go"),
        Turn(Role.ASSISTANT, [ToolCall("1", "a.b", "{}"), ToolCall("2", "a.b", "{}")]),
        turn(Role.USER, "so?"),
    )
    assert said(ask)["tools"] == [{"name": "a_b", "input_schema": EMPTY}]
    assert said(ask)["tool_choice"] == {"type": "none"}


def test_the_same_tool_is_offered_once() -> None:
    assert offered(Tool("a", "x"), Tool("a", "y")) == [
        {"name": "a", "description": "x", "input_schema": EMPTY}
    ]
