"""A call that goes to a provider of another dialect: what is asked there, what is told back.

Rule 1: a call that would mean something else over there is not sent: the next target may speak
its dialect, and when none does the caller is told which field stood in the way.
Rule 2: Claude Code mends a request by itself when it is told what its target cannot take.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from headgate.engine.gate import asks_for_usage
from headgate.engine.tally import Tally
from headgate.policy.router import Target
from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Loss
from headgate.wire.model import Fault, Kind, Usage
from headgate.wire.reading import Reading
from headgate.wire.stream import StreamWatch
from headgate.wire.translate import Retelling, Translation, refusal, translate
from headgate.wire.voice import Voice, say

MOST_TOLD = 20
"""losses in a header field"""
_CLAUDE_CODE = b"claude-cli/"
Guess = Callable[[Tally], Usage]
"""what was probably used, where the upstream did not count"""


def cross(tally: Tally, target: Target, abilities: Abilities) -> Translation:
    """The call as the target's surface says it; raises the fault of one it cannot say."""
    call = tally.call
    aim = Aim(target.model, abilities, call.stream)
    said = translate(call.envelope.body, call.surface.dialect, tally.surface.dialect, aim)
    if any(loss.grave for loss in said.losses):
        raise _refused(said.losses, call.told, f"{target.provider}:{target.model}")
    tally.warnings += _told(said.losses)
    return said


def lost(tally: Tally) -> tuple[str, ...]:
    """What of the call its answer knows nothing of, whoever is given it."""
    return _told(tally.crossing.losses) if tally.crossing is not None else ()


def _told(losses: list[Loss]) -> tuple[str, ...]:
    told = tuple(str(loss) for loss in losses[:MOST_TOLD])
    more = len(losses) - len(told)
    return (*told, f"lost: {more} more; `headgate explain` names them") if more else told


def _refused(losses: list[Loss], told: dict[bytes, bytes], target: str) -> Fault:
    heals = next((loss.heals for loss in losses if loss.heals), "")
    if heals and told.get(b"user-agent", b"").startswith(_CLAUDE_CODE):
        return Fault(Kind.UNTRANSLATABLE, f"capability_rejected: {heals}")
    return refusal(losses, target)


def voice(tally: Tally, model: str) -> Voice:
    """How an answer of that model is said to this call's caller."""
    call = tally.call
    return Voice(
        call.id,
        tally.at_us // 1_000_000,
        model,
        call.stream and asks_for_usage(call),
        call.envelope.members,
    )


def said_again(tally: Tally, body: bytes, guess: Guess) -> bytes:
    """The upstream's whole answer in the caller's dialect."""
    call, crossing = tally.call, tally.crossing
    assert crossing is not None
    answer = crossing.answer(body, tally.reading, partial(_count, tally, guess))
    return say(call.surface.dialect, answer, voice(tally, _model(tally)), stream=call.stream)


def watch_stream(tally: Tally, guess: Guess, *, drop_usage: bool) -> StreamWatch | Retelling:
    """What watches the upstream's stream, and says it again where its dialect is another."""
    if tally.crossing is None:
        return StreamWatch(tally.surface.dialect, tally.reading, drop_usage=drop_usage)
    return tally.crossing.stream(
        voice(tally, _model(tally)), tally.reading, partial(_count, tally, guess)
    )


def _count(tally: Tally, guess: Guess, reading: Reading) -> Usage:
    return guess(tally)


def _model(tally: Tally) -> str:
    target = tally.target
    return target.model if target is not None and target.model else tally.call.model
