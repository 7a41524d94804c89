"""A native call goes out without the seals that only we can open, and otherwise as it came."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.envelope import Envelope
from headgate.wire.meaning import Thought
from headgate.wire.seal import START, wrap
from headgate.wire.strip import without_our_seals

OURS = wrap(Thought("hm", "sig", maker="openai_responses", id="rs_1"))
SPACED = st.sampled_from([None, 1])


def stripped(body: object, indent: int | None = None) -> object:
    envelope = Envelope(json.dumps(body, indent=indent).encode())
    return json.loads(b"".join(envelope.edit(without_our_seals(envelope))))


def test_a_thinking_block_of_ours_is_taken_out_of_its_message() -> None:
    theirs = {"type": "thinking", "thinking": "t", "signature": "ErUB"}
    said = {"type": "text", "text": "hi"}
    ours = {"type": "thinking", "thinking": "hm", "signature": OURS}
    turns = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [ours, theirs, said]},
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": OURS}]},
    ]
    assert stripped({"model": "m", "messages": turns}) == {
        "model": "m",
        "messages": [turns[0], {"role": "assistant", "content": [theirs, said]}],
    }


def test_a_reasoning_item_of_ours_is_taken_out_of_the_input() -> None:
    items = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": OURS},
        {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gAAA"},
        {"type": "message", "role": "user", "content": "go"},
    ]
    assert stripped({"input": items}) == {"input": items[1:]}


@given(SPACED)
def test_text_that_only_speaks_of_a_seal_stays(indent: int | None) -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": OURS}]}]}
    assert stripped(body, indent) == body
    assert stripped({"messages": [{"role": "user", "content": OURS}]}, indent) == {
        "messages": [{"role": "user", "content": OURS}]
    }


@given(
    st.recursive(
        st.none() | st.integers() | st.just(OURS) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "content",
                        "signature",
                        "data",
                        "role",
                        "citations",
                        "encrypted_index",
                    ]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_a_caller_writes_raises(messages: object) -> None:
    stripped({"messages": messages, "input": messages})


def test_a_call_without_seals_is_not_looked_into() -> None:
    assert without_our_seals(Envelope(b"{}")) == {}


FOUND = {"type": "web_search_result_location", "url": "u", "cited_text": "", "title": None}


@given(SPACED)
def test_pages_that_another_vendor_cited_are_taken_out_of_their_text(
    indent: int | None,
) -> None:
    theirs, ours = {**FOUND, "encrypted_index": "Eo8B"}, {**FOUND, "encrypted_index": START}
    cited = {"type": "text", "text": "a", "citations": [ours, theirs, ours]}
    other = {"type": "text", "text": "b"}
    body = {"messages": [{"role": "assistant", "content": [cited, other]}]}
    assert stripped(body, indent) == {
        "messages": [
            {"role": "assistant", "content": [{**cited, "citations": [theirs]}, other]}
        ]
    }
