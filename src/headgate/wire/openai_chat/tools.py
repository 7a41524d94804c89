"""The tools of a Chat Completions request, heard and said: which there are, which to call.

Facts: API reference "Create chat completion", as of 2026-11-20.
Rule 1: a tool that takes free text is said as such where the model knows such tools, else as a
function with one string, `input`.
Rule 2: a choice that only a dropped tool could satisfy is refused, never weakened.
"""

from __future__ import annotations

import re

import msgspec

from headgate.wire.ability import Abilities
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import (
    Ask,
    Choice,
    Foreign,
    Hosted,
    Object,
    Tool,
    ToolCall,
)
from headgate.wire.naming import Lexicon
from headgate.wire.openai import parameters, strict
from headgate.wire.openai_chat.messages import UNKNOWN
from headgate.wire.openai_chat.reading import NAME
from headgate.wire.unwrap import FREE_TEXT, described, flat
from headgate.wire.walk import Node

LONGEST_NAME = 64
_MODES = {"auto": "auto", "required": "any", "none": "none"}
_WORDS = {mode: word for word, mode in _MODES.items()}
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"')


def hear_tools(body: Node, losses: Losses) -> list[Tool | Hosted]:
    """Everything that may be called, the older `functions` among it."""
    tools = [_tool(node, losses) for node in body.nodes("tools")]
    tools += [_function(node, losses) for node in body.nodes("functions")]
    search = body.node("web_search_options")
    if search is not None:
        raw = msgspec.Raw(msgspec.json.encode(search.rest))
        tools.append(Hosted("web_search", raw, NAME))
    return tools


def _tool(node: Node, losses: Losses) -> Tool | Hosted:
    kind = node.text("type")
    if kind not in ("function", "custom"):
        if not kind:
            node.wrong("type", "must be function or custom")
        return Hosted(kind, msgspec.Raw(msgspec.json.encode({"type": kind, **node.rest})), NAME)
    inner = node.node(kind) or node.wrong(kind, "must be an object with a name")
    tool = _function(inner, losses) if kind == "function" else _custom(inner, losses)
    if node.rest:
        node.leave(losses, UNKNOWN)
    return tool


def _function(node: Node, losses: Losses) -> Tool:
    name = node.text("name") or node.wrong("name", "must name the function")
    schema = node.node("parameters")
    tool = Tool(
        name,
        node.text("description"),
        None if schema is None else schema.rest,
        node.flag("strict"),
    )
    if node.rest:
        node.leave(losses, UNKNOWN)
    return tool


def _custom(node: Node, losses: Losses) -> Tool:
    name = node.text("name") or node.wrong("name", "must name the tool")
    tool = Tool(name, node.text("description"), custom=True)
    format = node.node("format")
    if format is not None and format.text("type") == "grammar":
        grammar = format.node("grammar") or format.wrong("grammar", "must be an object")
        tool.grammar = {"type": "grammar", **grammar.rest}
    if node.rest:
        node.leave(losses, UNKNOWN)
    return tool


def hear_choice(body: Node) -> Choice | None:
    """Which of the tools to call."""
    for field in ("tool_choice", "function_call"):
        value = body.take(field)
        if value is None:
            continue
        if isinstance(value, str):
            mode = _MODES.get(value)
            return Choice(mode) if mode else body.wrong(field, "must be none, auto or required")
        if not isinstance(value, dict):
            body.wrong(field, "must be a string or an object")
        return _choice(Node(value, field), field)
    return None


def _choice(node: Node, field: str) -> Choice:
    if field == "function_call":
        return Choice("named", _name_in(node))
    kind = node.text("type")
    if kind in ("function", "custom"):
        return Choice("named", _name_in(node.node(kind) or node.wrong(kind, "is missing")))
    if kind != "allowed_tools":
        node.wrong("type", "must be function, custom or allowed_tools")
    inner = node.node(kind) or node.wrong(kind, "must be an object with mode and tools")
    mode = _MODES.get(inner.text("mode") or "auto")
    if mode is None:
        inner.wrong("mode", "must be auto or required")
    names = []
    for tool in inner.nodes("tools"):
        kind = tool.text("type") or "function"
        names.append(_name_in(tool.node(kind) or tool))
    return Choice(mode, allowed=names or inner.wrong("tools", "must name at least one tool"))


def _name_in(node: Node) -> str:
    return node.text("name") or node.wrong("name", "must name a tool")


def say_tools(ask: Ask, abilities: Abilities, losses: Losses) -> tuple[Object, Lexicon]:
    """The members of the request that concern tools, and what the tools are called there."""
    tools = _sent(ask, losses)
    lexicon = Lexicon(tools, LONGEST_NAME)
    members: Object = {}
    if tools:
        members["tools"] = [_said(tool, lexicon, abilities, losses) for tool in tools]
        if ask.parallel is False:
            members["parallel_tool_calls"] = False
    choice = _say_choice(ask, tools, lexicon, abilities, losses)
    if choice is not None:
        members["tool_choice"] = choice
    return members, lexicon


def _sent(ask: Ask, losses: Losses) -> list[Tool]:
    """The tools the model shall know of."""
    allowed = set(ask.choice.allowed if ask.choice is not None else ())
    called: set[str] | None = None
    sent = []
    for tool in ask.tools:
        if isinstance(tool, Hosted):
            why = "is run by its vendor, and this one has no such tool"
            losses.note("tools", f"dropped: {as_word(tool.kind)} {why}")
        elif allowed and tool.name not in allowed:
            continue
        elif tool.deferred:
            called = _referenced(ask) if called is None else called
            if tool.name in called:
                sent.append(tool)
        else:
            sent.append(tool)
    return sent


def _referenced(ask: Ask) -> set[str]:
    """The deferred tools that the conversation has searched out or called already."""
    names = {tool.name for tool in ask.tools if isinstance(tool, Tool) and tool.deferred}
    found = set()
    for turn in ask.turns:
        for part in turn.parts:
            if isinstance(part, ToolCall):
                found.add(part.name)
            elif isinstance(part, Foreign):
                raw = bytes(part.raw)
                if b"tool_reference" in raw:
                    found |= names.intersection(_strings_in(raw))
    return found


def _strings_in(raw: bytes) -> list[str]:
    return [text.decode() for text in _STRING.findall(raw)]


def _said(tool: Tool, lexicon: Lexicon, abilities: Abilities, losses: Losses) -> Object:
    alias = lexicon.alias(tool.name, tool.namespace)
    function: Object = {"name": alias}
    if tool.description:
        function["description"] = tool.description
    if not tool.custom:
        function["parameters"] = parameters(tool.schema, closed=bool(tool.strict))
        if tool.strict is not None:
            wanted = tool.strict
            function["strict"] = strict(wanted, function["parameters"], "tools", losses)
    elif abilities.custom_tools:
        if tool.grammar is not None:
            grammar = {k: v for k, v in flat(tool.grammar).items() if k != "type"}
            function["format"] = {"type": "grammar", "grammar": grammar}
        return {"type": "custom", "custom": function}
    else:
        function["parameters"] = FREE_TEXT
        told = described(tool)
        if told != tool.description:
            function["description"] = told
            why = f"the grammar of {as_word(tool.name)} is told to the model, but not enforced"
            losses.note("tools", why)
    return {"type": "function", "function": function}


def _say_choice(
    ask: Ask, tools: list[Tool], lexicon: Lexicon, abilities: Abilities, losses: Losses
) -> str | Object | None:
    choice = ask.choice
    if choice is None:
        return None
    forced = choice.mode in ("any", "named")
    if forced and not abilities.forced_tools:
        losses.refuse("choice", "this model cannot be made to call a tool: only auto or none")
    elif choice.mode == "named":
        return _say_named(choice.name, tools, lexicon, abilities, losses)
    elif forced and not tools:
        losses.refuse("choice", "demands a call, but no tool is left that could be called")
    elif tools:
        return _WORDS[choice.mode]
    return None


def _say_named(
    name: str, tools: list[Tool], lexicon: Lexicon, abilities: Abilities, losses: Losses
) -> Object | None:
    for tool in tools:
        if tool.name == name:
            kind = "custom" if tool.custom and abilities.custom_tools else "function"
            return {"type": kind, kind: {"name": lexicon.alias(name, tool.namespace)}}
    losses.refuse(
        "choice", f"names the tool {as_word(name)!r}, which this call does not offer there"
    )
    return None
