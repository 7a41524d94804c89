"""The messages of a request: every role and part means what OpenAI says it does."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.wire.meaning import (
    Document,
    Image,
    Mark,
    Part,
    Refusal,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.model import Fault, Kind
from tests.wire.openai_chat.spoken import SYSTEM, USER, heard, lost

PNG = "data:image/png;base64,AAAA"


def user(content: object) -> dict[str, Any]:
    return {"role": "user", "content": content}


def called(*ids: str, **fields: object) -> dict[str, Any]:
    calls = [
        {"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for id in ids
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls} | fields


def result(id: str, content: object = "x") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


def test_the_operator_speaks_first_in_system_and_later_in_place() -> None:
    ask, losses = heard(
        {"role": "developer", "content": "A"},
        {"role": "system", "content": [{"type": "text", "text": "B"}]},
        user("hi"),
        {"role": "system", "content": "be brief"},
    )
    assert ask.system == [Text("A"), Text("B")]
    assert ask.turns == [Turn(USER, [Text("hi")]), Turn(SYSTEM, [Text("be brief")])]
    assert not losses.all


def test_results_that_follow_one_another_are_one_turn_with_what_the_user_says_next() -> None:
    ask, _ = heard(user("go"), called("a", "b"), result("a"), result("b", ""), user("so?"))
    results: list[Part] = [ToolResult("a", [Text("x")]), ToolResult("b"), Text("so?")]
    assert ask.turns[2:] == [Turn(USER, results)]


def test_two_messages_of_the_user_stay_two_turns() -> None:
    ask, _ = heard(user("a"), user("b"))
    assert len(ask.turns) == 2


def test_every_part_of_the_users_is_understood() -> None:
    ask, losses = heard(
        user(
            [
                {"type": "text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit"}},
                {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.test/a.png"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}},
                {"type": "file", "file": {"file_data": "JVBE", "filename": "x.pdf"}},
                {"type": "file", "file": {"file_data": "data:text/csv;base64,w6QK"}},
                {"type": "file", "file": {"file_id": "file-1"}},
            ]
        )
    )
    assert ask.turns[0].parts == [
        Text("t", mark=Mark()),
        Image("image/png", "AAAA", detail="low"),
        Image(url="https://example.test/a.png"),
        Document("application/pdf", "JVBE"),
        Document("application/pdf", "JVBE", title="x.pdf"),
        Document("text/plain", "ä\n"),
        Document(file_id="file-1"),
    ]
    assert not losses.all


def test_everything_an_assistant_said_is_understood_in_its_order() -> None:
    call = {"id": "c", "type": "custom", "custom": {"name": "exec", "input": "ls"}, "index": 0}
    ask, losses = heard(
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}],
            "reasoning_content": "hm",
            "refusal": "never",
            "tool_calls": [call],
            "annotations": [],
            "audio": None,
            "function_call": None,
        },
        result("c"),
    )
    assert ask.turns[0].parts == [
        Thought("hm", maker="openai_chat"),
        Text("a"),
        Refusal("no"),
        Refusal("never"),
        ToolCall("c", "exec", "ls", custom=True),
    ]
    assert not losses.all


def test_an_assistant_that_said_nothing_makes_no_turn() -> None:
    ask, _ = heard(user("a"), {"role": "assistant", "content": ""}, user("b"))
    assert [turn.role for turn in ask.turns] == [USER, USER]


def test_functions_of_the_older_kind_are_tools() -> None:
    """A second call of the same function answers to its own result."""
    older = {"role": "assistant", "function_call": {"name": "f", "arguments": '{"a":1}'}}
    answer = {"role": "function", "name": "f", "content": "x"}
    ask, _ = heard(user("a"), older, answer, older, answer, answer)
    ids = [p.id for t in ask.turns for p in t.parts if isinstance(p, ToolCall | ToolResult)]
    assert ids == [f"function_call_{n}" for n in (0, 0, 1, 1)] + ["function_call"]
    assert ask.turns[1].parts == [ToolCall("function_call_0", "f", '{"a":1}')]


def test_the_name_of_a_speaker_is_kept() -> None:
    ask, _ = heard({**user("hi"), "name": "ann"})
    assert ask.turns[0].name == "ann"
    ask, losses = heard({"role": "system", "content": "A", "name": "op"}, user("hi"))
    assert lost(losses) == {"messages[0].name": False}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (user([{"type": "input_audio", "input_audio": {}}]), "messages[0].content[0]"),
        (user([{"type": "video", "video": {}}]), "messages[0].content[0]"),
        ({**called("a"), "audio": {"id": "audio-1"}}, "messages[0].audio"),
    ],
)
def test_what_no_other_vendor_can_hear_is_refused_by_its_path(
    message: dict[str, Any], field: str
) -> None:
    _, losses = heard(message)
    assert lost(losses) == {field: True}


def test_fields_nobody_knows_are_named_at_every_depth() -> None:
    message = called("a", x=1)
    message["tool_calls"][0] |= {"y": 1}
    message["tool_calls"][0]["function"] |= {"z": 1}
    part = {"type": "image_url", "image_url": {"url": PNG, "q": 1}, "p": 1}
    _, losses = heard(message, result("a"), user([part]))
    assert set(lost(losses)) == {
        "messages[0].x",
        "messages[0].tool_calls[0].y",
        "messages[0].tool_calls[0].function.z",
        "messages[2].content[0].p",
        "messages[2].content[0].image_url.q",
    }
    assert not losses.grave


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"content": "hi"}, "messages[0].role: must be developer"),
        ({"role": "robot"}, "not 'robot'"),
        ({"role": 7}, "messages[0].role: must be a string"),
        (user(7), "messages[0].content: must be a string or a list"),
        (user(["a"]), "messages[0].content[0]: must be an object"),
        (user([{"text": "a"}]), "messages[0].content[0].type: must say"),
        (user([{"type": "text", "text": 1}]), "messages[0].content[0].text: must be a string"),
        (user([{"type": "image_url"}]), "messages[0].content[0].image_url: must be an object"),
        (
            user([{"type": "image_url", "image_url": {"url": "data:image/png,x"}}]),
            "messages[0].content[0].image_url.url: must be a data: URL in base64",
        ),
        (
            user([{"type": "file", "file": {}}]),
            "messages[0].content[0].file.file_data: must hold the file",
        ),
        (
            user([{"type": "file", "file": {"file_data": "QUJD"}}]),
            "messages[0].content[0].file.file_data: must be a data: URL",
        ),
        (
            user([{"type": "file", "file": {"file_data": "data:text/plain;base64,_"}}]),
            "messages[0].content[0].file.file_data: must be base64",
        ),
        ({"role": "tool", "content": "x"}, "messages[0].tool_call_id: must say which"),
        ({"role": "function", "content": "x"}, "messages[0].name: must name a function"),
        (
            {"role": "assistant", "tool_calls": [{"type": "function"}]},
            "messages[0].tool_calls[0].id: must be the id",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "type": "magic"}]},
            "messages[0].tool_calls[0].type: must be function or custom, not 'magic'",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {}}]},
            "messages[0].tool_calls[0].function.name: must name a function",
        ),
        (
            {"role": "system", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
            "messages[0].content: the operator's messages hold text only",
        ),
    ],
)
def test_a_message_of_a_wrong_shape_is_told_where_and_why(
    message: dict[str, Any], told: str
) -> None:
    with pytest.raises(Fault) as caught:
        heard(message)
    assert caught.value.kind is Kind.INVALID
    assert told in caught.value.message
    assert caught.value.message.startswith("messages[0].")


@pytest.mark.parametrize("messages", [[], None])
def test_a_request_without_messages_is_told_so(messages: object) -> None:
    with pytest.raises(Fault, match="messages: must hold at least one message"):
        heard(messages=messages)
