"""The streams that Headgate's simulator, canned answers and recordings hold are grammatical."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.sim import anthropic, openai, responses
from headgate.sim.answer import Answer, Ask, Frame, Seat, Tool, compose
from headgate.sim.faults import merge, parse
from headgate.wire.model import Fault, Kind, Usage
from headgate.wire.reading import Reading
from tests.grammar.check import VENDORS, check, whole
from tests.grammar.verdict import Wish
from tests.wire.streams import DIALECTS, STREAMS, dialect_of

Stream = Callable[[Answer, Ask], Iterator[Frame]]

SIMULATED: dict[str, Stream] = {
    "anthropic": anthropic.stream,
    "openai_chat": openai.stream,
    "openai_responses": responses.stream,
}
SCRIPTS = ["", "think=9", "tool", "think=3;tool", "output=700", "events=3"]
PLAYED = Ask("m", tools=(Tool("Bash", {"type": "object"}),), with_usage=True)

ODD = {
    "anthropic-overloaded-late": "an event after the end",
    "anthropic-refused": "a message without content",
    "anthropic-web-search": "message_delta without a known stop_reason",
    "openai_chat-two-choices": "the first delta names no role",
    "openai_chat-without-done": "the stream ends without [DONE] or an error",
    "openai_responses-bare-error": "an item is done before its part",
    "openai_responses-failed-with-usage": "an item is done before its part",
    "openai_responses-incomplete": "an item is done before its part",
    "openai_responses-tools-and-usage": "an item is done before its part",
}
"""recordings shortened, or of vendors' oddities, and what is odd about them"""


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("dialect", SIMULATED)
def test_the_simulator_speaks_each_dialect_without_a_fault(dialect: str, script: str) -> None:
    answer = compose(PLAYED, merge(parse(script)), Seat(1, 1), Usage(10, 20, 30, 40))
    data = b"".join(frame.data for frame in SIMULATED[dialect](answer, PLAYED))
    verdict = whole(dialect, data, Wish(usage_chunk=True, ours=False))
    assert verdict.ending == "complete"
    assert verdict.usage
    assert bool(verdict.calls) == ("tool" in script)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_canned_answer_is_a_whole_stream(dialect: str) -> None:
    data = DIALECTS[dialect].canned_stream("sorry \U0001f600", "m", "req_1", 1763000000)
    verdict = whole(dialect, data, VENDORS)
    assert (verdict.ending, verdict.text) == ("complete", "sorry \U0001f600")


def test_a_canned_chat_stream_tells_its_usage_to_whoever_asked() -> None:
    data = DIALECTS["openai_chat"].canned_stream("sorry", "m", "req_1", 5, usage=True)
    assert (
        whole("openai_chat", data, Wish(usage_chunk=True, ours=False)).usage["total_tokens"]
        == 0
    )


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_fault_can_end_a_stream_as_the_dialects_error(dialect: str, kind: Kind) -> None:
    whole_stream = DIALECTS[dialect].canned_stream("sorry", "m", "req_1", 1763000000)
    opening = b"".join(block + b"\n\n" for block in whole_stream.split(b"\n\n")[:2])
    reading = Reading(reply_id="resp_req_1", model="m", last_sequence=1)
    data = opening + DIALECTS[dialect].error_event(Fault(kind, "no"), "req_1", reading)
    verdict = whole(dialect, data, VENDORS)
    assert verdict.ending == "error"
    assert verdict.error is not None
    assert verdict.error["message"].endswith("no")


@pytest.mark.parametrize("path", STREAMS, ids=[path.stem for path in STREAMS])
def test_what_is_odd_about_a_recording_is_known(path: Path) -> None:
    rules = check(dialect_of(path).NAME, path.read_bytes(), VENDORS).rules
    assert (rules[0] if rules else "") == ODD.get(path.stem, "")
