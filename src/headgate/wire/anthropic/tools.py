"""Tools in the Messages dialect: what a caller offers, and how an offer is said to Claude.

Facts: docs pages "Tool use" and SDK 2.11.0, as of 2026-11-20.
Rule 1: names are said as Anthropic accepts them; the Lexicon leads back.
Rule 2: a tool that takes free text is offered as one that takes an object with one text.
Rule 3: a tool that another vendor runs is dropped, unless Anthropic has its like.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from headgate.wire.anthropic.parts import ONLY_HERE, mark_in, needed
from headgate.wire.anthropic.reading import NAME
from headgate.wire.anthropic.schema import simplified
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import Ask, Choice, Hosted, Mark, Object, Tool, ToolCall
from headgate.wire.naming import Lexicon
from headgate.wire.unwrap import FREE_TEXT, described
from headgate.wire.walk import Node, object_in

LONGEST_NAME = 128
NO_ARGUMENTS: Object = {"type": "object", "properties": {}}
_SEARCH = "web_search"
_SEARCH_TYPE = "web_search_20250305"
_MODES = {"auto": "auto", "any": "any", "tool": "named", "none": "none"}
_SEARCH_WORDS = re.compile(r"web_search_\d+")
_CUSTOM = (None, "custom")


def hear_tools(nodes: list[Node], losses: Losses) -> list[Tool | Hosted]:
    return [_hear(node, losses) for node in nodes]


def _hear(node: Node, losses: Losses) -> Tool | Hosted:
    kind = node.rest.get("type")
    if kind not in _CUSTOM:
        return _hosted(node)
    node.take("type")
    schema = node.node("input_schema")
    tool = Tool(
        needed(node, "name"),
        node.text("description"),
        schema.rest if schema is not None else node.wrong("input_schema", "is required"),
        node.flag("strict"),
        deferred=node.flag("defer_loading") or False,
        mark=mark_in(node),
    )
    node.leave(losses, ONLY_HERE)
    return tool


def _hosted(node: Node) -> Hosted:
    raw = msgspec.Raw(msgspec.json.encode(node.rest))
    kind = node.text("type")
    return Hosted(_SEARCH if _SEARCH_WORDS.fullmatch(kind) else kind, raw, NAME)


def hear_choice(node: Node | None, ask: Ask, losses: Losses) -> None:
    if node is None:
        return
    kind = node.text("type")
    if kind not in _MODES:
        node.wrong("type", "must be auto, any, tool or none")
    ask.choice = Choice(_MODES[kind], needed(node, "name") if kind == "tool" else "")
    alone = node.flag("disable_parallel_tool_use")
    ask.parallel = None if alone is None else not alone
    node.leave(losses, ONLY_HERE)


def control(mark: Mark) -> Object:
    """A mark as cache_control."""
    return {"type": "ephemeral", "ttl": mark.ttl} if mark.ttl else {"type": "ephemeral"}


def say_tools(ask: Ask, lexicon: Lexicon, losses: Losses) -> list[Any]:
    """The tools to offer, without those that the choice leaves out."""
    allowed = set(ask.choice.allowed if ask.choice is not None else ())
    searches = any(
        isinstance(tool, Hosted) and tool.kind == "tool_search" and tool.maker != NAME
        for tool in ask.tools
    )
    said: list[Any] = []
    names: set[str] = set()
    for tool in ask.tools:
        if isinstance(tool, Hosted):
            name = _SEARCH if tool.kind == _SEARCH else tool.kind
            if not allowed or name in allowed:
                said += _say_hosted(tool, losses)
        elif not allowed or tool.name in allowed:
            alias = lexicon.alias(tool.name, tool.namespace, LONGEST_NAME)
            if alias not in names:
                names.add(alias)
                said.append(_say(tool, alias, shown=searches))
    return _searching_once(said, names, losses)


def _searching_once(said: list[Any], names: set[str], losses: Losses) -> list[Any]:
    if _SEARCH not in names:
        return said
    kept = [tool for tool in said if tool.get("type") != _SEARCH_TYPE]
    if len(kept) < len(said):
        losses.note("tools", "dropped: web_search, because another tool has its name")
    return kept


def _say(tool: Tool, alias: str, *, shown: bool) -> Object:
    said: Object = {"name": alias}
    description = described(tool) if tool.custom else tool.description
    if description:
        said["description"] = description
    said["input_schema"] = FREE_TEXT if tool.custom else _schema(tool)
    if tool.strict and not tool.custom:
        simple = simplified(said["input_schema"])
        if not simple.open:
            said["input_schema"], said["strict"] = simple.schema, True
    if tool.deferred and not shown:
        said["defer_loading"] = True
    if tool.mark is not None:
        said["cache_control"] = control(tool.mark)
    return said


def _schema(tool: Tool) -> Object:
    schema = tool.schema
    if not schema:
        return NO_ARGUMENTS
    return schema if "type" in schema else {"type": "object", **schema}


def _say_hosted(tool: Hosted, losses: Losses) -> list[Any]:
    if tool.maker == NAME:
        return [tool.raw]
    if tool.kind != _SEARCH:
        losses.note("tools", f"dropped: {as_word(tool.kind)}, which its own vendor runs")
        return []
    losses.note("tools", f"changed: web_search is said as {_SEARCH_TYPE}")
    return [{"type": _SEARCH_TYPE, "name": _SEARCH, **_search_options(tool.raw)}]


def _search_options(raw: msgspec.Raw) -> Object:
    options = object_in(bytes(raw).decode())
    said: Object = {}
    filters = options.get("filters")
    if isinstance(filters, dict) and filters.get("allowed_domains"):
        said["allowed_domains"] = filters["allowed_domains"]
    place = options.get("user_location")
    if isinstance(place, dict):
        inner = place.get("approximate")
        where = inner if isinstance(inner, dict) else place
        known = {k: where[k] for k in ("city", "region", "country", "timezone") if where.get(k)}
        if known:
            said["user_location"] = {"type": "approximate", **known}
    return said


def tools_of_history(ask: Ask, lexicon: Lexicon) -> list[Any]:
    """Tools that were called before, for a conversation that no longer offers any."""
    names = {
        lexicon.alias(part.name, part.namespace, LONGEST_NAME): None
        for turn in ask.turns
        for part in turn.parts
        if isinstance(part, ToolCall)
    }
    return [{"name": name, "input_schema": NO_ARGUMENTS} for name in names]


def say_choice(
    ask: Ask, tools: list[Any], lexicon: Lexicon, losses: Losses, *, forced: bool
) -> Object | None:
    """The tool_choice to send; None when there is nothing to choose."""
    choice = ask.choice or Choice()
    wanted = choice.mode in ("any", "named")
    if wanted and not forced:
        losses.refuse("choice", "this model cannot be made to call a tool; ask with auto")
        return None
    if choice.mode == "named":
        return _named(ask, choice, tools, lexicon, losses)
    if not tools:
        if wanted:
            losses.refuse("choice", "a tool is demanded, but none that Claude could call")
        return None
    if choice.mode == "none" or (ask.choice is None and ask.parallel is not False):
        return {"type": "none"} if choice.mode == "none" else None
    return _alone({"type": choice.mode}, ask)


def _named(
    ask: Ask, choice: Choice, tools: list[Any], lexicon: Lexicon, losses: Losses
) -> Object | None:
    spoken = [tool for tool in ask.tools if isinstance(tool, Tool) and tool.name == choice.name]
    space = spoken[0].namespace if spoken else ""
    alias = lexicon.alias(choice.name, space, LONGEST_NAME)
    if alias not in {_name_of(tool) for tool in tools}:
        losses.refuse(
            "choice", f"it names {as_word(choice.name)}, which is not among the tools said"
        )
        return None
    return _alone({"type": "tool", "name": alias}, ask)


def _name_of(tool: Any) -> Any:
    return (msgspec.json.decode(tool) if isinstance(tool, msgspec.Raw) else tool).get("name")


def _alone(said: Object, ask: Ask) -> Object:
    return {**said, "disable_parallel_tool_use": True} if ask.parallel is False else said
