"""The provider simulator: an ASGI app that speaks both vendors' wires, faults included.

Rule 1: every reply, errors too, carries `x-headgate-simulated: true`.
Rule 2: one call, one task and one watcher: a lost connection ends the reply at once and is
noted on the call. Rule 3: what is remembered of calls is bounded in number and in bytes.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from headgate.sim import anthropic, bills, hosted, openai
from headgate.sim.batches import BatchDesk
from headgate.sim.checks import Refused
from headgate.sim.coder import Book
from headgate.sim.faults import ORDINARY, ScriptError, parse
from headgate.sim.models import find
from headgate.sim.scenario import Scenario, ScenarioError, read, shipped
from headgate.sim.stage import EDGE, Edge, Line, Play, perform
from headgate.sim.text import dice, encode
from headgate.sim.turn import (
    CHAT,
    JSON,
    MESSAGES,
    RESPONSES,
    Received,
    Wire,
    World,
    check_key,
    count_tokens,
    error,
    fail_as_scripted,
    look,
    turn,
    vendor_headers,
)
from headgate.wire.model import Usage

MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_FILE_BYTES = 256 * 1024 * 1024

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answerer = Callable[["Simulator", Received, re.Match[str]], Play]


def unix_seconds() -> float:
    return time.time_ns() / 1e9


@dataclass(frozen=True, slots=True)
class Options:
    """How a simulator behaves from its start."""

    seed: int = 0
    scenario: Scenario = field(default_factory=Scenario)
    allow_header_faults: bool = True
    require_key: bool = True
    book: Book | None = None
    """tasks that its models can solve"""
    max_body_bytes: int = MAX_BODY_BYTES
    keep_calls: int = 1_000
    keep_bytes: int = 64 * 1024 * 1024


class Simulator:
    """Both vendors behind one ASGI app; `calls` holds what arrived, oldest first."""

    def __init__(
        self,
        options: Options | None = None,
        *,
        clock: Callable[[], float] = unix_seconds,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.options = options or Options()
        self.world = World(
            self.options.seed,
            self.options.scenario,
            clock,
            self.options.allow_header_faults,
            self.options.require_key,
            self.options.book,
        )
        self.desk = BatchDesk(self.world)
        self.calls: deque[Received] = deque()
        self.total_calls = 0
        self.scenarios: dict[str, Scenario] = {}
        self._sleep = sleep
        self._kept_bytes = 0
        self._edges: set[Edge] = set()
        self._running: set[int] = set()

    @property
    def open_connections(self) -> int:
        """Client connections that brought a request and are not closed."""
        self._edges = {edge for edge in self._edges if not edge.transport.is_closing()}
        return len(self._edges)

    @property
    def running(self) -> int:
        """Calls that have arrived and are not yet answered or lost."""
        return len(self._running)

    def play(self, scenario: Scenario) -> None:
        """Change the scenario from the next call on."""
        self.world.play_scenario(scenario)

    def next(self, *scripts: str) -> None:
        """Script the next calls, one text each; an empty text is an ordinary reply."""
        self.world.director.coming += [parse(script) for script in scripts]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        edge = scope.get(EDGE)
        if edge is not None and edge not in self._edges:
            self._edges = {each for each in self._edges if not each.transport.is_closing()}
            self._edges.add(edge)
        call = self._received(scope)
        self._running.add(call.n)
        try:
            await self._serve(call, receive, self._line(call, send, edge))
        finally:
            self._running.discard(call.n)
            call.ended_at = time.monotonic()

    def _received(self, scope: Scope) -> Received:
        self.total_calls += 1
        call = Received(
            n=self.total_calls,
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=list(scope["headers"]),
            body=b"",
            at=time.monotonic(),
        )
        self.calls.append(call)
        self._forget()
        return call

    def _line(self, call: Received, send: Send, edge: Edge | None) -> Line:
        seed = self.options.seed

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        async def sleep(seconds: float) -> None:
            await self._sleep(seconds)

        def throw(purpose: str) -> float:
            return dice(seed, call.n, purpose)

        return Line(noting, sleep, self.world.clock, throw, edge)

    async def _serve(self, call: Received, receive: Receive, line: Line) -> None:
        most = self.options.max_body_bytes
        if call.path.endswith(("/batches", "/files")):
            most = MAX_FILE_BYTES
        whole = await self._read_body(call, receive, most)
        if call.lost_at is not None:
            return
        if call.method == "PUT" and not self.scenarios:
            self.scenarios = await asyncio.to_thread(shipped)
        if "/organization" in call.path:
            await asyncio.to_thread(self.world.bills.read_prices)
        play = self._answer(call) if whole else _too_large(self.world, call)
        if call.method == "HEAD":
            play.body = b""
        answering = asyncio.ensure_future(perform(play, line))
        watching = asyncio.ensure_future(_lost(receive))
        try:
            await asyncio.wait((answering, watching), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                call.lost_at = None if line.dropped else time.monotonic()
        finally:
            answering.cancel()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        try:
            await answering
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise

    async def _read_body(self, call: Received, receive: Receive, most: int) -> bool:
        """Whether the body fitted; a connection lost meanwhile is noted."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                call.lost_at = time.monotonic()
                return False
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > most:
                return False
            if not message.get("more_body", False):
                call.body = b"".join(chunks)
                self._kept_bytes += size
                self._forget()
                return True

    def _forget(self) -> None:
        while len(self.calls) > self.options.keep_calls or (
            self._kept_bytes > self.options.keep_bytes and len(self.calls) > 1
        ):
            self._kept_bytes -= len(self.calls.popleft().body)

    def _answer(self, call: Received) -> Play:
        if call.method == "HEAD":
            return Play(200, [JSON])
        for method, pattern, answer in ROUTES:
            found = pattern.fullmatch(call.path) if method == call.method else None
            if found is not None:
                return _unless_too_deep(self, call, found, answer)
        known = any(pattern.fullmatch(call.path) for _, pattern, _ in ROUTES)
        status = 405 if known else 404
        message = f"{call.method} {call.path}: {'method not allowed' if known else 'not found'}"
        return error(self.world, vendor_of(call), call, Refused(message, status))


def _unless_too_deep(
    sim: Simulator, call: Received, found: re.Match[str], answer: Answerer
) -> Play:
    try:
        return answer(sim, call, found)
    except RecursionError:
        return error(sim.world, vendor_of(call), call, Refused("nested too deeply"))


async def _lost(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_large(world: World, call: Received) -> Play:
    message = "Request exceeds the maximum size"
    play = error(world, vendor_of(call), call, Refused(message, 413))
    play.headers.append((b"connection", b"close"))
    return play


def vendor_of(call: Received) -> str:
    """Whose shape an answer takes where the path serves both."""
    by_header = call.header("anthropic-version") or call.header("x-api-key")
    return "anthropic" if "/messages" in call.path or by_header else "openai"


def _turn(wire: Wire) -> Answerer:
    return lambda sim, call, found: turn(sim.world, wire, call)


def _count(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    return count_tokens(sim.world, call)


def _input_tokens(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    """POST /v1/responses/input_tokens"""
    try:
        check_key(sim.world, vendor_of(call), call)
        body = call.json()
        RESPONSES.read(call, body)
    except Refused as wrong:
        return error(sim.world, "openai", call, wrong)
    tokens = look(sim.world, RESPONSES, call, body).usage.input_total
    return _json(sim, call, {"object": "response.input_tokens", "input_tokens": tokens})


def _json(sim: Simulator, call: Received, value: Any, *, metered: bool = False) -> Play:
    headers = vendor_headers(sim.world, vendor_of(call), call, metered=metered)
    return Play(200, [JSON, *headers], encode(value))


def _embed(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    try:
        check_key(sim.world, vendor_of(call), call)
        body = call.json()
        model = body.get("model") if isinstance(body, dict) else None
        script = sim.world.script(call, str(model or ""))
        fail_as_scripted(script, is_stream=False)
        reply = openai.embed(body)
    except Refused as wrong:
        return error(sim.world, "openai", call, wrong)
    play = _json(sim, call, reply, metered=True)
    play.script = script
    usage = Usage(input_fresh=reply["usage"]["prompt_tokens"])
    minute = int(sim.world.clock()) // 60
    served = bills.Served("openai", minute, body["model"], usage, surface="embeddings")
    play.begun = lambda: sim.world.bills.note(served)
    return play


def _report(vendor: str, make: Callable[[bills.Bills, str, float], dict[str, Any]]) -> Answerer:
    """What was served, as a vendor reports it to administrators."""

    def answer(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
        script = ORDINARY
        try:
            if sim.world.require_key:
                bills.check_admin(vendor, call.key)
            script = sim.world.script(call, "")
            fail_as_scripted(script, is_stream=False)
            made = make(sim.world.bills, call.query, sim.world.clock())
        except Refused as wrong:
            return error(sim.world, vendor, call, wrong, script)
        headers = vendor_headers(sim.world, vendor, call, metered=False)
        return Play(200, [JSON, *headers], encode(made), script=script)

    return answer


def _models(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    try:
        check_key(sim.world, vendor_of(call), call)
    except Refused as wrong:
        return error(sim.world, vendor_of(call), call, wrong)
    if vendor_of(call) == "anthropic":
        return _json(sim, call, anthropic.model_list(call.parameters))
    return _json(sim, call, openai.model_list())


def _model(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    vendor = vendor_of(call)
    try:
        check_key(sim.world, vendor_of(call), call)
        model = find(found["id"])
        if model is None or model.vendor != vendor:
            raise Refused(f"model: {found['id']}", 404)
    except Refused as wrong:
        return error(sim.world, vendor, call, wrong)
    listed = anthropic.listed if vendor == "anthropic" else openai.listed
    return _json(sim, call, listed(model))


def _upgrade(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    """No WebSocket here: 426 sends clients to plain HTTP at once."""
    wrong = Refused("WebSocket is not served here; use HTTP", 426)
    return error(sim.world, "openai", call, wrong)


def _desk(work: Callable[..., Play]) -> Answerer:
    def answer(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
        try:
            check_key(sim.world, vendor_of(call), call)
            play = work(sim.desk, call, *found.groups())
        except Refused as wrong:
            return error(sim.world, vendor_of(call), call, wrong)
        play.headers += vendor_headers(sim.world, vendor_of(call), call, metered=False)
        return play

    return answer


def _hosted(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    return hosted.page(sim.world, call, vendor_of(call))


def _either(other: Answerer) -> Answerer:
    """Anthropic's files, or what OpenAI keeps for batches."""
    return lambda sim, call, found: (_hosted if vendor_of(call) == "anthropic" else other)(
        sim, call, found
    )


def _show(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    """GET /sim: what is playing and how much came."""
    scenario = sim.world.scenario
    state = {
        "scenario": scenario.title,
        "about": scenario.about,
        "seed": sim.options.seed,
        "calls": sim.total_calls,
        "running": sim.running,
        "open_connections": sim.open_connections,
    }
    return Play(200, [JSON], encode(state))


def _list_calls(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    """GET /sim/calls: what arrived, without headers and bodies."""
    shown = [
        {
            "n": each.n,
            "method": each.method,
            "path": each.path,
            "bytes": len(each.body),
            "status": each.status,
            "lost": each.lost_at is not None,
            "seconds": round((each.ended_at or time.monotonic()) - each.at, 3),
        }
        for each in sim.calls
        if not each.path.startswith("/sim")
    ]
    return Play(200, [JSON], encode(shown))


def _show_body(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    """GET /sim/calls/N: the body of call N, byte for byte as it came."""
    kept = next((each for each in sim.calls if each.n == int(found[1])), None)
    if kept is None:
        return Play(404, [JSON], encode({"error": f"call {found[1]} is not kept"}))
    return Play(200, [(b"content-type", b"application/octet-stream")], kept.body)


def _direct(sim: Simulator, call: Received, found: re.Match[str]) -> Play:
    """PUT /sim/scenario: a shipped scenario's name, words of the grammar, or a whole TOML."""
    sent = call.body.decode("utf-8", "replace")
    text = sent.strip()
    try:
        if "\n" in sent or text.startswith("["):
            scenario = read(sent)
        elif text in sim.scenarios:
            scenario = sim.scenarios[text]
        else:
            scenario = Scenario(title=text, always=parse(text))
    except (ScenarioError, ScriptError) as wrong:
        known = f"; a scenario's name does as well: {', '.join(sim.scenarios)}"
        return Play(400, [JSON], encode({"error": f"{wrong}{known}"}))
    sim.play(scenario)
    return _show(sim, call, found)


def _route(method: str, path: str, answer: Answerer) -> tuple[str, re.Pattern[str], Answerer]:
    return method, re.compile(path), answer


# Providers put their own prefix before these paths, so only the end of a path counts.
ROUTES: tuple[tuple[str, re.Pattern[str], Answerer], ...] = (
    _route("GET", r"/sim", _show),
    _route("GET", r"/sim/calls", _list_calls),
    _route("GET", r"/sim/calls/([0-9]{1,18})", _show_body),
    _route("PUT", r"/sim/scenario", _direct),
    _route("POST", r".*/messages", _turn(MESSAGES)),
    _route("POST", r".*/messages/count_tokens", _count),
    _route("POST", r".*/messages/batches", _desk(BatchDesk.create_messages)),
    _route("GET", r".*/messages/batches", _desk(BatchDesk.list_messages)),
    _route("GET", r".*/messages/batches/([^/]+)", _desk(BatchDesk.show_messages)),
    _route("DELETE", r".*/messages/batches/([^/]+)", _desk(BatchDesk.delete_messages)),
    _route("POST", r".*/messages/batches/([^/]+)/cancel", _desk(BatchDesk.cancel_messages)),
    _route("GET", r".*/messages/batches/([^/]+)/results", _desk(BatchDesk.messages_results)),
    _route("POST", r".*/chat/completions", _turn(CHAT)),
    _route("POST", r".*/responses", _turn(RESPONSES)),
    _route("GET", r".*/responses", _upgrade),
    _route("POST", r".*/responses/input_tokens", _input_tokens),
    _route("POST", r".*/embeddings", _embed),
    _route(
        "GET",
        r".*/organizations/usage_report/messages",
        _report("anthropic", bills.anthropic_usage),
    ),
    _route("GET", r".*/organizations/cost_report", _report("anthropic", bills.anthropic_costs)),
    _route("GET", r".*/organization/usage/completions", _report("openai", bills.openai_usage)),
    _route(
        "GET", r".*/organization/usage/embeddings", _report("openai", bills.openai_embeddings)
    ),
    _route("GET", r".*/organization/costs", _report("openai", bills.openai_costs)),
    _route("GET", r".*/models", _models),
    _route("GET", r".*/models/(?P<id>.+)", _model),
    *(
        _route(method, r".*/containers(?:/[^/]+){0,4}", _hosted)
        for method in ("POST", "GET", "DELETE")
    ),
    _route("POST", r".*/files", _either(_desk(BatchDesk.create_file))),
    _route("GET", r".*/files", _desk(BatchDesk.list_files)),
    _route("GET", r".*/files/([^/]+)", _either(_desk(BatchDesk.show_file))),
    _route("DELETE", r".*/files/([^/]+)", _either(_desk(BatchDesk.delete_file))),
    _route("GET", r".*/files/([^/]+)/content", _either(_desk(BatchDesk.file_content))),
    _route("POST", r".*/batches", _desk(BatchDesk.create_batch)),
    _route("GET", r".*/batches", _desk(BatchDesk.list_batches)),
    _route("GET", r".*/batches/([^/]+)", _desk(BatchDesk.show_batch)),
    _route("POST", r".*/batches/([^/]+)/cancel", _desk(BatchDesk.cancel_batch)),
)
