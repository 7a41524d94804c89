"""What clients send arrives: images, documents, system text, thoughts, long conversations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from headgate.conformance.case import CROSSINGS, PAIRS, Case, Seen, everywhere
from headgate.conformance.objections import accepted
from headgate.conformance.script import Script
from headgate.conformance.talk import (
    Paper,
    Picture,
    Talk,
    Thought,
    Turn,
    Words,
    replied,
    said,
)

TITLE = "What clients send arrives"
ORDER = 3

DATA = "JVBERi0xLjQKJWhlYWRnYXRlCg=="
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BILLING = "x-anthropic-billing-header: cc_version=2.1.329.3c4; cc_entrypoint=sdk-cli;"
SYSTEM = ("You work in a repository.", "Answer in one sentence.")
MUSING = "the user must never read what was only thought"
SAID = "It is noon."
FROM_MESSAGES = tuple(pair for pair in CROSSINGS if pair[0] == "messages")
LONG = 2_000_000


def cases() -> Iterator[Case]:
    ok = Script()
    picture = Talk((Turn("user", (Words("what is this?"), Picture(PIXEL))),))
    yield from everywhere("an image is seen", picture, ok, judge_picture)
    paper = Talk((Turn("user", (Words("sum this up"), Paper(DATA))),))
    yield from everywhere("a PDF is read", paper, ok, judge_paper)
    told = Talk((said("go"),), SYSTEM)
    yield from everywhere("system text stays system text, in order", told, ok, judge_system)
    billed = Talk((said("go"),), (BILLING, *SYSTEM))
    yield from everywhere(
        "Claude Code's billing line is no instruction to another vendor's model",
        billed,
        ok,
        judge_billing,
        FROM_MESSAGES,
    )
    midway = Talk((said("go"), replied(Words("done")), said("more"), MIDWAY), SYSTEM)
    yield from everywhere(
        "an instruction in the middle of a conversation is not lost", midway, ok, judge_midway
    )
    thinking = (said("what time is it?"), replied(Thought(MUSING, "c2VhbA=="), Words(SAID)))
    yield from everywhere(
        "what was thought before is never told as said",
        Talk((*thinking, said("and now?"))),
        ok,
        judge_thought,
        FROM_MESSAGES,
    )
    talk = Talk((said("one"), replied(Words("two")), said("three"), replied(Words("four")),
                 said("five")))  # fmt: skip
    yield from everywhere(
        "the turns keep their order and their speakers", talk, ok, judge_turns
    )
    long = replace(talk, turns=(said("x" * LONG), *talk.turns[1:]))
    yield from everywhere("a conversation of 2 MB is taken", long, ok, judge_long, SAME)


MIDWAY = Turn("system", (Words("From here on, answer in French."),))
SAME = tuple(pair for pair in PAIRS if pair[0] == pair[1])


def judge_picture(seen: Seen) -> None:
    if accepted(seen):
        found = [picture.data for picture in seen.talk.parts(Picture)]
        seen.want_equal("images", found, [PIXEL])


def judge_paper(seen: Seen) -> None:
    if accepted(seen):
        seen.want_equal("documents", [p.data for p in seen.talk.parts(Paper)], [DATA])


def judge_system(seen: Seen) -> None:
    if accepted(seen):
        told = "\n".join([*seen.talk.system, seen.talk.words("system")])
        places = [told.find(text) for text in SYSTEM]
        seen.want(0 <= places[0] < places[1], f"the system text: {told!r}")


def judge_billing(seen: Seen) -> None:
    if accepted(seen):
        told = "\n".join([*seen.talk.system, seen.talk.words()])
        seen.want(
            "billing-header" not in told, "it changes with every version, and spoils caches"
        )
        seen.want(SYSTEM[1] in told, f"the system text: {told!r}")


def judge_midway(seen: Seen) -> None:
    if seen.refused and b"mid_conv_system" in seen.got.body:
        return  # Claude Code mends that by itself
    if accepted(seen):
        told = "\n".join([*seen.talk.system, seen.talk.words()])
        seen.want("answer in French" in told, "the model never hears it")


def judge_thought(seen: Seen) -> None:
    if accepted(seen):
        heard = seen.heard[-1].body.decode("utf-8", "replace")
        told = [text.text for role, text in seen.talk.flat()
                if role == "assistant" and isinstance(text, Words)]  # fmt: skip
        seen.want(not any(MUSING in text for text in told), "thoughts became words")
        seen.want(SAID in heard, "the words were lost")


def judge_turns(seen: Seen) -> None:
    if accepted(seen):
        found = [
            (role, part.text) for role, part in seen.talk.flat() if isinstance(part, Words)
        ]
        wanted = [("user", "one"), ("assistant", "two"), ("user", "three")]
        wanted += [("assistant", "four"), ("user", "five")]
        seen.want_equal("the turns", found, wanted)


def judge_long(seen: Seen) -> None:
    if seen.served():
        seen.want(len(seen.heard[-1].body) >= LONG, f"{len(seen.heard[-1].body)} bytes arrived")
