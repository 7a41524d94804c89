"""The first part that changed is found, and nothing of what was said is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.trail import (
    MOST_PIECES,
    PIECE,
    Trail,
    added_blocks,
    first_difference,
    is_one_talk,
    kept_bytes,
    lay,
    likeness,
    place,
)
from headgate.wire.envelope import Envelope

SEED = 7
MARK = {"type": "ephemeral"}
TEXTS = st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=8)


def opened(body: dict[str, Any], **style: Any) -> Envelope:
    return Envelope(json.dumps(body, **style).encode())


def trail(body: dict[str, Any]) -> Trail:
    return lay(opened(body), SEED)


def tool(name: str, said: str = "does it") -> dict[str, Any]:
    return {"name": name, "description": said, "input_schema": {"type": "object"}}


def block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def turn(text: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": [block(text)]}


def request(**changes: Any) -> dict[str, Any]:
    usual = {
        "tools": [tool("Read"), tool("Write"), tool("Bash")],
        "system": [block("You are a tool."), block("rules " * 1000)],
        "messages": [turn("one"), turn("two", "assistant"), turn("three" * 900), turn("four")],
    }
    return {**usual, **changes}


def difference(new: dict[str, Any], old: dict[str, Any] | None = None) -> str:
    """Where they differ, in words; empty: nowhere."""
    found = first_difference(trail(old or request()), trail(new))
    return place(found, opened(new)) if found is not None else ""


def edited(member: str, at: int, with_: Any) -> dict[str, Any]:
    body = request()
    body[member] = [*body[member][:at], with_, *body[member][at + 1 :]]
    return body


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (request(), ""),
        (request(max_tokens=5, temperature=1), ""),
        (edited("tools", 2, tool("Bash", "does more")), "tools[2] Bash"),
        (request(tools=[tool("Write"), tool("Read"), tool("Bash")]), "tools[0] Write (moved)"),
        (
            request(tools=[tool("Read"), tool("Grep"), tool("Write"), tool("Bash")]),
            "tools[1] Grep (added)",
        ),
        (request(tools=[tool("Read"), tool("Bash")]), "tools[1] (removed)"),
        (request(tools=[tool("Read"), tool("Write")]), "tools (its end was removed)"),
        ({k: v for k, v in request().items() if k != "tools"}, "tools (removed)"),
        (edited("system", 0, block("You are a tool. 12:00")), "system[0]"),
        (edited("system", 1, block("rules " * 999 + "RULES ")), "system[1]"),
        (edited("messages", 1, turn("two!", "assistant")), "messages[1]"),
        (edited("messages", 2, turn("three" * 899 + "THREE")), "messages[2]"),
        (request(messages=[*request()["messages"], turn("five"), turn("six")]), ""),
        (request(messages=request()["messages"][:2]), ""),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_the_first_part_that_changed_is_named(changed: dict[str, Any], said: str) -> None:
    assert difference(changed) == said


def test_a_text_alone_is_one_part() -> None:
    old = {"instructions": "a" * 9000, "input": "hi"}
    new = {"instructions": "a" * 8999 + "b", "input": "hi"}
    assert difference(new, old) == "instructions"
    assert difference({**old, "input": "ho"}, old) == "input"


def test_tools_of_another_dialect_are_named_too() -> None:
    old = {"tools": [{"type": "function", "function": {"name": "a"}}], "messages": []}
    new = {"tools": [{"type": "function", "function": {"name": "b"}}], "messages": []}
    assert difference(new, old) == "tools[0] b"
    assert difference({"tools": [{"type": "web_search"}]}, old) == "tools[0] web_search"
    assert difference({"tools": [3]}, old) == "tools[0]"


@given(TEXTS, st.lists(st.text(max_size=3), max_size=4), st.booleans())
def test_a_trail_that_goes_on_is_the_one_that_is_laid_anew(
    said: list[str], more: list[str], long: bool
) -> None:
    times = 3000 if long else 1
    old = request(messages=[turn(text * times) for text in said])
    new = request(messages=[*old["messages"], *map(turn, more)])
    before = trail(old)
    assert lay(opened(new), SEED, before, same=True, grown=True) == trail(new)
    assert first_difference(before, trail(new)) is None
    assert kept_bytes(before, trail(new)) == before.size


def test_blocks_that_a_turn_adds_are_counted() -> None:
    before = trail(request())
    said = {"role": "user", "content": [block("a")] * 7}
    new = request(messages=[*request()["messages"], turn("x", "assistant"), said])
    assert added_blocks(before, opened(new)) == 8
    alone = request(messages=[*request()["messages"], {"role": "user", "content": "a text"}])
    assert added_blocks(before, opened(alone)) == 1
    assert added_blocks(before, opened(request())) == 0
    assert added_blocks(before, opened({"input": []})) == 0


@given(TEXTS, st.data())
def test_a_changed_turn_is_found_wherever_it_stands(
    said: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(said) - 1))
    turns = [turn(text) for text in said]
    changed = [*turns[:at], turn(said[at] + "!"), *turns[at + 1 :]]
    assert difference(request(messages=changed), request(messages=turns)) == f"messages[{at}]"


@given(TEXTS, st.sets(st.integers(0, 7)), st.sampled_from([None, 1]))
def test_marks_are_noted_and_change_nothing(
    said: list[str], where: set[int], indent: int | None
) -> None:
    bare = request(system=[block(text) for text in said], messages=[turn(t) for t in said])
    marked = json.loads(json.dumps(bare))
    for at in where & set(range(len(said))):
        marked["system"][at]["cache_control"] = MARK
        marked["messages"][at]["content"][-1]["cache_control"] = MARK
    one, two = (lay(opened(it, indent=indent), SEED) for it in (bare, marked))
    assert first_difference(one, two) is None
    assert two.opening_is_marked == two.turns.marked == bool(where & set(range(len(said))))


def test_a_member_without_end_is_followed_up_to_a_bound() -> None:
    found = trail(request(messages=[turn("x")] * (MOST_PIECES + 9)))
    assert len(found.turns.pieces) == MOST_PIECES * PIECE.size
    longer = request(messages=[turn("x")] * (MOST_PIECES + 20))
    assert lay(opened(longer), SEED, found, same=True, grown=True).turns.pieces == (
        found.turns.pieces
    )


def test_openings_are_alike_by_what_they_share_wherever_it_stands() -> None:
    usual = trail(request())
    assert likeness(usual, usual) == 1
    moved = request(tools=request()["tools"][::-1])
    assert likeness(usual, trail(moved)) == 1
    assert likeness(usual, trail({"system": "something else", "messages": []})) == 0
    assert 0.5 < likeness(usual, trail(edited("system", 0, block("12:00")))) < 1


def test_a_talk_is_the_same_where_it_begins_alike_or_most_of_it_is_said_again() -> None:
    turns = [{"role": "user", "content": f"{n}"} for n in range(6)]
    talk = trail({"messages": turns})
    assert is_one_talk(talk, trail({"messages": turns[:1]}))
    assert is_one_talk(talk, trail({"messages": turns[3:]}))
    assert not is_one_talk(talk, trail({"messages": turns[4:]}))
    short = trail({"messages": turns[:1]})
    assert not is_one_talk(short, trail({"messages": turns[1:]}))
    assert not is_one_talk(trail({"messages": []}), trail({"messages": []}))


@given(st.binary(max_size=40))
def test_odd_members_never_raise(data: bytes) -> None:
    for value in (b"[" + data + b"]", b'"' + data + b'"', b"[" * 900 + b"]" * 900):
        try:
            envelope = Envelope(b'{"tools":' + value + b',"messages":' + value + b"}")
        except Exception:  # noqa: BLE001, S112 - no request
            continue
        found = lay(envelope, SEED)
        change = first_difference(trail(request()), found)
        if change is not None:
            place(change, envelope)


@given(st.text(min_size=4))
def test_nothing_but_hashes_and_lengths_is_kept(secret: str) -> None:
    found = trail(request(messages=[turn(secret)]))
    assert secret.encode() not in found.turns.pieces
    assert found.turns != lay(opened(request(messages=[turn(secret)])), SEED + 1).turns


def test_what_the_operator_says_among_the_turns_begins_no_talk() -> None:
    rules = {"role": "system", "content": "Rules. " * 900}
    one, other = (
        trail({"messages": [rules, {"role": "user", "content": f"question {n}"}]})
        for n in range(2)
    )
    assert not is_one_talk(one, other)
    grown = [rules, {"role": "user", "content": "question 0"}, {"role": "user", "content": "!"}]
    assert is_one_talk(one, trail({"messages": grown}))
    assert one.head_size > 6_000 > one.opening_size == 0
    assert trail({"messages": [rules]}).head_size == one.head_size
    assert trail({"input": "no list"}).head_size == 0
