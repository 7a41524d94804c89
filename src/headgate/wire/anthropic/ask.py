"""What a Messages request means.

Facts: docs page "Messages" and SDK 2.11.0, as of 2026-11-20; Claude Code 2.1.329 as recorded
that day.
Rule 1: what the caller wrote wrong is named by its path.
Rule 2: what has no place in an Ask is named as lost; what changes what the model can do, or
what the answer means, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from headgate.wire.ability import EFFORTS
from headgate.wire.anthropic.parts import ONLY_HERE, Hearing, mark_in, parts_in
from headgate.wire.anthropic.reading import THREADLESS
from headgate.wire.anthropic.say import encode_ask
from headgate.wire.anthropic.tools import hear_choice, hear_tools
from headgate.wire.history import instructs
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Ask,
    Format,
    Hosted,
    Part,
    Role,
    Text,
    Thinking,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.model import Fault, Kind
from headgate.wire.walk import Node, object_in, open_object

__all__ = ["WORDS", "decode_ask", "encode_ask"]

WORDS: Mapping[str, str] = {
    "turns": "messages",
    "choice": "tool_choice",
    "parallel": "tool_choice.disable_parallel_tool_use",
    "max_output": "max_tokens",
    "stop": "stop_sequences",
    "effort": "output_config.effort",
    "format": "output_config.format",
    "user": "metadata.user_id",
    "session": "metadata.user_id",
    "tier": "service_tier",
    "mark": "cache_control",
}
TOO_DEEP = "the request body is nested too deeply"

_MODES = {
    "enabled": "on",
    "adaptive": "adaptive",
    "disabled": "off",
    "between_tools": "between_tools",
}
_SHOWN = {"summarized": True, "omitted": False}
_TIERS = {"auto": "auto", "standard_only": "standard"}
_CHANGES_THE_MODEL = ("container", "mcp_servers")
_OLD_USER = re.compile(r"user_([0-9a-f]{64})_account_([0-9a-f-]*)_session_([0-9a-f-]+)")
"""how Claude Code named users and sessions before it wrote JSON"""


def decode_ask(body: bytes, losses: Losses) -> Ask:
    """What the request wants; Fault where it is wrong."""
    losses.words = WORDS
    try:
        return _ask(open_object(body), losses)
    except RecursionError:
        raise Fault(Kind.INVALID, TOO_DEEP) from None


def _ask(node: Node, losses: Losses) -> Ask:
    hearing = Hearing(losses)
    ask = Ask(node.text("model"), [], sealed_thoughts=True)
    ask.system = _system(node, hearing)
    output = node.node("output_config")
    if output is not None:
        ask.effort = _level(output)
        ask.format = _format(output.node("format"))
        output.leave(losses, ONLY_HERE)
    ask.turns = _turns(node, ask, hearing)
    nodes = node.nodes("tools") if "tools" in node.rest else []
    ask.tools = _offered(hear_tools(nodes + hearing.defined, losses), hearing)
    hear_choice(node.node("tool_choice"), ask, losses)
    ask.thinking = _thinking(node.node("thinking"), losses)
    _limits(node, ask, losses)
    _whose(node, ask, losses)
    _rest(node, ask, losses)
    return ask


def _level(output: Node) -> str:
    effort = output.text("effort")
    if effort and effort not in EFFORTS:
        output.wrong("effort", "must be low, medium, high, xhigh or max")
    return effort


def _system(node: Node, hearing: Hearing) -> list[Text]:
    texts: list[Text] = []
    for part in parts_in(node, "system", hearing):
        if not isinstance(part, Text):
            node.wrong("system", "must be a string or a list of text blocks")
        if instructs(part.text):
            texts.append(part)
    return texts


def _turns(node: Node, ask: Ask, hearing: Hearing) -> list[Turn]:
    if node.rest.get("messages") is None:
        node.wrong("messages", "is required")
    turns: list[Turn] = []
    for message in node.nodes("messages"):
        role = message.take("role")
        if role == "user":
            parts = _content(message, hearing)
            _only(parts, (ToolCall, Thought), message, "the assistant's")
            turns.append(Turn(Role.USER, parts))
        elif role == "assistant":
            parts = _content(message, hearing)
            _only(parts, (ToolResult,), message, "the user's")
            turns.append(Turn(Role.ASSISTANT, parts))
        elif role == "system":
            turns.append(_order(message, ask, hearing))
        else:
            message.wrong("role", "must be user, assistant or system")
        if message.rest:
            message.leave(hearing.losses, ONLY_HERE)
    return turns or node.wrong("messages", "must hold at least one message")


def _content(message: Node, hearing: Hearing) -> list[Part]:
    if message.rest.get("content") is None:
        message.wrong("content", "is required")
    return parts_in(message, "content", hearing)


def _only(parts: list[Part], kinds: tuple[type, ...], message: Node, whose: str) -> None:
    """Blocks that only the other side may say are a mistake that every vendor would refuse."""
    for part in parts:
        if isinstance(part, kinds):
            what = type(part).__name__
            message.wrong("content", f"a {_WIRE[what]} block belongs into {whose} message")


_WIRE = {"ToolCall": "tool_use", "Thought": "thinking", "ToolResult": "tool_result"}


def _order(message: Node, ask: Ask, hearing: Hearing) -> Turn:
    """The operator speaks in the middle, and may say how hard to think from there on."""
    turn = Turn(Role.SYSTEM, _content(message, hearing))
    _only(turn.parts, (ToolCall, Thought, ToolResult), message, "another")
    output = message.node("output_config")
    if output is not None:
        effort = _level(output)
        if effort and effort != ask.effort:
            hearing.losses.note(output.under("effort"), ONLY_HERE)
        output.leave(hearing.losses, ONLY_HERE)
    return turn


def _offered(tools: list[Tool | Hosted], hearing: Hearing) -> list[Tool | Hosted]:
    """The tools as the conversation left them: some were brought in, some taken away."""
    if not hearing.shown:
        return tools
    kept: list[Tool | Hosted] = []
    for tool in tools:
        if isinstance(tool, Tool) and tool.name in hearing.shown:
            tool.deferred = False
            if not hearing.shown[tool.name]:
                continue
        kept.append(tool)
    return kept


def _thinking(node: Node | None, losses: Losses) -> Thinking | None:
    if node is None:
        return None
    kind = node.text("type")
    if kind not in _MODES:
        node.wrong("type", "must be enabled, adaptive, disabled or between_tools")
    thinking = Thinking(_MODES[kind], node.count("budget_tokens"))
    display = node.text("display")
    if display:
        if display not in _SHOWN:
            node.wrong("display", "must be summarized or omitted")
        thinking.shown = _SHOWN[display]
    node.leave(losses, ONLY_HERE)
    return thinking


def _format(node: Node | None) -> Format | None:
    if node is None:
        return None
    if node.text("type") != "json_schema":
        node.wrong("type", "must be json_schema")
    schema = node.node("schema")
    if schema is None:
        node.wrong("schema", "is required")
    return Format(schema.rest)


def _limits(node: Node, ask: Ask, losses: Losses) -> None:
    ask.max_output = node.count("max_tokens")
    if ask.max_output is not None and ask.max_output < 0:
        node.wrong("max_tokens", "must be at least 1")
    if ask.max_output == 0:
        losses.refuse("max_output", "0 only warms a cache, which no other vendor offers")
    ask.stop = node.texts("stop_sequences")
    for at, stop in enumerate(ask.stop):
        if not stop.strip():
            node.wrong(f"stop_sequences[{at}]", "must hold more than white space")
    ask.temperature = node.number("temperature")
    ask.top_p = node.number("top_p")
    ask.top_k = node.count("top_k")
    ask.stream = node.flag("stream") or False


def _whose(node: Node, ask: Ask, losses: Losses) -> None:
    """Claude Code writes into user_id who asks and in which session, as JSON."""
    metadata = node.node("metadata")
    if metadata is None:
        return
    ask.user = metadata.text("user_id")
    metadata.leave(losses, ONLY_HERE)
    if ask.user.startswith("{"):
        names = object_in(ask.user)
        session, account, device = (
            name if isinstance(name := names.get(key), str) else ""
            for key in ("session_id", "account_uuid", "device_id")
        )
        if session or account or device:
            ask.session, ask.user = session, account or device
        return
    old = _OLD_USER.fullmatch(ask.user)
    if old is not None:
        ask.session, ask.user = old[3], old[2] or old[1]


def _rest(node: Node, ask: Ask, losses: Losses) -> None:
    ask.mark = mark_in(node)
    tier = node.text("service_tier")
    if tier and tier not in _TIERS:
        node.wrong("service_tier", "must be auto or standard_only")
    ask.tier = _TIERS.get(tier, "")
    if node.take("speed") == "fast":
        ask.tier = "fast"
    old_format = node.node("output_format")
    if old_format is not None and ask.format is None:
        ask.format = _format(old_format)
    for name in _CHANGES_THE_MODEL:
        if node.take(name):
            losses.refuse(name, "only Anthropic has it, and the model could do less without it")
    if node.take("thread"):  # the SDK's tool runner begins one (2.11.0, seen 2026-11-21)
        losses.refuse(
            "thread",
            "only Anthropic keeps threads; send the whole conversation",
            code=THREADLESS,
        )
    node.leave(losses, ONLY_HERE)
