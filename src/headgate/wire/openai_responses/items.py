"""Reads the items of a Responses request into turns: who said what, in which order.

Rule 1: what one side said in a row is one turn; a call's result stands first in the turn after
the call, wherever in the input it was.
Rule 2: the operator's words before the conversation are the system's; later ones keep their
place.
Rule 3: an item that only OpenAI understands is kept as Foreign; one that names what OpenAI has
stored is refused, as leaving it out would change the conversation.

Facts: API reference "Create a response", input items, as of 2026-11-20; Codex 0.169 measured.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from headgate.wire import seal
from headgate.wire.citation import known
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import (
    Document,
    Foreign,
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
from headgate.wire.model import Fault, Kind
from headgate.wire.openai import data_url
from headgate.wire.openai_responses.reading import NAME
from headgate.wire.openai_responses.tools import Offer, raw_of
from headgate.wire.walk import Node

_ROLES = {
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
}
_OF_THE_CALLER = ("_output", "_response")
"""how the items end that a caller adds, unlike those a model made"""
_STORED = {
    "item_reference": "names an item that only OpenAI has stored; send the item itself",
    "compaction": "holds a conversation that only OpenAI can open; send its turns",
    "compaction_trigger": "asks for a compaction, which only OpenAI makes",
}
_ONLY_THERE = "dropped: no other dialect has it"
_BOOKKEEPING = ("id", "status", "phase", "internal_chat_message_metadata_passthrough", "name")
"""members of items that say nothing to a model"""
_PDF = "application/pdf"
_PLAIN = "text/plain"


class History:
    """A conversation, as its items are heard one after another."""

    __slots__ = ("_asked", "_late", "_losses", "_turns", "effort", "offer", "system")

    def __init__(self, losses: Losses, offer: Offer) -> None:
        self._losses = losses
        self._asked: dict[str, int] = {}
        """the place of the turn of every call that has no result yet"""
        self._late: dict[int, Turn] = {}
        """the place of a turn -> its calls' results, where others have spoken since"""
        self.offer = offer
        self.system: list[Text] = []
        self._turns: list[Turn] = []
        self.effort = ""

    def turns(self) -> list[Turn]:
        """The conversation so far, every result right after its call."""
        said: list[Turn] = []
        for at, turn in enumerate(self._turns):
            said.append(turn)
            if at in self._late:
                said.append(self._late[at])
        return said

    def hear(self, item: Node) -> None:
        kind = item.text("type")
        if not kind:
            named_alone = "id" in item.rest and "role" not in item.rest
            kind = "item_reference" if named_alone else "message"
        reader = _READERS.get(kind)
        if reader is not None:
            reader(self, item)
        elif kind in _STORED:
            self._losses.refuse(item.path, _STORED[kind])
        else:
            self._hear_foreign(kind, item)

    def _hear_foreign(self, kind: str, item: Node) -> None:
        item.rest = {"type": kind, **item.rest}
        part = Foreign(kind, raw_of(item), NAME)
        self._losses.place(part, item.path)
        if kind.endswith(_OF_THE_CALLER):
            self._by_user([part])
        else:
            self._by_assistant([part])

    def _hear_message(self, item: Node) -> None:
        name = item.text("role")
        role = _ROLES.get(name)
        if role is None:
            item.wrong("role", "must be user, assistant, system or developer")
        parts = self._content(item, "content")
        self._leave(item)
        if role is Role.ASSISTANT:
            self._by_assistant(parts)
        elif role is Role.USER:
            self._by_user(parts)
        elif self._turns:
            self._turns.append(Turn(role, parts))
        else:
            self._by_operator(item, parts)

    def _by_operator(self, item: Node, parts: list[Part]) -> None:
        for part in parts:
            if isinstance(part, Text):
                self.system.append(part)
            else:
                self._losses.refuse(
                    item.path, "the operator speaks in text alone; let the user show it"
                )

    def _by_assistant(self, parts: list[Part]) -> None:
        if self._turns and self._turns[-1].role is Role.ASSISTANT:
            self._turns[-1].parts += parts
        else:
            self._turns.append(Turn(Role.ASSISTANT, parts))

    def _by_user(self, parts: list[Part]) -> None:
        last = self._turns[-1] if self._turns else None
        if last is not None and last.role is Role.USER and _only_results(last):
            last.parts += parts
        else:
            self._turns.append(Turn(Role.USER, parts))

    def _hear_reasoning(self, item: Node) -> None:
        item.take("status")
        id, sealed = item.text("id"), item.text("encrypted_content")
        summary = "\n\n".join(one.text("text") for one in item.nodes("summary"))
        content = "\n\n".join(one.text("text") for one in item.nodes("content"))
        self._leave(item)
        thought = seal.unwrap(sealed)
        if thought is None:
            thought = Thought(summary or content, sealed, maker=NAME, id=id)
        elif not thought.text and not thought.redacted:
            thought.text = summary
        self._losses.place(thought, item.path)
        self._by_assistant([thought])

    def _hear_call(self, item: Node) -> None:
        self._call(item, "arguments", custom=False)

    def _hear_custom_call(self, item: Node) -> None:
        self._call(item, "input", custom=True)

    def _call(self, item: Node, content: str, *, custom: bool) -> None:
        id = item.text("call_id") or item.wrong("call_id", "must name the call")
        name = item.text("name") or item.wrong("name", "must name the tool")
        call = ToolCall(id, name, item.text(content), custom, item.text("namespace"))
        self._leave(item)
        self._by_assistant([call])
        self._asked[id] = len(self._turns) - 1

    def _hear_output(self, item: Node) -> None:
        id = item.text("call_id") or item.wrong("call_id", "must name the call it answers")
        parts = self._content(item, "output")
        self._leave(item)
        kept = [part for part in parts if isinstance(part, Text | Image | Document)]
        result = ToolResult(id, kept)
        self._losses.place(result, item.path)
        asked = self._asked.pop(id, None)
        if asked is None:
            self._by_user([result])
        else:
            self._answer(asked, result)

    def _answer(self, asked: int, result: ToolResult) -> None:
        """Put the result where it belongs: right after the turn that asked for it."""
        if asked + 1 == len(self._turns):
            self._turns.append(Turn(Role.USER, []))
        turn = self._turns[asked + 1]
        if turn.role is not Role.USER:
            turn = self._late.setdefault(asked, Turn(Role.USER, []))
        turn.parts.insert(bisect_left(turn.parts, True, key=_is_no_result), result)

    def _hear_tools(self, item: Node) -> None:
        self.offer.hear(item.nodes("tools"))

    def _hear_found(self, item: Node) -> None:
        """A search for tools has shown these to the model; the search itself is OpenAI's."""
        item.rest = {"type": "tool_search_output", **item.rest}
        raw = raw_of(item)
        self.offer.hear(item.nodes("tools"))
        part = Foreign("tool_search_output", raw, NAME)
        self._losses.place(part, item.path)
        self._by_user([part])

    def _hear_configuration(self, item: Node) -> None:
        reasoning = item.node("reasoning")
        if reasoning is not None:
            self.effort = reasoning.text("effort") or self.effort
            reasoning.take("context")
            reasoning.leave(self._losses, _ONLY_THERE)
        self._leave(item)

    def _content(self, item: Node, name: str) -> list[Part]:
        value = item.rest.get(name)
        if value is None or isinstance(value, str):
            text = item.text(name)
            return [Text(text)] if text or value is not None else []
        parts = (self._part(node) for node in item.nodes(name))
        return [part for part in parts if part is not None]

    def _part(self, node: Node) -> Part | None:
        kind = node.text("type")
        reader = _PARTS.get(kind)
        if reader is None:
            self._losses.refuse(
                node.path, f"no other dialect has parts of type {as_word(kind)}"
            )
            return None
        part: Part = reader(node)
        if not isinstance(part, Text):
            self._losses.place(part, node.path)
        node.leave(self._losses, _ONLY_THERE)
        return part

    def _leave(self, item: Node) -> None:
        if not item.rest:
            return
        for name in _BOOKKEEPING:
            item.rest.pop(name, None)
        item.leave(self._losses, _ONLY_THERE)


_READERS: dict[str, Callable[[History, Node], None]] = {
    "message": History._hear_message,
    "reasoning": History._hear_reasoning,
    "function_call": History._hear_call,
    "function_call_output": History._hear_output,
    "custom_tool_call": History._hear_custom_call,
    "custom_tool_call_output": History._hear_output,
    "additional_tools": History._hear_tools,
    "tool_search_output": History._hear_found,
    "configuration_update": History._hear_configuration,
}


def _only_results(turn: Turn) -> bool:
    """Results stand first: the last part tells."""
    return not turn.parts or not _is_no_result(turn.parts[-1])


def _is_no_result(part: Part) -> bool:
    return not isinstance(part, ToolResult)


def _text(node: Node) -> Text:
    text = node.rest.pop("text", None)
    if not isinstance(text, str):
        node.wrong("text", "must be a string")
    node.take("logprobs")
    citations = known(one.rest for one in node.nodes("annotations"))
    return Text(text, _mark(node), citations)


def _refusal(node: Node) -> Refusal:
    return Refusal(node.text("refusal"))


def _image(node: Node) -> Image:
    image = Image(file_id=node.text("file_id"), detail=node.text("detail"), mark=_mark(node))
    url = node.text("image_url")
    if url.startswith("data:"):
        image.media_type, image.data = data_url(url, node, "image_url")
    else:
        image.url = url
    if not (image.data or image.url or image.file_id):
        node.wrong("image_url", "must be a URL or a data URL")
    return image


def _document(node: Node) -> Document:
    document = Document(
        file_id=node.text("file_id"),
        url=node.text("file_url"),
        title=node.text("filename"),
        mark=_mark(node),
    )
    node.take("detail")
    data = node.text("file_data")
    if data.startswith("data:"):
        document.media_type, document.data = data_url(data, node, "file_data")
    elif data:
        document.media_type, document.data = _PDF, data
    if document.media_type == _PLAIN:
        document.data = _plain(node, document.data)
    if not (data or document.url or document.file_id):
        node.wrong("file_data", "must be a data URL, or file_url a URL")
    return document


def _plain(node: Node, data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Fault(
            Kind.INVALID, f"{node.under('file_data')}: must be UTF-8 text in base64"
        ) from None


def _mark(node: Node) -> Mark | None:
    if "prompt_cache_breakpoint" not in node.rest:
        return None
    mark = node.node("prompt_cache_breakpoint")
    return Mark(mark.text("ttl")) if mark is not None else None


_PARTS: dict[str, Callable[[Node], Any]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _document,
}
