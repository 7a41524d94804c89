"""A Responses call whose code runs here: one response of the vendor's shape."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.sim import responses as wire
from headgate.sim.answer import Ask, Seat, Tool, compose
from headgate.sim.faults import merge, parse
from headgate.wire.model import Fault, Usage
from headgate.wire.served.model import Box, MadeFile, Ran
from headgate.wire.served.responses import Responses
from headgate.wire.served.responses_ask import Asked
from headgate.wire.sse import Sse, events

BOX = Box("cntr_1", "2026-11-22T00:00:00Z", {})
TOOL = {"type": "code_interpreter", "container": {"type": "auto"}}
CODE = 'x = "é😀\\n"\nprint(x)'
FILE = MadeFile("cfile_1", "t.csv", "text/csv")


def telling(**members: Any) -> Responses:
    return Responses(Asked({"model": "m", "input": "go", "tools": [TOOL], **members}), BOX)


def answer(script: str, n: int) -> Any:
    """What a model would answer, as the simulator says it."""
    ask = Ask("m", tools=(Tool("code_interpreter"),))
    return compose(ask, merge(parse(script)), Seat(0, n), Usage(input_fresh=5)), ask


def called() -> str:
    given = msgspec.json.encode({"code": CODE}).decode()
    return f"events=40;tool=code_interpreter;tool-input={given}"


def rounds(one: Responses, script: str, n: int, *, stream: bool) -> bytes:
    one.ask(last=False)
    found, ask = answer(script, n)
    if not stream:
        one.take(msgspec.json.encode(wire.whole(found, ask)))
        return b""
    frames = b"".join(frame.data for frame in wire.stream(found, ask))
    return b"".join(one.hear(event) for event in events(frames))


@pytest.mark.parametrize("outputs", [True, False])
def test_a_stream_and_a_whole_answer_tell_the_same(outputs: bool) -> None:
    include = {"include": ["code_interpreter_call.outputs"]} if outputs else {}
    whole, streamed, said = telling(**include), telling(**include), b""
    ran = Ran("out", files=(FILE,))
    for n in (1, 2):
        rounds(whole, called(), n, stream=False)
        said += rounds(streamed, called(), n, stream=True)
        assert [it.input for it in whole.wanted] == [{"code": CODE}]
        assert [it.input for it in streamed.wanted] == [{"code": CODE}]
        for one in (whole, streamed):
            said_now = one.begin(one.wanted[0]) + one.ran(one.wanted[0], ran)
            said += said_now if one is streamed else b""
    rounds(whole, "text=look at t.csv now", 3, stream=False)
    said += rounds(streamed, "text=look at t.csv now", 3, stream=True)
    said += streamed.end(paused=False)
    told = [msgspec.json.decode(event.data) for event in events(said)]
    one, other = msgspec.json.decode(whole.whole(paused=False)), told[-1]["response"]
    assert one["output"] == other["output"]
    assert one["usage"] == other["usage"]
    assert one["usage"]["input_tokens"] == 15
    assert [it["sequence_number"] for it in told] == list(range(len(told)))
    code = "".join(it["delta"] for it in told if it["type"].endswith("_code.delta"))
    assert code == CODE * 2
    notes = one["output"][-1]["content"][0]["annotations"]
    text = one["output"][-1]["content"][0]["text"]
    assert [text[it["start_index"] : it["end_index"]] for it in notes] == ["t.csv", "t.csv"]
    shown = [it["outputs"] for it in one["output"][:2]]
    assert shown == [[{"type": "logs", "logs": "out"}]] * 2 if outputs else [None, None]


def test_a_file_that_no_words_name_is_cited_at_their_end() -> None:
    one = telling()
    rounds(one, called(), 1, stream=False)
    one.ran(one.wanted[0], Ran(files=(FILE,)))
    rounds(one, "text=done", 2, stream=False)
    part = msgspec.json.decode(one.whole(paused=False))["output"][-1]["content"][0]
    note = part["annotations"][0]
    assert note["start_index"] == note["end_index"] == len(part["text"])
    assert note["file_id"] == "cfile_1"


def test_a_conversation_the_vendor_keeps_is_told_only_what_is_new() -> None:
    one = telling(conversation="conv_1")
    rounds(one, called(), 1, stream=False)
    one.ran(one.wanted[0], Ran("out"))
    sent = msgspec.json.decode(one.ask(last=False))["input"]
    assert [it["type"] for it in sent] == ["function_call_output"]


def test_a_picture_that_is_small_is_an_output_of_its_own() -> None:
    one = telling(include=["code_interpreter_call.outputs"])
    rounds(one, called(), 1, stream=False)
    picture = MadeFile("cfile_2", "p.png", "image/png", "data:image/png;base64,AA==")
    one.ran(one.wanted[0], Ran(files=(picture,)))
    rounds(one, "text=done", 2, stream=False)
    outputs = msgspec.json.decode(one.whole(paused=False))["output"][0]["outputs"]
    assert outputs == [{"type": "image", "url": picture.url}]


def test_nonsense_of_the_upstream_is_a_fault() -> None:
    one = telling()
    one.ask(last=False)
    with pytest.raises(Fault):
        one.hear(Sse(b"x", b'{"type":"response.output_item.done"}'[:-2]))
