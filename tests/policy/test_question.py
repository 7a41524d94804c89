"""A request is taken apart into its last question and all the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.policy.question import LONGEST, Question, answer_of, question_of
from headgate.wire import SURFACES
from headgate.wire.envelope import Envelope

SECRET = b"s" * 32
ASK = "What is the capital of France?"


def question(surface: str = "chat", scope: str = "k", **body: Any) -> Question | None:
    envelope = Envelope(json.dumps({"model": "m", **body}).encode())
    return question_of(SURFACES[surface], envelope, scope, SECRET)


def said(text: object) -> list[dict[str, object]]:
    return [{"role": "user", "content": text}]


def name(surface: str = "chat", scope: str = "k", **body: Any) -> bytes:
    found = question(surface, scope, **body)
    assert found is not None
    return found.context


@pytest.mark.parametrize(
    ("surface", "body"),
    [
        ("chat", {"messages": said(ASK)}),
        ("chat", {"messages": said([{"type": "text", "text": ASK}])}),
        ("messages", {"messages": said(ASK), "max_tokens": 9}),
        ("messages", {"messages": said([{"type": "text", "text": ASK}])}),
        ("responses", {"input": ASK}),
        ("responses", {"input": said(ASK)}),
        ("responses", {"input": said([{"type": "input_text", "text": ASK}])}),
        ("chat", {"messages": said(ASK), "tools": []}),
    ],
)
def test_the_last_text_of_the_user_is_the_question(surface: str, body: dict[str, Any]) -> None:
    found = question(surface, **body)
    assert found is not None
    assert found.text == ASK


@pytest.mark.parametrize(
    ("surface", "body"),
    [
        ("chat", {"messages": said("short")}),
        ("chat", {"messages": said("x" * (LONGEST + 1))}),
        ("chat", {"messages": said(ASK), "tools": [{"type": "function"}]}),
        ("chat", {"messages": said(ASK), "functions": [{"name": "f"}]}),
        ("chat", {"messages": [*said(ASK), {"role": "assistant", "content": "It is"}]}),
        ("chat", {"messages": said([{"type": "image_url", "image_url": {}}])}),
        ("chat", {"messages": said([{"type": "text", "text": ASK}] * 2)}),
        ("chat", {"messages": said(5)}),
        ("chat", {"messages": []}),
        ("chat", {"messages": 5}),
        ("chat", {}),
        ("embeddings", {"input": ASK}),
        ("count_tokens", {"messages": said(ASK)}),
    ],
)
def test_what_is_no_single_question_is_left_alone(surface: str, body: dict[str, Any]) -> None:
    assert question(surface, **body) is None


def test_another_question_in_the_same_place_has_the_same_context() -> None:
    assert name(messages=said(ASK)) == name(messages=said("Why is the sky blue?"))
    parts = [{"type": "text", "text": "Why is the sky blue?"}]
    assert name(messages=said(ASK)) == name(messages=said(parts))


def test_how_the_answer_travels_and_who_asks_is_no_part_of_the_context() -> None:
    assert name(messages=said(ASK)) == name(messages=said(ASK), stream=True, user="u")


@pytest.mark.parametrize(
    "other",
    [
        {"messages": said(ASK), "temperature": 0},
        {"messages": said(ASK), "model": "n"},
        {"messages": [{"role": "system", "content": "Be brief"}, *said(ASK)]},
        {
            "messages": [
                *said("Hello there"),
                {"role": "assistant", "content": "Hi"},
                *said(ASK),
            ]
        },
        {"messages": [{"role": "user", "content": ASK, "name": "anna"}]},
        {"messages": said(ASK), "nobody_knows": 1},
    ],
)
def test_whatever_else_differs_is_another_context(other: dict[str, Any]) -> None:
    assert name(messages=said(ASK)) != name(**other)


def test_nobody_shares_a_context_across_scopes_surfaces_or_installations() -> None:
    body: dict[str, Any] = {"messages": said(ASK)}
    assert name(**body) != name(scope="other", **body)
    assert name("chat", **body) != name("messages", **body)
    envelope = Envelope(json.dumps({"model": "m", **body}).encode())
    found = question_of(SURFACES["chat"], envelope, "k", b"t" * 32)
    assert found is not None
    assert found.context != name(**body)


def test_the_words_of_an_answer_are_read_from_both_forms() -> None:
    whole = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Paris"},
             "finish_reason": "stop"}
        ],
    }  # fmt: skip
    body = json.dumps(whole).encode()
    assert answer_of(SURFACES["chat"], body, streamed=False) == "Paris"
    delta = {**whole, "object": "chat.completion.chunk"}
    choice = {"index": 0, "delta": {"role": "assistant", "content": "Paris"}}
    parts = [
        {**delta, "choices": [{**choice, "finish_reason": None}]},
        {**delta, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    stream = b"".join(b"data: %s\n\n" % json.dumps(part).encode() for part in parts)
    stream += b"data: [DONE]\n\n"
    assert answer_of(SURFACES["chat"], stream, streamed=True) == "Paris"


def test_an_answer_that_is_no_text_or_broken_has_no_words() -> None:
    surface = SURFACES["messages"]
    tool = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    body = {
        "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [tool],
        "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    assert answer_of(surface, json.dumps(body).encode(), streamed=False) is None
    text = {**body, "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}
    assert answer_of(surface, json.dumps(text).encode(), streamed=False) == "Hi"
    long = {**text, "content": [{"type": "text", "text": "x" * 16_001}]}
    assert answer_of(surface, json.dumps(long).encode(), streamed=False) is None
    assert answer_of(surface, b"{", streamed=False) is None
    assert answer_of(surface, b"event: x\n\n", streamed=True) is None
