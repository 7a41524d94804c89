"""A Messages call whose code runs here: rounds in, one message of the vendor's shape out.

Rule 1: blocks are numbered through all rounds and never overlap; a result is whole in the one
event that begins its block, as the vendor sends it.
Rule 2: usage is the sum of the rounds'; the stop reason is the last round's, or `pause_turn`
where the bound of rounds ended it: the caller sends the turn back and it goes on.
"""

from __future__ import annotations

import msgspec

from headgate.wire.meaning import Object
from headgate.wire.model import Fault, Kind
from headgate.wire.served.messages_ask import NAMES, Asked, shown_id
from headgate.wire.served.model import Box, Ran, Trouble, Wanted, opened, summed, words
from headgate.wire.sse import Sse, encode

_CODES: dict[Trouble, str] = {
    "unavailable": "unavailable",
    "busy": "too_many_requests",
    "time": "execution_time_exceeded",
    "invalid": "invalid_tool_input",
}
_OF_TOOL: dict[tuple[str, Trouble], str] = {
    ("bash_code_execution", "too_large"): "output_file_too_large",
    ("text_editor_code_execution", "not_found"): "file_not_found",
}
_EDITS = {"view": "view_result", "create": "create_result", "str_replace": "str_replace_result"}
_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
}


class Messages:
    """One call of the Messages surface."""

    def __init__(self, asked: Asked, box: Box) -> None:
        self._asked = asked
        self._box = box
        self._turns = asked.turns(box.known)
        self._rounds = 0
        self._head: Object = {}
        """the first round's message"""
        self._content: list[Object] = []
        """what the caller was shown of all rounds"""
        self._usage: Object = {}
        self._told: dict[str, str] = {}
        self._results: list[Object] = []
        self._hears = {
            "message_start": self._started,
            "content_block_start": self._block,
            "content_block_delta": self._more,
            "content_block_stop": self._stopped,
            "message_delta": self._weighed,
            "message_stop": self._ended,
        }
        self._begin_round()
        self.over = False

    def _begin_round(self) -> None:
        self.wanted: list[Wanted] = []
        self._ours: dict[int, Wanted] = {}
        self._round: list[Object] = []
        """its blocks as the upstream said them"""
        self._at: dict[int, int] = {}
        """a block's number in the round -> its place in _round"""
        self._partial: dict[int, list[str]] = {}
        self._round_usage: Object = {}
        self._delta: Object = {}

    def ask(self, *, last: bool) -> bytes:
        if self._rounds and self._round:
            self._turns.append({"role": "assistant", "content": self._round})
            self._turns.append({"role": "user", "content": self._results})
            self._results = []
            self._begin_round()
        body = self._asked.body(self._turns, first=not self._rounds, last=last)
        self._rounds += 1
        return msgspec.json.encode(body)

    # ---- a stream

    def hear(self, event: Sse) -> bytes:
        data = opened(event.data, "an event")
        kind = str(data.get("type"))
        hears = self._hears.get(kind)
        if hears is None:
            self.over = self.over or kind == "error"
            return encode(event.data, event.name)
        try:
            return hears(data)
        except (KeyError, AttributeError, TypeError):
            text = f"the upstream's stream makes no sense: {kind} out of place"
            raise Fault(Kind.UPSTREAM, text) from None

    def _weighed(self, data: Object) -> bytes:
        self._delta = data.get("delta") or {}
        self._round_usage = {**self._round_usage, **(data.get("usage") or {})}
        return b""

    def _ended(self, data: Object) -> bytes:
        self._close(str(self._delta.get("stop_reason")))
        return b""

    def _started(self, data: Object) -> bytes:
        message = data.get("message") or {}
        self._round_usage = dict(message.get("usage") or {})
        if self._rounds > 1:
            return b""
        self._head = message
        return _event(data)

    def _block(self, data: Object) -> bytes:
        block = dict(data.get("content_block") or {})
        index = data["index"]
        self._at[index] = len(self._round)
        self._round.append(block)
        self._partial[index] = []
        shown = self._show(block, index)
        return _event({**data, "index": len(self._content) - 1, "content_block": shown})

    def _show(self, block: Object, index: int) -> Object:
        """A block as the caller is shown it; one of ours is noted."""
        shown = dict(block)
        theirs = self._asked.ours.get(str(block.get("name")))
        if block.get("type") == "tool_use" and theirs is not None:
            id = str(block.get("id"))
            wanted = Wanted(id, shown_id(id), NAMES[theirs], theirs)
            wanted.arguments = msgspec.json.encode(block.get("input") or {}).decode()
            self._ours[index] = wanted
            shown = {
                "type": "server_tool_use",
                "id": wanted.shown,
                "name": theirs,
                "input": block.get("input") or {},
            }
        self._content.append(shown)
        return shown

    def _more(self, data: Object) -> bytes:
        block, delta = self._round[self._at[data["index"]]], data.get("delta") or {}
        kind = str(delta.get("type"))
        if kind == "input_json_delta":
            self._partial[data["index"]].append(str(delta.get("partial_json") or ""))
        elif kind == "citations_delta":
            block.setdefault("citations", []).append(delta.get("citation"))
        elif kind in _DELTAS:
            slot, said = _DELTAS[kind]
            block[slot] = str(block.get(slot) or "") + str(delta.get(said) or "")
        return self._numbered(data)

    def _numbered(self, data: Object) -> bytes:
        shown = len(self._content) - len(self._round) + self._at[data["index"]]
        return _event({**data, "index": shown})

    def _stopped(self, data: Object) -> bytes:
        index = data["index"]
        text = "".join(self._partial[index])
        if text:
            wanted = self._ours.get(index) or Wanted("", "", "python", "")
            wanted.arguments = text
            self._round[self._at[index]]["input"] = wanted.input
        return self._numbered(data)

    # ---- a whole answer

    def take(self, body: bytes) -> None:
        message = opened(body, "a message")
        if self._rounds == 1:
            self._head = message
        self._round_usage = dict(message.get("usage") or {})
        for index, block in enumerate(message.get("content") or []):
            self._round.append(block)
            self._show(block, index)
        self._delta = {k: message.get(k) for k in ("stop_reason", "stop_sequence")}
        self._close(str(message.get("stop_reason")))

    def _close(self, stop: str) -> None:
        """The round has ended: what is to be run, and may there be another."""
        self._usage = summed(self._usage, self._round_usage)
        if stop == "tool_use":
            self.wanted = list(self._ours.values())
        calls = sum(block.get("type") == "tool_use" for block in self._round)
        self.over = not self.wanted or calls > len(self.wanted)

    # ---- what was run

    def begin(self, wanted: Wanted) -> bytes:
        return b""

    def ran(self, wanted: Wanted, ran: Ran) -> bytes:
        content = _content(wanted, ran)
        text = self._told[wanted.shown] = words(ran) if ran.edited is None else _edited(ran)
        result: Object = {"type": "tool_result", "tool_use_id": wanted.id, "content": text}
        if ran.trouble:
            result["is_error"] = True
        self._results.append(result)
        block = {
            "type": f"{wanted.name}_tool_result",
            "tool_use_id": wanted.shown,
            "content": content,
        }
        index = len(self._content)
        self._content.append(block)
        start = {"type": "content_block_start", "index": index, "content_block": block}
        return _event(start) + _event({"type": "content_block_stop", "index": index})

    def end(self, *, paused: bool) -> bytes:
        delta = {**self._delta, "container": self._container()}
        if paused:
            delta["stop_reason"] = "pause_turn"
        said = {"type": "message_delta", "delta": delta, "usage": self._usage}
        return _event(said) + _event({"type": "message_stop"})

    def whole(self, *, paused: bool) -> bytes:
        said = {**self._head, "content": self._content, **self._delta, "usage": self._usage}
        if paused:
            said["stop_reason"] = "pause_turn"
        return msgspec.json.encode({**said, "container": self._container()})

    def _container(self) -> Object | None:
        if not self._asked.offered:
            return None
        return {"id": self._box.id, "expires_at": self._box.expires_at}

    def told(self) -> dict[str, str]:
        return self._told


def _event(data: Object) -> bytes:
    return encode(msgspec.json.encode(data), str(data.get("type")).encode())


def _content(wanted: Wanted, ran: Ran) -> Object:
    """A run's result as the vendor's block holds it."""
    if ran.trouble:
        own = _OF_TOOL.get((wanted.name, ran.trouble))
        code = own or _CODES.get(ran.trouble, "unavailable")
        said: Object = {"type": f"{wanted.name}_tool_result_error", "error_code": code}
        if wanted.tool == "edit":
            said["error_message"] = ran.why
        return said
    if ran.edited is not None:
        kind = _EDITS.get(str(wanted.input.get("command")), "view_result")
        return {"type": f"{wanted.name}_{kind}", **ran.edited}
    return {
        "type": f"{wanted.name}_result",
        "stdout": ran.stdout,
        "stderr": ran.stderr,
        "return_code": ran.exit_code,
        "content": [{"type": f"{wanted.name}_output", "file_id": it.id} for it in ran.files],
    }


def _edited(ran: Ran) -> str:
    """What the model is told of an edit."""
    edited = ran.edited or {}
    if "content" in edited:
        return str(edited["content"])
    return "\n".join(edited.get("lines") or ()) or "done"
