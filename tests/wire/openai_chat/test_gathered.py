"""A Chat Completions reply and its stream hold the same, whoever's server it is from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.openai_chat.gathered import stream, whole
from headgate.wire.sse import encode, events

USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
CALLS = st.lists(
    st.builds(
        lambda id, name, text, custom: {
            "id": id,
            "type": "custom" if custom else "function",
            **(
                {"custom": {"name": name, "input": text}}
                if custom
                else {"function": {"name": name, "arguments": text}}
            ),
        },
        st.text(min_size=1),
        st.text(min_size=1),
        st.text(),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)
WORDS = st.text(min_size=1)


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": draw(st.none() | WORDS),
        "refusal": draw(st.none() | WORDS),
    }
    for name, values in (("reasoning_content", WORDS), ("tool_calls", CALLS)):
        if draw(st.booleans()):
            message[name] = draw(values)
    if draw(st.booleans()):
        message["annotations"] = [{"type": "url_citation", "url_citation": {"url": "u"}}]
    return message


def reply(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    choices = [
        {"index": n, "message": message, "logprobs": None, "finish_reason": "stop"}
        for n, message in enumerate(messages)
    ]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": choices,
        "usage": USAGE,
        **more,
    }


def there_and_back(given: dict[str, Any]) -> Any:
    said = stream(json.dumps(given).encode(), include_usage=True)
    assert said is not None
    again = whole(events(said))
    assert again is not None
    return json.loads(again)


@given(st.lists(messages(), min_size=1, max_size=3))
def test_every_reply_comes_back_from_its_stream_as_it_was(given: list[dict[str, Any]]) -> None:
    assert there_and_back(reply(*given)) == reply(*given)


PLAIN = {"role": "assistant", "content": "hi", "refusal": None}


def test_probabilities_and_what_vendors_add_are_kept() -> None:
    given = reply(PLAIN, system_fingerprint="fp", service_tier="flex", provider="x")
    given["choices"][0]["logprobs"] = {"content": [{"token": "hi"}], "refusal": None}
    given["choices"][0]["native_finish_reason"] = "eos"
    assert there_and_back(given) == given


def test_a_call_as_it_was_written_before_there_were_tools_is_kept() -> None:
    called = {"name": "f", "arguments": "{}"}
    given = reply({**PLAIN, "content": None, "function_call": called})
    assert there_and_back(given) == given


@pytest.mark.parametrize("name", ["audio", "images"])
def test_what_nobody_knows_how_to_cut_has_no_stream(name: str) -> None:
    body = json.dumps(reply({**PLAIN, name: {"id": "a"}})).encode()
    assert stream(body, include_usage=False) is None


def test_tokens_that_are_not_known_are_not_told() -> None:
    body = json.dumps({**reply(PLAIN), "usage": None}).encode()
    assert stream(body, include_usage=True) is None
    said = stream(body, include_usage=False)
    assert said is not None
    assert b"usage" not in said
    assert whole(events(said)) is None


def chunked(*deltas: dict[str, Any], **more: Any) -> bytes | None:
    chunks = [
        {"id": "c", "choices": [{"index": 0, "delta": delta, **more}]} for delta in deltas
    ]
    last = {"id": "c", "choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USAGE}
    data = [encode(json.dumps(it).encode()) for it in (*chunks, last)]
    return whole(events(b"".join(data) + encode(b"[DONE]")))


def test_a_name_that_is_told_again_is_not_told_twice() -> None:
    piece = {"index": 0, "id": "1", "function": {"name": "f", "arguments": "{"}}
    rest = {"index": 0, "id": "1", "function": {"name": "f", "arguments": "}"}}
    said = chunked({"tool_calls": [piece]}, {"tool_calls": [rest]})
    assert said is not None
    (call,) = json.loads(said)["choices"][0]["message"]["tool_calls"]
    assert call == {"id": "1", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    "odd", [{"audio": {"id": "a"}}, {"reasoning_details": [{"text": "x"}]}]
)
def test_pieces_nobody_knows_how_to_join_have_no_whole_form(odd: dict[str, Any]) -> None:
    assert chunked({"content": "x"}, odd) is None


def test_an_error_in_a_stream_has_no_whole_form() -> None:
    error = encode(b'{"error":{"message":"m"}}')
    said = stream(json.dumps(reply(PLAIN)).encode(), include_usage=True)
    assert said is not None
    assert whole(events(error + said)) is None
