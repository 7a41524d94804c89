"""What happens to an answer between two dialects: names, stop sequences, free text, nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import (
    ENDED,
    Answer,
    Begun,
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
    answer = returned(Answer([Text(said)] if said else [], Stop.END), crossing(stop))
    assert over is not None
    assert (answer.stop, answer.stop_sequence) == (over.stop, over.sequence)
    assert [p.text for p in answer.parts if isinstance(p, Text)][:1] == [
        p.text for p in parts if isinstance(p, Text)
    ][:1]


def test_free_text_comes_out_of_the_object_that_carried_it() -> None:
    called = ToolCall("c", "exec", '{"input": "print(1)"}')
    answer = returned(Answer([called], Stop.TOOLS), crossing())
    assert answer.parts == [ToolCall("c", "exec", "print(1)", True, "functions")]
