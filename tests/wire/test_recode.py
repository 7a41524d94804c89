"""What happens to an answer between two dialects: names, stop sequences, free text, nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import (
    ENDED,
    Answer,
    Begun,
    Cited,
    Delta,
    More,
    Over,
    Part,
    Stop,
    Text,
    Tool,
    ToolCall,
)
from headgate.wire.model import Fault, Kind, Usage
from headgate.wire.naming import Lexicon
from headgate.wire.reading import Reading
from headgate.wire.recode import Crossing, Recoder, returned
from headgate.wire.sse import events
from headgate.wire.voice import Voice
from tests.wire.translated import CODECS

CHAT, CLAUDE = CODECS["openai_chat"], CODECS["anthropic"]
TOOLS = [Tool("fs.read/file"), Tool("exec", custom=True, namespace="functions")]
VOICE = Voice("call-1", 7, "m")


def crossing(stop: Sequence[str] = (), *, to_claude_caller: bool = True) -> Crossing:
    upstream, caller = (CHAT, CLAUDE) if to_claude_caller else (CLAUDE, CHAT)
    return Crossing(upstream, caller, Lexicon(TOOLS, 64), stop)


def upstream_says(deltas: Sequence[Delta]) -> bytes:
    speaker = CHAT.Speaker(VOICE)
    said = [speaker.begin("id", "m"), *map(speaker.say, deltas)]
    return b"".join([*said, speaker.end(Usage(), Reading().terms)])


def caller_hears(
    deltas: Sequence[Delta], stop: Sequence[str] = ()
) -> tuple[list[Part], Over | None]:
    recoder = Recoder(crossing(stop), VOICE, Reading())
    out = recoder.feed(upstream_says(deltas)) + recoder.finish()
    listener = CLAUDE.Listener()
    parts: list[Part] = []
    over = None
    for delta in (d for event in events(out) for d in listener.hear(event)):
        match delta:
            case Begun(part):
                parts.append(part)
            case More(text):
                part = parts[-1]
                if isinstance(part, ToolCall):
                    part.arguments += text
                elif isinstance(part, Text):
                    part.text += text
            case Over():
                over = delta
            case _:
                pass
    return parts, over


def text(*pieces: str) -> list[Delta]:
    return [Begun(Text("")), *map(More, pieces), ENDED]


def test_tools_are_called_by_the_callers_names_and_ids_both_sides_accept() -> None:
    call: list[Delta] = [
        Begun(ToolCall("functions.x:0", "fs_read_file")),
        More('{"a"'),
        More(":1}"),
        ENDED,
        Over(Stop.TOOLS),
    ]
    (part,), over = caller_hears(call)
    assert isinstance(part, ToolCall)
    assert (part.name, part.arguments) == ("fs.read/file", '{"a":1}')
    assert part.id.startswith("functions_x_0_")
    assert over == Over(Stop.TOOLS)


def test_an_answer_ends_at_the_callers_stop_sequence_however_it_was_cut() -> None:
    said = [*text("one E", "ND two"), *text("three"), Over(Stop.END)]
    parts, over = caller_hears(said, ["END", "never"])
    assert parts == [Text("one ")]
    assert over == Over(Stop.SEQUENCE, "END")


def test_text_that_only_began_like_a_stop_sequence_is_said() -> None:
    parts, over = caller_hears([*text("one E"), Over(Stop.END)], ["END"])
    assert (parts, over) == ([Text("one E")], Over(Stop.END))


def test_an_empty_answer_is_never_an_empty_message() -> None:
    parts, _ = caller_hears([Over(Stop.END)])
    assert parts == [Text("(no content)")]


def test_a_stream_that_broke_off_ends_in_an_error_once() -> None:
    recoder = Recoder(crossing(), VOICE, Reading())
    begun = recoder.feed(upstream_says(text("half"))[:-60])
    failed = recoder.fail(Fault(Kind.TRUNCATED, "cut"))
    assert b"message_start" in begun
    assert failed.startswith(b"event: error\n")
    assert b"message_stop" not in begun + failed
    assert recoder.fail(Fault(Kind.TRUNCATED, "cut")) == b""


def test_an_error_before_anything_else_still_begins_a_stream() -> None:
    recoder = Recoder(crossing(to_claude_caller=False), VOICE, Reading())
    said = recoder.fail(Fault(Kind.OVERLOADED, "busy"))
    assert b'"error"' in said


def test_usage_that_nobody_counted_is_the_one_we_guess() -> None:
    recoder = Recoder(crossing(), VOICE, Reading(), lambda _: Usage(input_fresh=5, output=3))
    out = recoder.feed(upstream_says([*text("hi"), Over(Stop.END)])) + recoder.finish()
    assert b'"output_tokens":3' in out


@given(st.text(max_size=30), st.lists(st.text(min_size=1, max_size=3), max_size=3))
def test_a_whole_answer_is_cut_where_its_stream_would_be(said: str, stop: list[str]) -> None:
    parts, over = caller_hears(
        [*text(said), Over(Stop.END)] if said else [Over(Stop.END)], stop
    )
    answer = returned(Answer([Text(said)] if said else [], Stop.END), crossing(stop), Reading())
    assert over is not None
    assert (answer.stop, answer.stop_sequence) == (over.stop, over.sequence)
    told = [p.text for p in answer.parts if isinstance(p, Text)]
    assert (told or ["(no content)"]) == [p.text for p in parts if isinstance(p, Text)]


def test_free_text_comes_out_of_the_object_that_carried_it() -> None:
    called = ToolCall("c", "exec", '{"input": "print(1)"}')
    answer = returned(Answer([called], Stop.TOOLS), crossing(), Reading())
    assert answer.parts == [ToolCall("c", "exec", "print(1)", True, "functions")]


PAGE: dict[str, Any] = {"type": "url_citation", "url": "https://a.example", "title": "A"}
CHARS = {"type": "char_location", "cited_text": "x"}


def responses_hears(
    deltas: Sequence[Delta], stop: Sequence[str] = ()
) -> tuple[list[Any], Reading]:
    """What a Responses caller is left with of deltas that Claude says."""
    speaker = CLAUDE.Speaker(VOICE)
    data = [speaker.begin("id", "m"), *map(speaker.say, deltas)]
    data.append(speaker.end(Usage(), Reading().terms))
    reading = Reading()
    route = Crossing(CLAUDE, CODECS["openai_responses"], Lexicon(TOOLS, 64), stop)
    recoder = Recoder(route, VOICE, reading)
    out = recoder.feed(b"".join(data)) + recoder.finish()
    (last,) = [event for event in events(out) if event.name == b"response.completed"]
    return json.loads(last.data)["response"]["output"], reading


def test_pages_of_a_stream_arrive_and_what_else_was_cited_is_told_to_the_ledger() -> None:
    said: list[Delta] = [
        Begun(Text("")),
        More("it is so"),
        Cited(PAGE),
        Cited(CHARS),
        ENDED,
        Over(Stop.END),
    ]
    (message,), reading = responses_hears(said)
    (annotation,) = message["content"][0]["annotations"]
    assert annotation == {**PAGE, "start_index": 0, "end_index": 8}
    assert reading.warnings == ["citations_lost"]


def test_a_page_whose_words_never_came_is_told_to_the_ledger() -> None:
    reading = Reading()
    route = Crossing(CHAT, CLAUDE, Lexicon(TOOLS, 64))
    annotations = b'[{"type":"url_citation","url_citation":{"url":"u","title":""}}]'
    chunk = b'data: {"choices":[{"index":0,"delta":{"annotations":%b}}]}\n\n' % annotations
    recoder = Recoder(route, VOICE, reading)
    out = recoder.feed(chunk + b"data: [DONE]\n\n") + recoder.finish()
    assert b"(no content)" in out
    assert reading.warnings == ["citations_lost"]


def test_where_a_stop_sequence_cuts_a_text_its_citations_end_too() -> None:
    inside = {**PAGE, "start_index": 0, "end_index": 9}
    beyond = {**PAGE, "start_index": 7, "end_index": 9}
    said: list[Delta] = [*text("one END two")[:-1], Cited(inside), ENDED, Over(Stop.END)]
    _, reading = responses_hears(said, ["END"])
    assert reading.warnings == ["citations_lost"]  # the text was over when it came
    reading = Reading()
    answer = Answer([Text("one END two", citations=[inside, beyond])], Stop.END)
    (part,) = returned(answer, crossing(["END"]), reading).parts
    assert part == Text("one ", citations=[{**PAGE, "start_index": 0, "end_index": 4}])
    assert reading.warnings == ["citations_lost"]


def searched(query: str) -> list[Part]:
    """A search as Claude tells of it."""
    use = {
        "type": "server_tool_use",
        "id": "s",
        "name": "web_search",
        "input": {"query": query},
    }
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    body = json.dumps(
        {"type": "message", "content": [use, found], "usage": {"output_tokens": 1}}
    )
    return CLAUDE.decode_answer(body.encode()).parts


def test_a_responses_caller_sees_what_claude_searched_for() -> None:
    hidden = searched("x")
    said: list[Delta] = [step for part in hidden for step in (Begun(part), ENDED)]
    output, reading = responses_hears([*said, *text("so"), Over(Stop.END)])
    assert [item["type"] for item in output] == ["web_search_call", "message"]
    assert output[0]["action"] == {"type": "search", "query": "x"}
    assert reading.warnings == []


def test_a_search_that_a_caller_does_not_see_is_told_to_the_ledger() -> None:
    reading = Reading()
    returned(Answer(searched("x"), Stop.END), crossing(to_claude_caller=False), reading)
    assert reading.warnings == ["hosted_call_not_shown"]
