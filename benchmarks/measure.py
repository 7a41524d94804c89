"""One figure at a time: how a target is driven, and what is read off it.

Rule 1: a warm-up precedes every measured stretch, in the same form.
Rule 2: a latency is compared only with the direct one of the same stretch.
Rule 3: an error is a figure too: it is counted, kept with its words and fails the run.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from benchmarks import machine, toolbox
from benchmarks.bodies import Bodies
from benchmarks.targets import Running
from benchmarks.toolbox import Upstream

Json = dict[str, Any]

MESSAGES, CHAT = "/v1/messages", "/v1/chat/completions"
SDK_HEADERS = (
    "accept: application/json",
    "accept-encoding: identity",  # a gateway that compresses would be measured at that
    "user-agent: Anthropic/Python 2.11.0",
    "x-stainless-lang: python",
    "x-stainless-package-version: 2.11.0",
    "x-stainless-os: Linux",
    "x-stainless-arch: x64",
    "x-stainless-runtime: CPython",
    "x-stainless-runtime-version: 3.11.7",
    "x-stainless-async: async:asyncio",
    "x-stainless-retry-count: 0",
    "x-stainless-read-timeout: 600",
    "x-stainless-timeout: 600",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request, and how many connections ask it at once."""

    name: str
    path: str
    body: str
    connections: int
    must: str
    headers: tuple[str, ...] = ()
    only: str = ""
    """the one target that is asked this"""


CASES = {
    case.name: case
    for case in (
        Case("1k", MESSAGES, "messages-1k", 32, "msg_01BenchmarkReply"),
        Case("1k-sdk", MESSAGES, "messages-1k-sdk", 32, "msg_01BenchmarkReply", SDK_HEADERS),
        Case("chat-1k", CHAT, "chat-1k", 32, "chat.completion"),
        Case(
            "1k-across", MESSAGES, "messages-1k-across", 32, '"type":"message"', (), "headgate"
        ),
        Case("100k", MESSAGES, "messages-100k", 16, "msg_01BenchmarkReply"),
        Case("chat-100k", CHAT, "chat-100k", 16, "chat.completion"),
        Case("1m", MESSAGES, "messages-1m", 16, "msg_01BenchmarkReply"),
    )
}


@dataclass(frozen=True, slots=True)
class Stage:
    """What all measurements of a run share."""

    upstream: Upstream
    bodies: Bodies
    gateway_core: int
    load_core: int
    scale: float = 1.0
    """shortens every stretch"""

    def credentials(self, target: Running, path: str) -> list[str]:
        lines = ["content-type: application/json"]
        if path == CHAT:
            lines.append(f"authorization: Bearer {target.key}")
        else:
            lines += [f"x-api-key: {target.key}", "anthropic-version: 2023-06-01"]
        return lines

    def run(self, target: Running, case: Case, extra: list[str]) -> Json:
        """Drive a target once; what the tool saw, plus what it cost everybody."""
        origin = target.stream_url if "--stream" in extra else target.url
        arguments = [*extra]
        if case.must:
            arguments += ["--must", case.must]
        for line in (*self.credentials(target, case.path), *case.headers):
            arguments += ["--header", line]
        mine, theirs = _own_cpu_s(), machine.cpu_s(self.upstream.process.pid)
        gateway = machine.cpu_s(target.pid) if target.pid else 0.0
        before = machine.read_clock()
        body = self.bodies.request(case.body)
        loaded = toolbox.load(self.load_core, origin + case.path, body, arguments)
        spent = machine.between(before, machine.read_clock())
        gateway = (machine.cpu_s(target.pid) if target.pid else 0.0) - gateway
        known = gateway + loaded.cpu_s + machine.cpu_s(self.upstream.process.pid) - theirs
        known += _own_cpu_s() - mine
        return loaded.seen | {
            "gateway_cpu_s": round(gateway, 3),
            "gateway_cores": round(gateway / spent.seconds, 3),
            "load_core_idle": round(max(0.0, 1 - spent.busy[self.load_core]), 3),
            "foreign_cores": round(spent.total - known / spent.seconds, 3),
            "stolen_cores": round(spent.stolen, 3),
        }

    def seconds(self, wanted: float) -> str:
        return f"{wanted * self.scale:.2f}"


def _own_cpu_s() -> float:
    times = os.times()
    return times.user + times.system


def highest(stage: Stage, target: Running, case: Case) -> Json:
    """Closed loop: as many requests as one core of the target can take."""
    form = ["--connections", str(case.connections)]
    stage.run(target, case, [*form, "--seconds", stage.seconds(0.7)])
    seen = stage.run(target, case, [*form, "--seconds", stage.seconds(3)])
    cpu_us = seen["gateway_cpu_s"] * 1e6 / max(1, seen["done_all"])
    return seen | {"cpu_us": round(cpu_us, 2)}


def at_rate(stage: Stage, target: Running, direct: Running, case: Case, rate: int) -> Json:
    """Open loop at a low rate, with the direct figure of the same stretch on both sides."""
    form = ["--connections", "16", "--rate", str(rate)]

    def once(who: Running, seconds: float) -> Json:
        return stage.run(
            who, case, [*form, "--warmup", "0.5", "--seconds", stage.seconds(seconds)]
        )

    if not target.pid:
        return once(target, 5)
    first = once(direct, 1.5)
    seen = once(target, 5)
    last = once(direct, 1.5)
    floor = {
        share: (first["latency_us"][share] + last["latency_us"][share]) / 2
        for share in ("p50", "p95", "p99")
    }
    added = {share: round(seen["latency_us"][share] - floor[share], 1) for share in floor}
    # A tail above a median is what a caller feels, so the direct tail is not taken off it.
    added["p99_over_direct_p50"] = round(seen["latency_us"]["p99"] - floor["p50"], 1)
    return seen | {"direct_us": floor, "added_us": added}


STREAMS = 200
STREAM_CASE = Case("streams", MESSAGES, "messages-1k-stream", STREAMS, "")


def streams(stage: Stage, target: Running, direct: Running) -> Json:
    """Paced streams at once, and the direct ones of the same stretch."""
    form = ["--connections", str(STREAMS), "--stream", "--warmup", "1.2"]

    def once(who: Running, seconds: float) -> Json:
        return stage.run(who, STREAM_CASE, [*form, "--seconds", stage.seconds(seconds)])

    if not target.pid:
        return once(target, 4)
    floor = once(direct, 2)
    seen = once(target, 4)
    cpu_ms = seen["gateway_cpu_s"] * 1e6 / max(1, seen["events_all"])
    added = {
        name: round(seen[f"{name}_us"]["p50"] - floor[f"{name}_us"]["p50"], 1)
        for name in ("first_byte", "first_content", "delay")
    }
    return seen | {
        "cpu_ms_per_1k_events": round(cpu_ms, 2),
        "added_p50_us": added,
        "direct": {
            "events_per_second": floor["events_per_second"],
            "delay_us": floor["delay_us"],
            "first_byte_us": floor["first_byte_us"],
            "first_content_us": floor["first_content_us"],
            "load_core_idle": floor["load_core_idle"],
        },
    }


def rss(target: Running) -> float:
    return machine.rss_mb(target.pid) if target.pid else 0.0


def at_rest(target: Running) -> float:
    """The least of a second: a process that starts another is counted twice for a moment."""
    seen = [rss(target)]
    for _ in range(5):
        time.sleep(0.2)
        seen.append(rss(target))
    return min(seen)


def warm(stage: Stage, target: Running, cases: list[str], seconds: float) -> None:
    """Let a fresh process do what it does only once, before anything is timed."""
    for name in cases:
        case = CASES[name]
        if name in ("1k", "chat-1k"):
            stage.run(target, case, ["--connections", "8", "--seconds", str(seconds)])
    stage.run(
        target,
        STREAM_CASE,
        ["--connections", "8", "--stream", "--cut", "5", "--seconds", str(seconds / 2)],
    )


@dataclass(frozen=True, slots=True)
class Programme:
    """What is measured of one target."""

    cases: list[str]
    rates: list[int]
    warm_s: float


def whole(stage: Stage, target: Running, direct: Running, programme: Programme) -> Json:
    """Everything about one freshly started target, in a fixed order."""
    found: Json = {"start_s": round(target.start_s, 3), "rss_rest_mb": at_rest(target)}
    warm(stage, target, programme.cases, programme.warm_s)
    found["rates"] = {
        str(rate): at_rate(stage, target, direct, CASES["1k"], rate) for rate in programme.rates
    }
    found["highest"] = {name: highest(stage, target, CASES[name]) for name in programme.cases}
    found["rss_loaded_mb"] = rss(target)
    found["streams"] = streams(stage, target, direct)
    found["rss_streamed_mb"] = rss(target)
    return found
