"""What OpenAI's prompt cache is told, and that nothing else of the request is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.anthropic.marks import Survey
from headgate.wire.cachekey import explicit, name_for, pieces, survey, with_key
from headgate.wire.envelope import Envelope

POINT = {"mode": "explicit"}
MARK = b',"prompt_cache_breakpoint":{"mode":"explicit"}'

words = st.text(max_size=9) | st.sampled_from([" ", 'say "prompt_cache_breakpoint"', "\\}]"])
layouts = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])


def parts(kind: str) -> st.SearchStrategy[Any]:
    return st.lists(
        st.builds(lambda t: {"type": kind, "text": t}, words)
        | st.just({"type": "refusal", "refusal": "no"}),
        max_size=3,
    )


chats = st.fixed_dictionaries(
    {
        "messages": st.lists(
            st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["system", "user", "assistant", "tool"]),
                    "content": words | parts("text") | st.none(),
                }
            ),
            max_size=6,
        )
    }
)
items = st.one_of(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["developer", "user", "assistant"]),
            "content": words | parts("input_text"),
        }
    ),
    st.just({"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"}),
    st.just({"type": "reasoning", "encrypted_content": "x", "summary": []}),
    st.builds(
        lambda o: {"type": "function_call_output", "call_id": "c", "output": o},
        words | parts("input_text"),
    ),
)
responses = st.fixed_dictionaries(
    {"input": words | st.lists(items, max_size=6)}, optional={"instructions": words}
)


def surveyed(**members: Any) -> Survey:
    return survey(Envelope(json.dumps(members).encode()).members)


def pointed(**members: Any) -> dict[str, Any]:
    """The request with a breakpoint wherever one may stand."""
    envelope = Envelope(json.dumps(members).encode())
    found = survey(envelope.members)
    edited = envelope.edit(explicit(envelope.members, found.spots))
    whole: dict[str, Any] = json.loads(b"".join(edited))
    return whole


def plain(value: Any, kind: str) -> Any:
    """What a request says, whichever of its two forms a text has."""
    if isinstance(value, list):
        return [plain(it, kind) for it in value]
    if isinstance(value, dict):
        bare = {k: plain(v, kind) for k, v in value.items() if k != "prompt_cache_breakpoint"}
        for name in ("content", "output"):
            if isinstance(bare.get(name), str):
                bare[name] = [{"type": kind, "text": bare[name]}]
        return bare
    return value


@given(chats | responses, layouts)
def test_a_request_with_breakpoints_says_what_it_said(
    request: dict[str, Any], layout: tuple[str, str]
) -> None:
    envelope = Envelope(json.dumps(request, separators=layout).encode())
    found = survey(envelope.members)
    edited = b"".join(envelope.edit(explicit(envelope.members, found.spots)))
    kind = "input_text" if "input" in request else "text"
    whole = json.loads(edited)
    assert whole.pop("prompt_cache_options") == POINT
    if isinstance(request.get("input"), str) and found.spots:
        request["input"] = [{"role": "user", "content": request["input"]}]
    assert plain(whole, kind) == plain(request, kind)
    assert edited.count(MARK) == len(found.spots) <= 3


@given(chats | responses, layouts)
def test_taking_the_breakpoints_out_gives_the_bytes_that_came(
    request: dict[str, Any], layout: tuple[str, str]
) -> None:
    members = Envelope(json.dumps(request, separators=layout).encode()).members
    blocks = [spot for spot in survey(members).spots if spot.kind == "block"]
    for name, value in explicit(members, blocks).items():
        if name in members:
            assert value.replace(MARK, b"") == bytes(members[name])


@given(chats | responses)
def test_every_place_is_the_end_of_a_part_or_a_text(request: dict[str, Any]) -> None:
    members = Envelope(json.dumps(request).encode()).members
    for spot in survey(members).spots:
        value = bytes(members[spot.member])[spot.start : spot.end]
        assert json.loads(value)
        assert spot.upto == sum(map(len, pieces(members, spot)))


def test_the_ends_of_the_opening_the_turn_before_and_the_last_turn_are_offered() -> None:
    chat = pointed(
        messages=[
            {"role": "system", "content": "s"},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": None, "tool_calls": []},
            {"role": "tool", "tool_call_id": "t", "content": "b"},
            {"role": "tool", "tool_call_id": "u", "content": "c"},
        ]
    )["messages"]
    has = [isinstance(it["content"], list) for it in chat]
    assert has == [True, True, False, False, True]
    assert chat[4]["content"] == [
        {"type": "text", "text": "c", "prompt_cache_breakpoint": POINT}
    ]


def test_items_of_responses_are_pointed_at_in_their_own_form() -> None:
    whole = pointed(
        input=[
            {"type": "additional_tools", "role": "developer", "tools": []},
            {"type": "message", "role": "developer", "content": "d"},
            {"role": "user", "content": [{"type": "input_text", "text": "q"}]},
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "r"},
        ]
    )["input"]
    point = {"type": "input_text", "prompt_cache_breakpoint": POINT}
    assert whole[1]["content"] == [{**point, "text": "d"}]
    assert whole[2]["content"] == [{**point, "text": "q"}]
    assert whole[5]["output"] == [{**point, "text": "r"}]


def test_an_input_that_is_a_text_becomes_a_turn() -> None:
    whole = pointed(model="m", input="hi")
    part = {"type": "input_text", "text": "hi", "prompt_cache_breakpoint": POINT}
    assert whole["input"] == [{"role": "user", "content": [part]}]


def test_without_a_place_nothing_is_written() -> None:
    assert explicit({"input": b'"hi"'}, []) == {"prompt_cache_options": b'{"mode":"explicit"}'}


def test_a_lifetime_is_said_for_the_whole_request() -> None:
    changed = explicit({"input": b'"hi"'}, [], "12h")
    assert json.loads(changed["prompt_cache_options"]) == {**POINT, "ttl": "12h"}


@pytest.mark.parametrize(
    "own",
    [
        {"prompt_cache_options": {"mode": "implicit"}},
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "x", "prompt_cache_breakpoint": POINT}
                    ],
                }
            ]
        },
    ],
)
def test_a_caller_that_caches_or_keeps_state_itself_is_left_alone(own: dict[str, Any]) -> None:
    found = surveyed(**{"input": [{"role": "user", "content": "q"}], **own})
    assert found.own
    assert found.spots == ()


@pytest.mark.parametrize("value", [b"null", b"[{", b"[7]", b'[{"role":3}]', b"\xff", b"{}"])
def test_a_malformed_conversation_has_no_places(value: bytes) -> None:
    assert survey({"messages": value}).spots == ()
    assert survey({"input": value}).spots == ()
    assert survey({}).spots == ()


def test_a_key_is_added_only_where_there_is_none() -> None:
    name = name_for("key_1", b"session")
    assert with_key({}, name) == {"prompt_cache_key": json.dumps(name).encode()}
    assert with_key({"prompt_cache_key": b"null"}, name)
    assert with_key({"prompt_cache_key": b'"theirs"'}, name) == {}


@given(st.text(), st.binary(), st.text(), st.binary())
def test_conversations_of_two_keys_have_two_names(
    key: str, said: bytes, other: str, heard: bytes
) -> None:
    name = name_for("k" + key.replace("\0", ""), said)
    assert (name == name_for("k" + other.replace("\0", ""), heard)) == (
        (key.replace("\0", ""), said) == (other.replace("\0", ""), heard)
    )
    assert len(name) <= 64
