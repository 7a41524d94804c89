"""Which prefixes a call has: equal ones are found again, at the same place only."""

from __future__ import annotations

import json
from typing import Any

from headgate.policy import prefix, slots
from headgate.policy.recurrence import Slot
from headgate.wire.anthropic import marks
from headgate.wire.envelope import Envelope

KEY = b"k" * 32
WORDS = "Read the code before you change it. " * 60
PLACE = slots.scope("anthropic", "house", "claude")


def body(turns: int, **more: Any) -> Envelope:
    said: list[dict[str, Any]] = [{"role": "user", "content": "Begin."}]
    for n in range(turns):
        said.append({"role": "assistant", "content": f"Done {n}."})
        said.append({"role": "user", "content": [{"type": "text", "text": f"Go on {n}."}]})
    whole = {"model": "m", "system": WORDS, **more, "messages": said}
    return Envelope(json.dumps(whole).encode())


def paired(envelope: Envelope, seen: set[bytes], place: bytes = PLACE) -> dict[str, Slot]:
    pairs, _, opening = prefix.fingerprint(envelope, KEY)
    found = slots.of_pairs(place, prefix.unpack(pairs or b""), opening, seen.__contains__)
    return {slot.name: slot for slot in found}


def spotted(envelope: Envelope) -> dict[str, Slot]:
    spots = marks.survey(envelope.members).spots
    return {it.name: it for it in slots.of_spots(PLACE, envelope.members, spots, KEY)}


TOOLS = [{"name": "read", "description": WORDS, "input_schema": {"type": "object"}}]


def test_a_turn_is_found_to_go_on_from_the_one_before() -> None:
    seen: set[bytes] = set()
    for n in range(6):
        found = paired(body(n, tools=TOOLS), seen)
        assert list(found) == ["tools", "system", "turns"]
        assert bool(found["turns"].before) is (n > 0)
        assert found["turns"].before in seen | {b""}
        seen |= {slot.prefix for slot in found.values()}


def test_the_same_is_found_of_a_call_that_was_translated() -> None:
    before: dict[str, Slot] = {}
    for n in range(6):
        found = spotted(body(n, tools=TOOLS))
        assert list(found) == ["tools", "system", "turns"]
        if before:
            assert found["turns"].before == before["turns"].prefix
            assert found["turns"].before_tokens == before["turns"].tokens
            assert found["system"].prefix == before["system"].prefix
        before = found


def test_sizes_grow_along_the_prompt() -> None:
    for found in (paired(body(3, tools=TOOLS), set()), spotted(body(3, tools=TOOLS))):
        sizes = [slot.tokens for slot in found.values()]
        assert sizes == sorted(sizes)
        assert found["tools"].tokens > 500


def test_equal_text_at_another_account_is_another_prefix() -> None:
    here = paired(body(0), set())
    there = paired(body(0), set(), slots.scope("anthropic", "other", "claude"))
    assert here["system"].prefix != there["system"].prefix
    assert here["system"].prefix[8:] == there["system"].prefix[8:]


def test_only_a_first_question_without_tools_gives_no_hope_of_a_second() -> None:
    for made in (lambda it: paired(it, set()), spotted):
        assert not made(body(0))["turns"].hopeful
        assert made(body(0, tools=TOOLS))["turns"].hopeful
        assert made(body(1))["turns"].hopeful


def test_a_call_without_a_prompt_has_none() -> None:
    assert slots.of_pairs(PLACE, [], "", lambda it: False) == []
    assert slots.of_spots(PLACE, {}, (), KEY) == []
