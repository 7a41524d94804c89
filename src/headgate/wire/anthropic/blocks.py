"""How parts are said as content blocks of the Messages dialect.

Facts: docs page "Messages" and SDK 2.11.0, as of 2026-11-20.
Rule 1: Anthropic refuses empty text and blocks of other vendors: they are never said.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from msgspec import Struct

from headgate.wire.ability import Abilities
from headgate.wire.anthropic import cited
from headgate.wire.anthropic.reading import NAME
from headgate.wire.anthropic.tools import control
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import Document, Image, Object, Text, Thought, ToolResult

FILE_ELSEWHERE = "it lies in the file store of another vendor; send its content or a URL"


class Media(Struct, frozen=True):
    """What a model can see, and where it is told what it cannot."""

    abilities: Abilities
    losses: Losses

    def say(self, part: Text | Image | Document) -> list[Object]:
        if isinstance(part, Text):
            if not all(cited.send(one) for one in part.citations):
                self.losses.note("turns", "citations of another vendor's answers dropped")
            return say_text(part)
        return self._image(part) if isinstance(part, Image) else self._document(part)

    def _image(self, image: Image) -> list[Object]:
        if not self.abilities.images:
            self.losses.refuse(image, "this model takes no images", heals="image_block")
        elif image.file_id:
            self.losses.refuse(image, FILE_ELSEWHERE)
        elif image.url:
            return [_marked({"type": "image", "source": _url(image.url)}, image)]
        else:
            source = _base64(image.media_type, image.data)
            return [_marked({"type": "image", "source": source}, image)]
        return []

    def _document(self, document: Document) -> list[Object]:
        if not self.abilities.documents:
            self.losses.refuse(
                document, "this model takes no documents", heals="document_block"
            )
            return []
        source = self._source(document)
        if source is None:
            return []
        said: Object = {"type": "document", "source": source}
        if document.title:
            said["title"] = document.title
        if document.context:
            said["context"] = document.context
        if document.citations:
            said["citations"] = {"enabled": True}
        return [_marked(said, document)]

    def _source(self, document: Document) -> Object | None:
        kind = document.media_type
        if document.file_id:
            self.losses.refuse(document, FILE_ELSEWHERE)
            return None
        if document.url:
            return _url(document.url)
        if kind in ("application/pdf", ""):
            return _base64("application/pdf", document.data)
        words = document.data if kind == "text/plain" else _decoded(kind, document.data)
        if words is None:
            why = f"Claude reads PDF and text, not {as_word(kind)}"
            self.losses.refuse(document, why, heals="document_block")
            return None
        return {"type": "text", "media_type": "text/plain", "data": words}


def _decoded(kind: str, data: str) -> str | None:
    """The words of a text file that came as base64; None when it is no text."""
    if not kind.startswith("text/") and kind != "application/json":
        return None
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _url(url: str) -> Object:
    return {"type": "url", "url": url}


def _base64(media_type: str, data: str) -> Object:
    return {"type": "base64", "media_type": media_type, "data": data}


def _marked(said: Object, part: Text | Image | Document | ToolResult) -> Object:
    if part.mark is not None:
        said["cache_control"] = control(part.mark)
    return said


def say_text(text: Text, cite: Callable[[Object], Object | None] = cited.send) -> list[Object]:
    """Nothing when there is nothing but blanks."""
    words = text.text
    if not words or words.isspace():
        return []
    block: Object = {"type": "text", "text": words}
    if text.citations:
        ours = [said for one in text.citations if (said := cite(one)) is not None]
        if ours:
            block["citations"] = ours
    return [_marked(block, text)]


def say_thought(thought: Thought) -> list[Object]:
    """Nothing when another vendor made it, or nobody vouches for it."""
    if thought.maker != NAME or not thought.seal:
        return []
    if thought.redacted:
        return [{"type": "redacted_thinking", "data": thought.seal}]
    return [{"type": "thinking", "thinking": thought.text, "signature": thought.seal}]


def say_result(result: ToolResult, id: str, media: Media) -> Object:
    said: Object = {"type": "tool_result", "tool_use_id": id}
    parts = result.parts
    first = parts[0] if len(parts) == 1 else None
    if not parts:
        said["content"] = ""
    elif isinstance(first, Text) and first.mark is None:
        said["content"] = first.text
    else:
        said["content"] = [block for part in parts for block in media.say(part)]
    if result.failed:
        said["is_error"] = True
    return _marked(said, result)
