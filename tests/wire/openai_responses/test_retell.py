"""Conversations said as Responses items, in the order OpenAI accepts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.ability import Abilities
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Ask,
    Document,
    Foreign,
    Image,
    Mark,
    Part,
    Refusal,
    Role,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.openai_responses import NAME
from tests.wire.openai_responses.talk import ABLE, PLAIN, said, told

GO = Turn(Role.USER, [Text("go")])
MISSING = "[tool call was not completed]"


def user(*parts: Part) -> Turn:
    return Turn(Role.USER, list(parts))


def assistant(*parts: Part) -> Turn:
    return Turn(Role.ASSISTANT, list(parts))


def items(
    *turns: Turn, abilities: Abilities = ABLE, losses: Losses | None = None
) -> list[dict[str, Any]]:
    body, _ = said(Ask("m", list(turns)), abilities, losses)
    out: list[dict[str, Any]] = body["input"]
    return out


def brief(*turns: Turn) -> list[str]:
    """Each item in a word or two."""
    out = []
    for item in items(*turns):
        kind = item["type"]
        inside = item.get("content") or [{}]
        words = inside[0].get("text") or item.get("output") or item.get("call_id")
        out.append(f"{item.get('role', kind)}: {words}")
    return out


def test_a_turn_is_told_in_the_order_it_was_made() -> None:
    thought = Thought("hm", "sealed", maker=NAME, id="rs_1")
    turn = assistant(thought, Text("ok"), Refusal("no"), ToolCall("c1", "f", '{"a":1}'))
    assert items(GO, turn, user(ToolResult("c1", [Text("x")]), Text("next"))) == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"},
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "ok"},
                {"type": "refusal", "refusal": "no"},
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "x"},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "next"}],
        },
    ]


def test_results_come_first_and_missing_ones_are_made_up() -> None:
    calls = assistant(ToolCall("c1", "f"), ToolCall("c2", "f"), ToolCall("c3", "f"))
    later = user(Text("never mind"), ToolResult("c2", [Text("two")]))
    assert brief(GO, calls, later, user(ToolResult("c1", [Text("one")])))[4:] == [
        "function_call_output: two",
        "function_call_output: one",
        f"function_call_output: {MISSING}",
        "user: never mind",
    ]


def test_an_interrupted_conversation_answers_its_last_calls() -> None:
    assert brief(GO, assistant(ToolCall("c1", "f")))[2:] == [f"function_call_output: {MISSING}"]
    again = assistant(ToolCall("c2", "f"))
    got = brief(GO, assistant(ToolCall("c1", "f")), again, user(ToolResult("c1"), Text("x")))
    assert [one.partition(":")[0] for one in got] == [
        "user",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
        "user",
    ]


def test_a_result_without_a_call_is_words_of_the_users() -> None:
    late = ToolResult("c9", [Text("late"), Image(url="https://a.example/b")])
    (item,) = items(user(Text("hi"), late))
    assert item["content"] == [
        {"type": "input_text", "text": "hi"},
        {"type": "input_text", "text": "Tool result: late"},
        {"type": "input_image", "image_url": "https://a.example/b"},
    ]


@pytest.mark.parametrize(
    ("result", "output"),
    [
        (ToolResult("c"), ""),
        (ToolResult("c", [Text("a"), Text("b")]), "a\nb"),
        (ToolResult("c", [Text("no such file")], failed=True), "Error: no such file"),
        (
            ToolResult("c", [Text("shot"), Image("image/png", "AAAA")]),
            [
                {"type": "input_text", "text": "shot"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
            ],
        ),
        (
            ToolResult("c", [Text("shot"), Image(url="https://a/b")], failed=True),
            [
                {"type": "input_text", "text": "Error: shot"},
                {"type": "input_image", "image_url": "https://a/b"},
            ],
        ),
        (
            ToolResult("c", [Document("application/pdf", "JVBE")], failed=True),
            [
                {"type": "input_text", "text": "Error:"},
                {
                    "type": "input_file",
                    "filename": "document.pdf",
                    "file_data": "data:application/pdf;base64,JVBE",
                },
            ],
        ),
        (
            ToolResult("c", [Text("a")], mark=Mark("5m")),
            [
                {
                    "type": "input_text",
                    "text": "a",
                    "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"},
                }
            ],
        ),
        (ToolResult("c", mark=Mark()), ""),
    ],
)
def test_what_a_tool_returned_is_its_output(result: ToolResult, output: Any) -> None:
    assert items(GO, assistant(ToolCall("c", "f")), user(result))[2]["output"] == output


def test_ids_that_openai_refuses_are_renamed_alike_in_call_and_output() -> None:
    got = items(GO, assistant(ToolCall("f:0", "f")), user(ToolResult("f:0", [Text("x")])))
    assert got[1]["call_id"] == got[2]["call_id"] != "f:0"
    assert got[2]["output"] == "x"


def test_free_text_calls_are_native_or_wrapped_as_their_tool_is() -> None:
    turns = [GO, assistant(ToolCall("c", "exec", 'a"b', custom=True)), user(ToolResult("c"))]
    native = items(*turns)
    assert native[1] == {
        "type": "custom_tool_call",
        "call_id": "c",
        "name": "exec",
        "input": 'a"b',
    }
    assert native[2]["type"] == "custom_tool_call_output"
    wrapped = items(*turns, abilities=PLAIN)
    assert wrapped[1]["arguments"] == '{"input":"a\\"b"}'
    assert wrapped[2]["type"] == "function_call_output"


def test_calls_say_the_name_the_tool_was_offered_under_and_at_least_an_empty_object() -> None:
    ask = Ask("m", [GO, assistant(ToolCall("c", "a", namespace="n"))])
    ask.tools = [Tool("a"), Tool("a", namespace="n")]
    body, lexicon = said(ask)
    call = body["input"][1]
    assert call["name"] == lexicon.alias("a", "n") != "a"
    assert call["arguments"] == "{}"


@pytest.mark.parametrize(
    "thought",
    [
        Thought("hm", "signature", maker="anthropic"),
        Thought("hm", maker=NAME),
        Thought(maker="unknown"),
    ],
)
def test_reasoning_that_is_not_sealed_by_openai_is_dropped_and_named_once(
    thought: Thought,
) -> None:
    losses = Losses()
    turns = [GO, assistant(thought, Text("a")), GO, assistant(thought, Text("b")), GO]
    assert all(item["type"] == "message" for item in items(*turns, losses=losses))
    assert [loss.field for loss in losses.all] == ["turns"]


def test_the_operator_speaks_as_developer_in_the_middle() -> None:
    (_, item, _) = items(GO, Turn(Role.SYSTEM, [Text("be brief")]), GO)
    assert item["role"] == "developer"
    assert item["content"] == [{"type": "input_text", "text": "be brief"}]


def test_a_conversation_that_ends_with_the_assistants_words_is_refused() -> None:
    losses = Losses()
    items(GO, assistant(Text("Sure, ")), losses=losses)
    assert [loss.field for loss in losses.grave] == ["turns"]
    losses = Losses()
    items(GO, assistant(Text("Sure, ")), abilities=Abilities(prefill=True), losses=losses)
    assert told(losses) == []


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (
            Image("image/png", "AAAA", detail="low"),
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
        ),
        (
            Document("application/pdf", "JVBE", title="x.pdf"),
            {
                "type": "input_file",
                "filename": "x.pdf",
                "file_data": "data:application/pdf;base64,JVBE",
            },
        ),
        (Document(url="https://a/b"), {"type": "input_file", "file_url": "https://a/b"}),
        (
            Document("text/plain", "words", title="t", context="c"),
            {"type": "input_text", "text": "t\n\nc\n\nwords"},
        ),
        (Text(""), {"type": "input_text", "text": ""}),
    ],
)
def test_what_the_user_shows_is_said(part: Part, content: dict[str, Any]) -> None:
    losses = Losses()
    assert items(user(part), losses=losses)[0]["content"] == [content]
    assert told(losses) == []


def test_a_documents_context_stands_before_it() -> None:
    document = Document("application/pdf", "JVBE", context="a form", mark=Mark("1h"))
    context, file = items(user(document))[0]["content"]
    assert context == {"type": "input_text", "text": "a form"}
    assert file["prompt_cache_breakpoint"]["ttl"] == "12h"
    assert "prompt_cache_breakpoint" not in str(items(user(document), abilities=PLAIN))


BLIND = Abilities(images=False, documents=False)


@pytest.mark.parametrize(
    ("part", "abilities", "heals"),
    [
        (Image("image/png", "AAAA"), BLIND, "image_block"),
        (Document("application/pdf", "JVBE"), BLIND, "document_block"),
        (Image(file_id="file_1"), ABLE, ""),
        (Document(file_id="file_1"), ABLE, ""),
    ],
)
def test_what_the_model_cannot_see_is_refused_where_it_stood(
    part: Image | Document, abilities: Abilities, heals: str
) -> None:
    losses = Losses()
    losses.place(part, "messages[0].content[0]")
    assert items(user(part), abilities=abilities, losses=losses) == []
    (loss,) = losses.grave
    assert (loss.field, loss.heals) == ("messages[0].content[0]", heals)


def test_another_vendors_block_is_said_in_its_plain_words_or_dropped_by_name() -> None:
    found = Foreign(
        "search_result",
        msgspec.Raw(b'{"title":"t","source":"s","content":[{"type":"text","text":"w"}]}'),
        "anthropic",
    )
    opaque = Foreign("container_upload", msgspec.Raw(b'{"content":7}'), "anthropic")
    broken = Foreign("odd", msgspec.Raw(b"["), "anthropic")
    losses = Losses()
    (item, _) = items(user(found, opaque, broken), assistant(opaque), GO, losses=losses)
    assert item["content"] == [{"type": "input_text", "text": "t\ns\nw"}]
    assert not losses.grave
    assert len(losses.all) == 2


def test_openais_own_block_is_said_as_it_came() -> None:
    raw = {"type": "web_search_call", "id": "ws_1"}
    part = Foreign("web_search_call", msgspec.Raw(msgspec.json.encode(raw)), NAME)
    assert items(user(part), assistant(part), GO)[:2] == [raw, raw]


def test_sources_of_earlier_answers_are_named_as_lost() -> None:
    losses = Losses()
    items(GO, assistant(Text("a", citations=[{"type": "x"}])), GO, losses=losses)
    assert told(losses) == ["turns: citations of earlier answers dropped"]


def test_a_users_cited_document_and_odd_parts_are_named() -> None:
    document = Document("application/pdf", "JVBE", citations=True)
    losses = Losses()
    (item,) = items(user(document, Thought("hm")), losses=losses)
    assert len(item["content"]) == 1
    assert [loss.field for loss in losses.all] == ["document", "thought"]


_parts = st.sampled_from(["text", "c1", "c2", "r1", "r2", "r3", "thought"])
_turns = st.lists(
    st.tuples(st.sampled_from(list(Role)), st.lists(_parts, max_size=4)), max_size=6
)


def _part(name: str) -> Part:
    if name[0] == "c":
        return ToolCall(f"id{name[1]}", "f")
    if name[0] == "r":
        return ToolResult(f"id{name[1]}", [Text("x")])
    return Thought("hm", "s", maker=NAME) if name == "thought" else Text("words")


@given(_turns)
def test_every_call_is_answered_once_before_anybody_else_speaks(
    turns: list[tuple[Role, list[str]]],
) -> None:
    conversation = [Turn(role, [_part(name) for name in parts]) for role, parts in turns]
    waiting: set[str] = set()
    calling = False
    for item in items(*conversation):
        if item["type"] == "function_call":
            waiting.add(item["call_id"])
            calling = True
        elif item["type"] == "function_call_output":
            waiting.remove(item["call_id"])
            calling = False
        elif item.get("role") in ("user", "developer"):
            assert not waiting
            assert not calling
        assert item.get("content") != []
    assert not waiting


def test_a_result_keeps_its_form_when_the_cache_mark_has_moved_on() -> None:
    """A mark stands in a list only; a list that became a text would be another prefix."""
    marked = user(ToolResult("c", [Text("7")], mark=Mark()))
    earlier = items(GO, assistant(ToolCall("c", "f", "{}")), marked)[2]["output"]
    unmarked = user(ToolResult("c", [Text("7")]), Text("more", mark=Mark()))
    later = items(GO, assistant(ToolCall("c", "f", "{}")), unmarked)[2]["output"]
    assert later == [{"type": "input_text", "text": "7"}]
    assert earlier[0] | later[0] == earlier[0]
