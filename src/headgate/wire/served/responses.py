"""A Responses call whose code runs here: rounds in, one response of the vendor's shape out.

Rule 1: items and events are numbered through all rounds; the first round's id stays.
Rule 2: an item of ours is told as the vendor tells it: added, its code as it is written, run,
done; its outputs only where `include` asks for them.
Rule 3: items never interleave: what follows one of ours in its round waits until that was run.
Rule 4: files that were made are cited in the words that follow, at the place that names them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headgate.wire.meaning import Object
from headgate.wire.model import Fault, Kind
from headgate.wire.served.model import Box, MadeFile, Ran, Wanted, opened, summed, words
from headgate.wire.served.responses_ask import CITATION, ITEM, Asked, shown_id
from headgate.wire.sse import Sse, encode
from headgate.wire.unwrap import Unwrapper

_BEGINS = ("response.created", "response.in_progress", "response.queued")
_ENDS = ("response.completed", "response.incomplete", "response.failed")
_DONE = "response.output_item.done"
_RUN = "response.code_interpreter_call"


class _Open:
    """One of our calls while its round runs."""

    def __init__(self, wanted: Wanted, index: int) -> None:
        self.wanted = wanted
        self.index = index
        """among all the items the caller is shown"""
        self.code = ""
        self.reader = Unwrapper("code")


class Responses:
    """One call of the Responses surface."""

    def __init__(self, asked: Asked, box: Box) -> None:
        self._asked = asked
        self._box = box
        self._items = asked.items(box.known)
        self._rounds = 0
        self._number = 0
        self._head: Object = {}
        """the first round's response"""
        self._last: Object = {}
        """the latest one's"""
        self._output: dict[int, Object] = {}
        """what the caller was shown of all rounds, by number"""
        self._before = 0
        """items of earlier rounds"""
        self._usage: Any = None
        self._told: dict[str, str] = {}
        self._answers: list[Object] = []
        self._uncited: list[MadeFile] = []
        self._notes: list[Object] = []
        """the citations of the text that has just ended"""
        self._ending = ""
        self._begin_round()
        self.over = False

    def _begin_round(self) -> None:
        self.wanted: list[Wanted] = []
        self._ours: dict[str, _Open] = {}
        """by the upstream's item id"""
        self._round: list[Object] = []
        self._waiting: _Open | None = None
        """written to its end, and not run yet"""
        self._held: list[Object] = []
        """events that came after it"""
        self._is_closed = False

    def ask(self, *, last: bool) -> bytes:
        if self._rounds and (self._round or self._answers):
            new = self._answers if self._asked.chained else [*self._round, *self._answers]
            self._items = new if self._asked.chained else self._items + new
            self._answers = []
            self._before = len(self._output)
            self._begin_round()
        body = self._asked.body(self._items, first=not self._rounds, last=last)
        self._rounds += 1
        return msgspec.json.encode(body)

    @property
    def response(self) -> tuple[str, str]:
        """The id the caller knows, and the one the upstream knows the conversation by."""
        return str(self._head.get("id")), str(self._last.get("id"))

    # ---- a stream

    def hear(self, event: Sse) -> bytes:
        if event.data == b"[DONE]":
            return b""
        data = opened(event.data, "an event")
        try:
            return self._hear(str(data.get("type")), data)
        except (KeyError, AttributeError, TypeError):
            text = f"the upstream's stream makes no sense: {data.get('type')} out of place"
            raise Fault(Kind.UPSTREAM, text) from None

    def _hear(self, kind: str, data: Object) -> bytes:
        if kind in _BEGINS:
            return self._begun(data)
        if kind in _ENDS:
            self._ending = kind
            self._close(data["response"])
            return b""
        if self._waiting is not None and kind != "error":
            self._held.append(data)
            return b""
        item = data.get("item") or {}
        if kind == "response.output_item.added" and self._is_ours(item):
            return self._added(item, data["output_index"])
        mine = self._ours.get(str(data.get("item_id") or item.get("id")))
        if mine is not None:
            return self._mine(mine, kind, data, item)
        if kind == "error":
            self.over = True
        if "output_index" in data:
            data["output_index"] += self._before
        return self._others(kind, data, item)

    def _others(self, kind: str, data: Object, item: Object) -> bytes:
        said = b""
        if kind == "response.output_text.done":
            for place, note in enumerate(self._citations(str(data.get("text")))):
                said += self._event(
                    "response.output_text.annotation.added",
                    item_id=data.get("item_id"),
                    output_index=data["output_index"],
                    content_index=data.get("content_index"),
                    annotation_index=place,
                    annotation=note,
                )
        elif kind == "response.content_part.done":
            self._cite(data["part"])
        elif kind == _DONE:
            self._round.append(item)
            data["item"] = self._output[data["output_index"]] = self._cited(item)
        return said + self._again(data)

    def _begun(self, data: Object) -> bytes:
        if self._rounds > 1:
            return b""
        self._head = self._head or data["response"]
        data["response"] = {**data["response"], **self._repeated()}
        return self._again(data)

    def _is_ours(self, item: Object) -> bool:
        named = item.get("name") == self._asked.name
        return named and item.get("type") == "function_call" and self._asked.offered

    def _added(self, item: Object, index: int) -> bytes:
        mine = self._noted(item, index + self._before)
        shown, at = self._item(mine, "in_progress", None), mine.index
        said = self._event("response.output_item.added", output_index=at, item=shown)
        id = mine.wanted.shown
        return said + self._event(f"{_RUN}.in_progress", output_index=at, item_id=id)

    def _noted(self, item: Object, index: int) -> _Open:
        call_id = str(item.get("call_id"))
        wanted = Wanted(call_id, shown_id(call_id), "python", ITEM, item.get("arguments") or "")
        mine = self._ours[str(item.get("id") or call_id)] = _Open(wanted, index)
        self._output[index] = self._item(mine, "in_progress", None)
        return mine

    def _mine(self, mine: _Open, kind: str, data: Object, item: Object) -> bytes:
        if kind == "response.function_call_arguments.delta":
            mine.wanted.arguments += str(data.get("delta") or "")
            return self._code(mine, mine.reader.feed(str(data.get("delta") or "")))
        if kind == _DONE:
            self._round.append(item)
            mine.wanted.arguments = str(item.get("arguments") or mine.wanted.arguments)
            code = _code(mine.wanted)
            rest = code[len(mine.code) :] if code.startswith(mine.code) else ""
            said = self._code(mine, rest)
            mine.code, self._waiting = code, mine
            if self._is_closed and self.wanted:
                self.wanted.append(mine.wanted)
            at = {"output_index": mine.index, "item_id": mine.wanted.shown, "code": code}
            return said + self._event(f"{_RUN}_code.done", **at)
        return b""

    def _code(self, mine: _Open, delta: str) -> bytes:
        if not delta:
            return b""
        mine.code += delta
        at = {"output_index": mine.index, "item_id": mine.wanted.shown, "delta": delta}
        return self._event(f"{_RUN}_code.delta", **at)

    # ---- a whole answer

    def take(self, body: bytes) -> None:
        response = opened(body, "a response")
        for index, item in enumerate(response.get("output") or []):
            self._round.append(item)
            if self._is_ours(item):
                mine = self._noted(item, index + self._before)
                mine.code = _code(mine.wanted)
            else:
                self._output[index + self._before] = self._cited_whole(item)
        self._ending = f"response.{response.get('status')}"
        self._head = self._head or response
        self._close(response)

    def _close(self, response: Object) -> None:
        self._last = response
        self._usage = summed(self._usage, response.get("usage"))
        done = [it["item"] for it in self._held if it.get("type") == _DONE]
        items = [*self._round, *done]
        mine = sum(self._is_ours(item) for item in items)
        if self._ending == "response.completed":
            self.wanted = [each.wanted for each in self._ours.values()]
        self.over = not self.wanted or sum(map(_asks, items)) > mine
        self._is_closed = True

    # ---- what was run

    def begin(self, wanted: Wanted) -> bytes:
        mine = self._of(wanted)
        at = {"output_index": mine.index, "item_id": wanted.shown}
        return self._event(f"{_RUN}.interpreting", **at)

    def ran(self, wanted: Wanted, ran: Ran) -> bytes:
        mine = self._of(wanted)
        text = self._told[wanted.shown] = words(ran)
        self._answers.append(
            {"type": "function_call_output", "call_id": wanted.id, "output": text}
        )
        self._uncited += ran.files
        outputs = _outputs(ran) if self._asked.with_outputs else None
        item = self._item(mine, "failed" if ran.trouble else "completed", outputs)
        self._output[mine.index] = item
        at = {"output_index": mine.index}
        said = self._event(f"{_RUN}.completed", **at, item_id=wanted.shown)
        return said + self._event(_DONE, **at, item=item) + self._go_on()

    def _go_on(self) -> bytes:
        """Say what waited; it may come to another of ours, which then is waited for."""
        self._waiting, held = None, self._held
        self._held = []
        return b"".join([self._hear(str(data["type"]), data) for data in held])

    def _of(self, wanted: Wanted) -> _Open:
        return next(each for each in self._ours.values() if each.wanted is wanted)

    def _item(self, mine: _Open, status: str, outputs: list[Object] | None) -> Object:
        return {
            "id": mine.wanted.shown,
            "type": ITEM,
            "status": status,
            "code": mine.code,
            "container_id": self._box.id,
            "outputs": outputs,
        }

    def end(self, *, paused: bool) -> bytes:
        said = b""
        while (mine := self._waiting) is not None:
            left = self._output[mine.index] = self._item(mine, "incomplete", None)
            said += self._event(_DONE, output_index=mine.index, item=left) + self._go_on()
        ending = self._ending or "response.completed"
        return said + self._event(ending, response=self._whole())

    def whole(self, *, paused: bool) -> bytes:
        return msgspec.json.encode(self._whole())

    def _whole(self) -> Object:
        own: Object = {k: self._head[k] for k in ("id", "created_at") if k in self._head}
        output = [
            {**item, "status": "incomplete"} if _is_left(item) else item
            for _, item in sorted(self._output.items())
        ]
        return {**self._last, **own, **self._repeated(), "output": output, "usage": self._usage}

    def _repeated(self) -> Object:
        return {name: said for name, said in self._asked.shown.items() if said is not None}

    def told(self) -> dict[str, str]:
        return self._told

    # ---- citations

    def _citations(self, text: str) -> list[Object]:
        """Those of files nobody was told of yet; they hold for this text."""
        self._notes = [_citation(each, text, self._box.id) for each in self._uncited]
        self._uncited = []
        return self._notes

    def _cited_whole(self, item: Object) -> Object:
        """An item of a whole answer, as it is shown."""
        if item.get("type") != "message":
            return item
        content = [dict(part) for part in item.get("content") or []]
        for part in content:
            if part.get("type") == "output_text":
                self._citations(str(part.get("text")))
                self._cite(part)
        self._notes = []
        return {**item, "content": content}

    def _cite(self, part: Object) -> None:
        if part.get("type") == "output_text" and self._notes:
            part["annotations"] = [*(part.get("annotations") or []), *self._notes]

    def _cited(self, item: Object) -> Object:
        """An item as it is shown: the upstream repeats its text without our citations."""
        if item.get("type") != "message" or not self._notes:
            return item
        content = [dict(part) for part in item.get("content") or []]
        if content and not _has_ours(content):
            self._cite(content[-1])
        self._notes = []
        return {**item, "content": content}

    # ---- events

    def _event(self, kind: str, **members: Any) -> bytes:
        return self._again({"type": kind, **members})

    def _again(self, data: Object) -> bytes:
        data["sequence_number"] = self._number
        self._number += 1
        return encode(msgspec.json.encode(data), str(data["type"]).encode())


def _asks(item: Object) -> bool:
    return item.get("type") in ("function_call", "custom_tool_call", "local_shell_call")


def _is_left(item: Object) -> bool:
    """Was it called and never run."""
    return item.get("type") == ITEM and item.get("status") == "in_progress"


def _has_ours(content: list[Object]) -> bool:
    notes = [note for part in content for note in part.get("annotations") or []]
    return any(note.get("type") == CITATION for note in notes)


def _code(wanted: Wanted) -> str:
    code = wanted.input.get("code")
    return code if isinstance(code, str) else wanted.arguments


def _outputs(ran: Ran) -> list[Object]:
    logs = "\n".join(part for part in (ran.stdout, ran.stderr, ran.why) if part)
    pictures = [{"type": "image", "url": each.url} for each in ran.files if each.url]
    return [*([{"type": "logs", "logs": logs}] if logs else ()), *pictures]


def _citation(file: MadeFile, text: str, container: str) -> Object:
    """Where the text names the file, as a link or by its name; else at its end."""
    names = (f"sandbox:/mnt/data/{file.name}", file.name)
    start, end = len(text), len(text)
    for name in names:
        if (at := text.find(name)) >= 0:
            start, end = at, at + len(name)
            break
    return {
        "type": CITATION,
        "container_id": container,
        "file_id": file.id,
        "filename": file.name,
        "start_index": start,
        "end_index": end,
    }
