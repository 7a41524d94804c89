"""Input items: what each kind means, and which turn it belongs to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire import seal
from headgate.wire.meaning import (
    Document,
    Foreign,
    Image,
    Mark,
    Refusal,
    Role,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.model import Fault, Kind
from headgate.wire.openai_responses import NAME
from tests.wire.openai_responses.talk import (
    a_call,
    a_message,
    an_output,
    fault_of,
    heard,
    nonsense,
    told,
)

GO = a_message("user", "go")


def turns(*items: Any) -> list[Turn]:
    ask, losses = heard(*items)
    assert told(losses) == []
    return ask.turns


def test_reasoning_words_and_calls_in_a_row_are_one_turn_and_results_the_next() -> None:
    theirs = Thought("hm", "signature", maker="anthropic")
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": []}
    assert turns(
        GO,
        reasoning | {"encrypted_content": seal.wrap(theirs)},
        a_message("assistant", [{"type": "output_text", "text": "ok"}]),
        a_call("call_1", "a"),
        a_call("call_2", "b", ""),
        an_output("call_1", "one"),
        an_output("call_2", "two"),
        a_message("user", "and now?"),
    ) == [
        Turn(Role.USER, [Text("go")]),
        Turn(
            Role.ASSISTANT,
            [theirs, Text("ok"), ToolCall("call_1", "a", "{}"), ToolCall("call_2", "b", "")],
        ),
        Turn(
            Role.USER,
            [
                ToolResult("call_1", [Text("one")]),
                ToolResult("call_2", [Text("two")]),
                Text("and now?"),
            ],
        ),
    ]


@given(st.permutations(["call_1", "call_2", "user", "developer"]))
def test_results_come_right_after_their_calls_wherever_they_stood(order: list[str]) -> None:
    later = {
        "call_1": an_output("call_1"),
        "call_2": an_output("call_2"),
        "user": a_message("user", "wait"),
        "developer": a_message("developer", "be brief"),
    }
    got = turns(GO, a_call("call_1"), a_call("call_2"), *(later[name] for name in order))
    results = [name for name in order if name.startswith("call")]
    assert [part.id for part in got[2].parts[:2] if isinstance(part, ToolResult)] == results
    assert sum(len(turn.parts) for turn in got) == 7


def test_a_result_that_nobody_asked_for_keeps_its_place() -> None:
    assert turns(GO, an_output("call_9", "late"))[1:] == [
        Turn(Role.USER, [ToolResult("call_9", [Text("late")])])
    ]
    twice = turns(a_call(), an_output(output="1"), GO, an_output(output="2"))
    assert twice[1].parts == [ToolResult("call_1", [Text("1")]), Text("go")]
    assert twice[2].parts == [ToolResult("call_1", [Text("2")])]


def test_the_operator_comes_first_in_the_system_and_later_in_place() -> None:
    ask, _ = heard(
        a_message("developer", [{"type": "input_text", "text": t} for t in "ab"]),
        a_message("system", "c"),
        GO,
        a_message("developer", "be brief"),
        instructions="first",
    )
    assert [text.text for text in ask.system] == ["first", "a", "b", "c"]
    assert ask.turns[1:] == [Turn(Role.SYSTEM, [Text("be brief")])]


def test_an_image_of_the_operators_is_refused() -> None:
    image = {"type": "input_image", "image_url": "https://a.example/b.png"}
    _, losses = heard(a_message("developer", [image]), GO)
    assert [loss.field for loss in losses.grave] == ["input[0]"]


def test_a_message_needs_no_type_but_one_of_four_roles() -> None:
    assert turns({"role": "user", "content": "go"}) == [Turn(Role.USER, [Text("go")])]
    with pytest.raises(Fault, match=r"input\[0\]\.role: must be user, assistant, system"):
        heard({"role": "tool", "content": "go"})
    with pytest.raises(Fault, match=r"input\[0\]\.role: must be user"):
        heard({})


MARKED = {"prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}


@pytest.mark.parametrize(
    ("part", "meaning"),
    [
        ({"type": "input_text", "text": "a", **MARKED}, Text("a", Mark("12h"))),
        (
            {"type": "input_image", "image_url": "data:image/PNG;base64,AAAA", "detail": "low"},
            Image("image/png", "AAAA", detail="low"),
        ),
        (
            {"type": "input_image", "image_url": "https://a.example/b", **MARKED},
            Image(url="https://a.example/b", mark=Mark("12h")),
        ),
        ({"type": "input_image", "file_id": "file-1"}, Image(file_id="file-1")),
        (
            {
                "type": "input_file",
                "filename": "x.pdf",
                "file_data": "data:application/pdf;base64,JVBE",
                "detail": "high",
            },
            Document("application/pdf", "JVBE", title="x.pdf"),
        ),
        (
            {"type": "input_file", "filename": "x.pdf", "file_data": "JVBE"},
            Document("application/pdf", "JVBE", title="x.pdf"),
        ),
        (
            {"type": "input_file", "file_data": "data:text/plain;base64,aMOp"},
            Document("text/plain", "hé"),
        ),
        ({"type": "input_file", "file_url": "https://a/b"}, Document(url="https://a/b")),
        ({"type": "input_file", "file_id": "file-1"}, Document(file_id="file-1")),
    ],
)
def test_what_the_user_shows_is_heard(part: dict[str, Any], meaning: object) -> None:
    assert turns(a_message("user", [part])) == [Turn(Role.USER, [meaning])]  # type: ignore[list-item]  # any kind of part
    result = ToolResult("call_1", [meaning])  # type: ignore[list-item]  # any kind of part
    assert turns(a_call(), an_output(output=[part]))[1].parts == [result]


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ({"type": "input_text"}, "text: must be a string"),
        ({"type": "input_image"}, "image_url: must be a URL or a data URL"),
        ({"type": "input_image", "image_url": "data:AAAA"}, "image_url: must be a data: URL"),
        ({"type": "input_file"}, "file_data: must be a data URL"),
        (
            {"type": "input_file", "file_data": "data:text/plain;base64,!"},
            "file_data: must be UTF-8 text in base64",
        ),
    ],
)
def test_a_part_that_shows_nothing_is_a_mistake(part: dict[str, Any], where: str) -> None:
    with pytest.raises(Fault) as caught:
        heard(a_message("user", [part]))
    assert caught.value.message.startswith(f"input[0].content[0].{where}")


def test_a_part_nobody_else_has_is_refused_not_left_out() -> None:
    _, losses = heard(a_message("user", [{"type": "input_audio", "data": "AA"}]))
    assert [loss.field for loss in losses.grave] == ["input[0].content[0]"]


def test_what_the_assistant_said_is_heard_with_its_sources_and_refusals() -> None:
    cited = [{"type": "url_citation", "url": "https://a.example", "title": ""}]
    said = [
        {"type": "output_text", "text": "a", "annotations": cited, "logprobs": []},
        {"type": "refusal", "refusal": "no"},
    ]
    item = a_message("assistant", said) | {"id": "msg_1", "status": "completed", "phase": "x"}
    assert turns(item, a_message("user", "b")) == [
        Turn(Role.ASSISTANT, [Text("a", citations=cited), Refusal("no")]),
        Turn(Role.USER, [Text("b")]),
    ]


@pytest.mark.parametrize(
    ("item", "thought"),
    [
        (
            {"id": "rs_1", "encrypted_content": "theirs", "summary": []},
            Thought("", "theirs", maker=NAME, id="rs_1"),
        ),
        (
            {"id": "rs_1", "summary": [{"type": "summary_text", "text": t} for t in "ab"]},
            Thought("a\n\nb", maker=NAME, id="rs_1"),
        ),
        (
            {"summary": [], "content": [{"type": "reasoning_text", "text": "c"}]},
            Thought("c", maker=NAME),
        ),
        (
            {
                "summary": [{"type": "summary_text", "text": "a"}],
                "encrypted_content": seal.wrap(Thought("", "s", maker="anthropic")),
            },
            Thought("a", "s", maker="anthropic"),
        ),
        (
            {
                "summary": [{"type": "summary_text", "text": "a"}],
                "encrypted_content": seal.wrap(Thought("b", "s", maker="anthropic")),
            },
            Thought("b", "s", maker="anthropic"),
        ),
    ],
)
def test_reasoning_is_whoever_made_its(item: dict[str, Any], thought: Thought) -> None:
    assert turns(GO, {"type": "reasoning"} | item)[1].parts == [thought]


def test_free_text_calls_and_calls_into_groups_keep_what_they_are() -> None:
    custom = {"type": "custom_tool_call", "call_id": "c", "name": "exec", "input": "ls"}
    got = turns(
        GO,
        custom | {"namespace": "functions", "id": "ctc_1", "status": "completed"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "done", "name": "exec"},
    )
    assert got[1].parts == [ToolCall("c", "exec", "ls", custom=True, namespace="functions")]
    assert got[2].parts == [ToolResult("c", [Text("done")])]


@pytest.mark.parametrize(
    ("item", "where"),
    [
        (a_call(""), "call_id: must name the call"),
        (a_call(name=""), "name: must name the tool"),
        (an_output(""), "call_id: must name the call it answers"),
        (an_output(output=7), "output: must be a list"),
        ({"type": 7}, "type: must be a string"),
    ],
)
def test_calls_and_outputs_name_each_other(item: dict[str, Any], where: str) -> None:
    with pytest.raises(Fault) as caught:
        heard(item)
    assert caught.value.kind is Kind.INVALID
    assert caught.value.message == f"input[0].{where}"


@pytest.mark.parametrize(
    "item",
    [
        {"type": "item_reference", "id": "msg_1"},
        {"id": "msg_1"},
        {"type": "compaction", "encrypted_content": "x"},
        {"type": "compaction_trigger"},
    ],
)
def test_what_openai_alone_has_stored_is_refused(item: dict[str, Any]) -> None:
    _, losses = heard(GO, item)
    assert [loss.field for loss in losses.grave] == ["input[1]"]


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("web_search_call", Role.ASSISTANT),
        ("local_shell_call", Role.ASSISTANT),
        ("mcp_list_tools", Role.ASSISTANT),
        ("something_new", Role.ASSISTANT),
        ("local_shell_call_output", Role.USER),
        ("mcp_approval_response", Role.USER),
    ],
)
def test_items_that_only_openai_understands_are_kept_as_they_came(
    kind: str, role: Role
) -> None:
    item = {"type": kind, "id": "x", "action": {"a": [1]}}
    ask, losses = heard(GO, item)
    turn = ask.turns[-1]
    part = turn.parts[-1]
    assert isinstance(part, Foreign)
    assert (turn.role, part.kind, part.maker) == (role, kind, NAME)
    assert json.loads(bytes(part.raw)) == item
    losses.note(part, "dropped")
    assert told(losses) == ["input[1]: dropped"]


def test_tools_offered_or_found_in_the_input_are_offered() -> None:
    one = {"type": "function", "name": "one", "strict": False}
    ask, _ = heard(
        GO,
        {"type": "additional_tools", "role": "developer", "tools": [one]},
        {"type": "tool_search_output", "call_id": "c", "tools": [one | {"name": "two"}]},
        tools=[one | {"name": "two", "defer_loading": True}],
    )
    assert ask.tools == [Tool("two", strict=False), Tool("one", strict=False)]


@given(nonsense)
def test_nonsense_among_the_items_is_a_fault_or_a_turn(item: Any) -> None:
    fault = fault_of(lambda: heard(item))
    assert fault is None or fault.message.startswith("input[0]")
