"""Random streams, requests and conversations, each made from a seed alone.

`python -m tests.wire.fuzz --count 100000` plays that many streams through every pair of
dialects and stops at the first that a caller could not read; its seed makes it again.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from headgate.conformance.grammar.check import check
from headgate.conformance.grammar.verdict import Verdict, Wish
from headgate.conformance.saying import Bit, Event, sent, stream_of
from headgate.wire.meaning import Tool
from tests.wire.translated import CODECS, TOOLS, Route, others, streamed

TEXTS = (
    "",
    "a",
    "Hello",
    " world",
    "\U0001f600",
    "ä",
    '"',
    "\\",
    "\n",
    "\u2028",
    "EN",
    "D",
    "END",
)
ARGUMENTS = (
    "{}",
    '{"city":"Oslo"}',
    '{"input":"ls \\"x\\" \\ud83d\\ude00"}',
    '{"a":[1,{"b":null}]}',
)
PAGES = ("https://a.example/1", "https://b.example/2")
NAMES = ("get_weather", "now", "fs_read_file", "exec", "never_heard_of", "odd name!")
IDS = ("call_1", "toolu_1", "functions.now:0", "", "t" * 80, "call_1")
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    3.5,
    "x",
    "",
    [],
    {},
    [1],
    {"x": 1},
    "\U0001f600",
    10**30,
)
STRANGERS: dict[str, list[Event]] = {
    "anthropic": [
        {"type": "ping"},
        {"type": "later", "index": 0},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "mystery"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "mystery_delta"}},
        "{",
        "[DONE]",
    ],
    "openai_chat": [
        "[DONE]",
        {"choices": []},
        {"error": {"message": "busy", "type": "server_error", "code": None}},
        {"id": "x", "choices": [{"index": 1, "delta": {"content": "other"}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "error"}]},
        "{",
    ],
    "openai_responses": [
        {"type": "response.later", "sequence_number": 7},
        {"type": "error", "code": "server_error", "message": "Sorry", "sequence_number": 9},
        {"type": "response.failed", "response": {"id": "resp_1", "error": {"message": "no"}}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "mystery"}},
        "{",
        "[DONE]",
    ],
}


@dataclass(frozen=True, slots=True)
class Play:
    """One stream of an upstream, and to whom it is said."""

    route: Route
    bits: list[Bit]
    stop: str
    events: list[Event]
    tail: bytes
    """half an event, where the bytes were cut in one"""
    cuts: list[int]
    valid: bool
    """was nothing broken on purpose"""

    @property
    def data(self) -> bytes:
        return b"".join(sent(self.route.upstream, self.events)) + self.tail

    def chunks(self) -> list[bytes]:
        data = self.data
        edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in self.cuts)})
        return [data[a:b] for a, b in pairwise(edges)]


def bits_of(dice: random.Random) -> list[Bit]:
    """An answer: parts in any order, each cut into pieces anywhere."""
    bits = []
    for at in range(dice.choice((0, 1, 1, 2, 3, 5))):
        kind = dice.choice(("text", "text", "thought", "tool", "tool", "refusal"))
        if kind == "tool":
            pieces = cut(dice, dice.choice(ARGUMENTS)) if dice.random() < 0.8 else ()
            id = f"{dice.choice(IDS)}{at if dice.random() < 0.7 else ''}"
            bits.append(Bit("tool", pieces, id, dice.choice(NAMES)))
        else:
            words = tuple(dice.choice(TEXTS) for _ in range(dice.randint(1, 4)))
            pages = (
                dice.choice(((), (), PAGES[:1], PAGES)) if kind == "text" and any(words) else ()
            )
            bits.append(Bit(kind, words, seal=dice.choice(("", "c2ln")), cited=pages))
    return bits


def cut(dice: random.Random, text: str) -> tuple[str, ...]:
    edges = sorted(dice.randint(0, len(text)) for _ in range(dice.randint(0, 4)))
    return tuple(text[a:b] for a, b in zip([0, *edges], [*edges, len(text)], strict=True))


def play_of(seed: int) -> Play:
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    upstream = dice.choice(list(CODECS))
    caller = dice.choice(others(upstream))
    bits = bits_of(dice)
    called = any(bit.kind == "tool" for bit in bits)
    stop = dice.choice(("tools" if called else "end",) * 3 + ("length", "refusal", "end"))
    events = stream_of(upstream, bits, stop)
    valid = dice.random() < 0.3
    tail = b""
    if not valid:
        for _ in range(dice.randint(1, 3)):
            events = _broken(dice, upstream, events)
        if dice.random() < 0.2:
            tail = b"".join(sent(upstream, events[:1]))[: dice.randint(1, 40)]
    include = b'{"include":["reasoning.encrypted_content"]}'
    tools: list[Tool] = TOOLS if dice.random() < 0.7 else []
    if caller == "anthropic":  # has no tools that take free text
        tools = [tool for tool in tools if not tool.custom]
    route = Route(
        upstream,
        caller,
        tools,
        dice.choice(((), (), ("END",), ("a", "D"))),
        dice.random() < 0.5,
        dice.choice((b"{}", include)),
    )
    cuts = [dice.randint(0, 10_000) for _ in range(dice.choice((0, 3, 30)))]
    return Play(route, bits, stop, events, tail, cuts, valid)


def _broken(dice: random.Random, dialect: str, events: list[Event]) -> list[Event]:
    """The stream with one thing wrong."""
    events = list(events)
    at = dice.randrange(len(events)) if events else 0
    match dice.randrange(8) if events else 7:
        case 0:
            del events[at]
        case 1:
            events.insert(at, copy.deepcopy(events[at]))
        case 2:
            other = dice.randrange(len(events))
            events[at], events[other] = events[other], events[at]
        case 3:
            del events[at:]
        case 4:
            dice.shuffle(events)
        case 5 | 6:
            events[at] = _spoiled(dice, events[at])
        case _:
            events.insert(at, dice.choice(STRANGERS[dialect]))
    return events


def _spoiled(dice: random.Random, event: Event) -> Event:
    """The event with one member of another type, or without it."""
    if isinstance(event, str):
        return event
    event = copy.deepcopy(event)
    it: Any = event
    while True:
        keys = list(it) if isinstance(it, dict) else list(range(len(it)))
        if not keys:
            return event
        key = dice.choice(keys)
        if isinstance(it[key], dict | list) and it[key] and dice.random() < 0.8:
            it = it[key]
            continue
        if isinstance(it, dict) and dice.random() < 0.3:
            del it[key]
        else:
            it[key] = dice.choice(JUNK)
        return event


FORGIVEN = "a tool's arguments do not join to a JSON object"
"""towards OpenAI's clients, who are told to expect what a model writes"""


def judge(play: Play) -> tuple[Verdict, list[str]]:
    """(what the caller makes of the stream, what is wrong with it)."""
    route, wish = play.route, Wish(usage_chunk=play.route.include_usage)
    verdict = check(route.caller, streamed(route, play.chunks()), wish)
    wrong = [
        str(each)
        for each in verdict.violations
        if route.caller == "anthropic" or each.rule != FORGIVEN
    ]
    if wrong:
        return verdict, wrong
    at_once = check(route.caller, streamed(route, [play.data]), wish)
    if _left(at_once) != _left(verdict):
        wrong.append(f"chunks: {_left(verdict)} became {_left(at_once)} in one chunk")
    if verdict.ending == "complete" and not _whole(play):
        wrong.append("success: the upstream's stream was not whole")
    if play.valid:
        wrong += _differences(play, verdict)
    return verdict, wrong


def _left(verdict: Verdict) -> object:
    """What a client is left with; names of the reply may come later than its beginning."""
    message = verdict.message()
    return {
        name: message[name] for name in ("parts", "ending", "stop", "stop_sequence", "usage")
    }


def _whole(play: Play) -> bool:
    """Did the upstream end its stream itself; some Chat servers stop at the finish reason."""
    upstream = check(play.route.upstream, play.data, Wish(ours=False))
    stopped = upstream.dialect == "openai_chat" and b'"finish_reason": "' in play.data
    return upstream.ending == "complete" or (upstream.ending == "cut" and stopped)


def _differences(play: Play, verdict: Verdict) -> list[str]:
    """What the caller got of a faultless stream against what the model said."""
    route = play.route
    texts, calls, cut_short = _said(play)
    refused = any(bit.kind == "refusal" and bit.whole for bit in play.bits)
    text = "".join(texts)
    if not verdict.parts or (route.caller == "anthropic" and verdict.text == NOTHING):
        text = verdict.text
    wrong = []
    if verdict.ending != "complete":
        wrong.append(f"ending: {verdict.ending} of a whole stream: {verdict.error}")
    pages = [url for part in verdict.parts for url in part.cited]
    if not route.stop and pages != (wanted := _pages(play)):
        wrong.append(f"pages: {pages} and not {wanted}")
    if verdict.text != text and not refused:
        wrong.append(f"text: {verdict.text!r} and not {text!r}")
    got = [
        (part.name, part.text if part.kind == "custom" else json.loads(part.text or "{}"))
        for part in verdict.parts
        if part.kind in ("tool", "custom")
    ]
    if got != calls:
        wrong.append(f"calls: {got} and not {calls}")
    known = refused or verdict.stop_sequence in route.stop
    if cut_short and route.caller == "anthropic" and not known:
        wrong.append(f"stop: {verdict.stop} where a stop sequence stood")
    return wrong


def _pages(play: Play) -> list[str]:
    """The pages that the words of a whole answer come from."""
    return [url for bit in play.bits if bit.whole for url in bit.cited]


NOTHING = "(no content)"


def _said(play: Play) -> tuple[list[str], list[tuple[str, Any]], bool]:
    """(texts, calls, whether a stop sequence ended it): what the caller should get."""
    texts: list[str] = []
    calls: list[tuple[str, Any]] = []
    for kind, text, bit in _runs(play):
        if kind == "text":
            found = [at for stop in play.route.stop if (at := text.find(stop)) >= 0]
            if found:
                return [*texts, text[: min(found)]], calls, True
            texts.append(text)
        elif kind == "tool":
            calls.append(_call(play.route, bit))
    return texts, calls, False


def _runs(play: Play) -> list[tuple[str, str, Bit]]:
    """The parts as the upstream tells them apart: Chat has no end between two texts."""
    runs: list[tuple[str, str, Bit]] = []
    for bit in play.bits:
        if bit.kind != "tool" and not bit.whole:
            continue
        # Anthropic has no words for a refusal but text
        kind = (
            "text" if (bit.kind, play.route.upstream) == ("refusal", "anthropic") else bit.kind
        )
        if play.route.upstream == "openai_chat" and runs and runs[-1][0] == kind == "text":
            runs[-1] = (kind, runs[-1][1] + bit.whole, bit)
        else:
            runs.append((kind, bit.whole, bit))
    return runs


def _call(route: Route, bit: Bit) -> tuple[str, Any]:
    spoken = route.crossing.lexicon.spoken(bit.name)
    value = json.loads(bit.whole or "{}")
    if not spoken.custom:
        return spoken.name, value
    whole = bit.whole or ("{}" if route.upstream == "openai_responses" else "")
    return spoken.name, value.get("input", whole)


def smallest(play: Play, rule: str) -> Play:
    """The play with every event left out that it does not take to break the rule."""
    events = play.events
    at = 0
    while at < len(events) and not play.valid:
        fewer = replace(play, events=events[:at] + events[at + 1 :])
        if any(rule in each for each in judge(fewer)[1]):
            events = fewer.events
        else:
            at += 1
    return replace(play, events=events)


def told(seed: int, play: Play, wrong: list[str]) -> str:
    """A failure for whoever reads it."""
    first, _, rest = wrong[0].partition(": ")
    rule = rest[:40] if first.startswith("event") else first
    least = smallest(play, rule)
    events = "\n".join(e if isinstance(e, str) else json.dumps(e) for e in least.events)
    said = streamed(least.route, least.chunks()).decode("utf-8", "replace")
    return (
        f"seed {seed}: {play.route.upstream} -> {play.route.caller}, stop {play.route.stop}\n"
        + "\n".join(wrong[:3])
        + f"\n--- upstream, cut to what it takes:\n{events}\n--- said:\n{said}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first sequence")
    options = parser.parse_args()
    began = time.monotonic()
    endings = {"complete": 0, "error": 0}
    for seed in range(options.seed, options.seed + options.count):
        play = play_of(seed)
        try:
            verdict, wrong = judge(play)
        except Exception:
            print(f"\nseed {seed}: {play.route.upstream} -> {play.route.caller} crashed")
            raise
        if wrong:
            print(f"\n{told(seed, play, wrong)}")
            return 1
        endings[verdict.ending] += 1
        done = seed - options.seed + 1
        if done % 1000 == 0 or done == options.count:
            took = time.monotonic() - began
            print(f"\r{done} of {options.count} streams, {took:.0f} s", end="", flush=True)
    print(
        f": {endings['complete']} complete, {endings['error']} ended in an error, none broken"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
