"""Batches and files of both vendors: accepted at once, worked off later, fetched as JSONL.

Rule 1: a batch ends after so many looks at it, or after so many seconds by the clock, and
expires after 24 hours; its items go through the same turn as live calls, on batch terms.
Rule 2: Anthropic's results come in no particular order, so they are shuffled from the seed.
Rule 3: what is kept is bounded; the oldest batch or file is forgotten first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headgate.sim.anthropic import page
from headgate.sim.checks import Refused, need
from headgate.sim.limits import rfc3339
from headgate.sim.openai import embed
from headgate.sim.stage import Play
from headgate.sim.text import dice, encode, mint, mint_hex
from headgate.sim.turn import CHAT, JSON, MESSAGES, RESPONSES, Received, Wire, World, turn

DAY_S = 86_400.0
POLLS = 3
MOST_KEPT = 1_000
MOST_ITEMS = 100_000
MOST_LINES = 50_000
JSONL = (b"content-type", b"application/x-jsonl")
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_WIRES: dict[str, Wire] = {"/v1/chat/completions": CHAT, "/v1/responses": RESPONSES}
_ENDPOINTS = (*_WIRES, "/v1/embeddings")


@dataclass(slots=True)
class Batch:
    """One batch of either vendor, as far as it has come."""

    id: str
    key: str
    n: int
    created: float
    items: list[dict[str, Any]]
    polls_left: int
    ends_at: float | None
    endpoint: str = ""
    file: str = ""
    version: bytes = b"2023-06-01"
    window: str = "24h"
    metadata: Any = None
    cancelled: float | None = None
    ended: float | None = None
    results: list[tuple[str, Any]] = field(default_factory=list)
    """(succeeded, errored, canceled or expired, its line)"""
    output_file: str | None = None
    error_file: str | None = None

    def count(self, outcome: str) -> int:
        return sum(1 for result, _ in self.results if result == outcome)


@dataclass(slots=True)
class File:
    id: str
    key: str
    name: str
    purpose: str
    created: float
    data: bytes


@dataclass(slots=True)
class BatchDesk:
    """Takes batches and files in, and hands results out; each key sees only its own."""

    world: World
    batches: dict[str, Batch] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)

    def _keep(self, shelf: dict[str, Any], item: Batch | File) -> None:
        shelf[item.id] = item
        if len(shelf) > MOST_KEPT:
            del shelf[next(iter(shelf))]

    def _find(self, call: Received, name: str) -> Batch:
        batch = self.batches.get(name)
        if batch is None or batch.key != call.key:
            raise Refused(f"batch {name} not found", 404)
        self._look(batch, call)
        return batch

    def _open(self, call: Received, name: str, items: list[dict[str, Any]]) -> Batch:
        script = self.world.script(call, _model_of(items))
        if script.status:
            raise Refused("", script.status)
        now = self.world.clock()
        after = script.batch_after
        polls = script.batch_polls if script.batch_polls is not None else POLLS
        ends_at = None if after is None else now + after
        batch = Batch(name, call.key, call.n, now, items, polls, ends_at)
        self._keep(self.batches, batch)
        return batch

    def _look(self, batch: Batch, call: Received) -> None:
        """Each look brings a batch on; its end works off all items."""
        now = self.world.clock()
        if batch.ended is not None:
            return
        batch.polls_left -= 1
        by_time = batch.ends_at is not None and now >= batch.ends_at
        by_looks = batch.ends_at is None and batch.polls_left <= 0
        if now >= batch.created + DAY_S:
            self._finish(batch, "expired", batch.created + DAY_S)
        elif batch.cancelled is not None:
            self._finish(batch, "canceled", now)
        elif by_time or by_looks:
            self._finish(batch, "", now)

    def _finish(self, batch: Batch, outcome: str, now: float) -> None:
        batch.ended = now
        work = self._work_lines if batch.endpoint else self._work_messages
        batch.results = [work(batch, i, item, outcome) for i, item in enumerate(batch.items)]
        if not batch.endpoint:
            order = iter(range(len(batch.results)))
            batch.results.sort(key=lambda _: dice(self.world.seed, next(order), batch.id))
            return
        for good in (True, False):
            lines = [line for what, line in batch.results if (what == "succeeded") == good]
            if lines:
                data = b"".join(encode(line) + b"\n" for line in lines)
                name = f"{batch.id}_{'output' if good else 'error'}.jsonl"
                made = self._file(batch, name, "batch_output", data)
                if good:
                    batch.output_file = made.id
                else:
                    batch.error_file = made.id

    def _run(self, batch: Batch, i: int, wire: Wire, body: Any) -> Play:
        """One item as a call of its own, with a place of its own in the seeded sequence."""
        path = batch.endpoint or "/v1/messages"
        key = batch.key.encode("latin-1", "replace")
        headers = [
            (b"x-api-key", key),
            (b"authorization", b"Bearer " + key),
            (b"anthropic-version", batch.version),
        ]
        n = 1_000_000_000 + batch.n * MOST_ITEMS + i
        bare = {key: value for key, value in body.items() if key != "stream"}
        call = Received(n, "POST", f"{path}/batched", "", headers, encode(bare), 0.0)
        play = turn(self.world, wire, call, tier="batch")
        if play.begun is not None:
            play.begun()
        return play

    # --- Anthropic ---------------------------------------------------------------------

    def create_messages(self, call: Received) -> Play:
        body = call.json()
        need(isinstance(body, dict), "Input should be a valid dictionary")
        items = body.get("requests")
        need(isinstance(items, list), "requests: Field required")
        need(0 < len(items) <= MOST_ITEMS, f"requests: expected 1 to {MOST_ITEMS} items")
        seen: set[str] = set()
        for i, item in enumerate(items):
            place = f"requests.{i}"
            need(isinstance(item, dict), f"{place}: Input should be a valid dictionary")
            name = item.get("custom_id")
            good = isinstance(name, str) and bool(_CUSTOM_ID.fullmatch(name))
            pattern = "^[a-zA-Z0-9_-]{1,64}$"
            need(good, f"{place}.custom_id: String should match pattern '{pattern}'")
            need(name not in seen, f"{place}.custom_id: must be unique within the batch")
            need(isinstance(item.get("params"), dict), f"{place}.params: Field required")
            seen.add(name)
        batch = self._open(call, mint(self.world.seed, call.n, "msgbatch_01"), items)
        batch.version = call.header("anthropic-version").encode("latin-1")
        return _json(_message_batch(batch, call))

    def show_messages(self, call: Received, name: str) -> Play:
        return _json(_message_batch(self._find(call, name), call))

    def list_messages(self, call: Received) -> Play:
        own = [b for b in self.batches.values() if b.key == call.key and not b.endpoint]
        shown = [_message_batch(batch, call) for batch in reversed(own)]
        return _json(page(shown, call.parameters))

    def cancel_messages(self, call: Received, name: str) -> Play:
        batch = self._find(call, name)
        if batch.ended is None:
            batch.cancelled = self.world.clock()
        return _json(_message_batch(batch, call))

    def delete_messages(self, call: Received, name: str) -> Play:
        batch = self._find(call, name)
        need(batch.ended is not None, "only a batch that has ended can be deleted")
        del self.batches[name]
        return _json({"id": name, "type": "message_batch_deleted"})

    def messages_results(self, call: Received, name: str) -> Play:
        batch = self._find(call, name)
        need(batch.ended is not None, "the batch has no results yet: it has not ended")
        lines = [encode(line) + b"\n" for _, line in batch.results]
        return Play(200, [JSONL], b"".join(lines))

    def _work_messages(
        self, batch: Batch, i: int, item: dict[str, Any], outcome: str
    ) -> tuple[str, Any]:
        result: dict[str, Any] = {"type": outcome}
        if not outcome:
            play = self._run(batch, i, MESSAGES, item["params"])
            reply = msgspec.json.decode(play.body)
            outcome = "succeeded" if play.status == 200 else "errored"
            slot = "message" if play.status == 200 else "error"
            result = {"type": outcome, slot: reply}
        return outcome, {"custom_id": item["custom_id"], "result": result}

    # --- OpenAI ------------------------------------------------------------------------

    def _file(self, batch: Batch, name: str, purpose: str, data: bytes) -> File:
        letters = mint(self.world.seed, batch.n, name, 24)[len(name) :]
        now = self.world.clock()
        made = File(f"file-{letters}", batch.key, name, purpose, now, data)
        self._keep(self.files, made)
        return made

    def create_file(self, call: Received) -> Play:
        fields = multipart(call.header("content-type"), call.body)
        purpose = fields.get("purpose", ("", b""))[1].decode("utf-8", "replace")
        need("file" in fields, "'file' is a required property")
        need(purpose != "", "'purpose' is a required property")
        name, data = fields["file"]
        letters = mint(self.world.seed, call.n, "file-", 24)
        made = File(letters, call.key, name, purpose, self.world.clock(), data)
        self._keep(self.files, made)
        return _json(_shown_file(made))

    def _file_of(self, call: Received, name: str) -> File:
        found = self.files.get(name)
        if found is None or found.key != call.key:
            raise Refused(f"No such File object: {name}", 404)
        return found

    def list_files(self, call: Received) -> Play:
        own = [_shown_file(f) for f in self.files.values() if f.key == call.key]
        return _json({"object": "list", **page(own, call.parameters)})

    def show_file(self, call: Received, name: str) -> Play:
        return _json(_shown_file(self._file_of(call, name)))

    def file_content(self, call: Received, name: str) -> Play:
        kind = (b"content-type", b"application/octet-stream")
        return Play(200, [kind], self._file_of(call, name).data)

    def delete_file(self, call: Received, name: str) -> Play:
        del self.files[self._file_of(call, name).id]
        return _json({"id": name, "object": "file", "deleted": True})

    def create_batch(self, call: Received) -> Play:
        body = call.json()
        need(isinstance(body, dict), "We could not parse the JSON body of your request.")
        endpoint, window = body.get("endpoint"), body.get("completion_window")
        need(endpoint in _ENDPOINTS, f"Invalid 'endpoint'; served: {', '.join(_ENDPOINTS)}")
        need(window == "24h", "Invalid 'completion_window': expected '24h'")
        source = self._file_of(call, str(body.get("input_file_id")))
        lines = source.data.splitlines()
        need(len(lines) <= MOST_LINES, f"the file has more than {MOST_LINES} lines")
        items = [_line(i, line, str(endpoint)) for i, line in enumerate(lines, 1)]
        batch = self._open(call, mint_hex(self.world.seed, call.n, "batch_", 32), items)
        batch.endpoint, batch.file, batch.metadata = endpoint, source.id, body.get("metadata")
        return _json(_shown_batch(batch))

    def show_batch(self, call: Received, name: str) -> Play:
        return _json(_shown_batch(self._find(call, name)))

    def list_batches(self, call: Received) -> Play:
        own = [b for b in self.batches.values() if b.key == call.key and b.endpoint]
        shown = [_shown_batch(batch) for batch in reversed(own)]
        return _json({"object": "list", **page(shown, call.parameters)})

    def cancel_batch(self, call: Received, name: str) -> Play:
        batch = self._find(call, name)
        need(batch.ended is None, "cannot cancel a batch that has ended")
        batch.cancelled = self.world.clock()
        return _json(_shown_batch(batch))

    def _work_lines(
        self, batch: Batch, i: int, item: dict[str, Any], outcome: str
    ) -> tuple[str, Any]:
        line: dict[str, Any] = {
            "id": mint_hex(self.world.seed, batch.n * MOST_ITEMS + i, "batch_req_", 32),
            "custom_id": item["custom_id"],
            "response": None,
            "error": None,
        }
        if outcome:
            what = {"canceled": "cancelled"}.get(outcome, outcome)
            line["error"] = {"code": f"batch_{what}", "message": f"[simulated] batch {what}"}
            return outcome, line
        status, reply = self._reply_to(batch, i, item["body"])
        line["response"] = {
            "status_code": status,
            "request_id": mint_hex(self.world.seed, batch.n * MOST_ITEMS + i, "req_", 32),
            "body": reply,
        }
        return "succeeded" if status == 200 else "errored", line

    def _reply_to(self, batch: Batch, i: int, body: Any) -> tuple[int, Any]:
        if batch.endpoint == "/v1/embeddings":
            try:
                return 200, embed(body)
            except Refused as wrong:
                return 400, {"error": {"message": wrong.message, "param": wrong.param}}
        play = self._run(batch, i, _WIRES[batch.endpoint], body)
        return play.status, msgspec.json.decode(play.body)


def _json(value: Any) -> Play:
    return Play(200, [JSON], encode(value))


def _model_of(items: list[dict[str, Any]]) -> str:
    inner = items[0].get("params", items[0].get("body"))
    return str(inner.get("model", "")) if isinstance(inner, dict) else ""


def _line(i: int, line: bytes, endpoint: str) -> dict[str, Any]:
    """One line of an input file; Refused says which line is wrong and how."""
    try:
        item = msgspec.json.decode(line)
    except msgspec.DecodeError:
        raise Refused(f"line {i} is not valid JSON") from None
    need(isinstance(item, dict), f"line {i} is not a JSON object")
    need(isinstance(item.get("custom_id"), str), f"line {i}: custom_id is missing")
    need(item.get("url") == endpoint, f"line {i}: url must be the batch's {endpoint}")
    need(isinstance(item.get("body"), dict), f"line {i}: body is missing")
    return dict(item)


def _message_batch(batch: Batch, call: Received) -> dict[str, Any]:
    ended = batch.ended is not None
    status = "ended" if ended else "canceling" if batch.cancelled is not None else "in_progress"
    host = call.header("host") or "127.0.0.1"
    results = f"http://{host}/v1/messages/batches/{batch.id}/results"
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": {
            "processing": 0 if ended else len(batch.items),
            "succeeded": batch.count("succeeded"),
            "errored": batch.count("errored"),
            "canceled": batch.count("canceled"),
            "expired": batch.count("expired"),
        },
        "created_at": rfc3339(batch.created),
        "expires_at": rfc3339(batch.created + DAY_S),
        "ended_at": None if batch.ended is None else rfc3339(batch.ended),
        "cancel_initiated_at": None if batch.cancelled is None else rfc3339(batch.cancelled),
        "archived_at": None,
        "results_url": results if ended else None,
    }


def _shown_file(found: File) -> dict[str, Any]:
    return {
        "id": found.id,
        "object": "file",
        "bytes": len(found.data),
        "created_at": int(found.created),
        "filename": found.name,
        "purpose": found.purpose,
        "status": "processed",
    }


def _batch_status(batch: Batch) -> str:
    if batch.ended is None:
        if batch.cancelled is not None:
            return "cancelling"
        return "validating" if batch.polls_left >= POLLS else "in_progress"
    if batch.cancelled is not None:
        return "cancelled"
    return "expired" if batch.count("expired") else "completed"


def _shown_batch(batch: Batch) -> dict[str, Any]:
    status = _batch_status(batch)
    ended = None if batch.ended is None else int(batch.ended)
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": None,
        "input_file_id": batch.file,
        "completion_window": batch.window,
        "status": status,
        "output_file_id": batch.output_file,
        "error_file_id": batch.error_file,
        "created_at": int(batch.created),
        "in_progress_at": int(batch.created),
        "expires_at": int(batch.created + DAY_S),
        "finalizing_at": ended if status == "completed" else None,
        "completed_at": ended if status == "completed" else None,
        "expired_at": ended if status == "expired" else None,
        "cancelling_at": None if batch.cancelled is None else int(batch.cancelled),
        "cancelled_at": ended if status == "cancelled" else None,
        "request_counts": {
            "total": len(batch.items),
            "completed": batch.count("succeeded"),
            "failed": batch.count("errored"),
        },
        "metadata": batch.metadata,
    }


def multipart(content_type: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """The fields of a form upload: name -> (file name or empty, bytes)."""
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    need(found is not None, "expected multipart/form-data with a boundary")
    assert found is not None
    fields: dict[str, tuple[str, bytes]] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + found[1].encode("latin-1", "replace")):
        head, blank, data = part.partition(b"\r\n\r\n")
        name = re.search(rb'[; ]name="?([^";\r]+)"?', head)
        if blank and name:
            file = re.search(rb'filename="([^"]*)"', head)
            filename = file[1].decode("utf-8", "replace") if file else ""
            fields[name[1].decode("utf-8", "replace")] = (filename, data)
    return fields
