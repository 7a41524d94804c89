"""The conversation as Anthropic takes it: whose turn it is, and what must stand first.

Facts: docs pages "Messages" and "Tool use", and 400s told of in other gateways' issues, checked
2026-11-20: tool results stand first in the turn right after the calls, each call has exactly
one and its id occurs once; a system message follows a user's and comes last before Claude's.
Rule 1: what is said of a turn depends on nothing that comes after Claude's next turn, so that
a conversation sent again begins with the same bytes.
Rule 2: system words in the middle stay there: moved to the front they would change the prefix.
"""

from __future__ import annotations

from typing import assert_never

from headgate.wire.ability import Abilities
from headgate.wire.anthropic.blocks import Media, say_result, say_text, say_thought
from headgate.wire.anthropic.reading import NAME
from headgate.wire.anthropic.tools import LONGEST_NAME
from headgate.wire.history import UNANSWERED, orphan
from headgate.wire.loss import Losses, as_word
from headgate.wire.meaning import (
    Document,
    Foreign,
    Image,
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
from headgate.wire.naming import LONGEST_ID, Lexicon, call_id
from headgate.wire.walk import object_in

OPENING: Object = {
    "role": "user",
    "content": [{"type": "text", "text": "[the conversation begins here]"}],
}
"""Claude answers a user: somebody has to speak first"""


class Conversation:
    """Turns in, messages out."""

    def __init__(self, abilities: Abilities, lexicon: Lexicon, losses: Losses) -> None:
        self.messages: list[Object] = []
        self._abilities = abilities
        self._lexicon = lexicon
        self._losses = losses
        self._media = Media(abilities, losses)
        self._owed: dict[str, list[str]] = {}
        """calls without a result: the caller's id -> the ids they were said under"""
        self._used: dict[str, int] = {}
        self._results: list[Object] = []
        self._words: list[Object] = []
        self._orders: list[Object] = []
        """what the operator says in the turn that is being gathered"""

    def add(self, turn: Turn) -> None:
        if turn.name:
            self._losses.note("turns", "dropped: names of speakers; Anthropic has none")
        if turn.role is Role.ASSISTANT:
            self._claude(turn)
            return
        for part in turn.parts:
            if isinstance(part, ToolResult):
                self._result(part)
            elif turn.role is Role.SYSTEM:
                self._order(part)
            else:
                self._words += self._plain(part)

    def finish(self) -> list[Object]:
        """The messages; an open turn is closed, open calls get their result."""
        self._close()
        if self._owed:
            self._trim()
            self._put("user", self._owing())
        self._trim()
        if not self.messages or self.messages[0]["role"] != "user":
            self.messages.insert(0, OPENING)
        return self.messages

    def _claude(self, turn: Turn) -> None:
        self._close()
        blocks = [block for part in turn.parts for block in self._own(part)]
        if blocks:
            self._put("assistant", blocks)

    def _own(self, part: Part) -> list[Object]:
        """A part of Claude's own turn."""
        match part:
            case Thought():
                said = say_thought(part)
                if not said:
                    self._losses.note("turns", "dropped: reasoning that no Claude signed")
                return said
            case ToolCall():
                return [self._call(part)]
            case Image() | Document():
                self._losses.note(part, "dropped: Claude's own turns hold no media")
                return []
            case ToolResult():
                self._losses.note(part, "dropped: a result inside of the model's own turn")
                return []
            case _:
                return self._plain(part)

    def _plain(self, part: Part) -> list[Object]:
        match part:
            case Text() | Image() | Document():
                return self._media.say(part)
            case Refusal():
                return say_text(Text(part.text))
            case Foreign():
                return self._foreign(part)
            case Thought() | ToolCall() | ToolResult():
                self._losses.note(part, "dropped: it is not the model's own turn")
                return []
            case _:
                assert_never(part)

    def _foreign(self, part: Foreign) -> list[Object]:
        if part.maker == NAME:
            return [object_in(bytes(part.raw).decode())]
        self._losses.note(part, f"dropped: {as_word(part.kind)} is another vendor's")
        return []

    def _call(self, call: ToolCall) -> Object:
        id = self._unused(call_id(call.id))
        self._owed.setdefault(call.id, []).append(id)
        name = self._lexicon.alias(call.name, call.namespace, LONGEST_NAME)
        free = {"input": call.arguments} if call.custom else self._arguments(call)
        return {"type": "tool_use", "id": id, "name": name, "input": free}

    def _arguments(self, call: ToolCall) -> Object:
        members = object_in(call.arguments)
        if not members and call.arguments.strip("{} \t\r\n"):
            self._losses.note("turns", "changed: a tool call's arguments are no JSON object")
        return members

    def _unused(self, id: str) -> str:
        """Some servers count their calls from 0 in every turn."""
        times = self._used.get(id, 0)
        self._used[id] = times + 1
        if not times:
            return id
        tail = f"_{times + 1}"
        return self._unused(id[: LONGEST_ID - len(tail)] + tail)

    def _result(self, result: ToolResult) -> None:
        owed = self._owed.get(result.id)
        if owed is None:
            self._orphan(result)
            return
        self._results.append(say_result(result, owed.pop(0), self._media))
        if not owed:
            del self._owed[result.id]

    def _orphan(self, result: ToolResult) -> None:
        """A result of no call, or a second one: still words that the model should know."""
        self._losses.note(result, "changed: said as text, because it answers no tool call")
        words = " ".join(part.text for part in result.parts if isinstance(part, Text))
        self._words += say_text(Text(orphan(words, failed=result.failed)))
        for part in result.parts:
            if not isinstance(part, Text):
                self._words += self._media.say(part)

    def _order(self, part: Part) -> None:
        if not isinstance(part, Text | Refusal | Foreign):
            self._words += self._plain(part)
        elif self._abilities.system_turns:
            self._orders += self._plain(part)
        else:
            self._words += [_as_note(block) for block in self._plain(part)]

    def _close(self) -> None:
        """The turn between two of Claude's is complete."""
        if not (self._results or self._words or self._orders):
            return
        self._trim()
        results, words, orders = self._results, self._words, self._orders
        self._results, self._words, self._orders = [], [], []
        if self.messages and self.messages[-1]["role"] == "system":
            # Claude's turn between was empty: the operator comes after all that the user said
            orders = self.messages.pop()["content"] + orders
        content = results + self._owing() + words
        if not content and (not self.messages or self.messages[-1]["role"] != "user"):
            content, orders = [_as_note(order) for order in orders], []
        if content:
            self._put("user", content)
        if orders:
            self._put("system", orders)

    def _owing(self) -> list[Object]:
        missing = [id for ids in self._owed.values() for id in ids]
        self._owed = {}
        return [
            {"type": "tool_result", "tool_use_id": id, "content": UNANSWERED} for id in missing
        ]

    def _trim(self) -> None:
        """Claude's turn must not end with a thought."""
        if not self.messages or self.messages[-1]["role"] != "assistant":
            return
        content = self.messages[-1]["content"]
        while content and content[-1]["type"] in ("thinking", "redacted_thinking"):
            content.pop()
        if not content:
            self.messages.pop()

    def _put(self, role: str, blocks: list[Object]) -> None:
        if self.messages and self.messages[-1]["role"] == role:
            self.messages[-1]["content"] += blocks
        else:
            self.messages.append({"role": role, "content": blocks})


def _as_note(block: Object) -> Object:
    """Words of the operator in a user's turn, told apart from the user's."""
    if block.get("type") != "text":
        return block
    return {**block, "text": f"[Note from the operator, not from the user]\n{block['text']}"}
