"""Says a conversation as the items of a Responses request.

Rule 1: items follow the parts' order; the results of an assistant's calls come right after it,
and a call without one gets a synthetic result, as OpenAI refuses unanswered calls.
Rule 2: reasoning is said only to the vendor that made it, sealed as it was.
Rule 3: an item depends on nothing that is said later but the results of its own calls.
"""

from __future__ import annotations

import msgspec

from headgate.wire.ability import Aim
from headgate.wire.history import UNANSWERED, orphan, outcome, plain
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Ask,
    Document,
    Foreign,
    Image,
    Mark,
    Object,
    Part,
    Refusal,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.naming import call_id
from headgate.wire.openai_responses.reading import NAME
from headgate.wire.openai_responses.tools import Toolbox

_PLAIN = "text/plain"
_LONG = ("1h", "12h")
_NO_PLACE = "dropped: Responses has no place for it"
_FILE_IDS = "lies in another vendor's store; send the file itself"


class Retelling:
    """The items of one Ask."""

    __slots__ = ("_abilities", "_answered", "_losses", "_marking", "_tools", "items")

    def __init__(self, aim: Aim, tools: Toolbox, losses: Losses) -> None:
        self._abilities = aim.abilities
        self._tools = tools
        self._losses = losses
        self._answered: set[int] = set()
        """the results already said, right after their calls"""
        self._marking = False
        """a mark needs a list to stand in, and it moves on: so every result is a list, lest
        one changes its form when the mark has left it"""
        self.items: list[Object | msgspec.Raw] = []

    def tell(self, ask: Ask) -> list[Object | msgspec.Raw]:
        turns = ask.turns
        self._marking = self._abilities.cache_marks and _has_marks(ask)
        calls: dict[str, bool] = {}
        for at, turn in enumerate(turns):
            if turn.role is Role.ASSISTANT:
                self._assistant(turn, calls)
                if calls and (at + 1 == len(turns) or turns[at + 1].role is not turn.role):
                    self._answer(calls, turns, at + 1)
                    calls = {}
            else:
                self._others(turn)
        if turns and turns[-1].role is Role.ASSISTANT:
            self._judge_ending(turns[-1])
        return self.items

    def opening(self, texts: list[Text]) -> Object:
        """What the operator says first, in a form that breakpoints can stand in."""
        content = [
            {"type": "input_text", "text": it.text} | self._breakpoint(it.mark) for it in texts
        ]
        return {"type": "message", "role": "developer", "content": content}

    def _judge_ending(self, last: Turn) -> None:
        prefilled = last.parts and not isinstance(last.parts[-1], ToolCall)
        if prefilled and not self._abilities.prefill:
            self._losses.refuse(
                "turns", "ends with the assistant's own words, which this model cannot continue"
            )

    def _assistant(self, turn: Turn, calls: dict[str, bool]) -> None:
        content: list[Object] = []
        for part in turn.parts:
            if isinstance(part, Text | Refusal):
                content += self._words(part)
                continue
            if content:
                self._message("assistant", content)
                content = []
            if isinstance(part, ToolCall):
                call = call_id(part.id)
                item = self._tools.call(part, call)
                calls[call] = item["type"] == "custom_tool_call"
                self.items.append(item)
            elif isinstance(part, Thought):
                self._thought(part)
            elif isinstance(part, Foreign) and part.maker == NAME:
                self.items.append(part.raw)
            else:
                self._losses.note(part, _NO_PLACE)
        if content:
            self._message("assistant", content)

    def _words(self, part: Text | Refusal) -> list[Object]:
        if isinstance(part, Refusal):
            return [{"type": "refusal", "refusal": part.text}] if part.text else []
        if part.citations:
            self._losses.note("turns", "citations of earlier answers dropped")
        return [{"type": "output_text", "text": part.text}] if part.text else []

    def _thought(self, thought: Thought) -> None:
        if thought.maker != NAME or not thought.seal:
            self._losses.note("turns", "reasoning dropped: it is not sealed for this vendor")
            return
        item: Object = {"type": "reasoning", "summary": [], "encrypted_content": thought.seal}
        if thought.id:
            item["id"] = thought.id
        self.items.append(item)

    def _message(self, role: str, content: list[Object]) -> None:
        self.items.append({"type": "message", "role": role, "content": content})

    def _answer(self, calls: dict[str, bool], turns: list[Turn], at: int) -> None:
        """Say the results that come before the assistant speaks again, and the missing ones."""
        while at < len(turns) and turns[at].role is not Role.ASSISTANT:
            for part in turns[at].parts:
                if isinstance(part, ToolResult) and call_id(part.id) in calls:
                    call = call_id(part.id)
                    self._answered.add(id(part))
                    self._output(call, calls.pop(call), self._result(part))
            at += 1
        for call, custom in calls.items():
            self._output(call, custom, UNANSWERED)

    def _output(self, call: str, custom: bool, output: str | list[Object]) -> None:
        kind = "custom_tool_call_output" if custom else "function_call_output"
        self.items.append({"type": kind, "call_id": call, "output": output})

    def _result(self, result: ToolResult) -> str | list[Object]:
        if not self._marking and all(isinstance(part, Text) for part in result.parts):
            return outcome(_joined(result), failed=result.failed)
        content = [said for part in result.parts for said in self._shown(part)]
        first = content[0] if content else {}
        if first.get("type") == "input_text":
            first["text"] = outcome(first["text"], failed=result.failed)
        elif result.failed:
            content.insert(0, {"type": "input_text", "text": outcome("", failed=True).strip()})
        if self._marking and result.mark is not None and content:
            content[-1] |= self._breakpoint(result.mark)
        return content or ""

    def _others(self, turn: Turn) -> None:
        content: list[Object] = []
        for part in turn.parts:
            if isinstance(part, Foreign) and part.maker == NAME:
                self.items.append(part.raw)
            elif not isinstance(part, ToolResult):
                content += self._shown(part)
            elif id(part) not in self._answered:
                content += self._orphan(part)
        if content:
            self._message("developer" if turn.role is Role.SYSTEM else "user", content)

    def _orphan(self, result: ToolResult) -> list[Object]:
        words = orphan(_joined(result), failed=result.failed)
        said: list[Object] = [{"type": "input_text", "text": words}]
        for part in result.parts:
            if not isinstance(part, Text):
                said += self._shown(part)
        return said

    def _shown(self, part: Part) -> list[Object]:
        """A part of what the caller shows, as content; nothing where it cannot be said."""
        match part:
            case Text():
                said: Object = {"type": "input_text", "text": part.text}
            case Image():
                said = self._image(part)
            case Document():
                said = self._document(part)
                if part.context and said.get("type") == "input_file":
                    context = {"type": "input_text", "text": part.context}
                    return [context, said | self._breakpoint(part.mark)]
            case Foreign():
                words = plain(part)
                self._losses.note(part, "said as plain text" if words else _NO_PLACE)
                return [{"type": "input_text", "text": words}] if words else []
            case _:
                self._losses.note(part, _NO_PLACE)
                return []
        return [said | self._breakpoint(part.mark)] if said else []

    def _breakpoint(self, mark: Mark | None) -> Object:
        if mark is None or not self._abilities.cache_marks:
            return {}
        return {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": lifetime(mark)}}

    def _image(self, image: Image) -> Object:
        if not self._abilities.images:
            self._losses.refuse(image, "this model sees no images", heals="image_block")
            return {}
        if image.file_id:
            self._losses.refuse(image, _FILE_IDS)
            return {}
        url = image.url or f"data:{image.media_type or 'image/png'};base64,{image.data}"
        detail = {"detail": image.detail} if image.detail else {}
        return {"type": "input_image", "image_url": url, **detail}

    def _document(self, document: Document) -> Object:
        if document.file_id:
            self._losses.refuse(document, _FILE_IDS)
            return {}
        if document.citations:
            self._losses.note(document, "its citations dropped: Responses cites no documents")
        if document.media_type == _PLAIN and not document.url:
            words = (document.title, document.context, document.data)
            text = "\n\n".join(word for word in words if word)
            return {"type": "input_text", "text": text}
        if not self._abilities.documents:
            self._losses.refuse(
                document, "this model reads no documents", heals="document_block"
            )
            return {}
        if document.url:
            return {"type": "input_file", "file_url": document.url}
        media_type = document.media_type or "application/pdf"
        return {
            "type": "input_file",
            "filename": document.title or "document." + media_type.rpartition("/")[2],
            "file_data": f"data:{media_type};base64,{document.data}",
        }


def lifetime(mark: Mark) -> str:
    """OpenAI's lifetime of a cache entry that comes nearest to the one asked for."""
    return "12h" if mark.ttl in _LONG else "30m"


def _joined(result: ToolResult) -> str:
    return "\n".join(part.text for part in result.parts if isinstance(part, Text))


def _has_marks(ask: Ask) -> bool:
    said = [*ask.system, *(part for turn in ask.turns for part in turn.parts)]
    return any(getattr(part, "mark", None) is not None for part in said)
