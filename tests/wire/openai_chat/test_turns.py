"""A conversation said as messages: every call answered, nothing out of order, nothing lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given

from headgate.wire import openai_chat
from headgate.wire.ability import Abilities, Aim
from headgate.wire.loss import Losses
from headgate.wire.meaning import (
    Ask,
    Document,
    Foreign,
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
from tests.wire.openai_chat.spoken import (
    ASSISTANT,
    CAPABLE,
    SYSTEM,
    USER,
    conversation,
    conversations,
    lost,
    messages,
    spoken,
)

PNG = Image("image/png", "AAAA")
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
PLAIN = Abilities()


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def user(*parts: Part | str) -> Turn:
    return Turn(USER, [Text(part) if isinstance(part, str) else part for part in parts])


def assistant(*parts: Part | str) -> Turn:
    return Turn(ASSISTANT, [Text(part) if isinstance(part, str) else part for part in parts])


def foreign(**block: object) -> Foreign:
    return Foreign(str(block.get("type")), msgspec.Raw(msgspec.json.encode(block)))


def tool(id: str, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id, "content": content}


def test_results_follow_the_calls_and_the_user_speaks_after_them() -> None:
    said = messages(
        user("go"),
        assistant("ok", ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g")),
        user(ToolResult("b", [Text("two")]), ToolResult("a", [Text("one")]), "and now?"),
    )
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
    ]
    assert said == [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "ok", "tool_calls": calls},
        tool("b", "two"),
        tool("a", "one"),
        {"role": "user", "content": "and now?"},
    ]


def test_a_message_of_calls_alone_has_null_for_content() -> None:
    said = messages(user("go"), assistant(ToolCall("a", "f")), user(ToolResult("a")))
    assert said[1]["content"] is None
    assert said[2] == tool("a", "")


def test_a_result_is_brought_to_its_call_past_whoever_spoke_between() -> None:
    said = messages(
        assistant(ToolCall("a", "f")),
        Turn(SYSTEM, [Text("careful")]),
        user("wait"),
        user("also", ToolResult("a", [Text("x")])),
    )
    assert [it["role"] for it in said] == ["assistant", "tool", "system", "user", "user"]
    assert said[-1]["content"] == "also"


def test_calls_in_turns_that_follow_one_another_are_one_message() -> None:
    said = messages(
        assistant("a", ToolCall("1", "f")),
        assistant(ToolCall("2", "f"), "b"),
        user(ToolResult("1"), ToolResult("2")),
    )
    assert [it["role"] for it in said] == ["assistant", "tool", "tool"]
    assert said[0]["content"] == "ab"
    assert len(messages(assistant("a"), assistant("b"), user("c"))) == 3


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    said = messages(
        assistant(ToolCall("a", "f"), ToolCall("b", "f")),
        user(ToolResult("b", [Text("x")]), "never mind"),
    )
    assert said[1:3] == [tool("b", "x"), tool("a", "[tool call was not completed]")]
    assert messages(assistant(ToolCall("a", "f")))[1:] == [
        tool("a", "[tool call was not completed]")
    ]


def test_a_result_of_no_call_becomes_the_users_words() -> None:
    said = messages(
        user("hi"),
        user(ToolResult("z", [Text("late"), PNG])),
        assistant(ToolCall("a", "f")),
        user(ToolResult("a", [Text("1")]), ToolResult("a", [Text("2")], failed=True)),
    )
    assert said[1]["content"] == [text("Tool result: late"), PICTURE]
    assert said[-1]["content"] == "Tool result: Error: 2"


def test_a_failed_result_says_so_in_its_words() -> None:
    result = ToolResult("a", [Text("no such file")], failed=True)
    said = messages(assistant(ToolCall("a", "f")), user(result))
    assert said[1] == tool("a", "Error: no such file")


def test_what_a_tool_returns_besides_text_follows_as_the_users() -> None:
    said = messages(
        assistant(ToolCall("a", "f")),
        user(ToolResult("a", [Text("shot"), PNG, Text("done")]), "look"),
    )
    assert said[1:] == [
        tool("a", "shot\ndone"),
        {"role": "user", "content": [PICTURE]},
        {"role": "user", "content": "look"},
    ]


def test_images_of_several_results_say_whose_they_are() -> None:
    said = messages(
        assistant(ToolCall("a", "f"), ToolCall("b", "f")),
        user(ToolResult("a", [PNG]), ToolResult("b", [PNG])),
    )
    assert said[-1]["content"] == [
        text("Returned by the tool call a:"),
        PICTURE,
        text("Returned by the tool call b:"),
        PICTURE,
    ]


def test_an_id_that_openai_refuses_is_renamed_in_call_and_result_alike() -> None:
    said = messages(
        assistant(ToolCall("functions.Bash:0", "f")), user(ToolResult("functions.Bash:0"))
    )
    id = said[1]["tool_call_id"]
    assert id == said[0]["tool_calls"][0]["id"]
    assert id.startswith("functions_Bash_0_")


def test_free_text_calls_are_wrapped_where_the_model_knows_none() -> None:
    call = ToolCall("a", "exec", 'say "hi"', custom=True)
    native = {"id": "a", "type": "custom", "custom": {"name": "exec", "input": 'say "hi"'}}
    assert messages(assistant(call))[0]["tool_calls"] == [native]
    wrapped = messages(assistant(call), abilities=PLAIN)[0]["tool_calls"][0]["function"]
    assert msgspec.json.decode(wrapped["arguments"]) == {"input": 'say "hi"'}


def test_the_operators_words_stand_first_as_one_message() -> None:
    system = [
        Text("x-anthropic-billing-header: cc_version=1"),
        Text("A", mark=Mark()),
        Text("B"),
        Text(""),
    ]
    ask = conversation(user("hi"), system=system)
    assert spoken(ask, PLAIN)[0]["messages"][0] == {"role": "system", "content": "A\n\nB"}
    said, losses = spoken(ask, Abilities(developer=True))
    assert said["messages"][0]["role"] == "developer"
    assert not losses.all


def test_the_operator_speaks_in_the_middle_or_through_the_user() -> None:
    turns = (user("hi"), Turn(SYSTEM, [Text("be brief")]))
    assert messages(*turns)[1] == {"role": "system", "content": "be brief"}
    said = messages(*turns, abilities=Abilities(system_turns=False))[1]
    assert said["role"] == "user"
    assert said["content"] == "<system-reminder>\nbe brief\n</system-reminder>"


def test_one_text_is_a_string_and_more_are_parts() -> None:
    said = messages(user("a", "b"), user(), assistant("a", "b"), user("c"))
    assert said[0]["content"] == [text("a"), text("b")]
    assert said[1] == {"role": "assistant", "content": "ab"}


def test_reasoning_goes_back_only_to_servers_of_its_own_kind() -> None:
    own = Thought("hm", maker="openai_chat")
    turns = (assistant(own, "hi"), user("on"))
    assert messages(*turns)[0]["reasoning_content"] == "hm"
    for thought, abilities in ((own, PLAIN), (Thought("t", "s", maker="anthropic"), CAPABLE)):
        said, losses = spoken(
            conversation(assistant(thought, thought, "hi"), user("on")), abilities
        )
        assert said["messages"][0] == {"role": "assistant", "content": "hi"}
        assert [str(loss) for loss in losses.all] == [
            "messages: dropped: reasoning can only go back to the model that did it"
        ]
    assert len(messages(assistant(Thought("t", maker="anthropic")), user("on"))) == 1


def test_a_refusal_is_said_as_one() -> None:
    said = messages(assistant(Refusal("no")), user("on"))[0]
    assert said == {"role": "assistant", "content": None, "refusal": "no"}


def test_documents_are_files_and_texts_are_words() -> None:
    said = messages(
        user(
            Document("application/pdf", "JVBE", title="x.pdf", context="Read it."),
            Document("application/pdf", "JVBE"),
            Document("text/plain", "words", title="T", context="C"),
        )
    )
    data = "data:application/pdf;base64,JVBE"
    assert said[0]["content"] == [
        text("Read it."),
        {"type": "file", "file": {"filename": "x.pdf", "file_data": data}},
        {"type": "file", "file": {"filename": "document.pdf", "file_data": data}},
        text("T\n\nC\n\nwords"),
    ]


@pytest.mark.parametrize(
    ("part", "abilities", "heals"),
    [
        (PNG, Abilities(images=False), "image_block"),
        (Document("application/pdf", "JVBE"), Abilities(documents=False), "document_block"),
        (Document(url="https://example.test/x.pdf"), PLAIN, "document_block"),
        (Image(file_id="file-1"), PLAIN, ""),
        (Document(file_id="file-1"), PLAIN, ""),
    ],
)
def test_what_cannot_be_shown_is_refused_where_the_caller_wrote_it(
    part: Image | Document, abilities: Abilities, heals: str
) -> None:
    for turns in ([user(part)], [assistant(ToolCall("a", "f")), user(ToolResult("a", [part]))]):
        losses = Losses()
        losses.place(part, "messages[0].content[3]")
        openai_chat.encode_ask(Ask("m", turns), Aim("m", abilities, False), losses)
        assert lost(losses) == {"messages[0].content[3]": True}
        assert losses.all[0].heals == heals


def test_what_the_assistant_cannot_say_here_is_refused() -> None:
    _, losses = spoken(conversation(assistant(PNG, "hi"), user("on")))
    assert lost(losses) == {"image": True}


def test_citations_that_will_not_come_are_named() -> None:
    _, losses = spoken(conversation(user(Document("text/plain", "x", citations=True))))
    assert lost(losses) == {"document": False}


def test_a_block_of_another_vendor_is_said_as_words_where_it_has_some() -> None:
    found = foreign(
        type="search_result", title="T", source="S", content=[{"type": "text", "text": "words"}]
    )
    summary = foreign(type="compaction", content="we spoke of cats")
    opaque = foreign(type="server_tool_use", id="x", input={})
    said, losses = spoken(
        conversation(user(found), assistant(summary, opaque, "ok"), user("on"))
    )
    assert said["messages"][0]["content"] == "T\nS\nwords"
    assert said["messages"][1]["content"] == "we spoke of catsok"
    assert len(losses.all) == 2
    assert not losses.grave


def test_words_to_be_continued_are_refused_unless_the_model_continues_them() -> None:
    turns = (user("json please"), assistant("{"))
    assert lost(spoken(conversation(*turns))[1]) == {"messages": True}
    said, losses = spoken(conversation(*turns), Abilities(prefill=True))
    assert said["messages"][-1] == {"role": "assistant", "content": "{"}
    assert not losses.all


def test_breakpoints_of_the_cache_are_set_where_they_are_known_four_at_most() -> None:
    marked = [Text(f"{n}", mark=Mark()) for n in range(3)]
    result = ToolResult("a", [Text("x")], mark=Mark("1h"))
    ask = conversation(
        Turn(USER, [*marked]),
        assistant(ToolCall("a", "f")),
        user(result),
        system=[Text("A", mark=Mark()), Text("B")],
    )
    point = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    said = spoken(ask, CAPABLE)[0]["messages"]
    assert said[0]["content"] == "A\n\nB"
    assert said[1]["content"] == [text(f"{n}") | point for n in range(3)]
    assert said[3]["content"] == [text("x") | point]
    ask.turns[0].parts.pop()
    said = spoken(ask, CAPABLE)[0]["messages"]
    assert said[0]["content"] == [text("A") | point, text("B")]
    assert b"breakpoint" not in msgspec.json.encode(spoken(ask, PLAIN)[0])


@pytest.mark.slow
@given(conversations())
def test_a_conversation_that_went_on_begins_with_the_same_messages(turns: list[Turn]) -> None:
    """Prompt caches and preserved thinking depend on it."""
    before = messages(*turns)
    after = messages(*turns, assistant("more", ToolCall("last", "f")), user(ToolResult("last")))
    assert after[: len(before)] == before


@pytest.mark.slow
@given(conversations())
def test_every_call_is_answered_right_after_it(turns: list[Turn]) -> None:
    waiting: list[str] = []
    for message in messages(*turns):
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
        else:
            assert not waiting
            waiting = [call["id"] for call in message.get("tool_calls", [])]
    assert not waiting
