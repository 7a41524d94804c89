"""Reads the rollouts of Codex: a file for each session, with the usage of every answer.

Rule 1: an answer is a token_usage_record, which names it; files of versions that wrote none are
read by their token_count events, and only by those.
Rule 2: cached tokens are part of the input as Codex tells it, and reasoning of the output.
Rule 3: a token_count whose running total has not moved tells of no new answer. What a total
moved by is the answer where the last usage is missing; where both are there and differ, the
last usage counts, and it is noted.
Rule 4: a sub-agent's file begins with its parent's history, written within a second of its own
start: those answers are the parent's, and are no calls of this file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from headgate.ledger.importers import sense
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Reading
from headgate.ledger.importers.lines import Line, blocks

REPLAY_US = 1_000_000
LONGEST_US = 3_600_000_000
MOST_TOOLS = 256
"""of one answer"""

BLANK = "a blank line"
REPEATED = "a count of tokens that was told before"
REPLAYED = "history of the session it came from, replayed"
APART = "a running total moved by other counts than the answer's: the answer's are taken"
NO_MODEL = "an answer before any model was named: its model is called unknown"
UNKNOWN = "unknown"

_NOTHING = msgspec.Raw(b"{}")


class _Usage(msgspec.Struct):
    input_tokens: int | None = 0
    cached_input_tokens: int | None = 0
    cache_write_input_tokens: int | None = 0
    output_tokens: int | None = 0
    reasoning_output_tokens: int | None = 0

    def counts(self) -> list[int]:
        found = [
            self.input_tokens or 0,
            self.cached_input_tokens or 0,
            self.cache_write_input_tokens or 0,
            self.output_tokens or 0,
            self.reasoning_output_tokens or 0,
        ]
        sense.tokens(*found)
        return found


class _Info(msgspec.Struct):
    last_token_usage: _Usage | None = None
    total_token_usage: _Usage | None = None


class _Payload(msgspec.Struct):
    type: str | None = None
    id: str | None = None
    model: str | None = None
    cwd: str | None = None
    cli_version: str | None = None
    model_provider: str | None = None
    session_id: str | None = None
    response_id: str | None = None
    forked_from_id: str | None = None
    usage: _Usage | None = None
    info: _Info | None = None
    call_id: str | None = None
    name: str | None = None
    source: msgspec.Raw = _NOTHING
    output: msgspec.Raw = _NOTHING


class _Line(msgspec.Struct):
    type: str = ""
    timestamp: str | None = None
    payload: msgspec.Raw = _NOTHING


_LINE = msgspec.json.Decoder(_Line)
_PAYLOAD = msgspec.json.Decoder(_Payload)
_OF_TOOLS = ("function_call", "custom_tool_call", "local_shell_call", "web_search_call")
_RESULTS = ("function_call_output", "custom_tool_call_output")
_FAILED = b"Process exited with code "


class _Rollout:
    """What of one file has to be remembered from line to line, so that it can be stored."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.tally = reading.tally
        self.kept: dict[str, Any] = reading.kept
        self.kept.setdefault("total", [0] * 5)
        self.kept.setdefault("tools", [])

    def read(self, line: Line) -> Iterator[Draft | Failed]:
        tally = self.tally
        tally.lines += 1
        if not line.text.strip():
            tally.ignored[BLANK] += 1
            return
        try:
            yield from self._tell(_LINE.decode(line.text))
        except sense.Senseless as error:
            tally.wrong(self.reading.path, line.number, str(error))
        except msgspec.ValidationError as error:
            tally.wrong(self.reading.path, line.number, f"no line of a rollout: {error}")
        except (msgspec.DecodeError, UnicodeDecodeError):
            tally.wrong(self.reading.path, line.number, sense.not_json(line.text))

    def _tell(self, it: _Line) -> Iterator[Draft | Failed]:
        match it.type:
            case "session_meta":
                self._begin(it, _PAYLOAD.decode(it.payload))
            case "turn_context":
                said = _PAYLOAD.decode(it.payload)
                self.kept["model"] = said.model or self.kept.get("model", "")
                self.kept["cwd"] = said.cwd or self.kept.get("cwd", "")
                self._asked(it)
            case "token_usage_record":
                yield from self._named(it, _PAYLOAD.decode(it.payload))
                return
            case "event_msg" if b'"token_count"' in bytes(it.payload)[:200]:
                yield from self._count(it, _PAYLOAD.decode(it.payload))
                return
            case "response_item":
                yield from self._item(it, _PAYLOAD.decode(it.payload))
            case _:
                pass
        self.tally.ignored[it.type or "a line without a type"] += 1

    def _begin(self, it: _Line, said: _Payload) -> None:
        if "session" in self.kept:
            return  # of the history that is replayed
        self.kept["session"] = said.session_id or said.id or ""
        self.kept["thread"] = said.id or ""
        self.kept["cwd"] = said.cwd or ""
        self.kept["version"] = said.cli_version or ""
        below = b"subagent" in bytes(said.source) or bool(said.forked_from_id)
        if below and it.timestamp:
            self.kept["until"] = sense.micros(it.timestamp) + REPLAY_US

    def _asked(self, it: _Line) -> None:
        """From now on the model is at work."""
        if it.timestamp:
            self.kept["asked"] = it.timestamp

    def _item(self, it: _Line, said: _Payload) -> Iterator[Failed]:
        """A part of an answer, or of what is asked next."""
        tools: list[str] = self.kept["tools"]
        if said.type in _OF_TOOLS:
            tools.append(f"{said.call_id or said.id} {said.name or said.type}")
            del tools[:-MOST_TOOLS]
            return
        if said.type in _RESULTS:
            self._asked(it)
            if said.call_id and _went_wrong(bytes(said.output)):
                yield Failed(said.call_id)
        elif said.type == "message" and b'"role":"user"' in bytes(it.payload):
            self._asked(it)

    def _named(self, it: _Line, said: _Payload) -> Iterator[Draft]:
        """An answer as newer versions tell it, each by its name."""
        self.kept["named"] = 1
        if said.usage is None:
            self.tally.ignored["an answer without counts of tokens"] += 1
        else:
            yield from self._answer(it, said.usage.counts(), said.response_id or "")

    def _count(self, it: _Line, said: _Payload) -> Iterator[Draft]:
        """An answer as older versions tell it: by what the running total moved by."""
        info = said.info
        if info is None:
            self.tally.ignored["limits, without counts of tokens"] += 1
            return
        before: list[int] = self.kept["total"]
        total = info.total_token_usage.counts() if info.total_token_usage else None
        last = info.last_token_usage.counts() if info.last_token_usage else None
        if total is not None:
            self.kept["total"] = total
        if total == before or self.kept.get("named"):
            self.tally.ignored[REPEATED] += 1
            return
        moved = None
        if total is not None:
            pairs = zip(total, before, strict=True)
            moved = [now - then for now, then in pairs]
            if min(moved) < 0:
                moved = None  # the total began anew
        if last is not None and moved is not None and moved != last:
            self.tally.notes[APART] += 1
        counts = last or moved or total
        if counts is not None and any(counts):
            yield from self._answer(it, counts, "")

    def _answer(self, it: _Line, counts: Sequence[int], name: str) -> Iterator[Draft]:
        if not it.timestamp:
            raise sense.Senseless("an answer without a timestamp")
        end_us = sense.micros(it.timestamp)
        tools, self.kept["tools"] = "\n".join(self.kept["tools"]), []
        if end_us <= self.kept.get("until", 0):
            self.tally.ignored[REPLAYED] += 1
            return
        sense.watch(self.tally, end_us, self.kept.get("at", 0), self.reading.now_us)
        self.kept["at"] = end_us
        yield self._draft(end_us, counts, name, tools)
        self._asked(it)

    def _draft(self, end_us: int, counts: Sequence[int], name: str, tools: str) -> Draft:
        kept = self.kept
        began = sense.micros(kept["asked"]) if kept.get("asked") else end_us
        if not 0 <= end_us - began <= LONGEST_US:
            began = end_us
        read_in, cached, written, output, reasoning = counts
        if cached + written > read_in:
            raise sense.Senseless("more tokens cached than the input has")
        if not kept.get("model"):
            self.tally.notes[NO_MODEL] += 1
        thread, session = kept.get("thread", ""), kept.get("session", "")
        # A copy of the file in archived_sessions tells the same answers in the same words.
        total = "-".join(map(str, counts))
        return Draft(
            id=name or f"{thread or self.reading.path.stem}:{end_us}:{total}",
            at_us=began,
            model=kept.get("model") or UNKNOWN,
            input_fresh=read_in - cached - written,
            cache_read=cached,
            cache_write_30m=written,
            output=output,
            reasoning_of_output=reasoning,
            took_us=end_us - began,
            surface="responses",
            session=session or thread,
            agent=thread if thread != session else "",
            project=kept.get("cwd", ""),
            client=f"codex/{kept['version']}" if kept.get("version") else "codex",
            stream=1,
            tools=tools,
            rank=(1, read_in + output, 0),
        )


def _went_wrong(output: bytes) -> bool:
    """Does the result of a tool say that it failed."""
    at = output.find(_FAILED)
    if at >= 0:
        return output[at + len(_FAILED) : at + len(_FAILED) + 1] != b"0"
    return b'"exit_code\\":' in output and b'"exit_code\\":0' not in output


def _read(reading: Reading) -> Iterator[Sequence[Draft | Failed]]:
    rollout = _Rollout(reading)
    for block in blocks(reading):
        yield [it for line in block for it in rollout.read(line)]


def _fits(path: Path, start: bytes) -> bool:
    first = start.split(b"\n", 1)[0]
    return b'"payload"' in start and (
        b'"session_meta"' in first or b'"turn_context"' in start or b'"event_msg"' in start
    )


def home(env: Mapping[str, str]) -> Path:
    """Where Codex keeps its rollouts."""
    return Path(env.get("CODEX_HOME") or "~/.codex").expanduser()


IMPORTER = Importer(
    name="codex",
    about="rollouts of Codex (~/.codex)",
    fits=_fits,
    read=_read,
    folders=("sessions", "archived_sessions"),
    places=lambda: [
        it
        for it in [home(os.environ)]
        if (it / "sessions").is_dir() or (it / "archived_sessions").is_dir()
    ],
)
