"""Two rows tell by their hashes alone which member of a request changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import prefix
from headgate.policy.chain import Printed, link, printed
from headgate.wire.envelope import Envelope

KEY = b"k" * 32
LONG = "Rules. " * 800


def turn(text: str, role: str = "user") -> dict[str, str]:
    return {"role": role, "content": text * 40}


def body(**changes: Any) -> dict[str, Any]:
    turns = [turn("a"), turn("b", "assistant"), turn("c")]
    return {"tools": [{"name": "Read"}], "system": LONG, "messages": turns, **changes}


def of(request: dict[str, Any]) -> Printed:
    pairs, _, opening = prefix.fingerprint(Envelope(json.dumps(request).encode()), KEY)
    found = printed(pairs, opening)
    assert found is not None
    return found


def test_a_conversation_that_goes_on_changed_nothing() -> None:
    new = body(messages=[*body()["messages"], turn("d", "assistant"), turn("e")])
    found = link(of(body()), of(new), same_session=False)
    assert found is not None
    assert (found.goes_on, found.change) == (True, None)
    assert 0.9 < found.opening < 1


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"tools": [{"name": "Bash"}]}, "tools"),
        ({"system": LONG.replace("Rules", "rules", 1)}, "system"),
        ({"system": LONG.replace("Rules", "rules", 1), "tools": [{"name": "Bash"}]}, "tools"),
    ],
)
def test_the_first_member_that_changed_is_named(changes: dict[str, Any], member: str) -> None:
    for same_session in (True, False):
        found = link(of(body()), of(body(**changes)), same_session=same_session)
        assert found is not None
        assert found.change is not None
        assert (found.change.member, found.goes_on) == (member, same_session)


def test_openings_of_other_sizes_are_the_same_only_in_one_session() -> None:
    other = of(body(system="Other. " * 400))
    assert link(of(body()), other, same_session=False) is None
    found = link(of(body()), other, same_session=True)
    assert found is not None
    assert found.change is not None
    assert found.change.member == "system"
    without = link(of(body()), of({"messages": body()["messages"] * 20}), same_session=True)
    assert without is not None
    assert without.change is not None
    assert without.change.member == "tools"


def test_an_edited_turn_and_another_conversation_are_told_apart() -> None:
    turns = [turn(str(n) * 99, "user" if n % 2 == 0 else "assistant") for n in range(9)]
    edited = [*turns[:7], turn("other" * 20, "assistant"), turns[8]]
    found = link(of(body(messages=turns)), of(body(messages=edited)), same_session=False)
    assert found is not None
    assert found.goes_on
    assert found.change is not None
    assert found.change.member == "messages"
    other = link(of(body(messages=turns)), of(body(messages=[turn("x")])), same_session=False)
    assert other is not None
    assert (other.goes_on, other.change) == (False, None)


def test_what_shares_nothing_hangs_together_in_no_way() -> None:
    one, two = of({"messages": [turn("a" * 99)]}), of({"messages": [turn("b" * 99)]})
    assert link(one, two, same_session=True) is None


@given(st.binary(max_size=96), st.text(alphabet="abc,", max_size=9))
def test_rows_without_or_with_odd_fingerprints_never_raise(packed: bytes, names: str) -> None:
    whole = packed[: len(packed) // 12 * 12]
    found = printed(whole, names)
    assert (found is None) == (not whole)
    assert printed(None, names) is None
    if found is not None:
        assert len(found.names) <= len(found.pairs)
        link(found, of(body()), same_session=True)
        link(of(body()), found, same_session=False)
