"""What the scripted upstream says is what a vendor would: one answer, streamed or whole."""

from __future__ import annotations

import json

import pytest

from headgate.conformance.case import DIALECTS
from headgate.conformance.grammar.verdict import Wish
from headgate.conformance.reading import read, tokens
from headgate.conformance.saying import STOPS, Bit, sent, stream_of, whole_of
from tests.conformance.grammar.whole import whole

TEXT = Bit("text", ("Hel", "lo"))
THOUGHT = Bit("thought", ("hm",), seal="sealed")
CALL = Bit("tool", ('{"a":', "1}"), "call_1", "now")
EMPTY = Bit("tool", (), "call_2", "later")


@pytest.mark.parametrize("dialect", DIALECTS.values())
@pytest.mark.parametrize("bits", [[TEXT], [THOUGHT, TEXT, CALL, EMPTY], [CALL]])
def test_a_stream_and_a_whole_answer_say_the_same(dialect: str, bits: list[Bit]) -> None:
    stop = "tools" if CALL in bits else "end"
    data = b"".join(sent(dialect, stream_of(dialect, bits, stop)))
    streamed = whole(dialect, data, Wish(usage_chunk=True, ours=False))
    body = json.dumps(whole_of(dialect, bits, stop)).encode()
    at_once = read(dialect, body)
    assert at_once.complaints == []
    assert at_once.text == streamed.text
    assert at_once.thought == streamed.thought
    assert at_once.calls == streamed.calls
    assert at_once.stop == streamed.stop == STOPS[dialect][stop]
    assert tokens(at_once) == tokens(streamed)
