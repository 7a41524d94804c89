"""Each kind of block of a Messages request is understood, whole, and in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Document,
    Foreign,
    Image,
    Mark,
    Part,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from headgate.wire.seal import wrap
from tests.wire.anthropic.asks import block, call, claude, heard, lost, result, user

PNG = {"type": "base64", "media_type": "image/png", "data": "AAAA"}


def parts(*content: Any) -> list[Part]:
    """What these blocks of a user mean."""
    return heard(messages=[user(list(content))]).turns[0].parts


def own(*content: Any) -> list[Part]:
    """What these blocks of Claude mean."""
    return heard(messages=[user("hi"), claude(list(content))]).turns[1].parts


def test_a_string_is_one_text_and_an_empty_one_none() -> None:
    messages = [user("hi"), claude("")]
    assert [turn.parts for turn in heard(messages=messages).turns] == [[Text("hi")], []]


@pytest.mark.parametrize(("ttl", "mark"), [({}, Mark()), ({"ttl": "1h"}, Mark("1h"))])
def test_a_cache_mark_is_kept(ttl: dict[str, str], mark: Mark) -> None:
    control = {"type": "ephemeral", **ttl}
    assert parts({**block("a"), "cache_control": control}) == [Text("a", mark)]


@pytest.mark.parametrize(
    ("source", "image"),
    [
        (PNG, Image("image/png", "AAAA")),
        ({"type": "url", "url": "https://x"}, Image(url="https://x")),
        ({"type": "file", "file_id": "file_1"}, Image(file_id="file_1")),
    ],
)
def test_an_image_may_lie_in_three_places(source: Any, image: Image) -> None:
    assert parts({"type": "image", "source": source}) == [image]


@pytest.mark.parametrize(
    ("source", "document"),
    [
        (
            {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
            Document("application/pdf", "JVBE"),
        ),
        (
            {"type": "text", "media_type": "text/plain", "data": "words"},
            Document("text/plain", "words"),
        ),
        ({"type": "content", "content": "words"}, Document("text/plain", "words")),
        ({"type": "url", "url": "https://x"}, Document("application/pdf", url="https://x")),
        ({"type": "file", "file_id": "file_1"}, Document(file_id="file_1")),
    ],
)
def test_a_document_may_lie_in_five_places(source: Any, document: Document) -> None:
    document.title, document.context, document.citations = "T", "C", True
    more = {"title": "T", "context": "C", "citations": {"enabled": True}}
    assert parts({"type": "document", "source": source, **more}) == [document]


def test_a_document_of_blocks_becomes_one_text_and_its_pictures_follow_it() -> None:
    content = [block("a"), {"type": "image", "source": PNG}, block("b")]
    document = {"type": "document", "source": {"type": "content", "content": content}}
    assert parts(document) == [Document("text/plain", "a\n\nb"), Image("image/png", "AAAA")]
    assert lost(messages=[user([document])]) == [
        "messages[0].content[0].source: changed: its blocks are said as one text"
    ]


def test_a_search_result_is_said_as_text_and_named() -> None:
    found = {"type": "search_result", "title": "T", "source": "S", "content": [block("a")]}
    assert parts(found) == [Text("T\nS\na")]
    assert lost(messages=[user([found])]) == [
        "messages[0].content[0]: changed: a search result is said as text"
    ]


def test_a_call_keeps_its_arguments_in_their_order() -> None:
    assert own(call("t", "Read", z=1, a=[1.0, "ä"])) == [
        ToolCall("t", "Read", '{"z":1,"a":[1.0,"ä"]}')
    ]


@pytest.mark.parametrize(
    ("content", "meaning"),
    [
        ("one", [Text("one")]),
        ("", []),
        (None, []),
        (
            [block("shot"), {"type": "image", "source": PNG}],
            [Text("shot"), Image("image/png", "AAAA")],
        ),
    ],
)
def test_a_result_is_text_or_blocks_or_nothing(content: Any, meaning: list[Part]) -> None:
    assert parts(result("t", content)) == [ToolResult("t", meaning)]  # type: ignore[arg-type]


def test_a_failed_result_says_so() -> None:
    assert parts(result("t", "no", is_error=True)) == [
        ToolResult("t", [Text("no")], failed=True)
    ]


def test_what_has_no_place_in_a_result_is_named() -> None:
    odd = result("t", [{"type": "browser_state", "url": "x"}])
    assert lost(messages=[user([odd])]) == [
        "messages[0].content[0].content: dropped: a browser_state block has no place here"
    ]


def test_a_thought_of_claudes_keeps_its_signature() -> None:
    assert own(
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
    ) == [
        Thought("t", "s", maker="anthropic"),
        Thought(seal="d", redacted=True, maker="anthropic"),
    ]


@pytest.mark.parametrize("text", ["", "seen by its maker"])
def test_a_thought_that_carries_our_seal_goes_back_to_its_maker(text: str) -> None:
    thought = Thought(text, "enc", maker="openai_responses", id="rs_1")
    heard_back = own({"type": "thinking", "thinking": "shown", "signature": wrap(thought)})
    thought.text = text or "shown"
    assert heard_back == [thought]


@pytest.mark.parametrize("kind", ["server_tool_use", "container_upload", "of_tomorrow"])
def test_a_block_only_anthropic_knows_is_kept_whole(kind: str) -> None:
    whole = {"type": kind, "id": "x", "deep": [{"a": None}]}
    (part,) = own(whole)
    assert isinstance(part, Foreign)
    assert (part.kind, part.maker, json.loads(bytes(part.raw))) == (kind, "anthropic", whole)


def test_a_part_that_gets_lost_later_is_named_where_it_stood() -> None:
    losses = Losses()
    image = {"type": "image", "source": PNG}
    ask = heard(losses, messages=[user("hi"), claude("ok"), user([block("a"), image])])
    losses.refuse(ask.turns[2].parts[1], "this model takes no images")
    assert str(losses.all[-1]) == "messages[2].content[1]: this model takes no images"


def test_unknown_members_of_a_block_are_named() -> None:
    assert lost(messages=[user([{**block("a"), "glow": True}])]) == [
        "messages[0].content[0].glow: dropped: only Anthropic has it"
    ]


@pytest.mark.parametrize(("kind", "lines"), [("direct", 0), ("code_execution_20260521", 1)])
def test_who_made_a_call_is_only_lost_when_it_was_not_the_model(kind: str, lines: int) -> None:
    made = {**call("t"), "caller": {"type": kind}}
    assert len(lost(messages=[user("hi"), claude([made])])) == lines


def test_a_change_of_tools_we_cannot_make_is_named() -> None:
    change = {"type": "tool_addition", "tool": {"type": "mcp_toolset"}}
    assert lost(messages=[{"role": "system", "content": [change]}]) == [
        "messages[0].content[0]: dropped: only Anthropic has it"
    ]
