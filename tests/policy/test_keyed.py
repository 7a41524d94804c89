"""Which call a key means, and what is known of a keyed call that is over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.keyed import (
    KEY,
    LONGEST_KEY,
    RERUN,
    Keying,
    State,
    keying,
    likeness,
    mismatch,
    named,
    outcome,
    perhaps_ran,
    pointless,
    resent,
    unknown,
)
from headgate.policy.replycache import Asked
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault, Kind

SECRET = b"s" * 32
TRIES = st.lists(st.tuples(st.integers(0, 599), st.booleans()), max_size=4)
TEXT = st.text(max_size=20)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=255))
def test_a_key_is_taken_as_it_was_sent(key: str) -> None:
    assert keying({KEY: key.encode()}) == Keying(key.encode(), "")


@pytest.mark.parametrize("key", [b"", b"x" * (LONGEST_KEY + 1), b"caf\xe9", b"tab\there"])
def test_a_key_that_nobody_can_have_meant_is_refused_with_what_to_send(key: bytes) -> None:
    with pytest.raises(Fault, match=r"Idempotency-Key: must be 1 to 255 printable") as told:
        keying({KEY: key})
    assert told.value.kind is Kind.INVALID


def test_the_call_to_run_anew_is_named_by_an_id_and_nothing_else() -> None:
    assert keying({KEY: b"k", RERUN: b"hg_1"}) == Keying(b"k", "hg_1")
    assert keying({RERUN: b"hg_1"}) == Keying(b"", "hg_1")
    for name in (b"", b"yes please", b"\xff"):
        with pytest.raises(Fault, match="the id that the 409 named"):
            keying({RERUN: name})


def test_who_says_nothing_has_no_key() -> None:
    assert keying({b"accept": b"*/*"}) == Keying(b"", "")


@given(st.tuples(TEXT, st.binary(max_size=20)), st.tuples(TEXT, st.binary(max_size=20)))
def test_only_the_same_key_in_the_same_scope_has_the_same_name(
    one: tuple[str, bytes], other: tuple[str, bytes]
) -> None:
    first, second = (named(key, scope, SECRET) for scope, key in (one, other))
    assert (first == second) == (one == other)
    assert (first.name == second.name) == (first.key == second.key)
    assert first.name != first.key


def test_a_name_cannot_be_had_without_the_secret_of_the_installation() -> None:
    assert named(b"k", "me", SECRET) != named(b"k", "me", b"other")


def test_the_same_content_is_the_same_call_within_a_session_only() -> None:
    asked = Asked(b"n" * 32, b"k" * 32)
    assert resent(asked, "a", SECRET) == resent(asked, "a", SECRET)
    assert resent(asked, "a", SECRET) != resent(asked, "b", SECRET)
    assert resent(asked, "a", SECRET) != named(asked.name + asked.key, "a", SECRET)


def test_requests_are_told_apart_by_their_meaning_or_where_they_have_none_by_their_bytes() -> (
    None
):
    asked = Asked(b"n" * 32, b"k" * 32)
    one, other = Envelope(b'{"model":"m","a":1}'), Envelope(b'{"model":"m","a":2}')
    assert likeness(asked, one, SECRET) == likeness(asked, other, SECRET) == asked.name
    assert likeness(None, one, SECRET) == likeness(None, one, SECRET)
    assert likeness(None, one, SECRET) != likeness(None, other, SECRET)


@given(TRIES, st.booleans())
def test_a_whole_answer_is_one_whatever_went_before(
    tries: list[tuple[int, bool]], begun: bool
) -> None:
    assert outcome(tries, whole=True, begun=begun) is State.DONE


@given(TRIES)
def test_what_was_begun_and_not_finished_is_not_known(tries: list[tuple[int, bool]]) -> None:
    assert outcome(tries, whole=False, begun=True) is State.UNKNOWN


@given(TRIES)
def test_a_call_may_be_forgotten_only_if_no_try_may_have_run(
    tries: list[tuple[int, bool]],
) -> None:
    state = outcome(tries, whole=False, begun=False)
    assert (state is State.ABSENT) == (not perhaps_ran(tries))
    if any(billed for _, billed in tries):
        assert state is State.UNKNOWN


@pytest.mark.parametrize("status", [0, 400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 529])
def test_what_a_vendor_turned_away_may_be_sent_again(status: int) -> None:
    """0: it was never reached."""
    assert outcome([(status, False)], whole=False, begun=False) is State.ABSENT


@pytest.mark.parametrize("status", [504, 524])
def test_a_server_that_gave_up_waiting_says_nothing_of_the_work_behind_it(status: int) -> None:
    assert outcome([(status, False)], whole=False, begun=False) is State.UNKNOWN


def test_nothing_sent_nothing_run() -> None:
    assert outcome([], whole=False, begun=False) is State.ABSENT


def test_a_refusal_names_the_call_and_the_way_on() -> None:
    lost = unknown("hg_1", "", answered=False)
    assert lost.kind is Kind.OUTCOME_UNKNOWN
    assert "call hg_1" in lost.message
    assert "x-headgate-rerun: hg_1" in lost.message
    assert "may have run and been billed" in lost.message
    assert not lost.consequence.client_may_retry
    assert "(not hg_0)" in unknown("hg_1", "hg_0", answered=False).message
    assert "was answered" in unknown("hg_1", "", answered=True).message
    assert "Idempotency-Key" in pointless().message
    other = mismatch()
    assert other.kind is Kind.INVALID
    assert "another request" in other.message
