"""Trouble is told truly: errors keep their meaning, and a broken answer never looks whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from headgate.conformance.case import CROSSINGS, PAIRS, Case, Seen, asks, everywhere
from headgate.conformance.saying import Bit
from headgate.conformance.script import Script
from headgate.conformance.talk import Talk, Tool, said

TITLE = "Trouble is told truly"
ORDER = 5

TALK = Talk((said("write a poem"),))
POEM = (Bit("text", tuple(f"line {n}\n" for n in range(12))),)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
HALF = (Bit("tool", ('{"city":', '"Os', 'lo",', '"days"', ":3}"), "call_1", "get_weather"),)
OVERFLOW = (
    "prompt is too long",
    "maximum context length",
    "context_length_exceeded",
    "exceeds the context window",
    "contextwindowexceedederror",
    "reduce the length of the messages",
)
"""what Claude Code compacts its conversation upon; others look for OpenAI's code"""
QUIET_S = 30.0
SILENCE_S = 40.0


def cases() -> Iterator[Case]:
    busy = Script(status=429, error=("rate_limit_error", "slow down, please"),
                  headers=[(b"retry-after", b"7")])  # fmt: skip
    yield from everywhere("a rate limit says when to come again", TALK, busy, judge_busy)
    spent = Script(status=429, error=("insufficient_quota", "You exceeded your current quota"))
    to_openai = tuple(pair for pair in CROSSINGS if pair[0] == "messages")
    yield from everywhere(
        "a quota that is used up is told as final", TALK, spent, judge_spent, to_openai
    )
    full = Script(status=529, error=("overloaded_error", "Overloaded"))
    yield from everywhere("an overload is told as one that passes", TALK, full, judge_full)
    yield from overflow_cases()
    wrong = Script(status=400, error=("invalid_request_error", "temperature: only 1 is taken"))
    yield from everywhere(
        "the vendor's own words on a mistake arrive", TALK, wrong, judge_wrong
    )
    locked = Script(status=401, error=("authentication_error", "invalid x-api-key"))
    yield from everywhere(
        "a bad key of the house is not shown as the client's", TALK, locked, judge_locked
    )
    late = ("overloaded_error", "Overloaded")
    broken = "a broken answer never looks whole"
    for how, breaks in (("an error amid it", "error"), ("a cut", "cut"), ("a reset", "reset")):
        script = Script(POEM, breaks=breaks, error=late)
        yield from everywhere(f"{broken}: {how}", TALK, script, judge_broken)
    half = replace(TALK, tools=(Tool("get_weather", CITY),))
    script = Script(HALF, "tools", breaks="cut")
    yield from everywhere("half a tool call never looks whole", half, script, judge_broken)
    yield from leaving_cases()
    yield from silence_cases()


def overflow_cases() -> Iterator[Case]:
    """Each vendor's own wording, to each client."""
    told = {
        "messages": ("invalid_request_error", "prompt is too long: 210000 > 200000"),
        "chat": ("context_length_exceeded", "maximum context length is 400000 tokens."),
        "responses": ("context_length_exceeded", "Your input exceeds the context window."),
    }  # fmt: skip
    for upstream, error in told.items():
        pairs = tuple(pair for pair in PAIRS if pair[1] == upstream)
        script = Script(status=400, error=error)
        yield from everywhere(
            "a conversation that is too long is told in the client's words",
            TALK,
            script,
            judge_overflow,
            pairs,
        )


def leaving_cases() -> Iterator[Case]:
    """The client reads the first words and goes."""
    poem = (Bit("text", tuple(f"line {n}\n" for n in range(100))),)

    def leaves(caller: str) -> Callable[..., object]:
        return lambda seat: replace(asks(caller, TALK)(seat), leaves=True)

    for caller, upstream in PAIRS:
        yield Case(
            "a client that leaves ends the vendor's work, and its bill",
            caller,
            upstream,
            leaves(caller),  # type: ignore[arg-type]  # replace() forgets what it copies
            judge_left,
            Script(poem, pace_s=0.1),
        )


def silence_cases() -> Iterator[Case]:
    script = Script(POEM, silent_s=SILENCE_S)
    for caller, upstream in (*CROSSINGS, ("messages", "messages")):
        if caller == "messages":
            yield Case(
                "a silent vendor's client still hears something",
                caller,
                upstream,
                asks(caller, TALK),
                judge_silence,
                script,
                long=True,
            )


def _answered(seen: Seen) -> bool:
    return seen.want(seen.got.status, f"no answer: {seen.got.broke}")


def _shaped(seen: Seen) -> None:
    """The error is in the client's dialect, so that the client can show it."""
    error = seen.verdict.error if not seen.sending.stream else _error(seen)
    seen.want(error and error.get("message"), f"no error that the client can read: "
              f"{seen.got.body[:200].decode('utf-8', 'replace')}")  # fmt: skip


def _error(seen: Seen) -> dict[str, object] | None:
    import json

    it = json.loads(seen.got.body)
    error = it.get("error")
    return error if isinstance(error, dict) else None


def judge_busy(seen: Seen) -> None:
    if _answered(seen):
        seen.want_equal("the status", seen.got.status, 429)
        wait = seen.got.header(b"retry-after")
        seen.want(wait == "7", f"when to come again: {wait or 'nothing is said'}")
        _shaped(seen)


def judge_spent(seen: Seen) -> None:
    if _answered(seen):
        final = seen.got.header(b"x-should-retry") == "false" or seen.got.status in (402, 403)
        seen.want(final, f"{seen.got.status}: Claude Code tries again, up to ten times")
        _shaped(seen)


def judge_full(seen: Seen) -> None:
    if _answered(seen):
        seen.want(seen.got.status >= 500, f"the status {seen.got.status}: nobody tries again")
        _shaped(seen)


def judge_overflow(seen: Seen) -> None:
    if _answered(seen):
        seen.want(seen.got.status in (400, 413), f"the status {seen.got.status}")
        told = seen.got.body.decode("utf-8", "replace").lower()
        seen.want(any(words in told for words in OVERFLOW), f"no client sees why: {told[:300]}")
        if seen.case.caller != "messages":
            seen.want("context_length_exceeded" in told or seen.case.upstream == "messages",
                      f"no code that SDKs look for: {told[:300]}")  # fmt: skip
        _shaped(seen)


def judge_wrong(seen: Seen) -> None:
    if _answered(seen):
        seen.want_equal("the status", seen.got.status, 400)
        told = seen.got.body.decode("utf-8", "replace")
        seen.want("temperature: only 1 is taken" in told, f"the words were lost: {told[:300]}")
        _shaped(seen)


def judge_locked(seen: Seen) -> None:
    if _answered(seen):
        accused = seen.got.status in (401, 403)
        seen.want(not accused, "the client doubts its own key, and asks for it or tries again")
        _shaped(seen)


def judge_broken(seen: Seen) -> None:
    if not _answered(seen):
        return
    seen.want(seen.heard, "the upstream was never asked")
    if seen.got.status != 200:
        return  # told before it began
    verdict = seen.verdict
    begun = any(first in seen.got.body for first in (b"line 0", b"get_weather"))
    seen.want(begun or verdict.ending == "error", "what had come is not told")
    if verdict.ending == "error":
        dialect = [rule for rule in verdict.rules if "error" in rule]
        seen.want(not dialect, f"no error of the client's dialect: {dialect}")
    seen.want(verdict.ending != "complete", "the half is taken for the whole")
    told = verdict.ending == "error" or seen.got.broke
    noticed = seen.case.caller != "chat"  # Claude Code and Codex miss the last event
    seen.want(told or noticed, "it just ends: OpenAI's SDK takes that for the end")


def judge_left(seen: Seen) -> None:
    if seen.want(seen.heard, "the upstream was never asked"):
        seen.want(seen.heard[-1].gone, "the vendor works on, and bills it")


def judge_silence(seen: Seen) -> None:
    if seen.served():
        moments = [0.0, *(at for at, _ in seen.got.arrivals)]
        longest = max(later - earlier for earlier, later in pairwise(moments))
        seen.want(
            longest <= QUIET_S, f"nothing for {longest:.0f} s: proxies and clients give up"
        )
