"""Where cache marks may stand in a Messages request, and that nothing else is touched."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.checks import check_messages
from headgate.wire.anthropic.marks import PREFIX, Spot, Survey, mark, pieces, survey
from headgate.wire.envelope import Envelope

MARK = re.compile(rb',"cache_control":\{"type":"ephemeral"(?:,"ttl":"1h")?\}')
TEXT = {"type": "text", "text": "Hello"}
OWN = {"type": "ephemeral"}


def surveyed(**members: Any) -> Survey:
    return survey(Envelope(json.dumps(members).encode()).members)


def said(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def slots(found: Survey) -> list[str]:
    return [spot.slot for spot in found.spots]


def marked(found: Survey, ttl: Any = "5m", **members: Any) -> dict[str, Any]:
    """The request with a mark in every place that was found."""
    envelope = Envelope(json.dumps(members).encode())
    edited = envelope.edit(mark(envelope.members, dict.fromkeys(found.spots, ttl)))
    whole: dict[str, Any] = json.loads(b"".join(edited))
    return whole


words = st.text(min_size=0, max_size=12) | st.sampled_from(
    [
        '"cache_control"',
        '{"cache_control": {}}',
        "é\u20ac\U0001f600",
        '\\"}]',
        "  \n",
        "thinking",
    ]
)
texts = st.builds(lambda t: {"type": "text", "text": t}, words)
blocks = texts | st.sampled_from(
    [
        {"type": "image", "source": {"type": "url", "url": "x"}},
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "tool_result", "tool_use_id": "t", "content": [TEXT], "is_error": False},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"cache_control": [{"a": {}}]}},
        {"text": "order of keys", "type": "text", "citations": None},
    ]
)
contents = words | st.lists(blocks, max_size=4)
turns = st.builds(said, st.sampled_from(["user", "assistant", "system"]), contents)
tools = st.lists(
    st.sampled_from(
        [
            {"name": "a", "input_schema": {"properties": {"cache_control": {"type": "x"}}}},
            {"name": "b", "input_schema": {}, "defer_loading": True},
            {"type": "web_search_20250305", "name": "web_search"},
            {"type": "never_seen_20990101", "name": "z"},
        ]
    ),
    max_size=4,
)
requests = st.fixed_dictionaries(
    {"messages": st.lists(turns, max_size=6)},
    optional={"tools": tools, "system": words | st.lists(texts, max_size=3), "model": words},
)
layouts = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n\t", "  :\r\n ")])


@st.composite
def bodies(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    request = draw(requests)
    names = draw(st.permutations(list(request)))
    request = {name: request[name] for name in names}
    ascii_only = draw(st.booleans())
    text = json.dumps(request, separators=draw(layouts), ensure_ascii=ascii_only)
    return request, text.encode("utf-8", "replace")


def unmarked(value: Any) -> Any:
    """A request without cache_control in the places that have it, texts as blocks."""
    whole = dict(value)
    whole["tools"] = [_bare(tool) for tool in value.get("tools", [])]
    whole["system"] = _blocks(value.get("system", ""))
    whole["messages"] = [
        {**turn, "content": _blocks(turn["content"])} for turn in value["messages"]
    ]
    return whole


def _blocks(content: Any) -> Any:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [_bare(block) for block in content if block != {"type": "text", "text": ""}]


def _bare(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "cache_control"}


@given(bodies())
def test_taking_the_marks_out_again_gives_the_bytes_that_came(
    body: tuple[dict[str, Any], bytes],
) -> None:
    members = Envelope(body[1]).members
    found = survey(members)
    for name, value in mark(members, dict.fromkeys(found.spots, "5m")).items():
        first, *others = MARK.split(value)
        texts_first = [it for it in found.spots if it.member == name]
        assert len(others) == len(texts_first)
        back = first
        for spot, after in zip(texts_first, others, strict=True):
            if spot.kind == "string":
                wrap = b'[{"type":"text","text":'
                back = back[: spot.start] + back[spot.start :].removeprefix(wrap)
            back += after.removeprefix(b"}]") if spot.kind == "string" else after
        assert back == bytes(members[name])


@given(bodies())
def test_a_marked_request_means_what_it_meant(body: tuple[dict[str, Any], bytes]) -> None:
    raw = body[1]
    envelope = Envelope(raw)
    found = survey(envelope.members)
    edited = b"".join(envelope.edit(mark(envelope.members, dict.fromkeys(found.spots, "1h"))))
    assert unmarked(json.loads(edited)) == unmarked(json.loads(raw))
    assert edited.count(b'"ttl":"1h"') - raw.count(b'"ttl":"1h"') == len(found.spots) <= 4


@given(bodies())
def test_every_place_is_the_end_of_a_block_or_a_text(
    body: tuple[dict[str, Any], bytes],
) -> None:
    members = Envelope(body[1]).members
    for spot in survey(members).spots:
        value = bytes(members[spot.member])
        whole = json.loads(value[spot.start : spot.end])
        assert isinstance(whole, str if spot.kind == "string" else dict)
        assert whole
        before = sum(
            len(bytes(members[name]))
            for name in PREFIX[: PREFIX.index(spot.member)]
            if name in members
        )
        assert spot.upto == before + spot.end == sum(map(len, pieces(members, spot)))


@given(bodies())
def test_what_was_marked_is_seen_to_be_marked(body: tuple[dict[str, Any], bytes]) -> None:
    envelope = Envelope(body[1])
    found = survey(envelope.members)
    assert not found.own
    if found.spots:
        edited = b"".join(envelope.edit(mark(envelope.members, {found.spots[-1]: "5m"})))
        again = survey(Envelope(edited).members)
        assert again.own
        assert again.spots == ()
        assert again[1:4] == found[1:4]


@given(st.binary(max_size=40), st.sampled_from(PREFIX))
def test_what_cannot_be_read_holds_no_place_and_raises_nothing(value: bytes, name: str) -> None:
    survey({name: value})
    survey({name: b'[{"role":"user","content":[' + value + b"]}]"})


@pytest.mark.parametrize(
    "members",
    [
        {"messages": b"[{"},
        {"messages": b'[{"role":1,"content":"x"}]'},
        {"messages": b'[{"role":"user","content":[{"type":["text"]}]}]'},
        {"messages": b'[{"role":"user","content":[' + b"[" * 5000 + b"]" * 5000 + b"]}]"},
        {"tools": b'[{"name":"a"}]', "system": b'"no turns"'},
        {"system": b'[{"type":"text","text":"a"}]', "messages": b"\xff"},
        {"tools": b"[7]", "messages": b"[]"},
        {"system": b"12", "messages": b"null"},
    ],
)
def test_a_malformed_request_has_no_places(members: dict[str, bytes]) -> None:
    assert survey(members).spots == ()


def test_places_come_in_prefix_order_and_at_most_four() -> None:
    found = surveyed(
        messages=[said("user", "one"), said("assistant", "two"), said("user", [TEXT])],
        system="You help.",
        tools=[{"name": "a", "input_schema": {}}],
    )
    assert slots(found) == ["tools", "system", "turns", "turns"]
    assert [spot.kind for spot in found.spots] == ["block", "string", "string", "block"]
    assert (found.begun, found.turns, found.bound, found.own) == (True, 3, False, False)


def test_the_simulated_vendor_takes_a_request_with_every_place_marked() -> None:
    request: dict[str, Any] = {
        "model": "claude-opus-5-5",
        "max_tokens": 9,
        "system": [TEXT, {"type": "text", "text": " "}],
        "tools": [{"name": "a", "input_schema": {}}, {"name": "b", "input_schema": {}}],
        "messages": [said("user", "1"), said("assistant", "2"), said("user", [TEXT])],
    }
    for ttl in ("5m", "1h"):
        whole = marked(surveyed(**request), ttl, **request)
        check_messages(whole, "2023-06-01", counting=False)
        assert "cache_control" in whole["tools"][1]
        assert "cache_control" in whole["system"][0]
        assert whole["messages"][0]["content"][0]["cache_control"]["type"] == "ephemeral"


def test_the_users_turn_before_the_last_answer_is_offered_beside_the_last() -> None:
    """There the call before this one wrote, however many blocks have come since."""
    conversation = [said("user", "a"), said("assistant", "b"), said("user", "c")]
    longer = [*conversation, said("assistant", "d"), said("user", "e"), said("user", "f")]
    first, last = surveyed(messages=longer).spots
    value = json.dumps(longer).encode()
    assert value[first.start : first.end] == b'"c"'
    assert value[last.start : last.end] == b'"f"'
    assert first.end == surveyed(messages=conversation).spots[-1].end


def test_an_answer_begun_by_the_caller_is_not_marked_because_it_will_grow() -> None:
    (spot,) = surveyed(messages=[said("user", "a"), said("assistant", "b")]).spots
    assert spot.end == len(b'[{"role": "user", "content": "a"')


def test_a_deferred_tool_and_one_nobody_knows_take_no_mark() -> None:
    known = {"name": "a", "input_schema": {}}
    deferred = {"name": "b", "input_schema": {}, "defer_loading": True}
    found = surveyed(tools=[known, deferred, {"type": "strange_1", "name": "s"}], messages=[])
    assert [spot.end for spot in found.spots] == [len(json.dumps([known])) - 1]
    assert surveyed(tools=[deferred], messages=[]).spots == ()


def test_a_servers_tool_takes_a_mark() -> None:
    server = {"type": "web_search_20250305", "name": "web_search"}
    assert slots(surveyed(tools=[server], messages=[])) == ["tools"]


def test_claude_codes_line_about_the_bill_stays_first_and_is_never_marked() -> None:
    bill = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; "}
    assert surveyed(system=[bill], messages=[]).spots == ()
    assert surveyed(system=bill["text"], messages=[]).spots == ()
    request = {"system": [bill, TEXT], "messages": [said("user", "hi")]}
    whole = marked(surveyed(**request), **request)
    assert whole["system"] == [bill, {**TEXT, "cache_control": OWN}]


@pytest.mark.parametrize(
    "own",
    [
        {"cache_control": OWN},
        {"system": [{**TEXT, "cache_control": OWN}]},
        {"tools": [{"name": "a", "input_schema": {}, "cache_control": OWN}]},
        {"messages": [said("user", [{**TEXT, "cache_control": {**OWN, "ttl": "1h"}}])]},
        {
            "messages": [
                said(
                    "user",
                    [
                        {
                            "type": "tool_result",
                            "tool_use_id": "t",
                            "content": [
                                {
                                    "type": "document",
                                    "source": {
                                        "type": "content",
                                        "content": [{**TEXT, "cache_control": OWN}],
                                    },
                                }
                            ],
                        }
                    ],
                )
            ]
        },
    ],
)
def test_a_mark_of_the_callers_own_is_found_wherever_it_may_stand(own: dict[str, Any]) -> None:
    found = surveyed(**{"messages": [said("user", "hi")], **own})
    assert found.own
    assert found.spots == ()


def test_a_name_written_with_escapes_is_the_same_name() -> None:
    plain = b'[{"role":"user","content":[{"type":"text","text":"a","cache_control":{}}]}]'
    for written in (b"\\u0063ache_control", b"cache\\u005Fcontrol", b"cache_contro\\u006c"):
        assert survey({"messages": plain.replace(b"cache_control", written)}).own
    assert survey({"messages": plain}).own


def test_a_text_a_schema_or_an_argument_that_says_cache_control_is_no_mark() -> None:
    call = {"type": "tool_use", "id": "t", "name": "n", "input": {"cache_control": OWN}}
    schema = {"properties": {"cache_control": OWN}}
    found = surveyed(
        system='set "cache_control":{"type":"ephemeral"} \\u0063',
        tools=[{"name": "n", "input_schema": schema}],
        messages=[said("user", '{"cache_control":{}}'), said("assistant", [call])],
    )
    assert not found.own
    assert len(found.spots) == 3


def test_a_mark_that_is_null_is_none_but_its_block_takes_no_other() -> None:
    nulled = {**TEXT, "cache_control": None}
    found = surveyed(cache_control=None, messages=[said("user", [TEXT, nulled])])
    assert not found.own
    (spot,) = found.spots
    assert spot.end == len(json.dumps([said("user", [TEXT])])) - 3 + 1 - 1


@pytest.mark.parametrize(
    ("block", "bound"),
    [
        ({"type": "thinking", "thinking": "", "signature": "abc"}, True),
        ({"type": "redacted_thinking", "data": "abc"}, True),
        ({"type": "thinking", "thinking": "hm", "signature": ""}, False),
        ({"type": "thinking", "thinking": "hm"}, False),
        ({"type": "text", "text": 'a "thinking" one', "signature": "abc"}, False),
    ],
)
def test_signed_thinking_in_the_history_binds_the_conversation(
    block: dict[str, Any], *, bound: bool
) -> None:
    history = [said("user", "q"), said("assistant", [block, TEXT]), said("user", "r")]
    assert surveyed(messages=history).bound is bound
    assert not surveyed(messages=[said("user", [block, TEXT])]).bound


@pytest.mark.parametrize("text", ["", " ", "\n\t \r", "\u00a0"])
def test_a_text_without_a_word_takes_no_mark(text: str) -> None:
    content = [{"type": "text", "text": text}]
    assert surveyed(system=text, messages=[said("user", text)]).spots == ()
    assert surveyed(system=content, messages=[said("user", content)]).spots == ()


def test_half_a_surrogate_pair_stays_as_it_came() -> None:
    members = {"messages": b'[{"role":"user","content":"cut \\ud83d"}]'}
    for spot in survey(members).spots:
        assert b"cut \\ud83d" in mark(members, {spot: "5m"})["messages"]


def test_the_last_of_two_equal_names_counts_and_no_place_is_guessed() -> None:
    turn = b'[{"role":"user","content":"a","content":[{"type":"text","text":"b"}]}]'
    assert survey({"messages": turn}).spots == ()


def test_marks_in_the_wrong_order_or_of_too_great_a_number_are_our_own_mistake() -> None:
    body = b'["a"]'
    spots = [Spot("turns", "messages", 1, 4, "string", 4 + n) for n in range(5)]
    early, late = Spot("system", "system", 0, 3, "string", 3), spots[0]
    with pytest.raises(AssertionError, match="hour"):
        mark({"system": b'"s"', "messages": body}, {early: "5m", late: "1h"})
    with pytest.raises(AssertionError, match="more marks"):
        mark({"messages": body}, dict.fromkeys(spots, "5m"))
    assert set(mark({"system": b'"s"', "messages": body}, {early: "1h", late: "5m"})) == {
        "system",
        "messages",
    }


def test_nothing_chosen_changes_nothing() -> None:
    assert mark({"messages": b"[]"}, {}) == {}
