"""The grammar of an Anthropic Messages stream, as its SDKs and Claude Code rely on it."""

from __future__ import annotations

import re
from typing import Any

from headgate.conformance.grammar.verdict import Event, Judge, Part, members, whole_number, word

STOPS = {
    *("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"),
    "model_context_window_exceeded",
}
DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
    "mcp_tool_use": {"input_json_delta"},
}
PIECES = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "signature_delta": "signature",
}
KINDS = {"text": "text", "thinking": "thought", "tool_use": "tool"}
CUT_SHORT = {"max_tokens", "model_context_window_exceeded", "refusal"}
"""after these, the last tool call may be half said"""
ID = re.compile(r"[a-zA-Z0-9_-]+")
INPUT_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class MessagesJudge(Judge):
    _started = False
    _stopped = False
    _totalled = False
    _open: Part | None = None
    _next = 0

    def hear(self, event: Event) -> None:
        it = self.parse(event.data)
        kind = word(it.get("type"))
        self.want(event.name == kind, "the event's name is not its type")
        if self._stopped:
            self.blame("an event after the end")
            return
        if kind == "ping":
            return
        if kind == "error":
            self._fail(it)
            return
        if kind != "message_start" and not self._started:
            self.blame("message_start does not come first")
            self._started = True
        steps = {
            "message_start": self._start,
            "content_block_start": self._begin,
            "content_block_delta": self._grow,
            "content_block_stop": self._finish,
            "message_delta": self._total,
            "message_stop": self._stop,
        }
        step = steps.get(kind)
        if step is None:
            self.want_ours(False, "an unknown event")
            return
        step(it)

    def _fail(self, it: dict[str, Any]) -> None:
        self._stopped = True
        self.verdict.ending = "error"
        error = members(it.get("error"))
        self.verdict.error = error
        self.want(bool(word(error.get("type"))), "an error without a type")
        self.want(isinstance(error.get("message"), str), "an error without a message")

    def _start(self, it: dict[str, Any]) -> None:
        self.want(not self._started, "a second message_start")
        self._started = True
        message = members(it.get("message"))
        self.verdict.id, self.verdict.model = (
            word(message.get("id")),
            word(message.get("model")),
        )
        self.want(bool(self.verdict.id), "message_start without an id")
        self.want_ours(bool(self.verdict.model), "message_start without a model")
        self.want(message.get("type") == "message", "message_start holds no message")
        self.want(message.get("role") == "assistant", "the message is not the assistant's")
        self.want(message.get("content") == [], "message_start whose content is not []")
        for name in ("stop_reason", "stop_sequence"):
            self.want(message.get(name, 0) is None, f"message_start whose {name} is not null")
        usage = members(message.get("usage"))
        for name in ("input_tokens", "output_tokens"):
            self.want(whole_number(usage.get(name)), f"message_start without usage.{name}")
        self.verdict.usage.update(usage)

    def _begin(self, it: dict[str, Any]) -> None:
        self.want(not self._totalled, "a block after message_delta")
        if self._open is not None:
            self.blame("a block starts before the last one stopped")
            self.verdict.parts.append(self._open)
        if not self.want(it.get("index") == self._next, "the block's index is not the next"):
            self._next = it["index"] if isinstance(it.get("index"), int) else self._next
        block = members(it.get("content_block"))
        kind = word(block.get("type"))
        self.want(bool(kind), "a block without a type")
        self._open = Part(KINDS.get(kind, "other"), raw=block)
        if kind == "text":
            self.want(block.get("text") == "", "a text block does not start empty")
        elif kind == "thinking":
            self.want(block.get("thinking") == "", "a thinking block does not start empty")
        elif kind == "tool_use":
            self._begin_call(block, self._open)

    def _begin_call(self, block: dict[str, Any], part: Part) -> None:
        self.want(block.get("input") == {}, "a tool_use block does not start with input {}")
        part.id, part.name = word(block.get("id")), word(block.get("name"))
        self.want(ID.fullmatch(part.id) is not None, "a tool_use id that is refused when sent")
        self.want(bool(part.name), "a tool_use without a name")
        known = [other.id for other in self.verdict.parts if other.kind == "tool"]
        self.want(part.id not in known, "two tool_use blocks of one id")

    def _grow(self, it: dict[str, Any]) -> None:
        part = self._opened(it, "a delta")
        if part is None:
            return
        delta = members(it.get("delta"))
        kind = word(delta.get("type"))
        accepted = DELTAS.get(word(part.raw.get("type")), set())
        if not self.want(kind in accepted, "a delta that does not match its block"):
            return
        if kind == "citations_delta":
            self._cite(part, members(delta.get("citation")))
            return
        piece = delta.get(PIECES[kind])
        if not self.want(isinstance(piece, str), "a delta without its text"):
            return
        if kind == "signature_delta":
            part.seal += word(piece)
        else:
            self.want(not part.seal, "thinking after its signature")
            part.text += word(piece)

    def _cite(self, part: Part, cited: dict[str, Any]) -> None:
        kind = word(cited.get("type"))
        self.want(bool(kind), "a citation without a type")
        self.want(isinstance(cited.get("cited_text"), str), "a citation without cited_text")
        if kind == "web_search_result_location":
            for name in ("url", "encrypted_index"):
                self.want(bool(word(cited.get(name))), f"a page's citation without {name}")
            part.cited.append(word(cited.get("url")))

    def _opened(self, it: dict[str, Any], what: str) -> Part | None:
        if not self.want(self._open is not None, f"{what} while no block is open"):
            return None
        self.want(it.get("index") == self._next, f"{what} of another index than the open block")
        return self._open

    def _finish(self, it: dict[str, Any]) -> None:
        part = self._opened(it, "a stop")
        if part is None:
            return
        self._open = None
        self._next += 1
        self.verdict.parts.append(part)
        if part.kind == "text":
            self.want(bool(part.text), "an empty text block")
        if part.kind == "thought":
            self.want(bool(part.text or part.seal), "an empty thinking block")
            self.want_ours(bool(part.seal), "a thinking block without a signature")

    def _total(self, it: dict[str, Any]) -> None:
        self.want(self._open is None, "message_delta before the last block stopped")
        self.want_ours(not self._totalled, "a second message_delta")
        self._totalled = True
        delta, usage = members(it.get("delta")), members(it.get("usage"))
        stop = delta.get("stop_reason")
        self.want(word(stop) in STOPS, "message_delta without a known stop_reason")
        self.verdict.stop = word(stop)
        matched = delta.get("stop_sequence", 0)
        self.want(
            matched is None or isinstance(matched, str), "no stop_sequence, not even null"
        )
        self.verdict.stop_sequence = matched if isinstance(matched, str) else None
        self.want((stop == "stop_sequence") == isinstance(matched, str), "stop_sequence alone")
        self.want(whole_number(usage.get("output_tokens")), "no usage.output_tokens at the end")
        for name in INPUT_COUNTS:
            self.want_ours(whole_number(usage.get(name)), f"no usage.{name} at the end")
        self.verdict.usage.update(usage)

    def _stop(self, it: dict[str, Any]) -> None:
        self._stopped = True
        self.verdict.ending = "complete"
        self.want(self._open is None, "message_stop before the last block stopped")
        self.want(self._totalled, "message_stop without message_delta")
        self.want(bool(self.verdict.parts), "a message without content")
        calls = [part for part in self.verdict.parts if part.kind == "tool"]
        if self.verdict.stop == "tool_use":
            self.want(bool(calls), "stop_reason tool_use without a tool_use block")
        self.want(
            not calls or self.verdict.stop != "end_turn", "end_turn after a tool_use block"
        )
        cut = self.verdict.stop in CUT_SHORT
        for part in calls:
            if cut and part is self.verdict.parts[-1]:
                continue
            self.parse_arguments(part)

    def end(self) -> None:
        self.want(self._stopped, "the stream ends without message_stop or error")
        if self._open is not None:
            self.verdict.parts.append(self._open)
