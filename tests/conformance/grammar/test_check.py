"""The streams that Headgate's simulator, canned answers and recordings hold are grammatical."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.conformance.grammar.check import VENDORS, check
from headgate.conformance.grammar.verdict import Wish
from headgate.conformance.saying import Bit, sent, stream_of
from headgate.sim import anthropic, openai, responses
from headgate.sim.answer import Answer, Ask, Frame, Seat, Tool, compose
from headgate.sim.faults import merge, parse
from headgate.wire.model import Fault, Kind, Usage
from headgate.wire.reading import Reading
from headgate.wire.voice import Voice, canned
from tests.conformance.grammar.whole import whole
from tests.wire.streams import STREAMS, dialect_of
from tests.wire.translated import CODECS

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


@pytest.mark.parametrize("dialect", CODECS)
def test_a_canned_answer_is_a_whole_stream(dialect: str) -> None:
    voice = Voice("req_1", 1_763_000_000, "m", include_usage=True)
    data = canned(CODECS[dialect], "sorry \U0001f600", voice, stream=True)
    verdict = whole(dialect, data, Wish(usage_chunk=True))
    assert (verdict.ending, verdict.text) == ("complete", "sorry \U0001f600")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("dialect", CODECS)
def test_every_fault_can_end_a_stream_as_the_dialects_error(dialect: str, kind: Kind) -> None:
    begun = stream_of(dialect, [Bit("text", ("a", "b"))], "end")[:5]
    reading = Reading(reply_id="resp_1", model="m", last_sequence=4)
    error = CODECS[dialect].error_event(Fault(kind, "no"), "req_1", reading)
    verdict = whole(dialect, b"".join([*sent(dialect, begun), error]), VENDORS)
    assert verdict.ending == "error"
    assert verdict.error is not None
    assert verdict.error["message"].endswith("no")


@pytest.mark.parametrize("path", STREAMS, ids=[path.stem for path in STREAMS])
def test_what_is_odd_about_a_recording_is_known(path: Path) -> None:
    rules = check(dialect_of(path).NAME, path.read_bytes(), VENDORS).rules
    assert (rules[0] if rules else "") == ODD.get(path.stem, "")
