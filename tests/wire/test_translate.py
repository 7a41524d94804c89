"""One call between two dialects, and what its faults are called on the other side."""

from __future__ import annotations

import json
import time

import pytest

from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Loss
from headgate.wire.model import Ending, Fault, Kind, Reply, Usage
from headgate.wire.reading import Reading
from headgate.wire.stream import StreamWatch
from headgate.wire.translate import refusal, told_elsewhere, translate
from headgate.wire.voice import Voice
from tests.wire.translated import CODECS

CHAT, CLAUDE = CODECS["openai_chat"], CODECS["anthropic"]
ASK = {"model": "asked", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
CHUNK = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
STOP = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
VOICE = Voice("call-1", 7, "m")


def to_chat(**fields: object) -> bytes:
    return json.dumps(ASK | fields).encode()


def test_the_model_and_the_stream_are_the_targets_not_the_callers() -> None:
    said = translate(to_chat(stream=False), CLAUDE, CHAT, Aim("served", Abilities(), True))
    body = json.loads(said.body)
    assert (body["model"], body["stream"]) == ("served", True)


def test_a_refusal_names_the_fields_and_the_target() -> None:
    losses = [Loss("top_k", "dropped"), Loss("n", "must be 1", grave=True)]
    fault = refusal(losses, "openai:gpt-5")
    assert fault.kind is Kind.UNTRANSLATABLE
    assert fault.message == "n: must be 1 (the call goes to openai:gpt-5)"


@pytest.mark.parametrize("end", [STOP, STOP + b"data: [DONE]\n\n", STOP.rstrip()])
def test_a_whole_stream_is_said_again_to_its_end(end: bytes) -> None:
    crossed = translate(to_chat(), CLAUDE, CHAT, Aim("m", Abilities(), True))
    retelling = crossed.stream(VOICE, Reading(), lambda _: Usage(output=1))
    out = retelling.feed(CHUNK) + retelling.feed(end)
    out += retelling.finish() if retelling.ending is None else b""
    assert retelling.ending is Ending.COMPLETE
    assert out.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')


def test_a_cut_stream_is_never_said_to_be_whole() -> None:
    crossed = translate(to_chat(), CLAUDE, CHAT, Aim("m", Abilities(), True))
    retelling = crossed.stream(VOICE, Reading(), lambda _: Usage())
    out = retelling.feed(CHUNK) + retelling.finish()
    assert retelling.ending is Ending.TRUNCATED
    assert b"message_stop" not in out
    assert retelling.fail(Fault(Kind.TRUNCATED, "cut"), "id").startswith(b"event: error")


def test_an_error_in_the_stream_is_the_callers_kind_of_error() -> None:
    crossed = translate(to_chat(), CLAUDE, CHAT, Aim("m", Abilities(), True))
    retelling = crossed.stream(VOICE, Reading(), lambda _: Usage())
    out = retelling.feed(
        CHUNK + b'data: {"error":{"message":"slow down","code":"overloaded"}}\n\n'
    )
    assert retelling.ending is Ending.ERROR
    assert b'"overloaded_error"' in out


def test_a_retelling_watches_as_a_watch_does() -> None:
    """The engine drives either of them by the same names."""
    crossed = translate(to_chat(), CLAUDE, CHAT, Aim("m", Abilities(), True))
    retelling = crossed.stream(VOICE, Reading(), lambda _: Usage())
    for name in ("feed", "finish", "fail", "close", "ending", "reading"):
        assert hasattr(retelling, name)
        assert hasattr(StreamWatch(CHAT, Reading()), name)
    assert retelling.close(Ending.IDLE) is Ending.IDLE


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (
            Fault(Kind.UPSTREAM_LIMITED, "no money", retry_after=float("inf")),
            Kind.BUDGET,
            "upstream quota exhausted",
        ),
        (Fault(Kind.UPSTREAM_LIMITED, "slow", retry_after=3), Kind.UPSTREAM_LIMITED, "slow"),
        (
            Fault(Kind.UPSTREAM_INVALID, "too long", detail="400 context_length_exceeded"),
            Kind.TOO_LONG,
            "too long",
        ),
        (
            Fault(Kind.UPSTREAM_INVALID, "no such model", reply=Reply(404, [], b"")),
            Kind.NOT_FOUND,
            "no such model",
        ),
        (
            Fault(Kind.UPSTREAM_INVALID, "bad tool", reply=Reply(422, [], b"")),
            Kind.UPSTREAM_INVALID,
            "bad tool",
        ),
        (Fault(Kind.OVERLOADED, "busy"), Kind.OVERLOADED, "busy"),
        (Fault(Kind.UPSTREAM, "late", detail="504"), Kind.TIMEOUT, "late"),
        (Fault(Kind.UPSTREAM, "broken", detail="500 api_error"), Kind.UPSTREAM, "broken"),
    ],
)
def test_a_fault_is_told_so_that_a_client_of_another_vendor_can_act(
    fault: Fault, kind: Kind, message: str
) -> None:
    told = told_elsewhere(fault)
    assert (told.kind, told.message) == (kind, message)
    assert told.reply is None
    assert told.retry_after == fault.retry_after


MANY = 15_000


def chat_body(messages: list[object], **fields: object) -> bytes:
    return json.dumps({"model": "m", "messages": messages, **fields}).encode()


def items_body(items: list[object], **fields: object) -> bytes:
    return json.dumps({"model": "m", "input": items, **fields}).encode()


def results_alone() -> bytes:
    return chat_body(
        [{"role": "tool", "tool_call_id": str(n), "content": ""} for n in range(MANY)]
    )


def words_after_a_call() -> bytes:
    call = {"type": "tool_use", "id": "1", "name": "look", "input": {}}
    turns: list[object] = [{"role": "assistant", "content": [call]}]
    turns += [{"role": "assistant", "content": "and"}] * MANY
    return chat_body([*turns, {"role": "user", "content": "hi"}], max_tokens=9)


def outputs_alone() -> bytes:
    return items_body(
        [{"type": "function_call_output", "call_id": str(n), "output": ""} for n in range(MANY)]
    )


def late_outputs() -> bytes:
    asked: list[object] = []
    for n in range(MANY // 2):
        asked.append({"type": "function_call", "call_id": str(n), "name": "look"})
        asked.append({"role": "developer", "content": "go on"})
    late = [
        {"type": "function_call_output", "call_id": str(n), "output": ""}
        for n in range(MANY // 2)
    ]
    return items_body(asked + late)


def hosted_tools() -> bytes:
    tools = [{"type": f"own_{n}"} for n in range(MANY)]
    return items_body([{"role": "user", "content": "hi"}], tools=tools)


def searched_tools() -> bytes:
    tools = [
        {"name": f"tool_{n}", "defer_loading": True, "input_schema": {}} for n in range(MANY)
    ]
    found = {"role": "assistant", "content": [{"type": "found", "what": "tool_reference"}]}
    turns = [found] * (MANY // 10)
    return chat_body([*turns, {"role": "user", "content": "hi"}], tools=tools, max_tokens=9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "caller", "upstream"),
    [
        (results_alone(), "openai_chat", "anthropic"),
        (words_after_a_call(), "anthropic", "openai_chat"),
        (outputs_alone(), "openai_responses", "anthropic"),
        (late_outputs(), "openai_responses", "openai_chat"),
        (hosted_tools(), "openai_responses", "openai_chat"),
        (searched_tools(), "anthropic", "openai_chat"),
    ],
    ids=["results", "words", "outputs", "late outputs", "hosted tools", "searched tools"],
)
def test_no_form_of_a_body_of_a_megabyte_holds_up_the_other_calls(
    body: bytes, caller: str, upstream: str
) -> None:
    """Each took from one to ten seconds of the event loop when it took time by the square."""
    began = time.process_time()
    translate(body, CODECS[caller], CODECS[upstream], Aim("m", Abilities(), False))
    assert time.process_time() - began < 1
