"""Which Messages bodies are refused, and how a prompt is cut into blocks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.checks import IMAGE_TOKENS, Refused, blocks, check_messages

OLD, NEW = "2023-06-01", "2026-10-21"
MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}

KEYS = [
    *("type", "text", "role", "content", "id", "name", "input_schema", "cache_control", "ttl"),
    *("system", "tools", "messages", "model", "max_tokens", "format", "thinking"),
]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


def body(**more: Any) -> dict[str, Any]:
    plain = {"role": "user", "content": "hi"}
    return {"model": "claude-opus-5-5", "max_tokens": 9, "messages": [plain], **more}


def turns(*contents: Any) -> list[dict[str, Any]]:
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": each} for i, each in enumerate(contents)]


def text(words: str, mark: Any = None) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"cache_control": mark} if mark else {})}


CALL = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}


@pytest.mark.parametrize(
    "good",
    [
        body(),
        body(system="short"),
        body(system=[text("a", HOUR), text("b", MARK)]),
        body(messages=turns("q", [CALL], [RESULT])),
        body(messages=[*turns("q"), {"role": "system", "content": [text("s", MARK)]}]),
        body(tools=[{"name": "Bash", "input_schema": {}}, {"type": "web_search_20260318"}]),
        body(max_tokens=0),
        body(cache_control=MARK, system=[text("a", MARK)] * 3),
    ],
)
def test_a_good_body_passes_under_both_versions(good: dict[str, Any]) -> None:
    for version in (OLD, NEW):
        check_messages(good, version, counting=False)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "valid dictionary"),
        ({}, "model: Field required"),
        (body(messages=[]), "at least one message"),
        (body(messages="hi"), "messages: Field required"),
        (body(max_tokens=None), "max_tokens: Field required"),
        (body(max_tokens="9"), "valid integer"),
        (body(max_tokens=True), "valid integer"),
        (body(max_tokens=0, stream=True), "equal to 1"),
        (body(messages=[{"role": "robot", "content": "x"}]), "messages.0.role"),
        (body(messages=turns([text("")])), "non-empty"),
        (body(messages=turns([{"text": "x"}])), "messages.0.content.0.type"),
        (body(messages=turns("q", [{**CALL, "id": "a b"}], [RESULT])), "tool_use.id"),
        (body(messages=turns("q", [CALL], "no result")), "without `tool_result`"),
        (body(messages=turns([RESULT])), "unexpected `tool_use_id`"),
        (body(tools=[{"name": "a b", "input_schema": {}}]), "tools.0.custom.name"),
        (body(tools=[{"name": "a"}]), "input_schema: Field required"),
        (body(temperature=2), "range: 0..1"),
        (body(system=[text("a", MARK)] * 5), "maximum of 4 blocks"),
        (body(system=[text("a", MARK)] * 4, cache_control=MARK), "maximum of 4 blocks"),
        (body(system=[text("a", MARK), text("b", HOUR)]), "must not come after"),
        (body(messages=turns([text("a", HOUR)]), cache_control=MARK), "ttl differs"),
        (body(system=[text("a", {"type": "ephemeral", "ttl": "2h"})]), "'5m' or '1h'"),
        (body(tool_choice="any"), "tool_choice: Input should be an object"),
        (
            body(
                messages=turns([{"type": "thinking", "thinking": "x", "cache_control": MARK}])
            ),
            "not permitted",
        ),
    ],
)
def test_a_bad_body_is_refused_in_the_vendors_words(bad: Any, message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        check_messages(bad, OLD, counting=False)
    assert refused.value.status == 400


def test_sampling_is_refused_by_the_new_version_even_at_its_default() -> None:
    check_messages(body(temperature=1.0), OLD, counting=False)
    with pytest.raises(Refused, match="temperature: not accepted"):
        check_messages(body(temperature=1.0), NEW, counting=False)


def test_the_version_header_is_required() -> None:
    with pytest.raises(Refused, match="anthropic-version: header is required"):
        check_messages(body(), "", counting=False)


def test_counting_needs_no_bound() -> None:
    bare = body()
    del bare["max_tokens"]
    check_messages(bare, OLD, counting=True)


@given(json_values)
def test_any_json_passes_or_is_refused_never_anything_else(value: Any) -> None:
    for found in (value, {**body(), **value} if isinstance(value, dict) else value):
        try:
            check_messages(found, OLD, counting=False)
        except Refused:
            continue
        assert sum(block.tokens for block in blocks(found)) >= 0


def test_blocks_come_in_prefix_order_without_their_marks() -> None:
    asked = body(
        tools=[{"name": "Bash", "input_schema": {}, "cache_control": MARK}],
        system=[text("s", MARK)],
        messages=turns([text("m", HOUR)]),
    )
    found = blocks(asked)
    assert [block.mark for block in found] == ["5m", "5m", "1h"]
    assert b"cache_control" not in b"".join(block.data for block in found)
    assert b"Bash" in found[0].data


def names(**more: Any) -> list[bytes]:
    asked = body(tools=[{"name": "Bash", "input_schema": {}}], system=[text("s")], **more)
    return [block.data for block in blocks(asked)]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"speed": "fast"}, 1),
        ({"tool_choice": {"type": "any"}}, 2),
        ({"thinking": {"type": "adaptive"}}, 2),
        ({"output_config": {"effort": "low"}}, 2),
    ],
)
def test_a_change_invalidates_its_level_and_what_follows(
    change: dict[str, Any], kept: int
) -> None:
    before, after = names(), names(**change)
    assert before[:kept] == after[:kept]
    assert before[kept] != after[kept]


def test_automatic_caching_marks_the_last_block_that_can_be_marked() -> None:
    asked = body(cache_control=HOUR, messages=turns([text("a"), text("b")]))
    assert [block.mark for block in blocks(asked)] == ["", "1h"]
    thought = {"type": "thinking", "thinking": "x", "signature": "s"}
    asked = body(cache_control=MARK, messages=turns("q", [text("a"), thought]))
    assert [block.mark for block in blocks(asked)] == ["", "5m", ""]


def test_an_image_counts_the_same_whatever_its_bytes() -> None:
    image = {"type": "image", "source": {"type": "base64", "data": "A" * 90_000}}
    assert blocks(body(messages=turns([image])))[0].tokens == IMAGE_TOKENS


def test_a_thread_is_refused_with_the_code_that_the_sdk_knows() -> None:
    turns = [{"role": "user", "content": "hi"}]
    body = {"model": "m", "max_tokens": 9, "messages": turns, "thread": {"type": "create"}}
    with pytest.raises(Refused) as caught:
        check_messages(body, OLD, counting=False)
    assert caught.value.code == "thread_unsupported_request"
