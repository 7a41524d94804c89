"""Tools as the Responses dialect writes them, and which of them may be chosen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.wire.ability import Abilities
from headgate.wire.loss import Losses
from headgate.wire.meaning import Ask, Choice, Hosted, Role, Text, Tool, ToolCall, Turn
from headgate.wire.model import Fault
from headgate.wire.openai import closed
from headgate.wire.openai_responses import NAME
from tests.wire.openai_responses.talk import ABLE, PLAIN, a_message, heard, said, told

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}


def offered(*tools: dict[str, Any], **fields: Any) -> tuple[Ask, Losses]:
    return heard(a_message("user", "hi"), tools=tools, **fields)


def asking(*tools: Tool | Hosted, choice: Choice | None = None) -> Ask:
    return Ask("m", [Turn(Role.USER, [Text("hi")])], tools=list(tools), choice=choice)


def hosted(raw: bytes, kind: str = "web_search", maker: str = "anthropic") -> Hosted:
    return Hosted(kind, msgspec.Raw(raw), maker)


CLOSED = SCHEMA | {"required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("members", "schema", "strict"),
    [
        ({}, CLOSED, True),
        ({"strict": None}, CLOSED, True),
        ({}, SCHEMA, None),
        ({"strict": True}, SCHEMA, True),
        ({"strict": False}, CLOSED, False),
    ],
)
def test_a_function_is_strict_unless_it_says_no_or_cannot_be(
    members: dict[str, Any], schema: dict[str, Any], strict: bool | None
) -> None:
    function = {"type": "function", "name": "f", "description": "d", "parameters": schema}
    ask, losses = offered(function | members)
    assert ask.tools == [Tool("f", "d", schema, strict)]
    assert told(losses) == []


OPEN_INSIDE = CLOSED | {"properties": {"a": SCHEMA}}


@pytest.mark.parametrize(
    ("schema", "is_closed"),
    [
        (SCHEMA, False),
        (CLOSED, True),
        (OPEN_INSIDE, False),
        (CLOSED | {"properties": {"a": {"type": "array", "items": CLOSED}}}, True),
        (CLOSED | {"required": "a"}, False),
        (CLOSED | {"required": []}, False),
        ({"type": "object", "additionalProperties": False}, True),
        ({"anyOf": [CLOSED, SCHEMA]}, False),
        ({"type": "string"}, True),
    ],
)
def test_a_schema_obeys_the_rules_of_strict_ones_if_it_leaves_nothing_open(
    schema: dict[str, Any], is_closed: bool
) -> None:
    assert closed(schema) is is_closed


def test_groups_are_taken_apart_and_their_own_description_is_named() -> None:
    custom = {"type": "custom", "name": "exec", "format": GRAMMAR}
    free = {"type": "custom", "name": "free", "format": {"type": "text"}}
    wait = {"type": "function", "name": "wait", "strict": False, "defer_loading": True}
    group = {
        "type": "namespace",
        "name": "n",
        "description": "d",
        "tools": [custom, free, wait],
    }
    ask, losses = offered(group)
    assert ask.tools == [
        Tool("exec", custom=True, grammar=GRAMMAR, namespace="n"),
        Tool("free", custom=True, namespace="n"),
        Tool("wait", strict=False, deferred=True, namespace="n"),
    ]
    assert [loss.field for loss in losses.all] == ["tools[0].description"]
    with pytest.raises(
        Fault, match=r"tools\[0\]\.tools\[0\]\.type: must be function or custom"
    ):
        offered({"type": "namespace", "name": "n", "tools": [{"type": "web_search"}]})


def test_tools_that_openai_runs_are_kept_as_they_came() -> None:
    ask, _ = offered(
        {"type": "web_search_preview", "search_context_size": "low"},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    )
    kinds = [(tool.kind, tool.maker) for tool in ask.tools if isinstance(tool, Hosted)]
    assert kinds == [("web_search", NAME), ("code_interpreter", NAME)]
    body, _ = said(ask)
    assert body["tools"][0] == {"type": "web_search_preview", "search_context_size": "low"}


@pytest.mark.parametrize(
    ("tool", "where"),
    [
        ({}, "tools[0].type: must say what kind of tool it is"),
        ({"type": "function"}, "tools[0].name: must name the tool"),
        (
            {"type": "function", "name": "f", "parameters": []},
            "tools[0].parameters: must be an",
        ),
        ({"type": "custom", "name": "f", "format": 1}, "tools[0].format: must be an object"),
    ],
)
def test_a_tool_that_cannot_be_read_is_named(tool: dict[str, Any], where: str) -> None:
    with pytest.raises(Fault) as caught:
        offered(tool)
    assert caught.value.message.startswith(where)


def test_how_a_tool_may_be_called_is_named_as_lost() -> None:
    _, losses = offered({"type": "function", "name": "f", "allowed_callers": ["direct"]})
    assert [loss.field for loss in losses.all] == ["tools[0].allowed_callers"]


@pytest.mark.parametrize(
    ("wire", "choice"),
    [
        ("auto", Choice()),
        ("required", Choice("any")),
        ("none", Choice("none")),
        ({"type": "function", "name": "f"}, Choice("named", "f")),
        ({"type": "custom", "name": "f"}, Choice("named", "f")),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f"}, {"type": "web_search_preview"}],
            },
            Choice("any", allowed=["f", "web_search"]),
        ),
    ],
)
def test_a_choice_is_heard(wire: Any, choice: Choice) -> None:
    ask, losses = offered({"type": "function", "name": "f"}, tool_choice=wire)
    assert (ask.choice, told(losses)) == (choice, [])


def test_only_openai_can_be_made_to_use_its_own_tools() -> None:
    _, losses = offered(tool_choice={"type": "file_search"})
    assert [loss.field for loss in losses.grave] == ["tool_choice"]
    for wire, message in (
        ({"type": "function"}, "tool_choice.name: must name a tool"),
        ({"type": "allowed_tools", "mode": "x"}, "tool_choice.mode: must be auto or required"),
        ({"type": "allowed_tools"}, "tool_choice.tools: must allow at least one tool"),
    ):
        with pytest.raises(Fault, match=message):
            offered(tool_choice=wire)


@pytest.mark.parametrize(
    ("schema", "parameters"),
    [
        (None, {"type": "object", "properties": {}}),
        ({}, {"type": "object", "properties": {}}),
        ({"type": "object"}, {"type": "object", "properties": {}}),
        (SCHEMA, SCHEMA),
    ],
)
def test_a_function_is_said_with_properties_and_its_strictness(
    schema: dict[str, Any] | None, parameters: dict[str, Any]
) -> None:
    body, _ = said(asking(Tool("f", "d", schema)))
    assert body["tools"] == [
        {
            "type": "function",
            "name": "f",
            "description": "d",
            "parameters": parameters,
            "strict": False,
        }
    ]


def test_a_strict_function_is_called_so_where_openai_can_enforce_it() -> None:
    losses = Losses()
    ask = asking(Tool("none", strict=True), Tool("all", schema=CLOSED, strict=True))
    tools = said(ask, ABLE, losses)[0]["tools"]
    assert [tool["strict"] for tool in tools] == [True, True]
    assert tools[0]["parameters"]["additionalProperties"] is False
    assert told(losses) == []
    (tool,) = said(asking(Tool("open", schema=SCHEMA, strict=True)), ABLE, losses)[0]["tools"]
    assert tool["strict"] is False
    assert [loss.field for loss in losses.all] == ["tools"]


@pytest.mark.parametrize("grammar", [GRAMMAR, {"type": "grammar", "grammar": GRAMMAR}])
def test_a_free_text_tool_is_said_as_one_or_as_a_function_that_tells_its_grammar(
    grammar: dict[str, Any],
) -> None:
    ask = asking(Tool("exec", "runs", custom=True, grammar=grammar, namespace="n"))
    body, lexicon = said(ask)
    assert body["tools"] == [
        {"type": "custom", "name": "exec", "description": "runs", "format": GRAMMAR}
    ]
    assert lexicon.spoken("exec").namespace == "n"
    losses = Losses()
    (wrapped,) = said(ask, PLAIN, losses)[0]["tools"]
    assert wrapped["type"] == "function"
    assert wrapped["parameters"]["required"] == ["input"]
    assert wrapped["strict"] is False
    assert wrapped["description"].endswith("grammar (lark):\nstart: /.+/")
    assert [loss.field for loss in losses.all] == ["tools"]


def test_names_are_what_openai_accepts_and_lead_back() -> None:
    ask = asking(Tool("fs.read/file"), Tool("x" * 70), Tool("a", namespace="n"), Tool("a"))
    body, lexicon = said(ask)
    aliases = [tool["name"] for tool in body["tools"]]
    assert aliases[0] == "fs_read_file"
    assert all(len(alias) <= 64 for alias in aliases)
    assert len(set(aliases)) == 4
    spoken = [
        (lexicon.spoken(alias).name, lexicon.spoken(alias).namespace) for alias in aliases
    ]
    assert spoken == [("fs.read/file", ""), ("x" * 70, ""), ("a", "n"), ("a", "")]


def test_a_deferred_tool_is_offered_once_it_was_called() -> None:
    ask = asking(Tool("f", deferred=True))
    losses = Losses()
    assert "tools" not in said(ask, ABLE, losses)[0]
    assert told(losses) == []
    call = Turn(Role.ASSISTANT, [ToolCall("c", "f")])
    ask.turns = [*ask.turns, call, Turn(Role.USER, [Text("go on")])]
    assert [tool["name"] for tool in said(ask)[0]["tools"]] == ["f"]


def test_anthropics_web_search_is_openais_with_the_bounds_both_know() -> None:
    raw = (
        b'{"type":"web_search_20260318","name":"web_search","max_uses":3,'
        b'"allowed_domains":["a.example"],"blocked_domains":[],'
        b'"user_location":{"type":"approximate","city":"Bern"}}'
    )
    losses = Losses()
    body, _ = said(asking(hosted(raw)), ABLE, losses)
    assert body["tools"] == [
        {
            "type": "web_search",
            "filters": {"allowed_domains": ["a.example"]},
            "user_location": {"type": "approximate", "city": "Bern"},
        }
    ]
    assert len(losses.all) == 1
    assert said(asking(hosted(b"{}")))[0]["tools"] == [{"type": "web_search"}]


def test_a_tool_that_only_its_vendor_runs_is_named_and_cannot_be_chosen() -> None:
    losses = Losses()
    ask = asking(hosted(b"{}", "bash"), Tool("f"), choice=Choice("named", "bash"))
    body, _ = said(ask, ABLE, losses)
    assert [tool["name"] for tool in body["tools"]] == ["f"]
    assert [(loss.field, loss.grave) for loss in losses.all] == [
        ("tools", False),
        ("choice", True),
    ]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (None, None),
        (Choice(), "auto"),
        (Choice("any"), "required"),
        (Choice("none"), "none"),
        (Choice("none", allowed=["f"]), "none"),
        (Choice("named", "f.g"), {"type": "function", "name": "f_g"}),
        (Choice("named", "c"), {"type": "custom", "name": "c"}),
        (
            Choice("any", allowed=["f.g", "web_search", "gone"]),
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f_g"}, {"type": "web_search"}],
            },
        ),
    ],
)
def test_a_choice_is_said(choice: Choice | None, wire: Any) -> None:
    losses = Losses()
    ask = asking(Tool("f.g"), Tool("c", custom=True), hosted(b"{}"), choice=choice)
    body, _ = said(ask, ABLE, losses)
    assert (body.get("tool_choice"), told(losses)) == (wire, [])


@pytest.mark.parametrize(
    ("choice", "abilities", "tools"),
    [
        (Choice("any"), Abilities(forced_tools=False), [Tool("f")]),
        (Choice("named", "f"), Abilities(forced_tools=False), [Tool("f")]),
        (Choice("any"), ABLE, []),
        (Choice("named", "g"), ABLE, [Tool("f")]),
        (Choice("auto", allowed=["g"]), ABLE, [Tool("f")]),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(
    choice: Choice, abilities: Abilities, tools: list[Tool]
) -> None:
    losses = Losses()
    said(asking(*tools, choice=choice), abilities, losses)
    assert [loss.field for loss in losses.grave] == ["choice"]


def test_no_choice_is_said_where_there_is_nothing_to_choose() -> None:
    assert "tool_choice" not in said(asking(choice=Choice()))[0]
