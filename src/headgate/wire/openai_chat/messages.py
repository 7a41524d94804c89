"""What the messages of a Chat Completions request say: the operator's words, and the turns.

Facts: API reference "Create chat completion", as of 2026-11-20.
Rule 1: results of tools that follow one another make one turn of the user's, together with what
the user says next: that is how every other dialect has it.
Rule 2: an older way of saying a thing (`function_call`, role `function`) means the same thing.
Rule 3: what is said depends on nothing that comes later.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import (
    Document,
    Image,
    Mark,
    Part,
    Refusal,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.openai import data_url
from headgate.wire.openai_chat.reading import NAME
from headgate.wire.walk import Node

UNKNOWN = "dropped: other vendors know no such field"
_AUDIO = "sound cannot be carried to another vendor: send its words as text"
_OPERATOR = ("system", "developer")


class Conversation:
    """The messages heard so far."""

    __slots__ = ("_legacy", "_legacy_calls", "_losses", "system", "turns")

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._legacy: dict[str, str] = {}
        """a function called the older way -> the id we gave that call"""
        self._legacy_calls = 0
        self.system: list[Text] = []
        self.turns: list[Turn] = []

    def hear(self, message: Node) -> None:
        role = message.text("role")
        if role in _OPERATOR:
            self._operator(message)
        elif role == "user":
            self._user(message)
        elif role == "assistant":
            self._assistant(message)
        elif role in ("tool", "function"):
            self._result(message, role)
        else:
            wanted = "must be developer, system, user, assistant or tool"
            message.wrong("role", wanted if not role else f"{wanted}, not {as_word(role)!r}")
        if message.rest:
            message.leave(self._losses, UNKNOWN)

    def _operator(self, message: Node) -> None:
        parts = self._content(message)
        name = message.text("name")
        if self.turns:
            self.turns.append(Turn(Role.SYSTEM, parts, name))
            return
        for part in parts:
            if isinstance(part, Text):
                self.system.append(part)
            else:
                message.wrong("content", "the operator's messages hold text only")
        if name:
            self._losses.note(message.under("name"), UNKNOWN)

    def _user(self, message: Node) -> None:
        parts, name = self._content(message), message.text("name")
        last = self.turns[-1] if self.turns else None
        if last is not None and _only_results(last):
            last.parts += parts
            last.name = name
        else:
            self.turns.append(Turn(Role.USER, parts, name))

    def _assistant(self, message: Node) -> None:
        parts: list[Part] = []
        thought = message.text("reasoning_content")
        thought = message.text("reasoning") or thought
        if thought:
            parts.append(Thought(thought, maker=NAME))
            self._losses.place(parts[0], message.under("reasoning_content"))
        parts += (p for p in self._content(message) if not (isinstance(p, Text) and not p.text))
        refusal = message.text("refusal")
        if refusal:
            parts.append(Refusal(refusal))
        parts += [_tool_call(call, self._losses) for call in message.nodes("tool_calls")]
        legacy = message.node("function_call")
        if legacy is not None:
            parts.append(self._legacy_call(legacy))
        if message.take("audio") is not None:
            self._losses.refuse(message.under("audio"), _AUDIO)
        if message.rest.get("annotations") == []:  # clients send answers back as they came
            del message.rest["annotations"]
        name = message.text("name")
        if parts:
            self.turns.append(Turn(Role.ASSISTANT, parts, name))

    def _legacy_call(self, call: Node) -> ToolCall:
        name = _named(call)
        id = f"function_call_{self._legacy_calls}"
        self._legacy_calls += 1
        self._legacy[name] = id
        return ToolCall(id, name, call.text("arguments"))

    def _result(self, message: Node, role: str) -> None:
        if role == "tool":
            id = _id(message, "tool_call_id", "must say which call this is the result of")
            message.take("name")
        else:
            id = self._legacy.pop(_named(message), "function_call")
        parts = [part for part in self._content(message) if not _empty(part)]
        result = ToolResult(id, [p for p in parts if isinstance(p, Text | Image | Document)])
        self._losses.place(result, message.path)
        last = self.turns[-1] if self.turns else None
        if last is not None and _only_results(last):
            last.parts.append(result)
        else:
            self.turns.append(Turn(Role.USER, [result]))

    def _content(self, message: Node) -> list[Part]:
        value = message.take("content")
        if value is None:
            return []
        if isinstance(value, str):
            return [Text(value)]
        if not isinstance(value, list):
            message.wrong("content", "must be a string or a list of content parts")
        message.rest["content"] = value
        parts = [_part(node, self._losses) for node in message.nodes("content")]
        return [part for part in parts if part is not None]


def _only_results(turn: Turn) -> bool:
    """What the user says comes after the results: the last part tells."""
    parts = turn.parts
    return turn.role is Role.USER and (not parts or isinstance(parts[-1], ToolResult))


def _empty(part: Part) -> bool:
    return isinstance(part, Text) and not part.text


def _named(node: Node) -> str:
    return node.text("name") or node.wrong("name", "must name a function")


def _id(node: Node, name: str, wanted: str) -> str:
    """An id that must be there; some servers make empty ones, and clients send them back."""
    if node.rest.get(name) is None:
        node.wrong(name, wanted)
    return node.text(name)


def _tool_call(call: Node, losses: Losses) -> ToolCall:
    id = _id(call, "id", "must be the id that the result will name")
    kind = call.text("type") or "function"
    call.take("index")  # clients that put streams together keep it
    if kind not in ("function", "custom"):
        call.wrong("type", f"must be function or custom, not {as_word(kind)!r}")
    inner = call.node(kind) or call.wrong(kind, "must be an object with a name")
    field = "input" if kind == "custom" else "arguments"
    made = ToolCall(id, _named(inner), inner.text(field), kind == "custom")
    for node in (call, inner):
        if node.rest:
            node.leave(losses, UNKNOWN)
    return made


def _part(node: Node, losses: Losses) -> Part | None:
    kind = node.text("type")
    part: Part | None = None
    match kind:
        case "text":
            part = Text(node.text("text"), mark=_mark(node))
        case "image_url":
            part = _image(node, losses)
        case "file":
            part = _file(node, losses)
        case "refusal":
            part = Refusal(node.text("refusal"))
        case "input_audio":
            losses.refuse(node.path, _AUDIO)
            return None
        case "":
            node.wrong("type", "must say what kind of content part this is")
        case _:
            losses.refuse(
                node.path, f"a part of type {as_word(kind)!r} cannot be carried elsewhere"
            )
            return None
    if node.rest:
        node.leave(losses, UNKNOWN)
    return part


def _mark(node: Node) -> Mark | None:
    mark = node.node("prompt_cache_breakpoint")
    return None if mark is None else Mark(mark.text("ttl"))


def _image(node: Node, losses: Losses) -> Image:
    inner = node.node("image_url") or node.wrong("image_url", "must be an object with a url")
    url = inner.text("url") or inner.wrong("url", "must be a data: or https: URL")
    image = Image(detail=inner.text("detail"), mark=_mark(node))
    if url.startswith("data:"):
        image.media_type, image.data = data_url(url, inner, "url")
    else:
        image.url = url
    if inner.rest:
        inner.leave(losses, UNKNOWN)
    losses.place(image, node.path)
    return image


def _file(node: Node, losses: Losses) -> Document:
    inner = node.node("file") or node.wrong("file", "must be an object with file_data")
    made = Document(
        file_id=inner.text("file_id"), title=inner.text("filename"), mark=_mark(node)
    )
    data = inner.text("file_data")
    if data:
        made.media_type, made.data = _file_data(data, made.title, inner)
    elif not made.file_id:
        inner.wrong("file_data", "must hold the file as a data: URL")
    if inner.rest:
        inner.leave(losses, UNKNOWN)
    losses.place(made, node.path)
    return made


def _file_data(data: str, name: str, node: Node) -> tuple[str, str]:
    if not data.startswith("data:"):
        if name.lower().endswith(".pdf") or data.startswith("JVBE"):  # "%PD" in base64
            return "application/pdf", data
        node.wrong("file_data", "must be a data: URL, as data:application/pdf;base64,…")
    media_type, content = data_url(data, node, "file_data")
    if not media_type.startswith("text/"):
        return media_type, content
    try:
        return "text/plain", base64.b64decode(content, validate=True).decode()
    except (binascii.Error, ValueError):
        node.wrong("file_data", "must be base64 of text in UTF-8")


def hear_messages(body: Node, losses: Losses) -> Conversation:
    """Everything that `messages` says."""
    conversation = Conversation(losses)
    messages: list[Any] = body.nodes("messages")
    if not messages:
        body.wrong("messages", "must hold at least one message")
    for message in messages:
        conversation.hear(message)
    return conversation
