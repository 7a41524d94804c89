"""Answers arrive whole: their words, their end, what they cost, and their grammar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from headgate.conformance.case import CROSSINGS, PAIRS, Case, Seen, everywhere
from headgate.conformance.reading import broken_rules, ended, tokens
from headgate.conformance.saying import Bit
from headgate.conformance.script import Script
from headgate.conformance.talk import Talk, said

TITLE = "Answers arrive whole"
ORDER = 1

HELLO = Talk((said("say hello"),), ("Be brief.",))
WHOLE = replace(HELLO, stream=False)
TEXT = "Hello from upstream."
EMOJI = Bit("text", ("Grüße ", "\U0001f600\U0001f680", " \u4f60\u597d", " end."))
SEPARATED = Bit("text", ("one\u2028two", "\u2029three\x85", "four"))
SPENT = {"fresh": 76, "read": 1024, "written": 100, "output": 50}


def cases() -> Iterator[Case]:
    yield from everywhere("a streamed answer has all its words", HELLO, Script(), judge_text)
    yield from everywhere("a whole answer has all its words", WHOLE, Script(), judge_text)
    yield from everywhere(
        "a stream keeps the grammar of its dialect", HELLO, Script(), judge_grammar
    )
    yield from everywhere(
        "characters cut in two by the network, and CRLF, arrive whole",
        HELLO,
        Script((EMOJI,), chopped=True),
        judge_emoji,
    )
    yield from everywhere(
        "a separator of lines within a text does not end it",
        HELLO,
        Script((SEPARATED,)),
        judge_separated,
    )
    yield from everywhere(
        "the first words come before the last are made", HELLO, SLOW, judge_flow
    )
    for talk in (HELLO, WHOLE):
        yield from everywhere(
            "what the model thinks is not told as said", talk, MUSED, judge_mused
        )
    yield from everywhere("a stream tells what was used", HELLO, Script(), judge_usage)
    yield from everywhere("a whole answer tells what was used", WHOLE, Script(), judge_usage)
    yield from everywhere(
        "an answer cut by its limit says so", HELLO, Script(stop="length"), judge_length
    )
    yield from everywhere("a refusal is told as one", HELLO, REFUSED, judge_refusal, PAIRS)
    yield from everywhere(
        "an empty answer is no message without content",
        HELLO,
        Script(()),
        judge_empty,
        tuple(pair for pair in CROSSINGS if pair[0] == "messages"),
    )


SLOW = Script((Bit("text", tuple(f"word{n} " for n in range(8))),), pace_s=0.06)
MUSED = Script(
    (Bit("thought", ("secret ", "thoughts"), seal="c2VhbA=="), Bit("text", ("Done.",)))
)
REFUSED = Script((Bit("text", ("I cannot",)),), stop="refusal")


def judge_text(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("the client reads", seen.verdict.text, TEXT)
        seen.want_equal("the answer ends", seen.verdict.ending, "complete")
        seen.want(ended(seen.verdict, "end"), f"it stops as {seen.verdict.stop!r}")


def judge_grammar(seen: Seen) -> None:
    if seen.served():
        seen.complaints += broken_rules(seen.verdict)


def judge_emoji(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("the client reads", seen.verdict.text, EMOJI.whole)
        seen.want_equal("the answer ends", seen.verdict.ending, "complete")


def judge_separated(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("the client reads", seen.verdict.text, SEPARATED.whole)


def judge_mused(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("the client reads", seen.verdict.text, "Done.")
        seen.want_equal("the answer ends", seen.verdict.ending, "complete")


def judge_flow(seen: Seen) -> None:
    if seen.served() and seen.want(seen.got.arrivals, "nothing arrives"):
        first, last = seen.got.arrivals[0][0], seen.got.arrivals[-1][0]
        spread = f"first bytes after {first:.2f} s, last after {last:.2f} s"
        seen.want(first < last / 2, f"the stream is held back: {spread}")
        seen.want_equal("words", len(seen.verdict.text.split()), 8)


def judge_usage(seen: Seen) -> None:
    if seen.served():
        seen.want_equal("tokens", tokens(seen.verdict), SPENT)


def judge_length(seen: Seen) -> None:
    if seen.served():
        seen.want(ended(seen.verdict, "length"), f"it stops as {seen.verdict.stop!r}")


def judge_refusal(seen: Seen) -> None:
    if seen.served():
        told = ended(seen.verdict, "refusal") or seen.verdict.refusal
        seen.want(told, f"it stops as {seen.verdict.stop!r}")


def judge_empty(seen: Seen) -> None:
    if seen.served() and seen.want(seen.verdict.ending != "cut", "the answer never ends"):
        if seen.verdict.ending == "error":
            return
        content = any(part.text for part in seen.verdict.parts)
        seen.want(content, "Claude Code asks again, and pays again, for an empty message")
