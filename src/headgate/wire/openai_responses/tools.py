"""Tools and the choice among them, as the Responses dialect writes them: heard and said.

Rule 1: a group of tools (`namespace`) is taken apart; each tool remembers its group's name.
Rule 2: `strict` is always said: OpenAI takes a missing one for true where the schema obeys the
rules of strict ones, and so it is heard.
Rule 3: a tool that cannot be said is named; a choice of it is refused.

Facts: API reference "Create a response", tools and tool_choice, as of 2026-11-20.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.wire.ability import Abilities
from headgate.wire.broken import BROKEN
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import Ask, Choice, Hosted, Object, Tool, ToolCall
from headgate.wire.model import Fault, Kind
from headgate.wire.naming import Lexicon
from headgate.wire.openai import closed, parameters, strict
from headgate.wire.openai_responses.reading import NAME
from headgate.wire.unwrap import FREE_TEXT, described, flat, wrapped
from headgate.wire.walk import Node

LONGEST_NAME = 64
_MODES = {"auto": "auto", "none": "none", "required": "any"}
_SEARCH = "web_search"
_HOW_CALLED = "dropped: how a tool is called is the model's own affair elsewhere"
_MEMBERS = msgspec.json.Decoder(dict[str, Any])


def raw_of(node: Node) -> msgspec.Raw:
    """The object as it came, before anything is taken from it."""
    try:
        return msgspec.Raw(msgspec.json.encode(node.rest))
    except RecursionError:
        raise Fault(Kind.INVALID, f"{node.path}: is nested too deeply") from None


class Offer:
    """The tools of one request, wherever in it they were offered."""

    __slots__ = ("_at", "_hosted", "_losses", "tools")

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._hosted: set[bytes] = set()
        self._at: dict[tuple[str, str], int] = {}
        self.tools: list[Tool | Hosted] = []

    def hear(self, nodes: list[Node]) -> None:
        for node in nodes:
            kind = node.rest.get("type")
            if kind == "namespace":
                self._hear_group(node)
            elif kind in ("function", "custom"):
                self._add(self._tool(node, ""))
            else:
                self._add_hosted(node)

    def _hear_group(self, node: Node) -> None:
        name = node.text("name")
        if node.text("description"):
            self._losses.note(
                node.under("description"), "dropped: only the tools of a group are offered"
            )
        for one in node.nodes("tools"):
            if one.rest.get("type") not in ("function", "custom"):
                one.wrong("type", "must be function or custom inside a namespace")
            self._add(self._tool(one, name))

    def _tool(self, node: Node, namespace: str) -> Tool:
        custom = node.text("type") == "custom"
        name = node.text("name") or node.wrong("name", "must name the tool")
        tool = Tool(name, node.text("description"), custom=custom, namespace=namespace)
        tool.deferred = node.flag("defer_loading") or False
        if custom:
            form = node.node("format")
            if form is not None and form.rest.get("type") != "text":
                tool.grammar = form.rest
        else:
            schema = node.node("parameters")
            tool.schema = schema.rest if schema is not None else None
            tool.strict = node.flag("strict")
            if tool.strict is None and schema is not None and closed(schema.rest):
                tool.strict = True
        node.leave(self._losses, _HOW_CALLED)
        return tool

    def _add(self, tool: Tool) -> None:
        """A tool that is offered again is the later one, in the place of the earlier."""
        key = (tool.namespace, tool.name)
        at = self._at.setdefault(key, len(self.tools))
        if at == len(self.tools):
            self.tools.append(tool)
        else:
            self.tools[at] = tool

    def _add_hosted(self, node: Node) -> None:
        raw = raw_of(node)
        kind = node.text("type") or node.wrong("type", "must say what kind of tool it is")
        if bytes(raw) not in self._hosted:
            self._hosted.add(bytes(raw))
            self.tools.append(Hosted(_hosted_kind(kind), raw, NAME))


def _hosted_kind(kind: str) -> str:
    return _SEARCH if kind.startswith(_SEARCH) else kind


def decode_choice(top: Node, losses: Losses) -> Choice | None:
    """What `tool_choice` says; a tool of OpenAI's own cannot be demanded of another."""
    value = top.rest.get("tool_choice")
    if value is None or isinstance(value, str):
        mode = top.text("tool_choice")
        if not mode:
            return None
        if mode not in _MODES:
            top.wrong("tool_choice", "must be auto, none, required or an object")
        return Choice(_MODES[mode])
    node = top.node("tool_choice")
    assert node is not None
    kind = node.text("type")
    if kind in ("function", "custom"):
        return Choice("named", node.text("name") or node.wrong("name", "must name a tool"))
    if kind == "allowed_tools":
        return _decode_allowed(node)
    losses.refuse(node.path, f"only OpenAI can be made to use its tool {as_word(kind)}")
    return None


def _decode_allowed(node: Node) -> Choice:
    mode = node.text("mode") or "auto"
    if mode not in ("auto", "required"):
        node.wrong("mode", "must be auto or required")
    allowed = [
        one.text("name") or _hosted_kind(one.text("type")) for one in node.nodes("tools")
    ]
    if not allowed:
        node.wrong("tools", "must allow at least one tool")
    return Choice(_MODES[mode], allowed=allowed)


class Toolbox:
    """The tools of one Ask as they are offered to an upstream."""

    def __init__(self, ask: Ask, abilities: Abilities, losses: Losses) -> None:
        self.lexicon = Lexicon(ask.tools, LONGEST_NAME)
        self._custom = abilities.custom_tools
        self._forced = abilities.forced_tools
        self._losses = losses
        self._used = _used(ask)
        self._said: dict[str, Object] = {}
        """a tool's name among the caller's -> how a choice names it here"""
        self.said: list[Object] = []
        for tool in ask.tools:
            if isinstance(tool, Hosted):
                self._say_hosted(tool)
            else:
                self._say(tool)

    def _say(self, tool: Tool) -> None:
        if tool.deferred and (tool.namespace, tool.name) not in self._used:
            return  # never shown to the model, as there is no search to find it
        alias = self.lexicon.alias(tool.name, tool.namespace)
        kind = "custom" if tool.custom and self._custom else "function"
        out: Object = {"type": kind, "name": alias}
        description = tool.description
        if kind == "custom":
            if tool.grammar is not None:
                out["format"] = flat(tool.grammar)
        else:
            wanted = bool(tool.strict) and not tool.custom
            schema = FREE_TEXT if tool.custom else parameters(tool.schema, closed=wanted)
            out["parameters"] = schema
            out["strict"] = strict(wanted, schema, "tools", self._losses)
            if tool.custom:
                description = self._with_grammar(tool)
        if description:
            out["description"] = description
        self._said.setdefault(tool.name, {"type": kind, "name": alias})
        self.said.append(out)

    def _with_grammar(self, tool: Tool) -> str:
        """The description; the model cannot be held to a grammar, but it can be told."""
        told = described(tool)
        if told != tool.description:
            self._losses.note(
                "tools", f"the grammar of {as_word(tool.name)} is told, but not enforced"
            )
        return told

    def _say_hosted(self, tool: Hosted) -> None:
        if tool.maker == NAME:
            raw = _opened(tool.raw)
        elif tool.kind == _SEARCH:
            raw = self._search(_opened(tool.raw))
        else:
            self._losses.note(
                "tools", f"{as_word(tool.kind)} dropped: only its own vendor runs it"
            )
            return
        self._said.setdefault(tool.kind, {"type": raw.get("type", tool.kind)})
        self.said.append(raw)

    def _search(self, theirs: Object) -> Object:
        """Anthropic's search of the web, with the bounds that both vendors know."""
        out: Object = {"type": _SEARCH}
        lists = {
            name: theirs[name]
            for name in ("allowed_domains", "blocked_domains")
            if isinstance(theirs.get(name), list) and theirs[name]
        }
        if lists:
            out["filters"] = lists
        if isinstance(theirs.get("user_location"), dict):
            out["user_location"] = theirs["user_location"]
        if theirs.get("max_uses") is not None:
            self._losses.note("tools", "the limit of web searches dropped: Responses has none")
        return out

    def choice(self, choice: Choice | None) -> Any:
        """What `tool_choice` has to be; None: nothing."""
        if choice is None:
            return None
        if choice.mode in ("any", "named") and not self._forced:
            self._losses.refuse("choice", "this model cannot be made to call a tool")
            return None
        mode = {"any": "required", "none": "none"}.get(choice.mode, "auto")
        named = [choice.name] if choice.mode == "named" else choice.allowed
        if named and mode != "none":
            tools = [self._said[name] for name in named if name in self._said]
            if not tools:
                self._refuse(", ".join(map(as_word, named)))
            if choice.mode == "named":
                return tools[0] if tools else None
            return {"type": "allowed_tools", "mode": mode, "tools": tools}
        if mode == "required" and not self.said:
            self._refuse("of any name")
        return mode if self.said else None

    def _refuse(self, name: str) -> None:
        self._losses.refuse("choice", f"no tool {name} is offered to this model")

    def call(self, call: ToolCall, id: str) -> Object:
        """A call made earlier in the conversation, as an item."""
        name = self.lexicon.alias(call.name, call.namespace)
        if call.custom and self._custom:
            return {
                "type": "custom_tool_call",
                "call_id": id,
                "name": name,
                "input": call.arguments,
            }
        arguments = call.arguments or "{}"
        if call.custom:
            arguments = wrapped(call.arguments)
        return {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}


def _used(ask: Ask) -> set[tuple[str, str]]:
    """Which tools the conversation called: those have been shown to the model."""
    return {
        (part.namespace, part.name)
        for turn in ask.turns
        for part in turn.parts
        if isinstance(part, ToolCall)
    }


def _opened(raw: msgspec.Raw) -> Object:
    try:
        return _MEMBERS.decode(raw)
    except BROKEN:
        return {}
