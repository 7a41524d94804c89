"""The head of a reply: the upstream's fields that pass, then ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.engine.head import own_headers, reply_headers, stream_headers
from headgate.engine.tally import Tally, TryNote
from headgate.policy.router import Target
from headgate.wire.model import Headers
from tests.engine.players import call_of, tally_of

UPSTREAM: Headers = [
    (b"content-type", b"application/json"),
    (b"request-id", b"req_upstream"),
    (b"anthropic-organization-id", b"org-secret"),
    (b"anthropic-ratelimit-tokens-remaining", b"99"),
    (b"x-ratelimit-remaining-requests", b"7"),
    (b"retry-after", b"3"),
    (b"x-should-retry", b"true"),
    (b"set-cookie", b"a=b"),
    (b"connection", b"close"),
    (b"transfer-encoding", b"chunked"),
    (b"content-length", b"12"),
    (b"x-new-in-2031", b"kept"),
]


def answered_by(provider: str, model: str) -> Tally:
    tally = tally_of()
    tally.target = Target(provider, model)
    return tally


def test_a_shared_credentials_headroom_and_organisation_stay_here() -> None:
    names = dict(reply_headers(answered_by("anthropic", "m"), UPSTREAM))
    assert b"anthropic-organization-id" not in names
    assert b"anthropic-ratelimit-tokens-remaining" not in names
    assert b"x-ratelimit-remaining-requests" not in names


def test_a_credential_of_the_callers_own_shows_its_own_headroom() -> None:
    tally = answered_by("anthropic", "m")
    tally.shared = False
    names = dict(reply_headers(tally, UPSTREAM))
    assert names[b"anthropic-organization-id"] == b"org-secret"
    assert names[b"anthropic-ratelimit-tokens-remaining"] == b"99"


@pytest.mark.parametrize("shared", [True, False])
def test_framing_and_cookies_never_pass_and_unknown_fields_always_do(shared: bool) -> None:
    tally = answered_by("anthropic", "m")
    tally.shared = shared
    names = dict(reply_headers(tally, UPSTREAM))
    for name in (b"set-cookie", b"connection", b"transfer-encoding", b"content-length"):
        assert name not in names
    assert names[b"x-new-in-2031"] == b"kept"
    assert names[b"retry-after"] == b"3"
    assert names[b"x-should-retry"] == b"true"


def test_our_id_replaces_the_upstreams_which_is_kept_beside_it() -> None:
    headers = reply_headers(answered_by("anthropic", "m"), UPSTREAM)
    assert [v for n, v in headers if n == b"request-id"] == [b"call-1"]
    assert [v for n, v in headers if n == b"x-request-id"] == [b"call-1"]
    assert dict(headers)[b"x-headgate-upstream-request-id"] == b"req_upstream"


def test_openai_callers_get_their_vendors_id_field_only() -> None:
    tally = tally_of(call_of(surface="chat"))
    headers = dict(reply_headers(tally, [(b"x-request-id", b"req_openai")]))
    assert b"request-id" not in headers
    assert headers[b"x-headgate-upstream-request-id"] == b"req_openai"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_target_is_one_safe_line_whatever_the_model_is_called(model: str) -> None:
    headers = dict(own_headers(answered_by("p", model)))
    value = headers[b"x-headgate-target"]
    assert value.startswith(b"p:")
    assert all(32 <= byte < 127 for byte in value)


def test_tries_are_told_when_there_was_more_than_one() -> None:
    tally = answered_by("p", "m")
    tally.noted = True
    note = TryNote("p", "m", 1, 529, "overloaded", False, "")
    tally.notes = [note]
    assert b"x-headgate-tries" not in dict(own_headers(tally))
    tally.notes = [note, note]
    assert dict(own_headers(tally))[b"x-headgate-tries"] == b"2"


def test_a_canned_answer_names_no_target() -> None:
    tally = answered_by("p", "m")
    tally.canned = True
    assert b"x-headgate-target" not in dict(own_headers(tally))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_warnings_are_one_safe_line_that_can_be_taken_apart_again(words: list[str]) -> None:
    tally = answered_by("p", "m")
    assert b"x-headgate-warning" not in dict(own_headers(tally))
    tally.warnings = tuple(f"name: {each}" for each in words)
    value = dict(own_headers(tally))[b"x-headgate-warning"]
    assert all(32 <= byte < 127 for byte in value)
    assert len(value.split(b",")) == len(words)


def test_nobody_on_the_way_is_told_to_hold_a_stream_back() -> None:
    upstream = [(b"cache-control", b"public"), (b"x-accel-buffering", b"yes")]
    headers = stream_headers(answered_by("p", "m"), upstream)
    assert [v for n, v in headers if n == b"cache-control"] == [b"no-cache, no-transform"]
    assert [v for n, v in headers if n == b"x-accel-buffering"] == [b"no"]
