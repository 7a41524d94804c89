"""Reads the transcripts of Claude Code: one line per part of an answer, copied when a session
is resumed or forked, and told again when a sub-agent reports.

Rule 1: lines of one message.id are one call, over all files: one that is not a side chain's is
preferred, then the one with most tokens, then the dearest; an answer's first lines carry counts
that are not final.
Rule 2: a call begins with the request, where the transcript tells it; else with the line that
it answers, if that is less than an hour before; else with its own line.
Rule 3: what no model wrote, such as an error that is shown as an answer, is no call.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from headgate.ledger.importers import sense
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Importer, Reading
from headgate.ledger.importers.lines import Line, blocks

KEPT = 256
"""so many of the last lines and requests are remembered"""
LONGEST_US = 3_600_000_000

SYNTHETIC = "no model wrote it (<synthetic>)"
ERROR = "an API error, shown as an answer"
NO_USAGE = "an answer without counts of tokens"
BLANK = "a blank line"

_NOTHING = msgspec.Raw(b"null")


class _Written(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = 0
    ephemeral_1h_input_tokens: int | None = 0


class _Searched(msgspec.Struct):
    web_search_requests: int | None = 0


class _Thought(msgspec.Struct):
    thinking_tokens: int | None = 0


class _Usage(msgspec.Struct):
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    cache_creation_input_tokens: int | None = 0
    cache_read_input_tokens: int | None = 0
    cache_creation: _Written | None = None
    server_tool_use: _Searched | None = None
    output_tokens_details: _Thought | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None


class _Block(msgspec.Struct):
    type: str = ""
    id: str | None = None
    name: str | None = None
    tool_use_id: str | None = None
    is_error: bool | None = None


class _Message(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None
    content: list[_Block] | str | None = None


class _Line(msgspec.Struct, rename="camel"):
    type: str = ""
    timestamp: str | None = None
    uuid: str | None = None
    parent_uuid: str | None = None
    session_id: str | None = None
    is_sidechain: bool | None = None
    agent_id: str | None = None
    version: str | None = None
    cwd: str | None = None
    request_id: str | None = None
    request_ref: str | None = None
    requested_model: str | None = None
    is_api_error_message: bool | None = None
    cost: float | None = msgspec.field(default=None, name="costUSD")
    id: str | None = None
    shape_hash: str | None = None
    message: msgspec.Raw = _NOTHING
    data: msgspec.Raw = _NOTHING
    shape: msgspec.Raw = _NOTHING
    params: msgspec.Raw = _NOTHING


class _Progress(msgspec.Struct, rename="camel"):
    message: _Line | None = None
    agent_id: str | None = None


class _Shape(msgspec.Struct):
    tools: list[msgspec.Raw] | None = None


class _Params(msgspec.Struct):
    max_tokens: int | None = None


class _Counts(NamedTuple):
    """Counts of tokens, as a Draft has them."""

    input_fresh: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    web_searches: int

    @property
    def total(self) -> int:
        return sum(self[:5])


_LINE = msgspec.json.Decoder(_Line)
_MESSAGE = msgspec.json.Decoder(_Message)
_PROGRESS = msgspec.json.Decoder(_Progress)
_SHAPE = msgspec.json.Decoder(_Shape)
_PARAMS = msgspec.json.Decoder(_Params)


class _Transcript:
    """What of one file has to be remembered from line to line, so that it can be stored."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.tally = reading.tally
        kept = reading.kept
        self.lately: dict[str, list[Any]] = kept.setdefault("lately", {})
        """line -> [its time, the message it is part of, when that began]"""
        self.requests: dict[str, list[Any]] = kept.setdefault("requests", {})
        """request -> [when it began, the shape of its prompt, its max_tokens]"""
        self.shapes: dict[str, list[int]] = kept.setdefault("shapes", {})
        """shape -> [its size, tools in it]"""

    def read(self, line: Line) -> Iterator[Draft | Failed]:
        tally = self.tally
        tally.lines += 1
        text = line.text
        if not text.strip():
            tally.ignored[BLANK] += 1
            return
        try:
            yield from self._tell(_LINE.decode(text))
        except sense.Senseless as error:
            tally.wrong(self.reading.path, line.number, str(error))
        except msgspec.ValidationError as error:
            tally.wrong(self.reading.path, line.number, f"no line of a transcript: {error}")
        except (msgspec.DecodeError, UnicodeDecodeError):
            tally.wrong(self.reading.path, line.number, sense.not_json(text))

    def _tell(self, it: _Line) -> Iterator[Draft | Failed]:
        if it.type == "assistant":
            yield from self._answer(it)
            return
        if it.uuid and it.timestamp:
            _remember(self.lately, it.uuid, [it.timestamp, "", 0])
        self.tally.ignored[it.type or "a line without a type"] += 1
        match it.type:
            case "user":
                yield from _failures(it.message)
            case "progress":
                yield from self._progress(it)
            case "api-request":
                most = _PARAMS.decode(it.params).max_tokens or 0
                if it.id and it.timestamp:
                    _remember(self.requests, it.id, [it.timestamp, it.shape_hash or "", most])
            case "api-request-shape" if it.shape_hash:
                tools = _SHAPE.decode(it.shape).tools or []
                _remember(self.shapes, it.shape_hash, [len(bytes(it.shape)), len(tools)])

    def _progress(self, it: _Line) -> Iterator[Draft | Failed]:
        """What a sub-agent said meanwhile."""
        if b'"usage"' not in bytes(it.data):
            return
        said = _PROGRESS.decode(it.data)
        inner = said.message
        if inner is None or inner.type != "assistant":
            return
        for name in ("session_id", "version", "cwd", "timestamp"):
            setattr(inner, name, getattr(inner, name) or getattr(it, name))
        inner.is_sidechain = inner.is_sidechain is not False
        inner.agent_id = inner.agent_id or said.agent_id or it.agent_id
        yield from self._answer(inner)

    def _answer(self, it: _Line) -> Iterator[Draft]:
        message = _MESSAGE.decode(it.message)
        if message is None or message.model == "<synthetic>":
            self.tally.ignored[SYNTHETIC] += 1
        elif it.is_api_error_message:
            self.tally.ignored[ERROR] += 1
        elif message.usage is None:
            self.tally.ignored[NO_USAGE] += 1
        else:
            yield self._draft(it, message, message.usage)

    def _draft(self, it: _Line, message: _Message, usage: _Usage) -> Draft:
        if not it.timestamp:
            raise sense.Senseless("an answer without a timestamp")
        if not message.model:
            raise sense.Senseless("an answer without the name of its model")
        id = message.id or it.request_id or it.uuid
        if not id:
            raise sense.Senseless("an answer without an id")
        end_us = sense.micros(it.timestamp)
        sidechain = bool(it.is_sidechain)
        if not sidechain:
            before_us = self.reading.kept.get("at", 0)
            sense.watch(self.tally, end_us, before_us, self.reading.now_us)
            self.reading.kept["at"] = end_us
        asked = self.requests.get(it.request_ref or "", ("", "", 0))
        began = self._began(it, id, end_us, asked[0])
        shape = self.shapes.get(asked[1], (0, 0))
        counts = _counts(usage)
        return Draft(
            id=id,
            at_us=began,
            model=message.model,
            model_asked=it.requested_model or "",
            provider=_seller(message.model),
            input_fresh=counts.input_fresh,
            cache_read=counts.cache_read,
            cache_write_5m=counts.cache_write_5m,
            cache_write_1h=counts.cache_write_1h,
            output=counts.output,
            reasoning_of_output=counts.reasoning,
            web_searches=counts.web_searches,
            tier=_unless_standard(usage.service_tier),
            speed=_unless_standard(usage.speed),
            geo=_unless_standard(usage.inference_geo),
            stated_nusd=None if it.cost is None else round(it.cost * 10**9),
            took_us=end_us - began,
            surface="messages",
            session=it.session_id or "",
            agent=it.agent_id or ("sidechain" if sidechain else ""),
            project=it.cwd or "",
            client=f"claude-code/{it.version}" if it.version else "claude-code",
            upstream_id=it.request_id or "",
            stream=1,
            max_output=asked[2],
            tools_offered=shape[1],
            tools=_tools(message.content),
            head=self._fingerprint(asked[1]),
            head_bytes=shape[0] if self.reading.options.secret else 0,
            rank=(0 if sidechain else 1, counts.total, 0),
        )

    def _began(self, it: _Line, id: str, end_us: int, asked: str) -> int:
        """When the call began, by rule 2."""
        parent = self.lately.get(it.parent_uuid or "")
        began = end_us
        if asked:
            began = sense.micros(asked)
        elif parent is not None:
            began = parent[2] if parent[1] == id else sense.micros(parent[0])
        if not 0 <= end_us - began <= LONGEST_US:
            began = end_us
        if it.uuid:
            _remember(self.lately, it.uuid, [it.timestamp, id, began])
        return began

    def _fingerprint(self, shape: str) -> int:
        """That of tools and system prompt, keyed as all fingerprints are."""
        secret = self.reading.options.secret
        if not shape or not secret:
            return 0
        key = secret[: blake2b.MAX_KEY_SIZE]
        return int.from_bytes(blake2b(shape.encode(), digest_size=8, key=key).digest(), "big")


def _seller(model: str) -> str:
    """Whose price it is: Bedrock puts its regions before a name, as in us.anthropic.claude-…"""
    if "anthropic.claude" in model:
        return "aws"
    return "anthropic" if model.startswith("claude") else ""


def _counts(usage: _Usage) -> _Counts:
    detail, thought = usage.cache_creation, usage.output_tokens_details
    hour = (detail.ephemeral_1h_input_tokens or 0) if detail else 0
    five = (detail.ephemeral_5m_input_tokens or 0) if detail else 0
    if not hour and not five:
        five = usage.cache_creation_input_tokens or 0
    searched = usage.server_tool_use
    found = _Counts(
        usage.input_tokens or 0,
        usage.cache_read_input_tokens or 0,
        five,
        hour,
        usage.output_tokens or 0,
        (thought.thinking_tokens or 0) if thought else 0,
        (searched.web_search_requests or 0) if searched else 0,
    )
    sense.tokens(*found)
    return found


def _unless_standard(value: str | None) -> str:
    return "" if value is None or value in ("standard", "not_available", "global") else value


def _tools(content: list[_Block] | str | None) -> str:
    if not isinstance(content, list):
        return ""
    return "\n".join(
        f"{it.id} {it.name}" for it in content if it.type == "tool_use" and it.id and it.name
    )


def _failures(message: msgspec.Raw) -> Iterator[Failed]:
    if b'"is_error":true' not in bytes(message):
        return
    content = _MESSAGE.decode(message).content
    if isinstance(content, list):
        for it in content:
            if it.is_error and it.tool_use_id:
                yield Failed(it.tool_use_id)


def _remember(those: dict[str, Any], name: str, what: object) -> None:
    those[name] = what
    if len(those) > KEPT:
        del those[next(iter(those))]


def _read(reading: Reading) -> Iterator[Sequence[Draft | Failed]]:
    transcript = _Transcript(reading)
    for block in blocks(reading):
        yield [it for line in block for it in transcript.read(line)]


def _fits(path: Path, start: bytes) -> bool:
    return b'"sessionId"' in start and (
        b'"parentUuid"' in start or b'"type":"queue-operation"' in start
        or b'"type":"summary"' in start or b'"uuid"' in start
    )  # fmt: skip


def homes(env: Mapping[str, str]) -> list[Path]:
    """Where Claude Code keeps its transcripts."""
    if named := env.get("CLAUDE_CONFIG_DIR"):
        return [Path(it.strip()).expanduser() for it in named.split(",") if it.strip()]
    return [Path("~/.claude").expanduser(), Path("~/.config/claude").expanduser()]


IMPORTER = Importer(
    name="claude-code",
    about="transcripts of Claude Code (~/.claude)",
    fits=_fits,
    read=_read,
    folders=("projects",),
    places=lambda: [it for it in homes(os.environ) if (it / "projects").is_dir()],
)
