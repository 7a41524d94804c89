"""The grammar of a Responses stream, as OpenAI's SDKs and Codex rely on it.

An item opens, says its parts one after another and is done; the last event repeats them all.
"""

from __future__ import annotations

from typing import Any

from headgate.conformance.grammar.verdict import (
    Event,
    Judge,
    Part,
    entries,
    is_span,
    members,
    whole_number,
    word,
)

TERMINAL = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}
REASONS = {"max_output_tokens", "content_filter"}
TEXTS = {"output_text": "text", "refusal": "refusal"}
"""a content part -> the member with its words"""
ARGUMENTS = {
    "response.function_call_arguments": ("function_call", "arguments"),
    "response.custom_tool_call_input": ("custom_tool_call", "input"),
}
KINDS = {"reasoning": "thought", "function_call": "tool", "custom_tool_call": "custom"}


class Item:
    """One item of the output while it is open."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.kind = word(raw.get("type"))
        self.id = word(raw.get("id"))
        self.pieces = ""
        """of a call's arguments"""
        self.said: str | None = None
        """the call's arguments, once they are done"""
        self.open: dict[str, Any] | None = None
        """the part that is open: its type, its words so far, whether they are done"""
        self.done: list[tuple[str, str]] = []
        """(type, words) of the parts that are complete, and of summaries alike"""


class ResponsesJudge(Judge):
    _sequence = -1
    _stopped = False
    _seen = 0
    _item: Item | None = None

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._items: list[dict[str, Any]] = []

    def hear(self, event: Event) -> None:
        it = self.parse(event.data)
        kind = word(it.get("type"))
        self.want(event.name == kind, "the event's name is not its type")
        self._number(it.get("sequence_number"))
        if self._stopped:
            self.blame("an event after the end")
            return
        self._seen += 1
        if kind == "error":
            self._fail(it)
        elif kind in TERMINAL:
            self._end_response(kind, members(it.get("response")))
        elif self._seen <= 2:
            self._open_response(kind, members(it.get("response")))
        else:
            self._hear_item(kind, it)

    def _number(self, number: object) -> None:
        if not self.want(whole_number(number), "an event without a sequence_number"):
            return
        assert isinstance(number, int)
        if self.wish.ours:
            self.want(number == self._sequence + 1, "the sequence_number is not the next")
        else:
            self.want(number > self._sequence, "the sequence_number does not increase")
        self._sequence = number

    def _open_response(self, kind: str, response: dict[str, Any]) -> None:
        wanted = ("response.created", "response.in_progress")[self._seen - 1]
        self.want(kind == wanted, f"{wanted} does not come as number {self._seen - 1}")
        self._compare(response)
        self.want(response.get("status") == "in_progress", f"{kind} with another status")
        self.want(response.get("output") == [], f"{kind} whose output is not []")

    def _compare(self, response: dict[str, Any]) -> None:
        verdict = self.verdict
        verdict.id = verdict.id or word(response.get("id"))
        verdict.model = verdict.model or word(response.get("model"))
        self.want(bool(response.get("id")), "a response without an id")
        self.want(response.get("id") == verdict.id, "another response id than at first")
        self.want(response.get("object") == "response", "a response that is none by its object")
        created = response.get("created_at")
        self.want(isinstance(created, int | float), "a response without created_at")
        self.want_ours(bool(response.get("model")), "a response without a model")
        for name in ("parallel_tool_calls", "tool_choice", "tools"):
            self.want_ours(response.get(name) is not None, f"a response without {name}")

    def _hear_item(self, kind: str, it: dict[str, Any]) -> None:
        if kind == "response.output_item.added":
            self._begin_item(it)
            return
        item = self._item
        if not self.want(item is not None, f"{kind} while no item is open") or item is None:
            return
        self.want(it.get("output_index") == len(self._items), "not the open item's index")
        if kind == "response.output_item.done":
            self._end_item(item, members(it.get("item")))
            return
        self.want(it.get("item_id") == item.id, "not the open item's id")
        name, _, step = kind.rpartition(".")
        if name in ARGUMENTS:
            self._hear_arguments(item, name, step, it)
        elif name in ("response.content_part", "response.reasoning_summary_part"):
            self._hear_part(item, step, it)
        elif step in ("delta", "done") and name.endswith(("_text", "refusal")):
            self._hear_words(item, name.removeprefix("response."), step, it)
        elif kind == "response.output_text.annotation.added":
            self._cite(item, it)
        elif name == "response.web_search_call":
            self.want(item.kind == "web_search_call", "a search's step outside of a search")
        else:
            self.want_ours(False, "an unknown event")

    def _begin_item(self, it: dict[str, Any]) -> None:
        self.want(self._item is None, "an item starts before the last one is done")
        self.want(
            it.get("output_index") == len(self._items), "the item's index is not the next"
        )
        item = Item(members(it.get("item")))
        self.want(bool(item.kind), "an item without a type")
        self.want(bool(item.id), "an item without an id")
        self.want(
            item.id not in [other.get("id") for other in self._items], "an item's id again"
        )
        raw = item.raw
        if item.kind == "message":
            self.want(raw.get("content") == [], "a message does not start with content []")
            self.want(raw.get("role") == "assistant", "the message is not the assistant's")
        elif item.kind in ("function_call", "custom_tool_call"):
            self.want(bool(word(raw.get("call_id"))), "a call without a call_id")
            self.want(bool(word(raw.get("name"))), "a call without a name")
            member = "arguments" if item.kind == "function_call" else "input"
            self.want(raw.get(member) == "", f"a call does not start with empty {member}")
            ids = [other.get("call_id") for other in self._items]
            self.want(raw.get("call_id") not in ids, "two calls of one call_id")
        elif item.kind == "reasoning":
            self.want(raw.get("summary") == [], "reasoning does not start with summary []")
        self._item = item

    def _hear_arguments(self, item: Item, name: str, step: str, it: dict[str, Any]) -> None:
        kind, member = ARGUMENTS[name]
        self.want(item.kind == kind, "arguments of an item that is no such call")
        self.want(item.said is None, "arguments after they were done")
        if step == "delta":
            self.want(isinstance(it.get("delta"), str), "a delta without its text")
            item.pieces += word(it.get("delta"))
        else:
            item.said = word(it.get(member))
            self.want(item.said == item.pieces, "the arguments done are not what was said")

    def _hear_part(self, item: Item, step: str, it: dict[str, Any]) -> None:
        index = "summary_index" if "summary_index" in it else "content_index"
        self.want(it.get(index) == len(item.done), "the part's index is not the next")
        part = members(it.get("part"))
        kind = word(part.get("type"))
        member = TEXTS.get(kind, "text")
        if step == "added":
            self.want(item.open is None, "a part starts before the last one is done")
            self.want(part.get(member) == "", "a part does not start empty")
            item.open = {"type": kind, "words": "", "done": False, "cited": []}
            return
        opened = item.open
        if not self.want(opened is not None, "a part is done that never started"):
            return
        assert opened is not None
        self.want(opened["type"] == kind, "a part is done as another type")
        self.want(opened["done"], "a part is done before its text")
        self.want(part.get(member) == opened["words"], "the part done is not what was said")
        if kind == "output_text":
            cited = entries(part.get("annotations"))
            self.want_ours(cited == opened["cited"], "the part is done with other annotations")
            for each in cited:
                placed = is_span(members(each), len(opened["words"]))
                self.want_ours(placed, "a citation of no place in the text")
        item.done.append((kind, opened["words"]))
        item.open = None

    def _cite(self, item: Item, it: dict[str, Any]) -> None:
        opened = item.open
        if not self.want(opened is not None, "an annotation while no part is open"):
            return
        assert opened is not None
        self.want(it.get("content_index") == len(item.done), "an annotation of another part")
        self.want(opened["type"] == "output_text", "an annotation of what is no text")
        cited = opened["cited"]
        self.want(it.get("annotation_index") == len(cited), "not the next annotation_index")
        cited.append(it.get("annotation"))

    def _hear_words(self, item: Item, name: str, step: str, it: dict[str, Any]) -> None:
        index = "summary_index" if "summary_index" in it else "content_index"
        self.want(it.get(index) == len(item.done), "words of another index than the open part")
        kind = {"reasoning_summary_text": "summary_text"}.get(name, name)
        opened = item.open
        if opened is None and not self.wish.ours:  # reasoning_text has no part of its own
            opened = item.open = {"type": kind, "words": "", "done": False, "cited": []}
        if opened is None:
            self.blame("words while no part is open")
            return
        self.want(opened["type"] == kind, "words that do not match their part")
        self.want(not opened["done"], "words after they were done")
        if step == "delta":
            self.want(isinstance(it.get("delta"), str), "a delta without its text")
            opened["words"] += word(it.get("delta"))
        else:
            opened["done"] = True
            said = it.get("refusal" if name == "refusal" else "text")
            self.want(said == opened["words"], "the text done is not what was said")

    def _end_item(self, item: Item, done: dict[str, Any]) -> None:
        if item.open is not None and item.kind == "reasoning" and not self.wish.ours:
            item.done.append((item.open["type"], item.open["words"]))
            item.open = None
        self.want(item.open is None, "an item is done before its part")
        for name in ("id", "type", "call_id", "name"):
            self.want(
                done.get(name) == item.raw.get(name), f"an item is done with another {name}"
            )
        if item.kind == "message":
            self._end_message(item, done)
        elif item.kind in ("function_call", "custom_tool_call"):
            member = "arguments" if item.kind == "function_call" else "input"
            self.want(item.said is not None, "a call is done before its arguments")
            self.want(done.get(member) == item.pieces, "an item done with other arguments")
        elif item.kind == "reasoning":
            told = [
                ("summary_text", word(each.get("text"))) for each in _objects(done, "summary")
            ]
            said = [each for each in item.done if each[0] == "summary_text"]
            self.want(told == said, "reasoning is done with another summary")
        self._items.append(done)
        self._item = None

    def _end_message(self, item: Item, done: dict[str, Any]) -> None:
        self.want(done.get("status") in ("completed", "incomplete"), "a message without status")
        said = [
            (kind, word(each.get(TEXTS.get(kind, "text"))))
            for each in _objects(done, "content")
            for kind in (word(each.get("type")),)
        ]
        self.want(said == item.done, "a message is done with other content")
        self.want_ours(bool(item.done), "a message without content")
        self.want_ours(all(words for _, words in item.done), "an empty part")

    def _fail(self, it: dict[str, Any]) -> None:
        self._stopped = True
        self.verdict.ending = "error"
        self.verdict.error = members(it.get("error")) or it
        self.want(
            isinstance(self.verdict.error.get("message"), str), "an error without a message"
        )

    def _end_response(self, kind: str, response: dict[str, Any]) -> None:
        self._stopped = True
        verdict = self.verdict
        status = TERMINAL[kind]
        self.want(
            self._seen > (1 if status == "failed" else 2),
            "the end comes before response.in_progress",
        )
        self._compare(response)
        self.want(response.get("status") == status, f"{kind} with another status")
        verdict.parts = [part for item in self._items for part in _parts(item)]
        if status == "failed":
            verdict.ending, error = "error", members(response.get("error"))
            verdict.error = error
            self.want(bool(word(error.get("code"))), "a failure without a code")
            self.want(isinstance(error.get("message"), str), "a failure without a message")
            return
        verdict.ending, verdict.stop = "complete", status
        self.want(self._item is None, "the response ends before its last item")
        self.want(response.get("output") == self._items, "the output is not the items done")
        self.want(response.get("error") is None, "an error in a response that did not fail")
        if status == "incomplete":
            reason = members(response.get("incomplete_details")).get("reason")
            self.want(word(reason) in REASONS, "incomplete without a known reason")
            verdict.stop = word(reason)
        self._count(members(response.get("usage")))
        self._parse_calls(cut=status == "incomplete")

    def _parse_calls(self, *, cut: bool) -> None:
        for part in self.verdict.parts:
            if part.kind == "tool" and not (cut and part is self.verdict.parts[-1]):
                self.want_ours(bool(part.text), "a tool call without arguments, not even {}")
                self.parse_arguments(part)

    def _count(self, usage: dict[str, Any]) -> None:
        for name in ("input_tokens", "output_tokens", "total_tokens"):
            self.want(whole_number(usage.get(name)), f"usage without {name}")
        details = members(usage.get("input_tokens_details"))
        reasoned = members(usage.get("output_tokens_details"))
        self.want(whole_number(details.get("cached_tokens")), "usage without cached_tokens")
        self.want_ours(
            whole_number(details.get("cache_write_tokens")), "usage without cache_write_tokens"
        )
        self.want(
            whole_number(reasoned.get("reasoning_tokens")), "usage without reasoning_tokens"
        )
        if all(whole_number(usage.get(name)) for name in ("input_tokens", "output_tokens")):
            total = usage["input_tokens"] + usage["output_tokens"]
            self.want_ours(
                usage.get("total_tokens") == total, "usage whose total is not its sum"
            )
        self.verdict.usage = usage

    def end(self) -> None:
        self.want(self._stopped, "the stream ends without a terminal event")


def _objects(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [members(each) for each in entries(item.get(name))]


def _parts(item: dict[str, Any]) -> list[Part]:
    """An item in the words that belong to no dialect."""
    kind = word(item.get("type"))
    if kind == "message":
        return [
            Part(
                "refusal" if each.get("type") == "refusal" else "text",
                words,
                raw=each,
                cited=[word(one.get("url")) for one in _objects(each, "annotations")],
            )
            for each in _objects(item, "content")
            for words in (word(each.get("text")) or word(each.get("refusal")),)
        ]
    if kind == "reasoning":
        words = "".join(word(each.get("text")) for each in _objects(item, "summary"))
        seal = word(item.get("encrypted_content"))
        return [Part("thought", words, word(item.get("id")), seal=seal, raw=item)]
    part = Part(KINDS.get(kind, "other"), raw=item)
    part.text = word(item.get("arguments")) or word(item.get("input"))
    part.id, part.name = word(item.get("call_id")), word(item.get("name"))
    return [part]
