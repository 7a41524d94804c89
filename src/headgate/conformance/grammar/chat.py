"""The grammar of a Chat Completions stream, as OpenAI's SDKs and their imitators rely on it."""

from __future__ import annotations

from typing import Any

from headgate.conformance.grammar.verdict import (
    Event,
    Judge,
    Part,
    Wish,
    entries,
    is_span,
    members,
    whole_number,
    word,
)

STOPS = {"stop", "length", "tool_calls", "content_filter", "function_call"}
CUT_SHORT = {"length", "content_filter"}
"""after these, the last tool call may be half said"""
SPOKEN = (
    ("content", "text"),
    ("refusal", "refusal"),
    ("reasoning_content", "thought"),
    ("reasoning", "thought"),
)
COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


class ChatJudge(Judge):
    _opening: tuple[object, ...] | None = None
    _spoke = False
    _counted = False
    _done = False
    _failed = False

    def __init__(self, dialect: str, wish: Wish) -> None:
        super().__init__(dialect, wish)
        self._calls: list[Part] = []
        self._cited = False

    def hear(self, event: Event) -> None:
        self.want(not event.name, "a named event")
        if self._done:
            self.blame("an event after the end")
            return
        if event.data == "[DONE]":
            self._finish()
            return
        if self._failed:
            self.blame("a chunk after the error")
            return
        it = self.parse(event.data)
        if it.get("error"):
            self._fail(it["error"])
            return
        self._compare(it)
        choices = it.get("choices")
        self.want(isinstance(choices, list), "a chunk without choices")
        self._count(it.get("usage"), bool(choices))
        for choice in entries(choices):
            self._hear_choice(members(choice))

    def _fail(self, error: object) -> None:
        self._failed = True
        self.verdict.ending = "error"
        self.verdict.error = members(error) or {"message": error}
        self.want_ours(isinstance(error, dict), "an error that is no object")
        self.want(
            isinstance(self.verdict.error.get("message"), str), "an error without a message"
        )

    def _compare(self, it: dict[str, Any]) -> None:
        names = ("id", "created", "model", "object")
        opening = tuple(it.get(name) for name in names)
        if self._opening is None:
            self._opening = opening
            self.verdict.id, self.verdict.model = word(it.get("id")), word(it.get("model"))
            self.want(bool(self.verdict.id), "a chunk without an id")
            self.want(bool(self.verdict.model), "a chunk without a model")
            self.want(whole_number(it.get("created")), "a chunk without created")
            self.want(it.get("object") == "chat.completion.chunk", "not a chunk by its object")
        for name, first, now in zip(names, self._opening, opening, strict=True):
            self.want(first == now, f"another {name} than in the first chunk")

    def _count(self, usage: object, choices: bool) -> None:
        if usage is None:
            self.want_ours(choices, "a chunk of nothing")
            return
        self.want_ours(not choices, "usage in a chunk with choices")
        self.want_ours(self.wish.usage_chunk, "usage that nobody asked for")
        self.want_ours(bool(self.verdict.stop), "usage before finish_reason")
        self.want(not self._counted, "usage twice")
        self._counted = True
        counts = members(usage)
        for name in COUNTS:
            self.want(whole_number(counts.get(name)), f"usage without {name}")
        if all(whole_number(counts.get(name)) for name in COUNTS):
            prompt, completion, total = (counts[name] for name in COUNTS)
            self.want_ours(prompt + completion == total, "usage whose total is not its sum")
        for name in ("prompt_tokens_details", "completion_tokens_details"):
            self.want_ours(isinstance(counts.get(name), dict), f"usage without {name}")
        self.verdict.usage = counts

    def _hear_choice(self, choice: dict[str, Any]) -> None:
        self.want(choice.get("index") == 0, "a choice of another index than 0")
        self.want(isinstance(choice.get("delta"), dict), "a choice without a delta")
        self.want("finish_reason" in choice, "a choice without finish_reason, not even null")
        delta = members(choice.get("delta"))
        if not self._spoke:
            self.want(delta.get("role") == "assistant", "the first delta names no role")
        else:
            self.want_ours("role" not in delta, "a role in a later delta")
        self._spoke = True
        ended = bool(self.verdict.stop)
        said = any(delta.get(name) for name in ("content", "refusal", "tool_calls"))
        self.want(not (ended and said), "content after finish_reason")
        for name, kind in SPOKEN:
            self._grow(kind, delta.get(name))
        for call in entries(delta.get("tool_calls")):
            self._hear_call(members(call))
        if "annotations" in delta:
            self._cite(entries(delta["annotations"]))
        stop = choice.get("finish_reason")
        if stop is not None:
            self.want(word(stop) in STOPS, "an unknown finish_reason")
            self.want(not ended, "a second finish_reason")
            self.verdict.stop = word(stop)

    def _cite(self, annotations: list[Any]) -> None:
        """Pages, whose places count the characters of all text so far."""
        self.want_ours(not self._cited, "annotations twice: clients cannot add to a list")
        self._cited = True
        texts = [part for part in self.verdict.parts if part.kind == "text"]
        if not texts:
            self.want_ours(False, "annotations without text")
            return
        length = sum(len(part.text) for part in texts)
        for each in annotations:
            cited = members(members(each).get("url_citation"))
            named = members(each).get("type") == "url_citation" and bool(word(cited.get("url")))
            self.want_ours(named, "an annotation that names no page")
            self.want_ours(isinstance(cited.get("title"), str), "a page without a title")
            self.want_ours(is_span(cited, length), "a citation of no place in the text")
            texts[-1].cited.append(word(cited.get("url")))

    def _grow(self, kind: str, piece: object) -> None:
        if piece is None or piece == "":
            return
        if not self.want(isinstance(piece, str), "content that is no text"):
            return
        parts = self.verdict.parts
        if not parts or parts[-1].kind != kind:
            parts.append(Part(kind))
        parts[-1].text += word(piece)

    def _hear_call(self, call: dict[str, Any]) -> None:
        index = call.get("index")
        kind = "custom" if "custom" in call or call.get("type") == "custom" else "function"
        body = members(call.get(kind))
        last = len(self._calls) - 1
        if isinstance(index, int) and index in range(last if self.wish.ours else 0, last + 1):
            self.want_ours("id" not in call, "a tool call's id again")
            self.want_ours("name" not in body, "a tool call's name again")
            part = self._calls[index]
        else:
            self.want(index == last + 1, "a tool call's index is not the next")
            part = self._begin_call(call, kind, body)
        piece = body.get("input" if kind == "custom" else "arguments", "")
        if self.want(isinstance(piece, str), "arguments that are no text"):
            part.text += word(piece)

    def _begin_call(self, call: dict[str, Any], kind: str, body: dict[str, Any]) -> Part:
        part = Part("custom" if kind == "custom" else "tool")
        part.id, part.name = word(call.get("id")), word(body.get("name"))
        self.want(bool(part.id), "a tool call without an id")
        self.want(bool(part.name), "a tool call without a name")
        self.want(call.get("type") == kind, "a tool call without its type")
        known = [other.id for other in self.verdict.parts if other.kind in ("tool", "custom")]
        self.want(part.id not in known, "two tool calls of one id")
        self._calls.append(part)
        self.verdict.parts.append(part)
        return part

    def _finish(self) -> None:
        self._done = True
        if self._failed:
            return
        verdict = self.verdict
        verdict.ending = "complete"
        self.want(bool(verdict.stop), "[DONE] without a finish_reason")
        if self.wish.usage_chunk:
            self.want(self._counted, "no usage, though it was asked for")
        calls = [part for part in verdict.parts if part.kind in ("tool", "custom")]
        if verdict.stop == "tool_calls":
            self.want(bool(calls), "finish_reason tool_calls without a tool call")
        self.want(not calls or verdict.stop != "stop", "finish_reason stop after tool calls")
        cut = verdict.stop in CUT_SHORT
        for part in calls:
            if part.kind == "tool" and not (cut and part is verdict.parts[-1]):
                if self.wish.ours:
                    self.want(bool(part.text), "a tool call without arguments, not even {}")
                self.parse_arguments(part)

    def end(self) -> None:
        self.want(self._done or self._failed, "the stream ends without [DONE] or an error")
