"""Fingerprints show what repeats between requests, and nothing of what was said."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.prefix import (
    MOST_PAIRS,
    PAIR,
    SHORT_BYTES,
    Fingerprint,
    unpack,
)
from headgate.policy.prefix import fingerprint as fingerprint_of
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault

KEY, OTHER = b"k" * 32, b"o" * 32
TURN = st.text(min_size=1, max_size=4)
TURNS = st.lists(TURN, max_size=14)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELD = st.sampled_from(["tools", "system", "instructions", "messages", "input", "model"])


def fingerprint(body: dict[str, Any], key: bytes = KEY) -> Fingerprint:
    return fingerprint_of(Envelope(json.dumps(body).encode()), key)


def marks(body: dict[str, Any], key: bytes = KEY) -> list[tuple[bytes, int]]:
    return unpack(fingerprint(body, key)[0] or b"")


def conversation(turns: list[str], **more: object) -> dict[str, Any]:
    """One long enough that a provider might cache its prefix."""
    return {
        "system": "s" * SHORT_BYTES,
        **more,
        "messages": [{"role": "user", "content": t} for t in turns],
    }


@given(TURNS)
def test_equal_requests_have_equal_marks_and_at_most_eight(turns: list[str]) -> None:
    body = conversation(turns, tools=[{"name": "a"}], instructions="i")
    assert marks(body) == marks(body)
    assert len(marks(body)) <= MOST_PAIRS
    covered = [count for _, count in marks(body)]
    assert covered == sorted(covered)


@given(TURNS, st.sampled_from(["max_tokens", "metadata", "temperature"]))
def test_what_is_no_part_of_the_prompt_changes_no_mark(turns: list[str], name: str) -> None:
    assert marks(conversation(turns)) == marks(conversation(turns, **{name: 3}))


@given(st.lists(TURN, min_size=1, max_size=14), st.lists(TURN, min_size=1, max_size=2))
def test_where_the_last_turn_ended_is_a_mark_of_the_next(
    turns: list[str], more: list[str]
) -> None:
    """A turn adds an answer and a question: the whole of one request is found in the next."""
    whole = max(marks(conversation(turns)), key=lambda mark: mark[1])
    assert whole in marks(conversation(turns + more))


@given(st.lists(TURN, min_size=1, max_size=14), st.lists(TURN, max_size=20))
def test_marks_at_shared_boundaries_stay_as_a_conversation_grows(
    turns: list[str], more: list[str]
) -> None:
    before, after = marks(conversation(turns)), marks(conversation(turns + more))
    covered = {count for _, count in before} & {count for _, count in after}
    assert [m for m in before if m[1] in covered] == [m for m in after if m[1] in covered]
    assert covered


@given(st.lists(TURN, min_size=2, max_size=20), st.integers(0))
def test_a_changed_message_changes_every_mark_from_there_on(turns: list[str], at: int) -> None:
    at %= len(turns)
    other = "y" if turns[at].endswith("x") else "x"
    changed = [*turns[:at], turns[at][:-1] + other, *turns[at + 1 :]]
    before, after = marks(conversation(turns)), marks(conversation(changed))
    same = [one[0] == two[0] for one, two in zip(before, after, strict=True)]
    assert same == sorted(same, reverse=True)
    assert not same[-1]
    assert same[0]


@given(TURNS)
def test_another_installations_key_gives_other_marks(turns: list[str]) -> None:
    body = conversation(turns)
    assert not {h for h, _ in marks(body)} & {h for h, _ in marks(body, OTHER)}


@given(st.text(min_size=3, max_size=200))
def test_nothing_but_hashes_and_lengths_is_kept(secret: str) -> None:
    packed = fingerprint(conversation([secret] * 9))[0]
    assert packed is not None
    assert len(packed) % PAIR.size == 0
    assert len(packed) <= MOST_PAIRS * PAIR.size
    assert secret.encode() not in packed


@given(st.dictionaries(FIELD, JSON))
def test_odd_bodies_never_raise(body: dict[str, Any]) -> None:
    packed, offered, opening = fingerprint(body)
    assert packed is not None
    assert len(unpack(packed)) <= MOST_PAIRS
    assert len(list(filter(None, opening.split(",")))) <= len(unpack(packed))
    assert offered == (len(body["tools"]) if isinstance(body.get("tools"), list) else 0)


@given(st.binary(max_size=60))
def test_odd_bytes_never_raise_beyond_what_opening_them_does(data: bytes) -> None:
    try:
        envelope = Envelope(b'{"messages":[' + data + b'],"tools":' + data + b"}")
    except Fault:
        return
    fingerprint_of(envelope, KEY)


def test_a_single_text_is_a_message() -> None:
    long = "hello " * SHORT_BYTES
    assert len(marks({"instructions": "i", "input": long})) == 2
    assert marks({"input": long}) != marks({"input": long + "!"})
    assert marks({"input": None, "model": long}) == marks({"messages": [], "model": long}) == []


@given(TURNS, TURNS)
def test_a_body_too_short_for_any_cache_has_one_mark_that_tells_repeats_apart(
    one: list[str], two: list[str]
) -> None:
    found = [marks({"messages": turns}) for turns in (one, two)]
    assert [len(pairs) for pairs in found] == [1, 1]
    assert (found[0] == found[1]) == (one == two)


def test_a_part_deep_beyond_reason_is_left_out() -> None:
    deep = b"[" * 900 + b"]" * 900
    packed, offered, opening = fingerprint_of(Envelope(b'{"tools":[' + deep + b"]}"), KEY)
    assert packed is not None
    assert (len(unpack(packed)), offered, opening) == (1, 1, "tools")
    packed, _, _ = fingerprint_of(Envelope(b'{"messages":' + deep + b"}"), KEY)
    assert len(unpack(packed or b"")) == 1


MARK = {"type": "ephemeral"}


def marked(turns: list[dict[str, Any]], last: int, *, first: bool) -> list[dict[str, Any]]:
    """The same turns with a mark on the last block of the `last` newest user turns."""
    found: list[dict[str, Any]] = json.loads(json.dumps(turns))
    for turn in [turn for turn in found if turn["role"] == "user"][-last:]:
        block = turn["content"][-1]
        turn["content"][-1] = (
            {"cache_control": MARK, **block} if first else {**block, "cache_control": MARK}
        )
    return found


@given(st.lists(st.lists(TURN, min_size=1, max_size=3), min_size=1, max_size=9), st.booleans())
def test_a_mark_that_moves_on_with_the_turns_changes_no_pair(
    said: list[list[str]], first: bool
) -> None:
    """A caller marks its last two turns: on the next one the marks have gone from the first."""
    turns = [
        {
            "role": "assistant" if number % 2 else "user",
            "content": [{"type": "text", "text": text * 400} for text in texts],
        }
        for number, texts in enumerate(said[len(said) % 2 == 0 :])
    ]
    bare = marks(conversation([], messages=turns) | {"messages": turns})
    for last in (1, 2):
        body = conversation([]) | {"messages": marked(turns, last, first=first)}
        assert marks(body) == bare


@given(st.lists(TURN, min_size=1, max_size=3))
def test_a_marked_turn_is_found_bare_in_the_next_request(texts: list[str]) -> None:
    content = [{"type": "text", "text": text} for text in texts]
    turns = [{"role": "user", "content": content}]
    before = marks(conversation([]) | {"messages": marked(turns, 1, first=False)})
    turns += [{"role": "assistant", "content": "a"}, {"role": "user", "content": content}]
    after = marks(conversation([]) | {"messages": marked(turns, 1, first=False)})
    assert before[-1] in after


def test_the_names_of_the_first_pairs_are_told() -> None:
    more: dict[str, Any] = {"tools": [{"name": "a"}], "instructions": "i"}
    assert fingerprint(conversation(["a"], **more))[1:] == (1, "tools,instructions,system")
    assert fingerprint({"input": "i" * 2000})[2] == ""
    assert fingerprint({"input": "i", "instructions": "i"})[2] == ""
