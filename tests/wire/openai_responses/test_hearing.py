"""Responses streams as they are heard: parts in a row, whatever the order of their events."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import (
    ENDED,
    Begun,
    Cited,
    Delta,
    Foreign,
    More,
    Over,
    Part,
    Refusal,
    Sealed,
    Stop,
    Text,
    Thought,
    ToolCall,
)
from headgate.wire.model import Fault, Kind
from headgate.wire.openai_responses import NAME, Listener
from headgate.wire.sse import Decoder, Sse
from tests.wire.openai_responses.talk import nonsense_objects, parts_of
from tests.wire.streams import FOLDER, chunked

CALL: dict[str, Any] = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f"}
CUSTOM: dict[str, Any] = {
    "type": "custom_tool_call",
    "id": "ctc_1",
    "call_id": "c2",
    "name": "g",
}
MESSAGE: dict[str, Any] = {"type": "message", "id": "msg_1", "role": "assistant"}
REASONING: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}


def event(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **members}


def words(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text}


def over(*output: Any, status: str = "completed", **fields: Any) -> dict[str, Any]:
    return event(status, response={"status": status, "output": output} | fields)


def hear(*steps: dict[str, Any]) -> list[Delta]:
    listener = Listener()
    deltas = [
        delta for step in steps for delta in listener.hear(Sse(b"", json.dumps(step).encode()))
    ]
    return deltas + listener.finish()


def story(at: int, kind: str, pieces: list[str]) -> list[dict[str, Any]]:
    """Every event of one item."""
    whole = "".join(pieces)
    place = {"output_index": at, "item_id": f"{kind}_{at}"}
    item: dict[str, Any]
    more: dict[str, Any]
    if kind == "text":
        item = MESSAGE | {"content": [words(whole)]}
        done = [event("output_text.done", **place, content_index=0, text=whole)]
        name, more = "output_text.delta", {"content_index": 0}
    elif kind == "thought":
        summary = [{"type": "summary_text", "text": whole}]
        item = REASONING | {"encrypted_content": "e", "summary": summary}
        done = []
        name, more = "reasoning_summary_text.delta", {"summary_index": 0}
    else:
        item = CALL | {"call_id": f"c{at}", "arguments": whole}
        done = [event("function_call_arguments.done", **place, arguments=whole)]
        name, more = "function_call_arguments.delta", {}
    item = item | {"id": place["item_id"]}
    opened = {k: "" if k == "arguments" else v for k, v in item.items()}
    opened = opened | ({"content": []} if kind == "text" else {})
    return [
        event("output_item.added", output_index=at, item=opened),
        *(event(name, **place, **more, delta=piece) for piece in pieces),
        *done,
        event("output_item.done", output_index=at, item=item),
    ]


def part(at: int, kind: str, pieces: list[str]) -> Part:
    whole = "".join(pieces)
    if kind == "text":
        return Text(whole)
    if kind == "thought":
        return Thought(whole, "e", maker=NAME, id=f"thought_{at}")
    return ToolCall(f"c{at}", "f", whole)


_stories = st.lists(
    st.tuples(
        st.sampled_from(["text", "thought", "call"]),
        st.lists(
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=5),
            min_size=1,
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.slow
@given(_stories, st.data())
def test_interleaved_items_are_heard_one_after_another(
    told: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    stories = [story(at, kind, pieces) for at, (kind, pieces) in enumerate(told)]
    turns = [at for at, steps in enumerate(stories) for _ in steps]
    turns = data.draw(st.permutations(turns))
    rest = [iter(steps) for steps in stories]
    steps = [next(rest[at]) for at in turns]
    parts, stop = parts_of(hear(*steps, over()))
    wanted = [part(at, kind, pieces) for at, (kind, pieces) in enumerate(told)]
    assert sorted(map(repr, parts)) == sorted(map(repr, wanted))
    called = any(kind == "call" for kind, _ in told)
    assert stop is (Stop.TOOLS if called else Stop.END)


@pytest.mark.slow
@given(_stories, st.data())
def test_what_a_server_leaves_out_is_made_up_from_what_it_repeats(
    told: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    steps: list[dict[str, Any]] = []
    output = []
    for at, (kind, pieces) in enumerate(told):
        events = story(at, kind, pieces)
        output.append(events[-1]["item"])
        first = data.draw(st.sampled_from([0, len(events) - 1, len(events)]))
        steps += events[first:]
    parts, _ = parts_of(hear(*steps, over(*output)))
    wanted = [part(at, kind, pieces) for at, (kind, pieces) in enumerate(told)]
    assert sorted(map(repr, parts)) == sorted(map(repr, wanted))


@pytest.mark.slow
@given(_stories)
def test_an_answer_in_order_is_heard_without_delay(told: list[tuple[str, list[str]]]) -> None:
    for at, (kind, pieces) in enumerate(told):
        _, *deltas = story(at, kind, pieces)[: len(pieces) + 1]
        listener = Listener()
        listener.hear(Sse(b"", json.dumps(story(at, kind, pieces)[0]).encode()))
        for step, piece in zip(deltas, pieces, strict=True):
            assert listener.hear(Sse(b"", json.dumps(step).encode()))[-1] == More(piece)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("openai_responses-*.sse")), ids=lambda p: p.stem
)
@given(st.lists(st.integers(0, 10**6), max_size=5))
def test_any_chunking_of_a_recorded_stream_is_heard_alike(path: Any, cuts: list[int]) -> None:
    data = path.read_bytes()

    def heard(chunks: list[bytes]) -> list[Delta]:
        decoder, listener = Decoder(), Listener()
        events = [one for chunk in chunks for one in decoder.feed(chunk)]
        return [delta for one in [*events, *decoder.finish()] for delta in listener.hear(one)]

    assert heard(chunked(data, cuts)) == heard([data])


def test_a_call_begins_when_its_name_is_known() -> None:
    added = event("output_item.added", output_index=0, item=CALL | {"arguments": ""})
    assert hear(added) == [Begun(ToolCall("c1", "f"))]
    nameless = event("output_item.added", output_index=0, item={"type": "function_call"})
    delta = event("function_call_arguments.delta", output_index=0, delta="{}")
    done = event("output_item.done", output_index=0, item=CALL | {"arguments": "{}"})
    assert hear(nameless, delta) == []
    assert hear(nameless, delta, done) == [Begun(ToolCall("c1", "f")), More("{}"), ENDED]


def test_free_text_calls_are_heard_as_text() -> None:
    place = {"output_index": 0, "item_id": "ctc_1"}
    deltas = hear(
        event("output_item.added", output_index=0, item=CUSTOM | {"input": ""}),
        event("custom_tool_call_input.delta", **place, delta="l"),
        event("custom_tool_call_input.done", **place, input="ls"),
        event("output_item.done", output_index=0, item=CUSTOM | {"input": "ls"}),
    )
    call = ToolCall("c2", "g", custom=True)
    assert deltas == [Begun(call), More("l"), More("s"), ENDED]


def test_the_seal_of_a_thought_comes_before_its_end_also_when_it_says_nothing() -> None:
    done = event(
        "output_item.done", output_index=0, item=REASONING | {"encrypted_content": "e"}
    )
    thought = Begun(Thought(maker=NAME, id="rs_1"))
    assert hear(done) == [thought, Sealed("e"), ENDED]
    assert hear(event("output_item.done", output_index=0, item=REASONING)) == []


def test_paragraphs_of_a_thought_are_kept_apart_and_a_second_telling_is_not_heard() -> None:
    place = {"output_index": 0, "item_id": "rs_1"}
    summary = [{"type": "summary_text", "text": text} for text in "ab"]
    deltas = hear(
        event("reasoning_summary_text.delta", **place, summary_index=0, delta="a"),
        event("reasoning_text.delta", **place, content_index=0, delta="all of it"),
        event("reasoning_summary_text.delta", **place, summary_index=1, delta="b"),
        event("output_item.done", output_index=0, item=REASONING | {"summary": summary}),
    )
    parts, _ = parts_of(deltas)
    assert parts == [Thought("a\n\nb", maker=NAME, id="rs_1")]


def test_refusals_are_heard_and_end_the_answer_as_one() -> None:
    place = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
    deltas = hear(
        event("refusal.delta", **place, delta="no"),
        event("refusal.done", **place, refusal="no"),
        over(),
    )
    assert deltas == [Begun(Refusal("")), More("no"), ENDED, Over(Stop.REFUSAL)]


def test_openais_own_blocks_are_whole_at_once() -> None:
    action = {"type": "search", "query": "x"}
    item = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": action}
    begun, ended = hear(
        event("output_item.added", output_index=0, item=item),
        event("web_search_call.searching", output_index=0, item_id="ws_1"),
        event("output_item.done", output_index=0, item=item),
    )
    raw = msgspec.Raw(msgspec.json.encode(item))
    assert (begun, ended) == (Begun(Foreign("web_search_call", raw, NAME, "x")), ENDED)


@pytest.mark.parametrize(
    ("status", "details", "stop"),
    [
        ("completed", None, Stop.END),
        ("incomplete", {"reason": "max_output_tokens"}, Stop.LENGTH),
        ("incomplete", {"reason": "content_filter"}, Stop.REFUSAL),
    ],
)
def test_an_answer_is_over_with_its_last_response(
    status: str, details: object, stop: Stop
) -> None:
    assert hear(over(status=status, incomplete_details=details)) == [Over(stop)]


def test_a_cancelled_answer_is_never_over() -> None:
    assert hear({"type": "response.cancelled", "response": {"status": "cancelled"}}) == []


def test_items_without_a_place_are_told_apart_by_their_ids() -> None:
    steps = [
        {k: v for k, v in step.items() if k != "output_index"}
        for at, kind in enumerate(["text", "call"])
        for step in story(at, kind, ["a"])[1:-1]
    ]
    output = [story(at, kind, ["a"])[-1]["item"] for at, kind in enumerate(["text", "call"])]
    parts, stop = parts_of(hear(*steps, over(*output)))
    assert parts == [Text("a"), ToolCall("c1", "f", "a")]
    assert stop is Stop.TOOLS


def test_a_stream_that_breaks_off_or_fails_is_never_over() -> None:
    steps = story(0, "text", ["a", "b"])
    assert hear(*steps[:2]) == [Begun(Text("")), More("a")]
    for failure in (event("failed", response={"status": "failed"}), {"type": "error"}):
        assert hear(*steps[:2], failure, over()) == [Begun(Text("")), More("a")]


def test_what_comes_after_the_end_and_what_nobody_knows_is_not_heard() -> None:
    listener = Listener()
    assert listener.hear(Sse(b"", b"[DONE]")) == []
    assert listener.hear(Sse(b"", b'{"type":"response.something_new"}')) == []
    assert listener.hear(Sse(b"", b'{"type":["odd"]}')) == []
    assert hear(over(), *story(0, "text", ["a"])) == [Over(Stop.END)]


def test_half_an_emoji_is_heard_as_clients_would_read_it_and_no_json_is_a_fault() -> None:
    data = b'{"type":"response.output_text.delta","output_index":0,"delta":"a\\ud83d"}'
    assert Listener().hear(Sse(b"", data)) == [Begun(Text("")), More("a\ufffd")]
    with pytest.raises(Fault, match="malformed event") as caught:
        Listener().hear(Sse(b"", b'{"type":'))
    assert caught.value.kind is Kind.UPSTREAM


@pytest.mark.slow
@given(st.lists(nonsense_objects, max_size=8))
def test_nonsense_is_heard_as_parts_in_a_row_or_not_at_all(steps: list[dict[str, Any]]) -> None:
    deltas = hear(*steps)
    if deltas and isinstance(deltas[-1], Over):
        parts_of(deltas)
    else:
        begun = sum(isinstance(delta, Begun) for delta in deltas)
        assert begun - deltas.count(ENDED) in (0, 1)


PLACE = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
PAGES = [{"type": "url_citation", "url": url, "title": ""} for url in ("u", "v")]


def told(by: str) -> list[dict[str, Any]]:
    """A text with two pages, told in one place or in several."""
    bare, whole = words("hi"), {**words("hi"), "annotations": PAGES}
    added = [
        event("output_text.annotation.added", **PLACE, annotation_index=n, annotation=page)
        for n, page in enumerate(PAGES)
    ]
    item = MESSAGE | {"content": [bare if by in ("event", "part") else whole]}
    return [
        event("output_item.added", output_index=0, item=MESSAGE | {"content": []}),
        event("output_text.delta", **PLACE, delta="h"),
        *(added if by in ("event", "all") else ()),
        event("output_text.done", **PLACE, text="hi"),
        event("content_part.done", **PLACE, part=whole if by in ("part", "all") else bare),
        event("output_item.done", output_index=0, item=item),
        over(item),
    ]


@pytest.mark.parametrize("by", ["event", "part", "item", "all"])
def test_pages_are_heard_once_wherever_they_stand(by: str) -> None:
    deltas = hear(*told(by))
    assert deltas[:3] == [Begun(Text("")), More("h"), More("i")] or by in ("event", "all")
    assert [delta.citation for delta in deltas if isinstance(delta, Cited)] == PAGES
    assert deltas[-2:] == [ENDED, Over(Stop.END)]


def test_pages_of_a_reply_that_came_at_once_are_heard() -> None:
    item = MESSAGE | {"content": [{**words("hi"), "annotations": PAGES}]}
    cited = [delta for delta in hear(over(item)) if isinstance(delta, Cited)]
    assert cited == [Cited(page) for page in PAGES]
