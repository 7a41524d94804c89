"""A conversation keeps to its account, wherever and whenever it is asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.affinity import mildest, name_of, order
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Kind

NAMES = st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=6, unique=True)
CONVERSATION = st.binary(max_size=40)
TEXT = st.text(max_size=20)
MANY = [f"conversation {number}".encode() for number in range(2000)]


def named(session: str = "", **body: Any) -> bytes:
    return name_of(session, Envelope(json.dumps(body).encode()))


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


@given(CONVERSATION, NAMES)
def test_an_order_names_every_account_once(conversation: bytes, names: list[str]) -> None:
    assert sorted(order(conversation, names)) == [*range(len(names))]


def test_an_order_is_the_same_in_every_process_and_release() -> None:
    """Written down: another hash would move every running conversation at an upgrade."""
    names = ["ONE", "TWO", "THREE"]
    assert (order(b"a", names), order(b"b", names)) == ([0, 2, 1], [0, 1, 2])


@given(CONVERSATION, NAMES, st.randoms())
def test_the_sequence_in_the_file_decides_nothing(
    conversation: bytes, names: list[str], dice: Any
) -> None:
    shuffled = names.copy()
    dice.shuffle(shuffled)
    first = [names[at] for at in order(conversation, names)]
    assert [shuffled[at] for at in order(conversation, shuffled)] == first


@given(CONVERSATION, NAMES)
def test_an_account_that_goes_moves_only_the_conversations_that_were_its_own(
    conversation: bytes, names: list[str]
) -> None:
    before = [names[at] for at in order(conversation, names)]
    for gone in names:
        left = [name for name in names if name != gone]
        after = [left[at] for at in order(conversation, left)]
        assert after == [name for name in before if name != gone]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_accounts_share_conversations_evenly_and_a_new_one_takes_its_share_of_each(
    count: int,
) -> None:
    names = [f"KEY_{number}" for number in range(count)]
    before = [order(each, names)[0] for each in MANY]
    after = [order(each, [*names, "NEW_KEY"])[0] for each in MANY]
    for at in range(count):
        share, even = before.count(at), len(MANY) / count
        assert 0.85 * even < share < 1.15 * even
    moved = [new for old, new in zip(before, after, strict=True) if new != old]
    assert set(moved) == {count}
    assert 0.8 < len(moved) / (len(MANY) / (count + 1)) < 1.2


def test_the_mildest_refusal_is_the_one_that_can_be_waited_for() -> None:
    rejected = Fault(Kind.UPSTREAM_AUTH, "no")
    long = Fault(Kind.UPSTREAM_LIMITED, "later", retry_after=60)
    short = Fault(Kind.UPSTREAM_LIMITED, "soon", retry_after=2)
    assert mildest([rejected, long, short]) is short
    assert mildest([long, rejected]) is long
    assert mildest([rejected]) is rejected


def test_a_conversation_is_known_by_the_name_its_client_gives_it() -> None:
    assert named("s-1", messages=[user("a")]) == named("s-1", messages=[user("b")])
    assert named("s-1") != named("s-2")
    stored = [named(conversation="conv_1", input=text) for text in ("a", "b")]
    assert stored[0] == stored[1] != named(conversation="conv_2", input="a")
    nameless = [named(conversation=None, input=text) for text in ("a", "b")]
    assert nameless[0] != nameless[1]


TURNS = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "system", "tool"]), TEXT), max_size=4
).map(lambda turns: [{"role": role, "content": text} for role, text in turns])


@given(TEXT, TEXT, TURNS)
def test_turns_that_are_appended_leave_it_what_it_is(
    system: str, question: str, later: list[dict[str, str]]
) -> None:
    begun = [user(question)]
    told = {"role": "system", "content": system}
    beginnings: list[dict[str, Any]] = [
        {"messages": begun, "system": system},
        {"messages": [told, *begun]},
        {"input": begun, "instructions": system},
    ]
    for first in beginnings:
        turns = "input" if "input" in first else "messages"
        assert named(**first) == named(**{**first, turns: [*first[turns], *later]})


def test_a_mark_that_moves_on_with_the_last_turn_leaves_it_what_it_is() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    image = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    text = {"type": "text", "text": "look"}
    one = named(messages=[user([image, {**text, **mark}])])
    two = named(messages=[user([{**image, **mark}, text]), user("and now?")])
    assert one == two
    assert one != named(messages=[user([text])])
    breakpoint_ = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    plain = {"type": "input_text", "text": "look"}
    marked = named(input=[user([{**plain, **breakpoint_}])])
    assert marked == named(input=[user([plain]), user("and now?")])


def test_a_text_is_the_same_alone_and_as_a_part_and_as_the_whole_input() -> None:
    alone = named(messages=[user("hi")])
    assert alone == named(messages=[user([{"type": "text", "text": "hi"}])])
    assert named(input="hi") == named(input=[user("hi")]) == alone


@given(TEXT, TEXT)
def test_another_beginning_is_another_conversation(one: str, other: str) -> None:
    same = one == other
    assert (named(messages=[user(one)]) == named(messages=[user(other)])) is same
    asked = [named(system=text, messages=[user("hi")]) for text in (one, other)]
    assert (asked[0] == asked[1]) is same


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["system", "messages", "input"]), JSON))
def test_whatever_a_body_holds_it_has_a_name(body: dict[str, Any]) -> None:
    assert named(**body) == named(**body)
