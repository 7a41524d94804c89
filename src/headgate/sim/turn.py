"""One model call at the simulator: from a request to the Play that answers it.

Rule 1: the order is a vendor's: key, script, body, model, limits, cache, reply.
Rule 2: everything that lasts from call to call is in World; the clock comes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from headgate.sim import anthropic, binding, diagnosis, openai, points, responses
from headgate.sim.answer import Answer, Ask, Frame, Seat, compose
from headgate.sim.bills import Bills, Served
from headgate.sim.cache import Lookup, PromptCache
from headgate.sim.checks import Refused, blocks, levels
from headgate.sim.coder import Book
from headgate.sim.faults import Script, ScriptError, parse
from headgate.sim.interpreter import Interpreters
from headgate.sim.limits import Meters
from headgate.sim.models import cache_minimum, charges_writes, find
from headgate.sim.scenario import Asked, Director, Scenario
from headgate.sim.stage import Play
from headgate.sim.text import dice, encode, mint, mint_hex
from headgate.wire.model import Headers

CONTROL = "x-headgate-sim"
ORGANIZATION = "5e1f51de-0000-4000-8000-51d000000000"
JSON = (b"content-type", b"application/json")
EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
HTML = (
    b"<!doctype html><html><head><title>[simulated] 502 Bad Gateway</title></head>"
    b"<body><h1>502 Bad Gateway</h1><p>[simulated] a proxy in the way</p></body></html>"
)


@dataclass(slots=True)
class Received:
    """A request as it arrived, and what became of its connection."""

    n: int
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    at: float
    """monotonic seconds when the head had arrived"""
    lost_at: float | None = None
    """monotonic seconds when the client's connection was lost before the reply was whole"""
    ended_at: float | None = None
    status: int = 0

    def header(self, name: str) -> str:
        wanted = name.lower().encode()
        return next((v.decode("latin-1") for k, v in self.headers if k == wanted), "")

    @property
    def key(self) -> str:
        """The credential, whichever header carries it."""
        scheme, _, token = self.header("authorization").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        return self.header("x-api-key") or self.header("api-key") or bearer

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query))

    def json(self) -> Any:
        """The body; Refused where it is not JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError) as wrong:
            raise Refused(f"The request body is not valid JSON: {wrong}") from None


@dataclass(frozen=True, slots=True)
class Wire:
    """A surface's way of reading and writing."""

    vendor: str
    read: Callable[[Received, Any], Ask]
    whole: Callable[[Answer, Ask], Any]
    stream: Callable[[Answer, Ask], Iterator[Frame]]
    failure: Callable[[str, str, str], Frame]
    """an error event: type, request id, message"""


MESSAGES = Wire(
    "anthropic",
    lambda call, body: anthropic.read(body, call.header("anthropic-version")),
    anthropic.whole,
    anthropic.stream,
    anthropic.error_frame,
)
CHAT = Wire(
    "openai",
    lambda call, body: openai.read(body),
    openai.whole,
    openai.stream,
    lambda kind, request_id, message: openai.error_frame(kind, message),
)
RESPONSES = Wire(
    "openai",
    lambda call, body: responses.read(body),
    responses.whole,
    responses.stream,
    lambda kind, request_id, message: responses.error_frame(kind, message),
)


@dataclass(slots=True)
class World:
    """What lasts from call to call."""

    seed: int
    scenario: Scenario
    clock: Callable[[], float]
    """seconds since 1970"""
    allow_header_faults: bool = True
    require_key: bool = True
    book: Book | None = None
    """tasks that its models can solve; None: they talk of anything"""
    interpreters: Interpreters = field(init=False)
    director: Director = field(init=False)
    meters: Meters = field(init=False)
    cache: PromptCache = field(default_factory=PromptCache)
    diary: diagnosis.Diary = field(default_factory=diagnosis.Diary)
    bills: Bills = field(default_factory=Bills)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.interpreters = Interpreters(self.seed, self.clock)
        self.play_scenario(self.scenario)

    def play_scenario(self, scenario: Scenario) -> None:
        """Start a scenario from its beginning; caches stay as they are."""
        self.scenario = scenario
        self.director = Director(scenario, self._dice)
        self.meters = Meters(scenario.limits)
        self.began = self.clock()

    def _dice(self, purpose: str) -> float:
        return dice(self.seed, 0, purpose)

    def script(self, call: Received, model: str) -> Script:
        """How a call shall go; Refused when its own header cannot be read."""
        extra: dict[str, Any] = {}
        asked_for = call.header(CONTROL)
        if asked_for and self.allow_header_faults:
            try:
                extra = parse(asked_for)
            except ScriptError as wrong:
                raise Refused(f"{CONTROL}: {wrong}") from None
        asked = Asked(model, call.path, call.key, self.clock() - self.began)
        return self.director.script(asked, extra)


def request_id(world: World, vendor: str, n: int) -> str:
    if vendor == "anthropic":
        return mint(world.seed, n, "req_01")
    return mint_hex(world.seed, n, "req_", 32)


def vendor_headers(world: World, vendor: str, call: Received, *, metered: bool) -> Headers:
    """The headers a vendor puts on every reply, and its rate limits where they count."""
    now = world.clock()
    meter = world.meters.of(f"{vendor} {call.key}", now)
    name = request_id(world, vendor, call.n).encode()
    if vendor == "anthropic":
        headers = [(b"request-id", name), (b"anthropic-organization-id", ORGANIZATION.encode())]
        return headers + (meter.anthropic_headers(now) if metered else [])
    headers = [
        (b"x-request-id", name),
        (b"openai-organization", b"simulated"),
        (b"openai-version", b"2020-10-01"),
        (b"openai-processing-ms", b"1"),
    ]
    return headers + (meter.openai_headers(now) if metered else [])


def error(
    world: World, vendor: str, call: Received, wrong: Refused, script: Script | None = None
) -> Play:
    """A vendor's error reply."""
    script = script or Script()
    kind, code = script.error or wrong.kind, script.code or wrong.code
    message = script.message or wrong.message
    name = request_id(world, vendor, call.n)
    headers = [JSON, *vendor_headers(world, vendor, call, metered=wrong.status == 429)]
    retry_after = wrong.retry_after if script.retry_after is None else script.retry_after
    if retry_after is not None:
        headers.append((b"retry-after", f"{retry_after:g}".encode()))
    if script.should_retry:
        headers.append((b"x-should-retry", script.should_retry.encode()))
    if vendor == "anthropic":
        body = anthropic.error_body(wrong.status, name, message, kind, code)
    else:
        body = openai.error_body(wrong.status, message, kind, code, wrong.param)
    return Play(wrong.status, headers, body, script=script)


def check_key(world: World, vendor: str, call: Received) -> None:
    """Refused unless the call brings a good key where its vendor looks for one."""
    bad = any(fnmatchcase(call.key, glob) for glob in world.scenario.bad_keys)
    found = call.key
    if vendor == "openai" and not call.header("authorization"):
        found = call.header("api-key")
    if (world.require_key and not found) or bad:
        raise Refused("", 401)


def check_model(world: World, model: str) -> None:
    if world.scenario.known_models_only and find(model) is None:
        raise Refused(f"model: {model}", 404)


def turn(world: World, wire: Wire, call: Received, *, tier: str = "") -> Play:
    """Answer one call of a model; a batch's items come on terms of their own."""
    script = Script()
    try:
        check_key(world, wire.vendor, call)
        body = call.json()
        model = body.get("model") if isinstance(body, dict) else None
        script = world.script(call, model if isinstance(model, str) else "")
        fail_as_scripted(script, is_stream=isinstance(body, dict) and bool(body.get("stream")))
        if script.html:
            return Play(200, [(b"content-type", b"text/html")], HTML, script=script)
        ask = wire.read(call, body)
        if tier:
            ask = replace(ask, terms=ask.terms._replace(tier=tier))
        check_model(world, ask.model)
        if world.book is not None and not script.text:
            script = replace(script, text=world.book.says(ask.model, body, script.sample))
        if wire is not CHAT:
            ask = replace(ask, ran=world.interpreters.run(call.key, body, script))
        ask = replace(ask, bond=_bind(wire, call, body, thinks=script.think > 0))
        found = look(world, wire, call, body)
        if told := _diagnose(world, wire, call, body, found):
            ask = replace(ask, echo={**ask.echo, **told})
        script = _admit(world, wire, call, found, script)
    except Refused as wrong:
        return error(world, wire.vendor, call, wrong, script)
    return _reply(world, wire, call, (ask, script, found))


def fail_as_scripted(script: Script, *, is_stream: bool) -> None:
    """Refused where the script asks for an error status."""
    if script.status:
        raise Refused("", script.status)
    if not is_stream and script.overload:
        raise Refused("", 529)
    if not is_stream and script.error_after >= 0:
        raise Refused("", 500)


def look(world: World, wire: Wire, call: Received, body: dict[str, Any]) -> Lookup:
    """What the prompt finds in the cache of its key and model."""
    model, now = str(body["model"]), world.clock()
    scope = encode([wire.vendor, call.key, model])
    if wire.vendor == "anthropic":
        return world.cache.look_anthropic(scope, blocks(body), cache_minimum(model), now)
    if charges_writes(model):
        return world.cache.look_points(scope, points.cut(body), now)
    return world.cache.look_openai(scope, openai.prompt(body), now)


def _bind(wire: Wire, call: Received, body: dict[str, Any], *, thinks: bool) -> bytes:
    """See that earlier thinking stands where it was thought, and what binds that to come."""
    if wire.vendor != "anthropic":
        points.check(body)
        return b""
    binding.check(body, call.key)
    return binding.bond(body, call.key) if thinks else b""


def _diagnose(
    world: World, wire: Wire, call: Received, body: dict[str, Any], found: Lookup
) -> dict[str, Any]:
    """Why the prompt was not found, where that is asked; noted for those that come."""
    letters = Seat(world.seed, call.n).letters("reply")
    told: dict[str, Any] = {}
    if wire is MESSAGES and body.get("diagnostics") is not None:
        seen = diagnosis.of_messages(body, levels(body), blocks(body, mixed=False))
        told["diagnostics"] = diagnosis.for_messages(world.diary, call.key, body, seen)
        world.diary.note(call.key, anthropic.reply_id(letters), seen)
    if wire is RESPONSES and found.points is not None:
        seen = diagnosis.of_responses(body, found.points)
        options = body.get("prompt_cache_options") or {}
        if asked := options.get("comparison_response_id"):
            answer = diagnosis.for_responses(world.diary, call.key, str(asked), seen)
            told["prompt_cache_diagnostics"] = answer
        world.diary.note(call.key, responses.reply_id(letters), seen)
    return told


def _admit(world: World, wire: Wire, call: Received, found: Lookup, script: Script) -> Script:
    """Charge the key's rate limits; Refused with a 429 where they are exhausted."""
    now = world.clock()
    meter = world.meters.of(f"{wire.vendor} {call.key}", now)
    counted = found.usage.input_total - found.usage.cache_read
    short, wait_s = meter.admit(counted, now)
    if not short:
        return script
    refused = Refused(f"rate limit of {short} per minute reached", 429)
    refused.retry_after = max(1.0, -(-wait_s // 1))
    raise refused


def _reply(world: World, wire: Wire, call: Received, parts: tuple[Ask, Script, Lookup]) -> Play:
    ask, script, found = parts
    answer = compose(ask, script, Seat(world.seed, call.n), found.usage)
    now = world.clock()
    meter = world.meters.of(f"{wire.vendor} {call.key}", now)
    meter.output_tokens.take(answer.usage.output, now)
    headers = vendor_headers(world, wire.vendor, call, metered=True)

    def begun() -> None:
        began = world.clock()
        world.cache.commit(found, began)
        minute = int(began) // 60
        world.bills.note(Served(wire.vendor, minute, answer.model, answer.usage, answer.terms))

    if not ask.stream:
        body = encode(wire.whole(answer, ask))
        return Play(200, [JSON, *headers], body, begun=begun, script=script)
    kind = script.error or ("overloaded_error" if script.overload else "api_error")
    failure = wire.failure(kind, request_id(world, wire.vendor, call.n), script.message)
    return Play(
        200,
        [EVENTS, (b"cache-control", b"no-cache"), *headers],
        frames=wire.stream(answer, ask),
        failure=failure,
        begun=begun,
        script=script,
    )


def count_tokens(world: World, call: Received) -> Play:
    """POST /v1/messages/count_tokens"""
    script = Script()
    try:
        check_key(world, "anthropic", call)
        body = call.json()
        script = world.script(call, str(body.get("model")) if isinstance(body, dict) else "")
        fail_as_scripted(script, is_stream=False)
        ask = anthropic.read(body, call.header("anthropic-version"), counting=True)
        check_model(world, ask.model)
        binding.check(body, call.key)
    except Refused as wrong:
        return error(world, "anthropic", call, wrong, script)
    tokens = sum(block.tokens for block in blocks(body))
    headers = vendor_headers(world, "anthropic", call, metered=False)
    return Play(200, [JSON, *headers], encode({"input_tokens": tokens}), script=script)
