"""Says a conversation as the messages of a Chat Completions request.

Facts: API reference "Create chat completion", as of 2026-11-20.
Rule 1: every tool call is answered right after the assistant's message, before anyone else says
a word: a missing answer is made up, and an answer to no call becomes the user's words.
Rule 2: tools answer in text alone; images and files they returned follow as the user's.
Rule 3: a message depends on nothing that comes after the next assistant's one, so that what was
said once is said the same way in every later call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headgate.wire.ability import Abilities
from headgate.wire.history import UNANSWERED, instructs, orphan, outcome, plain
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Ask,
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
from headgate.wire.naming import Lexicon, call_id
from headgate.wire.openai_chat.reading import NAME
from headgate.wire.unwrap import wrapped

_MOST_MARKS = 4
_STRANGER = "dropped: only its own vendor understands it"


def say_messages(
    ask: Ask, order: str, abilities: Abilities, lexicon: Lexicon, losses: Losses
) -> list[Object]:
    """The whole conversation, at its head what the operator said first and an order of ours."""
    script = Script(abilities, lexicon, losses)
    if abilities.cache_marks:
        script.mark(ask)
    script.open([*ask.system, Text(order)] if order else ask.system)
    script.play(ask.turns)
    return script.messages


class Script:
    """The messages said so far."""

    __slots__ = (
        "_abilities",
        "_answered",
        "_lexicon",
        "_losses",
        "_marked",
        "_operator",
        "messages",
    )

    def __init__(self, abilities: Abilities, lexicon: Lexicon, losses: Losses) -> None:
        self._abilities = abilities
        self._lexicon = lexicon
        self._losses = losses
        self._operator = "developer" if abilities.developer else "system"
        self._answered: set[int] = set()
        """results already said, by identity"""
        self._marked: set[int] = set()
        """parts that end what shall be cached, by identity"""
        self.messages: list[Object] = []

    def mark(self, ask: Ask) -> None:
        """Keep the last breakpoints, as many as may be set."""
        marked: list[int] = [id(text) for text in ask.system if text.mark is not None]
        for turn in ask.turns:
            marked += (
                id(part)
                for part in turn.parts
                if isinstance(part, Text | Image | Document | ToolResult)
                and part.mark is not None
            )
        self._marked.update(marked[-_MOST_MARKS:])

    def open(self, system: Sequence[Text]) -> None:
        texts = [it for it in system if instructs(it.text)]
        if texts:
            self._say(self._operator, self._joined(texts, "\n\n"))

    def play(self, turns: Sequence[Turn]) -> None:
        at = 0
        while at < len(turns):
            turn = turns[at]
            at += 1
            if turn.role is Role.ASSISTANT:
                parts = list(turn.parts)
                called = bool(_calls(parts))
                while called and at < len(turns) and turns[at].role is Role.ASSISTANT:
                    parts += turns[at].parts
                    at += 1
                self._assistant(parts, turn.name)
                self._answer(_calls(parts), turns, at)
            elif turn.role is Role.SYSTEM:
                self._operate(turn)
            else:
                self._user(turn)
        if turns and turns[-1].role is Role.ASSISTANT and not self._abilities.prefill:
            self._refuse_prefill(turns[-1])

    def _refuse_prefill(self, last: Turn) -> None:
        if any(isinstance(part, Text) for part in last.parts) and not _calls(last.parts):
            why = "the last message is the assistant's, and this model does not continue it: "
            self._losses.refuse("turns", why + "end with a message of the user")

    def _say(self, role: str, content: str | list[Object] | None, name: str = "") -> Object:
        message: Object = {"role": role, "content": content}
        if name:
            message["name"] = name
        self.messages.append(message)
        return message

    def _joined(self, texts: Sequence[Text], between: str) -> str | list[Object]:
        """The texts as one string, or as parts where something is to be cached between them."""
        if self._marked and any(id(text) in self._marked for text in texts):
            return [self._text(text.text, text) for text in texts]
        return texts[0].text if len(texts) == 1 else between.join(it.text for it in texts)

    def _text(self, text: str, part: object = None) -> Object:
        return self._pointed({"type": "text", "text": text}, part)

    def _pointed(self, said: Object, part: object) -> Object:
        if part is not None and id(part) in self._marked:
            said["prompt_cache_breakpoint"] = {"mode": "explicit"}
        return said

    def _operate(self, turn: Turn) -> None:
        texts = [part for part in turn.parts if isinstance(part, Text) and part.text]
        for part in turn.parts:
            if not isinstance(part, Text):
                self._losses.note(part, _STRANGER)
        if not texts:
            return
        if self._abilities.system_turns:
            self._say(self._operator, self._joined(texts, "\n\n"), turn.name)
        else:
            words = "\n\n".join(text.text for text in texts)
            self._say("user", f"<system-reminder>\n{words}\n</system-reminder>")

    def _assistant(self, parts: Sequence[Part], name: str) -> None:
        texts, thoughts = self._spoken(parts)
        refusal = "".join(part.text for part in parts if isinstance(part, Refusal))
        calls = [self._call(call) for call in _calls(parts)]
        if not (texts or refusal or calls):
            return
        message = self._say("assistant", self._joined(texts, "") if texts else None, name)
        if refusal:
            message["refusal"] = refusal
        if calls:
            message["tool_calls"] = calls
        if thoughts:
            message["reasoning_content"] = "".join(thoughts)

    def _spoken(self, parts: Sequence[Part]) -> tuple[list[Text], list[str]]:
        """(words, thoughts) of the assistant's."""
        texts: list[Text] = []
        thoughts: list[str] = []
        for part in parts:
            match part:
                case Text():
                    if part.text:
                        texts.append(part)
                case Thought():
                    self._remember(part, thoughts)
                case Foreign():
                    texts += self._words(part)
                case ToolCall() | Refusal():
                    pass  # said in fields of their own
                case _:
                    why = "Chat Completions takes no images or files from the assistant"
                    self._losses.refuse(part, why)
        return texts, thoughts

    def _remember(self, thought: Thought, thoughts: list[str]) -> None:
        if thought.maker == NAME and self._abilities.reasoning_text:
            if thought.text:
                thoughts.append(thought.text)
        else:
            why = "dropped: reasoning can only go back to the model that did it"
            self._losses.note("turns", why)

    def _call(self, call: ToolCall) -> Object:
        alias = self._lexicon.alias(call.name, call.namespace)
        id = call_id(call.id)
        if call.custom and self._abilities.custom_tools:
            custom = {"name": alias, "input": call.arguments}
            return {"id": id, "type": "custom", "custom": custom}
        arguments = call.arguments or "{}"
        if call.custom:
            arguments = wrapped(call.arguments)
        function = {"name": alias, "arguments": arguments}
        return {"id": id, "type": "function", "function": function}

    def _answer(self, calls: Sequence[ToolCall], turns: Sequence[Turn], at: int) -> None:
        """The results of these calls, found before the assistant's next turn."""
        if not calls:
            return
        waiting = {call.id for call in calls}
        media: list[tuple[str, list[Object]]] = []
        while at < len(turns) and turns[at].role is not Role.ASSISTANT:
            parts, at = turns[at].parts, at + 1
            for part in parts:
                if isinstance(part, ToolResult) and part.id in waiting:
                    waiting.discard(part.id)
                    self._answered.add(id(part))
                    media.append((part.id, self._result(part)))
        for call in calls:
            if call.id in waiting:
                waiting.discard(call.id)
                self._say("tool", UNANSWERED)["tool_call_id"] = call_id(call.id)
        self._show([(id, said) for id, said in media if said])

    def _result(self, result: ToolResult) -> list[Object]:
        """Say it, and return what it holds besides text."""
        words, media = self._told(result)
        text = outcome(words, failed=result.failed)
        content: str | list[Object] = text
        if text and id(result) in self._marked:
            content = [self._text(text, result)]
        self._say("tool", content)["tool_call_id"] = call_id(result.id)
        return media

    def _show(self, media: Sequence[tuple[str, list[Object]]]) -> None:
        """One message with all that the tools returned besides text."""
        shown: list[Object] = []
        for id, said in media:
            if len(media) > 1:
                shown.append(self._text(f"Returned by the tool call {call_id(id)}:"))
            shown += said
        if shown:
            self._say("user", shown)

    def _told(self, result: ToolResult) -> tuple[str, list[Object]]:
        texts: list[str] = []
        media: list[Object] = []
        for part in result.parts:
            for said in self._shown(part):
                if said["type"] == "text":
                    texts.append(said["text"])
                else:
                    media.append(said)
        return "\n".join(texts), media

    def _user(self, turn: Turn) -> None:
        said: list[Object] = []
        for part in turn.parts:
            if isinstance(part, ToolResult):
                if id(part) not in self._answered:
                    words, media = self._told(part)
                    text = orphan(words, failed=part.failed)
                    said += [self._text(text, part), *media]
            else:
                said += self._shown(part)
        if not said:
            return
        only = said[0] if len(said) == 1 else {}
        if only.get("type") == "text" and "prompt_cache_breakpoint" not in only:
            self._say("user", only["text"], turn.name)
        else:
            self._say("user", said, turn.name)

    def _shown(self, part: Part) -> Iterable[Object]:
        """A part as content of the user's."""
        match part:
            case Text():
                return [self._text(part.text, part)]
            case Image():
                return self._image(part)
            case Document():
                return self._document(part)
            case Foreign():
                return [self._text(text.text) for text in self._words(part)]
            case _:
                self._losses.note(part, "dropped: the user cannot say this")
                return []

    def _image(self, image: Image) -> list[Object]:
        if not self._abilities.images:
            why = "the model takes no images: take it out, or choose a model that does"
            self._losses.refuse(image, why, heals="image_block")
        elif image.file_id:
            self._losses.refuse(image, _STORED)
        else:
            url = image.url or f"data:{image.media_type};base64,{image.data}"
            inner = {"url": url, "detail": image.detail} if image.detail else {"url": url}
            return [self._pointed({"type": "image_url", "image_url": inner}, image)]
        return []

    def _document(self, document: Document) -> list[Object]:
        if document.citations:
            why = "citations of it will not come: Chat Completions has none"
            self._losses.note(document, why)
        if document.media_type.startswith("text/") and document.data:
            words = (document.title, document.context, document.data)
            return [self._text("\n\n".join(word for word in words if word), document)]
        if not self._abilities.documents:
            why = "the model takes no documents: send its text, or choose a model that does"
            self._losses.refuse(document, why, heals="document_block")
        elif document.file_id:
            self._losses.refuse(document, _STORED)
        elif document.url:
            why = "Chat Completions takes no address of a document: send its content"
            self._losses.refuse(document, why, heals="document_block")
        else:
            return self._file(document)
        return []

    def _file(self, document: Document) -> list[Object]:
        data = f"data:{document.media_type};base64,{document.data}"
        file = {"filename": document.title or "document.pdf", "file_data": data}
        said = self._pointed({"type": "file", "file": file}, document)
        return [self._text(document.context), said] if document.context else [said]

    def _words(self, foreign: Foreign) -> list[Text]:
        """What a block of another vendor says in plain words, if anything."""
        words = plain(foreign)
        why = "carried as plain text: Chat Completions has no such block"
        self._losses.note(foreign, why if words else _STRANGER)
        return [Text(words)] if words else []


_STORED = "it lies in another vendor's store, which this one cannot read: send its content"


def _calls(parts: Iterable[Part]) -> list[ToolCall]:
    return [part for part in parts if isinstance(part, ToolCall)]
