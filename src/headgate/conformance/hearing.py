"""What an upstream is asked, in words of no dialect: any body that a vendor accepts is read.

Rule 1: what a vendor lets mean the same is read as the same: a text or a list of one text.
Rule 2: a body of any shape is read as far as it goes; `objections` says what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from headgate.conformance.grammar.verdict import entries, members, word
from headgate.conformance.talk import (
    Paper,
    Part,
    Picture,
    Result,
    Talk,
    Thought,
    Tool,
    Turn,
    Use,
    Words,
    plain,
)

Json = dict[str, Any]


def hear(surface: str, body: bytes) -> Talk:
    """The request as its upstream understands it."""
    try:
        it = members(json.loads(body))
    except ValueError:
        it = {}
    return READERS[surface](it)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _content(value: object, read: Callable[[Json], Part | None]) -> tuple[Part, ...]:
    if isinstance(value, str):
        return (Words(plain(value)),) if value else ()
    found = (read(members(each)) for each in entries(value))
    return tuple(part for part in found if part is not None)


# -- Messages


def read_messages(it: Json) -> Talk:
    settings, choice = members(it.get("output_config")), members(it.get("tool_choice"))
    form = members(settings.get("format") or it.get("output_format"))
    thinking = members(it.get("thinking"))
    budget = _number(thinking.get("budget_tokens"))
    effort = word(settings.get("effort")) or (f"budget {budget}" if budget else "")
    turns = [
        Turn(word(turn.get("role")), _content(turn.get("content"), _read_block))
        for turn in map(members, entries(it.get("messages")))
    ]
    system = _content(it.get("system"), _read_block)
    tools = [
        Tool(word(tool.get("name")), members(tool.get("input_schema")))
        for tool in map(members, entries(it.get("tools")))
    ]
    return Talk(
        tuple(turns),
        tuple(part.text for part in system if isinstance(part, Words)),
        tuple(tools),
        word(choice.get("name")) or word(choice.get("type")),
        _number(it.get("max_tokens")),
        tuple(map(word, entries(it.get("stop_sequences")))),
        members(form.get("schema")) or None,
        effort=effort,
        user=word(members(it.get("metadata")).get("user_id")),
        stream=it.get("stream") is True,
        extra=it,
    )


def _read_block(block: Json) -> Part | None:
    kind, data = block.get("type"), word(members(block.get("source")).get("data"))
    if kind == "tool_result":
        inner = _shown(_content(block.get("content"), _read_block))
        return Result(word(block.get("tool_use_id")), inner, block.get("is_error") is True)
    if kind == "tool_use":
        return Use(word(block.get("id")), word(block.get("name")), block.get("input"))
    if kind == "thinking":
        return Thought(word(block.get("thinking")), word(block.get("signature")))
    if kind == "text":
        return Words(plain(word(block.get("text"))))
    known: dict[object, Part] = {"image": Picture(data), "document": Paper(data)}
    return known.get(kind)


def _shown(parts: tuple[Part, ...]) -> tuple[Words | Picture, ...]:
    """What of these a tool's result may show."""
    return tuple(part for part in parts if isinstance(part, Words | Picture))


# -- Chat Completions


def read_chat(it: Json) -> Talk:
    turns: list[Turn] = []
    for message in map(members, entries(it.get("messages"))):
        turns += _read_message(message)
    system: list[str] = []
    while turns and turns[0].role == "system":
        system += [part.text for part in turns.pop(0).parts if isinstance(part, Words)]
    form = members(it.get("response_format"))
    choice = it.get("tool_choice")
    stop = it.get("stop")
    return Talk(
        tuple(turns),
        tuple(system),
        tuple(_read_tool(tool) for tool in map(members, entries(it.get("tools")))),
        _choice(choice, members(members(choice).get("function"))),
        _number(it.get("max_completion_tokens") or it.get("max_tokens")),
        (stop,) if isinstance(stop, str) else tuple(map(word, entries(stop))),
        members(members(form.get("json_schema")).get("schema")) or None,
        form.get("type") == "json_object",
        word(it.get("reasoning_effort")),
        word(it.get("user")) or word(it.get("safety_identifier")),
        it.get("stream") is True,
        it,
    )


def _choice(choice: object, named: Json) -> str:
    return word(named.get("name")) or {"required": "any"}.get(word(choice), word(choice))


def _read_tool(tool: Json) -> Tool:
    if "custom" in tool:
        return Tool(word(members(tool["custom"]).get("name")))
    function = members(tool.get("function"))
    return Tool(word(function.get("name")), members(function.get("parameters")))


def _read_message(message: Json) -> list[Turn]:
    role = word(message.get("role"))
    parts = _content(message.get("content"), _read_chat_part)
    if role == "tool":
        return [Turn("user", (Result(word(message.get("tool_call_id")), _shown(parts)),))]
    thought = word(message.get("reasoning_content"))
    before = (Thought(thought),) if thought else ()
    calls = tuple(_read_call(members(each)) for each in entries(message.get("tool_calls")))
    role = "system" if role == "developer" else role
    return [Turn(role, (*before, *parts, *calls))]


def _read_call(call: Json) -> Use:
    id, custom, function = word(call.get("id")), call.get("custom"), call.get("function")
    if isinstance(custom, dict):
        return Use(id, word(custom.get("name")), word(custom.get("input")))
    named = members(function)
    return Use(id, word(named.get("name")), _arguments(named.get("arguments")))


def _arguments(text: object) -> object:
    try:
        return json.loads(word(text))
    except ValueError:
        return None


def _read_chat_part(part: Json) -> Part | None:
    kind = part.get("type")
    if kind == "text":
        return Words(plain(word(part.get("text"))))
    if kind == "image_url":
        return Picture(_payload(members(part.get("image_url")).get("url")))
    if kind == "file":
        return Paper(_payload(members(part.get("file")).get("file_data")))
    return None


def _payload(url: object) -> str:
    return word(url).rpartition("base64,")[2]


# -- Responses


def read_responses(it: Json) -> Talk:
    given = it.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else entries(given)
    turns = [turn for item in items if (turn := _read_item(members(item))) is not None]
    system = [word(it.get("instructions"))] if it.get("instructions") else []
    while turns and turns[0].role == "system":
        system += [part.text for part in turns.pop(0).parts if isinstance(part, Words)]
    form = members(members(it.get("text")).get("format"))
    choice = it.get("tool_choice")
    return Talk(
        tuple(turns),
        tuple(system),
        tuple(_read_tools(entries(it.get("tools")))),
        _choice(choice, members(choice)),
        _number(it.get("max_output_tokens")),
        (),
        members(form.get("schema")) or None,
        form.get("type") == "json_object",
        word(members(it.get("reasoning")).get("effort")),
        word(it.get("user")) or word(it.get("safety_identifier")),
        it.get("stream") is True,
        it,
    )


def _read_tools(tools: list[Any], namespace: str = "") -> list[Tool]:
    out: list[Tool] = []
    for tool in map(members, tools):
        name, kind = word(tool.get("name")), tool.get("type")
        if kind == "namespace":
            out += _read_tools(entries(tool.get("tools")), name)
        elif kind == "custom":
            out.append(Tool(name, None, namespace))
        else:
            out.append(Tool(name, members(tool.get("parameters")), namespace))
    return out


def _read_item(item: Json) -> Turn | None:
    id, name = word(item.get("call_id")), word(item.get("name"))
    kind = item.get("type", "message")
    if kind == "message":
        role = word(item.get("role"))
        role = "system" if role == "developer" else role
        return Turn(role, _content(item.get("content"), _read_piece))
    if kind == "function_call":
        return Turn("assistant", (Use(id, name, _arguments(item.get("arguments"))),))
    if kind == "custom_tool_call":
        return Turn("assistant", (Use(id, name, word(item.get("input"))),))
    if kind in ("function_call_output", "custom_tool_call_output"):
        return Turn("user", (Result(id, _shown(_content(item.get("output"), _read_piece))),))
    if kind == "reasoning":
        return Turn("assistant", (Thought("", word(item.get("encrypted_content"))),))
    return None


def _read_piece(piece: Json) -> Part | None:
    kind = piece.get("type")
    if kind in ("input_text", "output_text", "text"):
        return Words(plain(word(piece.get("text"))))
    if kind == "input_image":
        return Picture(_payload(piece.get("image_url")))
    if kind == "input_file":
        return Paper(_payload(piece.get("file_data")))
    return None


READERS: dict[str, Callable[[Json], Talk]] = {
    "messages": read_messages,
    "chat": read_chat,
    "responses": read_responses,
}
