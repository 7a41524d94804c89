"""Any conversation becomes one that Anthropic takes, and begins the same when it goes on."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.ability import Abilities
from headgate.wire.anthropic.turns import OPENING, Conversation
from headgate.wire.history import UNANSWERED
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Foreign,
    Image,
    Part,
    Refusal,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Turn,
)
from headgate.wire.naming import Lexicon, call_id
from tests.wire.anthropic.asks import NEWEST, OLD, block, call, claude, result, turn, user

U, C, S = Role.USER, Role.ASSISTANT, Role.SYSTEM


def messages(*turns: Turn, abilities: Abilities = NEWEST) -> list[dict[str, Any]]:
    conversation = Conversation(abilities, Lexicon([], 128), Losses())
    for one in turns:
        conversation.add(one)
    return conversation.finish()


def calls(*ids: str) -> Turn:
    return Turn(C, [ToolCall(id, "a", "{}") for id in ids])


def results(*ids: str) -> Turn:
    return Turn(U, [ToolResult(id, [Text("done")]) for id in ids])


def test_results_of_several_messages_come_first_in_one_turn() -> None:
    said = messages(
        turn(U, "go"), calls("1", "2"), turn(U, "and now?"), results("1"), results("2")
    )
    assert said == [
        user([block("go")]),
        claude([call("1"), call("2")]),
        user([result("1"), result("2"), block("and now?")]),
    ]


def test_an_interrupted_call_gets_a_result() -> None:
    said = messages(turn(U, "go"), calls("1", "2"), results("2"), turn(U, "never mind"))
    assert said[2] == user([result("2"), result("1", UNANSWERED), block("never mind")])


def test_a_conversation_that_ends_with_a_call_gets_its_result() -> None:
    assert messages(turn(U, "go"), calls("1"))[2] == user([result("1", UNANSWERED)])


def test_a_result_of_no_call_is_said_as_text_where_it_stood() -> None:
    late = ToolResult("9", [Text("late"), Image(url="https://x")], failed=True)
    assert messages(turn(U, "hi"), Turn(U, [late]), turn(U, "so?")) == [
        user(
            [
                block("hi"),
                block("Tool result: Error: late"),
                {"type": "image", "source": {"type": "url", "url": "https://x"}},
                block("so?"),
            ]
        )
    ]


def test_a_second_result_of_one_call_is_said_as_text() -> None:
    said = messages(turn(U, "go"), calls("1"), results("1", "1"))
    assert said[2] == user([result("1"), block("Tool result: done")])


def test_arguments_that_are_no_object_become_an_empty_one() -> None:
    broken = Turn(
        C, [ToolCall("1", "a", '{"x":'), ToolCall("2", "a", ""), ToolCall("3", "a", "5")]
    )
    assert messages(turn(U, "go"), broken)[1] == claude([call("1"), call("2"), call("3")])


def test_free_text_of_a_call_is_its_only_argument() -> None:
    free = Turn(C, [ToolCall("1", "exec", 'print("hi")', custom=True)])
    assert messages(turn(U, "go"), free)[1] == claude([call("1", "exec", input='print("hi")')])


def test_an_id_anthropic_refuses_is_replaced_the_same_way_in_call_and_result() -> None:
    odd = "functions.Bash:0"
    said = messages(turn(U, "go"), calls(odd), results(odd))
    assert said[1:] == [claude([call(call_id(odd))]), user([result(call_id(odd))])]


def test_ids_that_occur_again_are_told_apart() -> None:
    said = messages(turn(U, "go"), calls("0", "0"), results("0", "0"), calls("0"), results("0"))
    assert said[1:] == [
        claude([call("0"), call("0_2")]),
        user([result("0"), result("0_2")]),
        claude([call("0_3")]),
        user([result("0_3")]),
    ]


def test_words_of_the_operator_stay_in_the_middle() -> None:
    assert messages(turn(U, "hi"), turn(S, "be brief")) == [
        user([block("hi")]),
        {"role": "system", "content": [block("be brief")]},
    ]


def test_they_come_after_the_users_of_the_same_turn_as_anthropic_demands() -> None:
    said = messages(turn(U, "a"), turn(S, "b"), turn(U, "c"), turn(C, "d"), turn(U, "e"))
    assert said[:2] == [
        user([block("a"), block("c")]),
        {"role": "system", "content": [block("b")]},
    ]


@pytest.mark.parametrize("nothing", [Text(" "), Thought("hm", "s", maker="anthropic")])
def test_an_empty_turn_of_claudes_does_not_leave_them_before_the_user(nothing: Part) -> None:
    said = messages(turn(U, "go"), turn(S, "be brief"), Turn(C, [nothing]), turn(U, "and?"))
    assert said == [
        user([block("go"), block("and?")]),
        {"role": "system", "content": [block("be brief")]},
    ]


def test_where_the_model_takes_none_they_are_a_note_among_the_users_words() -> None:
    note = "[Note from the operator, not from the user]\nb"
    said = messages(turn(U, "a"), turn(S, "b"), turn(U, "c"), abilities=OLD)
    assert said == [user([block("a"), block(note), block("c")])]


def test_so_they_are_where_no_user_spoke_before() -> None:
    note = "[Note from the operator, not from the user]\nb"
    said = messages(turn(U, "a"), turn(C, "b"), turn(S, "b"))
    assert said[2] == user([block(note)])


def test_blanks_are_not_said_and_neighbours_are_joined() -> None:
    said = messages(turn(U, "a"), turn(C, " \n"), turn(U, "b"), turn(C, "c"), turn(C, "d"))
    assert said == [user([block("a"), block("b")]), claude([block("c"), block("d")])]


def test_somebody_speaks_before_claude() -> None:
    assert messages() == [OPENING]
    assert messages(turn(C, "hello")) == [OPENING, claude([block("hello")])]


def test_only_thoughts_that_claude_signed_are_said_and_never_last() -> None:
    thoughts: list[Part] = [
        Thought("a", "s", maker="anthropic"),
        Thought("b", "s", maker="openai_responses"),
        Thought("c", "", maker="anthropic"),
        Thought(seal="r", redacted=True, maker="anthropic"),
    ]
    signed = [
        {"type": "thinking", "thinking": "a", "signature": "s"},
        {"type": "redacted_thinking", "data": "r"},
    ]
    said = messages(turn(U, "a"), Turn(C, [*thoughts, Text("ok")]), turn(U, "b"))
    assert said[1] == claude([*signed, block("ok")])
    assert messages(turn(U, "a"), Turn(C, thoughts), turn(U, "b")) == [
        user([block("a"), block("b")])
    ]


def test_a_refusal_is_words_and_blocks_of_others_are_left_out() -> None:
    raw = msgspec.Raw(b'{"type":"server_tool_use","id":"s"}')
    own: list[Part] = [
        Refusal("no"),
        Foreign("server_tool_use", raw, "anthropic"),
        Foreign("computer_call", raw, "openai_responses"),
    ]
    assert messages(turn(U, "a"), Turn(C, own), turn(U, "b"))[1] == claude(
        [block("no"), {"type": "server_tool_use", "id": "s"}]
    )


def test_what_is_left_out_is_named() -> None:
    losses = Losses()
    conversation = Conversation(NEWEST, Lexicon([], 128), losses)
    image = Image(url="https://x")
    conversation.add(Turn(C, [Thought("t", maker="x"), image, ToolResult("1")], name="bob"))
    conversation.add(Turn(U, [ToolCall("1", "a")]))
    conversation.add(Turn(C, [ToolCall("1", "a", "nope"), ToolCall("2", "a", "{ }")]))
    assert [str(loss) for loss in losses.all] == [
        "turns: dropped: names of speakers; Anthropic has none",
        "turns: dropped: reasoning that no Claude signed",
        "image: dropped: Claude's own turns hold no media",
        "toolresult: dropped: a result inside of the model's own turn",
        "toolcall: dropped: it is not the model's own turn",
        "turns: changed: a tool call's arguments are no JSON object",
    ]


_TEXTS = st.sampled_from(["", " ", "a", "b"]).map(Text)
_IDS = st.sampled_from(["1", "2", "x.y"])
_PARTS = st.one_of(
    _TEXTS,
    st.builds(ToolCall, _IDS, st.just("a"), st.sampled_from(["{}", "", "x"])),
    st.builds(ToolResult, _IDS, st.lists(_TEXTS, max_size=2)),
    st.builds(Thought, st.just("t"), st.sampled_from(["", "s"]), maker=st.just("anthropic")),
)
_TURNS = st.lists(
    st.builds(Turn, st.sampled_from(list(Role)), st.lists(_PARTS, max_size=4)), max_size=8
)


@pytest.mark.slow
@given(_TURNS, st.booleans())
def test_whatever_was_said_anthropics_rules_hold(turns: list[Turn], system: bool) -> None:
    said = messages(*turns, abilities=Abilities(system_turns=system))
    assert said[0]["role"] == "user"
    owed: list[str] = []
    seen: set[str] = set()
    for before, message in zip([None, *said], said, strict=False):
        role, content = message["role"], message["content"]
        assert content
        assert before is None or before["role"] != role
        assert before is None or before["role"] != "system" or role == "assistant"
        if role == "system":
            assert before is not None
            assert before["role"] == "user"
            continue
        if role == "assistant":
            ids = [one["id"] for one in content if one["type"] == "tool_use"]
            assert len(seen | set(ids)) == len(seen) + len(ids)
            seen |= set(ids)
            owed = ids
            assert content[-1]["type"] != "thinking"
            continue
        kinds = [one["type"] for one in content]
        answered = [one["tool_use_id"] for one in content if one["type"] == "tool_result"]
        assert sorted(answered) == sorted(owed)
        assert kinds[: len(answered)] == ["tool_result"] * len(answered)
        owed = []
    assert owed == []
    assert not any(
        one.get("type") == "text" and one["text"].isspace()
        for message in said
        for one in message["content"]
    )


@pytest.mark.slow
@given(_TURNS, _TURNS, st.booleans())
def test_a_conversation_that_goes_on_begins_with_the_same_bytes(
    turns: list[Turn], more: list[Turn], system: bool
) -> None:
    abilities = Abilities(system_turns=system)
    asked = [*turns, turn(U, "and?")]
    before = json.dumps(messages(*asked, abilities=abilities))
    after = json.dumps(messages(*asked, turn(C, "so"), *more, abilities=abilities))
    assert after.startswith(before.removesuffix("]"))
