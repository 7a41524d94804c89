"""Believable traffic for a demonstration: who asks what, when, and how the day goes wrong.

Rule 1: it is made from a seed, so that two demonstrations can be compared.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

_TOPICS = (
    "the retry logic of the payment client",
    "a slow query on the orders table",
    "the migration to the new message queue",
    "a flaky test in the checkout suite",
    "the pagination of the public API",
    "an off-by-one in the invoice numbers",
)
_MARK = {"cache_control": {"type": "ephemeral"}}
_FILLER = "Lines of the file under discussion follow, as a coding agent would send them. "


@dataclass(frozen=True, slots=True)
class Errand:
    """One call of the demonstration."""

    at: float
    """when, as a share of the whole"""
    who: str
    path: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(slots=True)
class _Agent:
    """A coding agent whose conversation grows; some mark their prompts for the cache."""

    who: str
    model: str
    session: str
    marks: bool
    dice: random.Random
    turns: list[dict[str, object]] = field(default_factory=list)

    def next(self, at: float) -> Errand:
        topic = self.dice.choice(_TOPICS)
        text = f"Please look at {topic}. " + _FILLER * self.dice.randint(4, 40)
        self.turns.append({"role": "user", "content": [_block(text)]})
        rules = _block(f"You are a coding agent of {self.who}. " + _FILLER * 90)
        last = self.turns[-1]
        body = {
            "model": self.model,
            "max_tokens": 4096,
            "stream": True,
            "system": [{**rules, **_MARK} if self.marks else rules],
            "messages": [*self.turns[:-1], _mark_last(last) if self.marks else last],
        }
        self.turns.append({"role": "assistant", "content": [_block("Done as asked.")]})
        return _errand(
            at,
            self.who,
            "/v1/messages",
            body,
            (b"x-claude-code-session-id", self.session.encode()),
        )


def day(seed: int, calls: int) -> Iterator[Errand]:
    """The errands of one demonstration, in time order."""
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    agents = [
        _Agent("ana", "claude-opus-5-5", "session-ana", True, dice),
        _Agent("ben", "claude-sonnet-5-5", "session-ben", False, dice),
    ]
    for number in range(calls):
        at = number / calls
        roll = dice.random()
        if roll < 0.4:
            errand = dice.choice(agents).next(at)
        elif roll < 0.6:
            errand = _support(at, dice)
        elif roll < 0.75:
            errand = _codex(at, dice)
        elif roll < 0.9:
            errand = _classify(at, dice)
        else:
            errand = _embed(at, dice)
        yield _disturbed(errand, dice)


def _disturbed(errand: Errand, dice: random.Random) -> Errand:
    """Some calls meet a provider on a bad day."""
    roll = dice.random()
    script = (
        b"529"
        if roll < 0.02
        else b"429;retry-after=1"
        if roll < 0.03
        else b"reset=2500;output=300;pace=0.01"
        if roll < 0.04
        else b"first-delay=0.4;pace=0.01"
    )
    headers = (*errand.headers, (b"x-headgate-sim", script))
    return Errand(errand.at, errand.who, errand.path, errand.body, headers)


def _support(at: float, dice: random.Random) -> Errand:
    question = f"A customer asks about {dice.choice(_TOPICS)}. Answer in two sentences."
    turns = [
        {"role": "system", "content": "You answer for the support desk. " + _FILLER * 30},
        {"role": "user", "content": question},
    ]
    body = {"model": "support", "stream": dice.random() < 0.5, "messages": turns}
    return _errand(at, "support-bot", "/v1/chat/completions", body)


def _codex(at: float, dice: random.Random) -> Errand:
    text = f"Refactor {dice.choice(_TOPICS)}. " + _FILLER * dice.randint(20, 120)
    body = {"model": "gpt-6.1-terra", "stream": True, "input": text}
    return _errand(at, "ben", "/v1/responses", body)


def _classify(at: float, dice: random.Random) -> Errand:
    text = f"Ticket: {dice.choice(_TOPICS)}. One word: bug, question or praise?"
    turns = [{"role": "user", "content": text}]
    body = {"model": "claude-haiku-5-5", "max_tokens": 8, "messages": turns}
    return _errand(at, "nightly-ci", "/v1/messages", body)


def _embed(at: float, dice: random.Random) -> Errand:
    body: dict[str, object] = {
        "model": "text-embedding-3-small",
        "input": [dice.choice(_TOPICS)] * 3,
    }
    return _errand(at, "nightly-ci", "/v1/embeddings", body)


def _errand(
    at: float, who: str, path: str, body: dict[str, object], *headers: tuple[bytes, bytes]
) -> Errand:
    return Errand(at, who, path, msgspec.json.encode(body), headers)


def _block(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


def _mark_last(turn: dict[str, object]) -> dict[str, object]:
    content = turn["content"]
    assert isinstance(content, list)
    last = {**content[-1], **_MARK}
    return {**turn, "content": [*content[:-1], last]}
