"""Puts questions to a gateway and reads its answers, streams timed by their first content.

Rule 1: everything goes through a gateway: its ledger, budgets and ladders hold here too.
Rule 2: no reply cache may answer, for a sample is a new throw of the dice; prompt caches may.
Rule 3: what a call used and cost is what the ledger says, where it can be read; else what the
reply says, at the same prices.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from headgate.bench.arm import Arm
from headgate.bench.ask import Answer, Question
from headgate.bench.reckoning import AGAIN, Billed, is_sure
from headgate.ledger.record import Entry
from headgate.money.catalog import UNPRICED
from headgate.upstream import Door, Exchange, Request, Url
from headgate.wire import headers as fields
from headgate.wire.headers import REHEARSAL
from headgate.wire.model import Fault, Kind, Usage
from headgate.wire.sse import Splitter, parse

REPLY_LIMIT = 4_000_000
STREAM_LIMIT = 64_000_000
"""bytes of its events, of which each holds a few letters"""
PATIENCE_S = 600.0
FINAL = frozenset((400, 401, 402, 403, 404, 405, 413, 422))
"""statuses after which the same question would be answered the same"""
NOBODY_KNOWS = frozenset((502, 504))
"""statuses after which somebody further on may have been paid"""
LIMITED = 429
"""a moment's limit, or a budget at its end: then the reply says that asking again is no use"""
NO_TEMPERATURE = "the model takes no temperature: it was left out"
GUESSED = (UNPRICED, "ceiling")
"""what stands for a price where nobody knows one: it is no figure of a report"""
CANNED = "canned: every rung failed"
DECLINES = frozenset(("refusal", "content_filter"))


class Gateway(NamedTuple):
    """Where questions go, and what is known of it."""

    door: Door
    url: Url
    key: str
    """a virtual key; "": the gateway wants none"""
    row: Callable[[str], Awaitable[Entry | None]]
    """the ledger's row of a call; None: it cannot be read from here"""
    price: Callable[[str, str, Usage], int | None]
    """provider, model, usage -> nano-dollars; None: it has no price"""
    most: Callable[[str, Usage], int | None]
    """model, usage -> the most that a call can cost, whoever answers it; None: nobody knows"""
    billed: Callable[[str, int], Awaitable[Mapping[str, Billed]]]
    """a run's name, since when (us) -> what the ledger has of it; nothing: it cannot be read"""
    way_us: Callable[[str], Awaitable[int | None]]
    """provider -> there and back; of "" to the gateway itself; None: nobody measured it"""


class _Heard(msgspec.Struct):
    """A stream as far as it was read."""

    text: list[str]
    model: str = ""
    stop: str = ""
    usage: Usage = Usage()
    first_at: float = 0.0
    error: str = ""
    provider: str = ""
    answered_from: str = ""
    is_simulated: bool = False
    is_whole: bool = False
    may_cost_more: bool = False


class _Refused(Exception):
    def __init__(self, status: int, message: str, *, is_final: bool) -> None:
        super().__init__(message)
        self.status, self.is_final = status, is_final


class Asking:
    """Asks one gateway; knows which models take no temperature once they have said so."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._untempered: set[str] = set()

    async def ask(self, question: Question) -> Answer:
        """The answer to a question; never raises for the provider's sake."""
        arm = question.arm
        if arm.model in self._untempered:
            return await self._ask(question, tempered=False)
        answer = await self._ask(question, tempered=True)
        refuses = answer.is_final and "temperature" in answer.fault
        if not refuses or arm.temperature is None:
            return answer
        self._untempered.add(arm.model)
        return await self._ask(question, tempered=False)

    async def _ask(self, question: Question, *, tempered: bool) -> Answer:
        call = question.call or new_id()
        call = call if tempered else f"{call}{AGAIN}"
        temperature = question.arm.temperature if tempered else None
        request = self._request(question, call, body_of(question, temperature))
        notes = () if tempered or question.arm.temperature is None else (NO_TEMPERATURE,)
        begun = time.perf_counter()
        heard = _Heard([])
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._hear(request, heard)
        except _Refused as refused:
            told = f"{refused.status}: {refused}"
            doubt = refused.status in NOBODY_KNOWS
            answer = Answer(id=call, fault=told, is_final=refused.is_final, may_cost_more=doubt)
            return await self._accounted(answer, heard, question.arm) if doubt else answer
        except Fault as fault:
            heard.error = f"{fault.kind.value}: {fault.message}"
            heard.may_cost_more = fault.maybe_billed
        except TimeoutError:
            heard.error = f"timeout: no end within {PATIENCE_S:g} s"
            heard.may_cost_more = True
        ended = time.perf_counter()
        took_us = int((ended - begun) * 1e6)
        ttft_us = int((heard.first_at - begun) * 1e6) if heard.first_at else 0
        answer = Answer(
            id=call,
            text="".join(heard.text),
            took_us=took_us,
            ttft_us=ttft_us,
            model=heard.model,
            declined=heard.stop in DECLINES,
            is_cut=heard.stop == "max_tokens",
            notes=notes,
            fault=heard.error,
            may_cost_more=heard.may_cost_more,
            provider=heard.provider,
            answered_from=heard.answered_from,
            is_simulated=heard.is_simulated,
        )
        return await self._accounted(answer, heard, question.arm)

    def _request(self, question: Question, call: str, body: bytes) -> Request:
        gateway = self._gateway
        arm = question.arm.name.replace(",", " ")
        tags = f"{tag(question.run)},arm={arm}"
        headers = [
            (b"content-type", b"application/json"),
            (b"anthropic-version", b"2023-06-01"),
            (b"cache-control", b"no-store"),
            (b"x-request-id", call.encode()),
            (b"x-headgate-tags", tags.encode("ascii", "replace")),
            (REHEARSAL, b"sample=%d" % question.sample),
        ]
        if gateway.key:
            headers.append((b"authorization", b"Bearer " + gateway.key.encode()))
        target = f"{gateway.url.path}/v1/messages".encode()
        return Request(b"POST", gateway.url, target, headers, (body,))

    async def _hear(self, request: Request, heard: _Heard) -> None:
        exchange = self._gateway.door.exchange(request)
        try:
            await exchange.open()
            if exchange.status != 200:
                body = await exchange.read_all(REPLY_LIMIT)
                raise _Refused(exchange.status, _words(body), is_final=_is_final(exchange))
            _read_head(exchange, heard)
            await _read_stream(exchange, heard)
            if not (heard.is_whole or heard.error):
                heard.error = "truncated: the stream ended before the answer did"
                heard.may_cost_more = True
        finally:
            exchange.close()

    async def _accounted(self, answer: Answer, heard: _Heard, arm: Arm) -> Answer:
        row = await self._gateway.row(answer.id)
        if row is not None:
            return _of_row(answer, row, await self._gateway.way_us(row.provider))
        usage = heard.usage
        cost = self._gateway.price("", answer.model or arm.model, usage)
        return msgspec.structs.replace(
            answer,
            network_us=await self._gateway.way_us(""),
            input_tokens=usage.input_fresh,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
            output_tokens=usage.output,
            cost_nusd=cost or 0,
            is_priced=cost is not None,
        )


def new_id() -> str:
    """Of a call that is to be made."""
    return f"bench-{secrets.token_hex(10)}"


def tag(run: str) -> str:
    """What a run's calls are marked with in the ledger."""
    return f"bench={run}"


def body_of(question: Question, temperature: float | None) -> bytes:
    """The request: what the arm's questions share first, what varies last."""
    arm = question.arm
    turns: list[dict[str, str]] = []
    for shot in arm.shots:
        turns.append({"role": "user", "content": shot.prompt})
        turns.append({"role": "assistant", "content": shot.answer})
    prompt = f"{question.prompt}\n\n{arm.after}" if arm.after else question.prompt
    turns.append({"role": "user", "content": prompt})
    body: dict[str, Any] = {
        "model": arm.model,
        "max_tokens": arm.max_tokens,
        "stream": True,
        "messages": turns,
    }
    if arm.system:
        body["system"] = arm.system
    if temperature is not None:
        body["temperature"] = temperature
    return msgspec.json.encode(body)


def _is_final(exchange: Exchange) -> bool:
    ends = exchange.status == LIMITED and (b"x-should-retry", b"false") in exchange.headers
    return ends or exchange.status in FINAL


def _read_head(exchange: Exchange, heard: _Heard) -> None:
    """Who answered, as a gateway names it, and whether any model was asked at all."""
    target = fields.text(exchange.headers, b"x-headgate-target")
    heard.provider = target.partition(":")[0]
    heard.answered_from = fields.text(exchange.headers, b"x-headgate-cache").partition(";")[0]
    heard.is_simulated = fields.first(exchange.headers, b"x-headgate-simulated") == b"true"
    if fields.first(exchange.headers, b"x-headgate-canned"):
        heard.error = CANNED


async def _read_stream(exchange: Exchange, heard: _Heard) -> None:
    splitter, size = Splitter(), 0
    while data := await exchange.read():
        size += len(data)
        if size > STREAM_LIMIT:
            heard.error = f"endless: more than {STREAM_LIMIT:,} bytes of one answer"
            heard.may_cost_more = True
            return
        whole = splitter.feed(data).replace(b"\r\n", b"\n")
        for block in whole.split(b"\n\n"):
            event = parse(block) if block.strip() else None
            if event is None:
                continue
            try:
                _take(_said(event.data), heard)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                heard.error = f"unreadable: an event of the stream is no such thing: {error}"
                heard.may_cost_more = True
                return


def _said(data: bytes) -> dict[str, Any]:
    """An event; half a character, as models write now and then, is one that nobody knows."""
    try:
        found: dict[str, Any] = msgspec.json.decode(data)
    except msgspec.DecodeError:
        found = json.loads(data.decode("utf-8", "replace"))
        text = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
        found = json.loads(text)
    return found


def _take(said: dict[str, Any], heard: _Heard) -> None:
    kind = said.get("type")
    if kind == "message_start":
        heard.model = said["message"].get("model", "")
        heard.usage = _used(heard.usage, said["message"].get("usage") or {})
    elif kind == "content_block_delta":
        heard.first_at = heard.first_at or time.perf_counter()
        heard.text.append(str(said["delta"].get("text") or ""))
    elif kind == "message_delta":
        heard.stop = said["delta"].get("stop_reason") or heard.stop
        heard.usage = _used(heard.usage, said.get("usage") or {})
    elif kind == "message_stop":
        heard.is_whole = True
    elif kind == "error":
        error = said.get("error") or {}
        heard.error = f"{error.get('type', 'error')}: {error.get('message', '')}"
        heard.may_cost_more = True


def _used(before: Usage, said: Mapping[str, Any]) -> Usage:
    names = {
        "input_tokens": "input_fresh",
        "cache_read_input_tokens": "cache_read",
        "cache_creation_input_tokens": "cache_write_5m",
        "output_tokens": "output",
    }
    found = {ours: said[theirs] for theirs, ours in names.items() if said.get(theirs)}
    return before._replace(**found)


def _of_row(answer: Answer, row: Entry, way_us: int | None) -> Answer:
    writes = (row.cache_write_5m, row.cache_write_1h, row.cache_write_30m, row.cache_write_12h)
    fault = answer.fault or (row.fault if row.ending != "complete" else "")
    return msgspec.structs.replace(
        answer,
        provider=row.provider,
        model=row.model_served or row.model_sent,
        took_us=row.took_us,
        ttft_us=row.ttft_us,
        network_us=way_us,
        waited_us=row.waited_us,
        input_tokens=row.input_fresh,
        cache_read_tokens=row.cache_read,
        cache_write_tokens=sum(writes),
        cache_read_nusd=row.cache_read_nusd,
        cache_write_nusd=row.cache_write_nusd,
        output_tokens=row.output,
        cost_nusd=row.cost_nusd,
        is_priced=row.priced_by not in ("", *GUESSED),
        answered_from=row.answered_from,
        is_simulated=bool(row.simulated),
        may_cost_more=not is_sure(row.ending, row.maybe_billed),
        fault=fault or (CANNED if row.canned else ""),
        is_final=answer.is_final or row.fault == Kind.UPSTREAM_AUTH.value,
    )


def _words(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body)
        return str(said["error"]["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return body[:300].decode("utf-8", "replace")
