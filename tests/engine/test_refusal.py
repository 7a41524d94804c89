"""What an upstream's refusal means, whose fault it is, and what of it the caller sees."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine import refusal
from headgate.wire import SURFACES, Dialect
from headgate.wire.model import Fault, Headers, Kind, Reply

AT = datetime(2026, 11, 20, tzinfo=UTC)
ANTHROPIC = SURFACES["messages"].dialect
OPENAI = SURFACES["chat"].dialect


def fault(
    status: int,
    body: bytes = b"",
    headers: Headers | None = None,
    *,
    dialect: Dialect = ANTHROPIC,
    own: bool = False,
) -> Fault:
    reply = Reply(status, headers or [], body)
    return refusal.fault_of(reply, dialect, AT, own_credential=own)


def anthropic_body(kind: str, text: str = "words") -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": text}}).encode()


def openai_body(code: str, text: str = "words") -> bytes:
    return json.dumps({"error": {"message": text, "type": code, "code": code}}).encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.UPSTREAM_INVALID),
        (404, Kind.UPSTREAM_INVALID),
        (409, Kind.UPSTREAM_INVALID),
        (413, Kind.UPSTREAM_INVALID),
        (422, Kind.UPSTREAM_INVALID),
        (401, Kind.UPSTREAM_AUTH),
        (402, Kind.UPSTREAM_AUTH),
        (403, Kind.UPSTREAM_AUTH),
        (408, Kind.TIMEOUT),
        (429, Kind.UPSTREAM_LIMITED),
        (500, Kind.UPSTREAM),
        (502, Kind.UPSTREAM),
        (503, Kind.OVERLOADED),
        (504, Kind.UPSTREAM),
        (529, Kind.OVERLOADED),
        (301, Kind.UPSTREAM),
    ],
)
def test_each_status_has_one_meaning(status: int, kind: Kind) -> None:
    assert fault(status).kind is kind


@given(st.integers(300, 999), st.binary(max_size=60))
def test_a_rejection_of_our_credential_is_never_shown_as_the_callers(
    status: int, body: bytes
) -> None:
    for dialect in (ANTHROPIC, OPENAI):
        found = fault(status, body, dialect=dialect)
        shown = refusal.final_status(found, dialect)
        assert shown not in (401, 402, 403)
        assert 400 <= shown <= 599


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_rejection_of_the_callers_own_credential_is_shown_as_it_came(status: int) -> None:
    body = anthropic_body("authentication_error", "invalid x-api-key")
    found = fault(status, body, own=True)
    assert found.kind is Kind.AUTH
    assert refusal.passes_unmodified(found)
    assert refusal.final_status(found, ANTHROPIC) == status


@pytest.mark.parametrize("status", [401, 403])
def test_of_our_own_rejection_not_one_word_of_the_provider_is_shown(status: int) -> None:
    found = fault(status, anthropic_body("authentication_error", "key sk-ant-123 is invalid"))
    assert not refusal.passes_unmodified(found)
    assert "sk-ant" not in found.message
    assert "doctor" in found.message


@pytest.mark.parametrize("status", [400, 404, 413, 429, 503, 529])
def test_words_in_the_callers_dialect_pass_unmodified_with_their_status(status: int) -> None:
    found = fault(status, anthropic_body("some_error", "prompt is too long"))
    assert refusal.passes_unmodified(found)
    assert refusal.final_status(found, ANTHROPIC) == status
    assert found.quoted


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"{}", b'{"error": 5}', b"\xff"])
def test_what_is_not_in_the_callers_dialect_is_said_in_our_words(body: bytes) -> None:
    for status in (429, 500, 503, 529):
        found = fault(status, body)
        assert not refusal.passes_unmodified(found)
        assert found.message == f"the upstream answered with status {status}"
        assert not found.quoted


def test_retry_after_is_read_in_seconds_and_as_a_date() -> None:
    assert fault(429, headers=[(b"retry-after", b"7")]).retry_after == 7
    date = [(b"retry-after", b"Fri, 20 Nov 2026 00:00:30 GMT")]
    assert fault(429, headers=date).retry_after == 30
    assert fault(429, headers=[(b"retry-after", b"soon")]).retry_after is None


@pytest.mark.parametrize(
    "found",
    [
        fault(429, openai_body("insufficient_quota"), dialect=OPENAI),
        fault(429, openai_body("billing_hard_limit_reached"), dialect=OPENAI),
        fault(429, anthropic_body("rate_limit_error"), [(b"x-should-retry", b"false")]),
    ],
)
def test_a_limit_no_waiting_lifts_is_not_waited_for(found: Fault) -> None:
    assert found.retry_after == refusal.NEVER
    assert refusal.retry_headers(found) == [(b"x-should-retry", b"false")]


def test_clients_are_told_whether_and_when_to_try_again() -> None:
    assert refusal.retry_headers(Fault(Kind.INVALID, "")) == [(b"x-should-retry", b"false")]
    assert refusal.retry_headers(Fault(Kind.OVERLOADED, "")) == []
    limited = Fault(Kind.UPSTREAM_LIMITED, "", retry_after=2.4)
    assert refusal.retry_headers(limited) == [(b"retry-after", b"2")]
    soon = Fault(Kind.UPSTREAM_LIMITED, "", retry_after=0.0)
    assert refusal.retry_headers(soon) == [(b"retry-after", b"1")]


@given(st.sampled_from(list(Kind)))
def test_every_kind_has_a_status_in_both_dialects(kind: Kind) -> None:
    for dialect in (ANTHROPIC, OPENAI):
        status = refusal.final_status(Fault(kind, "x"), dialect)
        assert status == 0 if kind is Kind.CLIENT_GONE else 400 <= status <= 599


def test_the_type_of_an_error_is_kept_short() -> None:
    found = fault(400, anthropic_body("t" * 5000))
    assert len(found.detail) <= 4 + refusal.LONGEST_NAME
