"""Events: how they are told, signed and tried again."""

from __future__ import annotations

import hashlib
import hmac
import json

from hypothesis import given
from hypothesis import strategies as st

from headgate.policy import event as events

AT_US = 1_763_740_800_123_456
NOW_S = 1_763_740_801
ONE = events.event(AT_US, "loop_stopped", "session s1", "loop s1", {"times": 20})


def test_a_body_says_what_happened_when_and_to_whom() -> None:
    assert json.loads(events.body(ONE)) == {
        "id": ONE.id,
        "event": "loop_stopped",
        "at": "2025-11-21T16:00:00.123Z",
        "subject": "session s1",
        "detail": {"times": 20},
    }


def test_an_event_keeps_its_id_and_another_has_another() -> None:
    again = events.event(AT_US, "loop_stopped", "session s1", "loop s1", {"times": 20})
    other = events.event(AT_US, "loop_stopped", "session s1", "loop s2", {"times": 20})
    assert again.id == ONE.id != other.id
    assert ONE.id.startswith("evt_")


def test_anyone_with_the_secret_can_check_a_signature_as_the_manual_says() -> None:
    """Written out with the standard library alone, as a receiver would."""
    body = events.body(ONE)
    field = events.sign("s3cret", body, NOW_S)
    sent, _, mac = field.removeprefix("t=").partition(",v1=")
    assert sent == str(NOW_S)
    assert mac == hmac.new(b"s3cret", f"{sent}.".encode() + body, hashlib.sha256).hexdigest()


@given(st.text(min_size=1), st.binary(), st.integers(0, 2**33), st.binary(min_size=1))
def test_a_signature_holds_for_its_secret_body_and_time_and_for_no_other(
    secret: str, body: bytes, now: int, more: bytes
) -> None:
    secret = secret.encode("utf-8", "replace").decode()
    field = events.sign(secret, body, now)
    assert events.verify(secret, body, field, now)
    assert not events.verify(secret + "x", body, field, now)
    assert not events.verify(secret, body + more, field, now)
    assert not events.verify(secret, body, field, now + events.FRESH_S + 1)


@given(st.text())
def test_no_field_of_anybodys_making_is_more_than_refused(field: str) -> None:
    assert not events.verify("s3cret", b"{}", field, NOW_S)


def test_pauses_grow_and_the_last_one_repeats() -> None:
    pauses = [events.pause_s(attempts) for attempts in range(1, 30)]
    assert pauses == sorted(pauses)
    assert pauses[0] == events.PAUSES_S[0]
    assert pauses[-1] == events.PAUSES_S[-1]


def test_names_that_no_table_could_hold_are_mended() -> None:
    odd = events.event(AT_US, "test", "\ud800", "\ud800", {})
    assert odd.subject == odd.once == "?"
    assert odd.id
