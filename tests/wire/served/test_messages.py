"""A Messages call whose code runs here: one message of the vendor's, whatever the rounds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.model import Fault
from headgate.wire.served.messages import Messages
from headgate.wire.served.messages_ask import Asked
from headgate.wire.served.model import Box, Ran
from headgate.wire.sse import Sse, events

BOX = Box("container_1", "2026-11-22T00:00:00Z", {})
TOOL = {"type": "code_execution_20250825", "name": "code_execution"}
OWN = {"name": "weather", "input_schema": {"type": "object"}}


def telling() -> Messages:
    asked = Asked({"messages": [{"role": "user", "content": "go"}], "tools": [TOOL, OWN]})
    return Messages(asked, BOX)


def call(n: int, name: str = "bash_code_execution") -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": {"command": "ls"}}


def message(content: list[dict[str, Any]], stop: str, **usage: int) -> bytes:
    return msgspec.json.encode(
        {"id": "msg_1", "content": content, "stop_reason": stop, "usage": usage}
    )


def stream(content: list[dict[str, Any]], stop: str, cut: int = 3) -> list[Sse]:
    """The same as events."""
    out: list[Any] = [{"type": "message_start", "message": {"id": "m", "usage": {"i": 1}}}]
    for index, block in enumerate(content):
        empty = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
        out.append({"type": "content_block_start", "index": index, "content_block": empty})
        if block["type"] == "text":
            whole, kind, slot = block["text"], "text_delta", "text"
        else:
            whole = msgspec.json.encode(block["input"]).decode()
            kind, slot = "input_json_delta", "partial_json"
        for at in range(0, len(whole), cut):
            delta = {"type": kind, slot: whole[at : at + cut]}
            out.append({"type": "content_block_delta", "index": index, "delta": delta})
        out.append({"type": "content_block_stop", "index": index})
    out.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"o": 2}})
    out.append({"type": "message_stop"})
    return [Sse(it["type"].encode(), msgspec.json.encode(it)) for it in out]


def gathered(said: bytes) -> list[dict[str, Any]]:
    """The blocks that a client puts together, each number checked."""
    blocks: list[Any] = []
    open_at: int | None = None
    for event in events(said):
        data = msgspec.json.decode(event.data)
        assert data["type"].encode() == event.name
        if data["type"] == "content_block_start":
            assert open_at is None, "blocks never overlap"
            assert data["index"] == len(blocks)
            open_at = data["index"]
            blocks.append({**data["content_block"], "parts": ""})
        elif data["type"] == "content_block_delta":
            assert data["index"] == open_at
            delta = data["delta"]
            blocks[-1]["parts"] += delta.get("text", "") + delta.get("partial_json", "")
        elif data["type"] == "content_block_stop":
            assert data["index"] == open_at
            open_at = None
    assert open_at is None
    return blocks


def test_a_mixed_turn_runs_ours_and_leaves_the_rest_to_the_caller() -> None:
    one = telling()
    one.ask(last=False)
    one.take(message([call(1), call(2, "weather")], "tool_use"))
    assert [it.id for it in one.wanted] == ["toolu_1"]
    assert one.over, "the caller has to answer first"
    one.ran(one.wanted[0], Ran("x"))
    said = msgspec.json.decode(one.whole(paused=False))
    kinds = [it["type"] for it in said["content"]]
    assert kinds == ["server_tool_use", "tool_use", "bash_code_execution_tool_result"]
    assert said["stop_reason"] == "tool_use"


def test_what_was_cut_off_is_not_run() -> None:
    one = telling()
    one.ask(last=False)
    one.take(message([call(1)], "max_tokens"))
    assert not one.wanted
    assert one.over


def test_a_bound_of_rounds_is_a_pause() -> None:
    one = telling()
    one.ask(last=False)
    one.take(message([call(1)], "tool_use"))
    one.ran(one.wanted[0], Ran("x"))
    said = msgspec.json.decode(one.whole(paused=True))
    assert said["stop_reason"] == "pause_turn"
    assert said["container"] == {"id": "container_1", "expires_at": "2026-11-22T00:00:00Z"}


TEXTS = st.text("ab<>é😀\n", min_size=1, max_size=20)


@given(st.lists(st.tuples(TEXTS, st.integers(1, 3)), max_size=4), st.integers(1, 9))
def test_a_stream_and_a_whole_answer_tell_the_same(
    rounds: list[tuple[str, int]], cut: int
) -> None:
    whole, streamed, said = telling(), telling(), b""
    for words, count in rounds:
        content = [{"type": "text", "text": words}, *(call(n) for n in range(count))]
        asked = whole.ask(last=False)
        assert asked == streamed.ask(last=False), "the model is asked the same"
        whole.take(message(content, "tool_use", i=1, o=2))
        said += b"".join(streamed.hear(event) for event in stream(content, "tool_use", cut))
        assert len(whole.wanted) == len(streamed.wanted) == count
        for one, other in zip(whole.wanted, streamed.wanted, strict=True):
            assert one == other
            whole.ran(one, Ran("out"))
            said += streamed.ran(other, Ran("out"))
    whole.ask(last=False)
    streamed.ask(last=False)
    content = [{"type": "text", "text": "end"}]
    whole.take(message(content, "end_turn", i=1, o=2))
    said += b"".join(streamed.hear(event) for event in stream(content, "end_turn", cut))
    said += streamed.end(paused=False)
    answer = msgspec.json.decode(whole.whole(paused=False))
    blocks = gathered(said)
    assert [it["type"] for it in blocks] == [it["type"] for it in answer["content"]]
    for shown, told in zip(blocks, answer["content"], strict=True):
        if told["type"] == "text":
            assert shown["parts"] == told["text"]
        elif told["type"] == "server_tool_use":
            assert msgspec.json.decode(shown["parts"]) == told["input"]
        else:
            assert shown["content"] == told["content"]
    last = [msgspec.json.decode(it.data) for it in events(said)][-2]
    assert last["usage"] == answer["usage"] == {"i": len(rounds) + 1, "o": 2 * len(rounds) + 2}


def test_nonsense_of_the_upstream_is_a_fault() -> None:
    one = telling()
    one.ask(last=False)
    with pytest.raises(Fault):
        one.hear(Sse(b"content_block_delta", b'{"type":"content_block_delta","index":3}'))
    with pytest.raises(Fault):
        one.hear(Sse(b"x", b"[1]"))
