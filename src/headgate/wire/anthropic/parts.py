"""What the content blocks of a Messages request mean.

Facts: docs page "Messages" and SDK 2.11.0, as of 2026-11-20.
Rule 1: a block we do not know is kept whole as Foreign: only Anthropic can read it.
Rule 2: a thought whose signature is one of our seals is given back to whoever made it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from headgate.wire.anthropic import cited
from headgate.wire.anthropic.reading import NAME
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import (
    Document,
    Foreign,
    Image,
    Mark,
    Object,
    Part,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from headgate.wire.seal import unwrap
from headgate.wire.walk import Node

ONLY_HERE = "dropped: only Anthropic has it"
NO_TYPE = "must name the block's type"

Content = Text | Image | Document


class Hearing:
    """What is learned on the way through a conversation."""

    __slots__ = ("defined", "losses", "shown")

    def __init__(self, losses: Losses) -> None:
        self.losses = losses
        self.shown: dict[str, bool] = {}
        """tools that the conversation brought to the model, or took from it"""
        self.defined: list[Node] = []
        """tools defined in the middle of the conversation"""


def mark_in(node: Node) -> Mark | None:
    """Its cache_control."""
    if "cache_control" not in node.rest:
        return None
    control = node.node("cache_control")
    return None if control is None else Mark(control.text("ttl"))


def parts_in(node: Node, name: str, hearing: Hearing) -> list[Part]:
    """The blocks of a member that is a text or a list of blocks."""
    if isinstance(node.rest.get(name), str):
        text = node.text(name)
        return [Text(text)] if text else []
    parts: list[Part] = []
    for block in node.nodes(name):
        kind = block.rest.get("type")
        if kind == "text" and len(block.rest) == 2:
            parts.append(Text(_words(block, "text")))
            continue
        read = _READ.get(kind) if isinstance(kind, str) else block.wrong("type", NO_TYPE)
        parts += _foreign(block, hearing) if read is None else read(block, hearing)
    return parts


def _words(node: Node, name: str) -> str:
    text = node.take(name)
    return text if isinstance(text, str) else node.wrong(name, "must be a string")


def needed(node: Node, name: str) -> str:
    """A text that must be there and not be empty."""
    text = node.text(name)
    return text or node.wrong(name, "must be a string of at least one character")


def _close(node: Node, hearing: Hearing) -> None:
    node.take("type")
    node.leave(hearing.losses, ONLY_HERE)


def _text(node: Node, hearing: Hearing) -> list[Part]:
    text = Text(_words(node, "text"), mark_in(node), _citations(node))
    _close(node, hearing)
    return [text]


def _citations(node: Node) -> list[Object]:
    return cited.heard(citation.rest for citation in node.nodes("citations"))


def _source(node: Node) -> Node:
    source = node.node("source")
    return source if source is not None else node.wrong("source", "is required")


def _image(node: Node, hearing: Hearing) -> list[Part]:
    source = _source(node)
    image = Image(mark=mark_in(node))
    kind = source.take("type")
    if kind == "base64":
        image.media_type, image.data = needed(source, "media_type"), needed(source, "data")
    elif kind == "url":
        image.url = needed(source, "url")
    elif kind == "file":
        image.file_id = needed(source, "file_id")
    else:
        source.wrong("type", "must be base64, url or file")
    hearing.losses.place(image, node.path)
    _close(node, hearing)
    return [image]


def _document(node: Node, hearing: Hearing) -> list[Part]:
    source = _source(node)
    document = Document(
        title=node.text("title"), context=node.text("context"), mark=mark_in(node)
    )
    citations = node.node("citations")
    document.citations = citations is not None and citations.flag("enabled") is True
    images = _fill(document, source, hearing)
    hearing.losses.place(document, node.path)
    _close(node, hearing)
    return [document, *images]


def _fill(document: Document, source: Node, hearing: Hearing) -> list[Content]:
    """Put the source's words into the document; the pictures among them follow it."""
    kind = source.take("type")
    images: list[Content] = []
    document.media_type = "application/pdf"
    if kind == "base64":
        document.media_type = needed(source, "media_type")
        document.data = needed(source, "data")
    elif kind == "text":
        document.media_type, document.data = "text/plain", _words(source, "data")
    elif kind == "content":
        content = contents_in(source, "content", hearing)
        images = [part for part in content if not isinstance(part, Text)]
        words = [part.text for part in content if isinstance(part, Text)]
        document.media_type, document.data = "text/plain", "\n\n".join(words)
        if len(content) > 1:
            hearing.losses.note(source.path, "changed: its blocks are said as one text")
    elif kind == "url":
        document.url = needed(source, "url")
    elif kind == "file":
        document.media_type, document.file_id = "", needed(source, "file_id")
    else:
        source.wrong("type", "must be base64, text, content, url or file")
    return images


def _search_result(node: Node, hearing: Hearing) -> list[Part]:
    lines = [needed(node, "title"), needed(node, "source")]
    lines += [
        part.text for part in contents_in(node, "content", hearing) if isinstance(part, Text)
    ]
    hearing.losses.note(node.path, "changed: a search result is said as text")
    return [Text("\n".join(lines), mark_in(node))]


def _thinking(node: Node, hearing: Hearing) -> list[Part]:
    shown, signature = node.text("thinking"), node.text("signature")
    own = unwrap(signature)
    if own is None:
        return [Thought(shown, signature, maker=NAME)]
    own.text = own.text or shown
    return [own]


def _redacted(node: Node, hearing: Hearing) -> list[Part]:
    data = needed(node, "data")
    return [unwrap(data) or Thought(seal=data, redacted=True, maker=NAME)]


def _tool_use(node: Node, hearing: Hearing) -> list[Part]:
    members = node.take("input")
    if members is not None and not isinstance(members, dict):
        node.wrong("input", "must be an object")
    arguments = msgspec.json.encode(members or {}).decode()
    call = ToolCall(needed(node, "id"), needed(node, "name"), arguments)
    node.take("cache_control")
    caller = node.node("caller")
    if caller is not None and caller.rest.get("type") != "direct":
        hearing.losses.note(caller.path, ONLY_HERE)
    _close(node, hearing)
    return [call]


def _tool_result(node: Node, hearing: Hearing) -> list[Part]:
    result = ToolResult(
        needed(node, "tool_use_id"),
        contents_in(node, "content", hearing),
        node.flag("is_error") or False,
        mark_in(node),
    )
    hearing.losses.place(result, node.path)
    _close(node, hearing)
    return [result]


def contents_in(node: Node, name: str, hearing: Hearing) -> list[Content]:
    """The texts, images and documents of a member; what else stands there is named."""
    kept: list[Content] = []
    at = node.under(name)
    for part in parts_in(node, name, hearing):
        if isinstance(part, Text | Image | Document):
            kept.append(part)
        else:
            kind = part.kind if isinstance(part, Foreign) else type(part).__name__
            hearing.losses.note(at, f"dropped: a {as_word(kind)} block has no place here")
    return kept


def _foreign(node: Node, hearing: Hearing) -> list[Part]:
    part = Foreign(node.rest["type"], msgspec.Raw(msgspec.json.encode(node.rest)), NAME)
    hearing.losses.place(part, node.path)
    return [part]


def _reference(node: Node, hearing: Hearing) -> list[Part]:
    """A tool that the caller's own search found: from now on the model shall know it."""
    name = needed(node, "tool_name")
    hearing.shown[name] = True
    return [Text(f"Tool loaded: {name}")]


def _search_found(node: Node, hearing: Hearing) -> list[Part]:
    found = node.rest.get("content")
    references = found.get("tool_references") if isinstance(found, dict) else None
    for reference in references if isinstance(references, list) else ():
        name = reference.get("tool_name") if isinstance(reference, dict) else None
        if isinstance(name, str):
            hearing.shown[name] = True
    return _foreign(node, hearing)


def _tool_change(node: Node, hearing: Hearing) -> list[Part]:
    """Tools come and go in the middle; what we can do is to show them or not."""
    added = node.take("type") == "tool_addition"
    tool = node.node("tool")
    kind = tool.rest.get("type") if tool is not None else None
    definition = tool.node("definition") if tool is not None else None
    if tool is not None and kind == "tool_reference":
        hearing.shown[needed(tool, "name")] = added
    elif added and definition is not None:
        hearing.defined.append(definition)
    else:
        hearing.losses.note(node.path, ONLY_HERE)
    return []


_READ: dict[str, Callable[[Node, Hearing], list[Part]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "tool_reference": _reference,
    "tool_search_tool_result": _search_found,
    "tool_addition": _tool_change,
    "tool_removal": _tool_change,
}
