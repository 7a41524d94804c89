"""What was said is told in plain text, the same for every dialect, whole or as a stream."""

from __future__ import annotations

import json

import pytest

from headgate.wire import SURFACES
from headgate.wire.gathered import stream_of
from headgate.wire.transcript import CALL, PICTURE, RESULT, Answered, answered, asked

PIXEL = {"type": "base64", "media_type": "image/png", "data": "aGk="}
MESSAGES = {
    "model": "m",
    "max_tokens": 5,
    "system": [{"type": "text", "text": "be brief"}],
    "tools": [{"name": "look", "input_schema": {"type": "object"}}],
    "messages": [
        {"role": "user", "content": "first"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look"},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"secret": "x"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "found"},
                {"type": "text", "text": "and this"},
                {"type": "image", "source": PIXEL},
            ],
        },
    ],
}
CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "question"},
    ],
}
RESPONSES = {"model": "m", "instructions": "be brief", "input": "question"}
WHOLE = {
    "messages": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "text", "text": "One "},
            {"type": "text", "text": "two."},
            {"type": "tool_use", "id": "t", "name": "look", "input": {}},
            {"type": "text", "text": "Three."},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 2},
    },
    "chat": {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "One two."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    },
}


def test_a_request_is_told_by_its_system_prompt_turns_and_tools() -> None:
    found = asked(SURFACES["messages"], json.dumps(MESSAGES).encode())
    assert found is not None
    assert (found.system, found.tools) == ("be brief", ("look",))
    assert [(it.role, it.text, it.beside) for it in found.turns] == [
        ("user", "first", ()),
        ("assistant", "I look", (CALL,)),
        ("user", "and this", (RESULT, PICTURE)),
    ]


@pytest.mark.parametrize(("name", "body"), [("chat", CHAT), ("responses", RESPONSES)])
def test_the_other_dialects_say_the_same(name: str, body: object) -> None:
    found = asked(SURFACES[name], json.dumps(body).encode())
    assert found is not None
    assert found.system == "be brief"
    assert [(it.role, it.text) for it in found.turns] == [("user", "question")]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("messages", Answered("One two.\n\nThree.", ("look",))),
        ("chat", Answered("One two.")),
    ],
)
def test_an_answer_reads_the_same_whole_and_as_a_stream(name: str, wanted: Answered) -> None:
    surface, body = SURFACES[name], json.dumps(WHOLE[name]).encode()
    assert answered(surface, body, streamed=False) == wanted
    stream = stream_of(surface, body)
    assert stream is not None
    assert answered(surface, stream, streamed=True) == wanted


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"messages": 3}', b"\xff", b"[" * 5000])
@pytest.mark.parametrize("name", ["messages", "chat", "responses"])
def test_what_cannot_be_read_has_no_transcript(name: str, body: bytes) -> None:
    assert asked(SURFACES[name], body) is None
    assert answered(SURFACES[name], body, streamed=False) is None
