"""What travels on is decided by a list of what must not; the list is a golden, both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.headers import (
    CREDENTIALS,
    HOP_BY_HOP,
    first,
    retry_after_s,
    text,
    towards_client,
    towards_upstream,
    valid_request_id,
)
from headgate.wire.model import Headers

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = sorted((ROOT / "../shared/reference/captures").resolve().glob("*.json"))
NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)

NEVER_ANYWHERE = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
]

NEVER_UPSTREAM = [
    *NEVER_ANYWHERE,
    "host",
    "content-length",
    "accept-encoding",
    "expect",
    "cookie",
    "origin",
    "referer",
    "x-request-id",
    "forwarded",
    "via",
    "x-real-ip",
    "true-client-ip",
    "cdn-loop",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "cf-connecting-ip",
    "cf-ray",
    "cf-visitor",
    "x-headgate-tags",
    "x-headgate-anything",
]
ONLY_OF_ITS_OWNER = [
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "openai-organization",
    "openai-project",
    "anthropic-workspace-id",
]
ALWAYS_UPSTREAM = [
    "accept",
    "content-type",
    "user-agent",
    "anthropic-version",
    "anthropic-beta",
    "openai-beta",
    "x-app",
    "x-stainless-lang",
    "x-stainless-retry-count",
    "x-stainless-timeout",
    "x-stainless-helper-method",
    "originator",
    "session-id",
    "thread-id",
    "x-claude-code-session-id",
    "x-client-request-id",
    "x-codex-turn-metadata",
    "version",
    "traceparent",
    "anthropic-dangerous-direct-browser-access",
    "accept-language",
    "idempotency-key",
    "x-openai-internal-codex-responses-lite",
    "anthropic-user-profile-id",
    "x-headgate-sim",
    "unknown-field",
]

NEVER_CLIENT = [
    *NEVER_ANYWHERE,
    "content-length",
    "set-cookie",
    "alt-svc",
    "strict-transport-security",
    "nel",
    "report-to",
    "x-request-id",
    "request-id",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-expose-headers",
]
ONLY_TO_ITS_OWNER = [
    "anthropic-organization-id",
    "anthropic-workspace-id",
    "openai-organization",
    "openai-project",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-unified-status",
    "anthropic-priority-input-tokens-limit",
    "anthropic-fast-x",
    "x-ratelimit-limit-requests",
    "x-ratelimit-reset-tokens",
]
ALWAYS_CLIENT = [
    "content-type",
    "cache-control",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "openai-version",
    "date",
    "server",
    "openai-processing-ms",
    "cf-ray",
    "x-headgate-simulated",
    "content-encoding",
    "unknown-field",
]


def named(names: list[str]) -> Headers:
    return [(name.encode(), b"value of " + name.encode()) for name in names]


@pytest.mark.parametrize("own", [False, True])
def test_exactly_the_agreed_fields_reach_the_provider(own: bool) -> None:
    sent = named(NEVER_UPSTREAM + ONLY_OF_ITS_OWNER + ALWAYS_UPSTREAM)
    kept = towards_upstream(sent, own_credential=own)
    assert kept == named((ONLY_OF_ITS_OWNER if own else []) + ALWAYS_UPSTREAM)


@pytest.mark.parametrize("shared", [False, True])
def test_exactly_the_agreed_fields_reach_the_caller(shared: bool) -> None:
    sent = named(NEVER_CLIENT + ONLY_TO_ITS_OWNER + ALWAYS_CLIENT)
    kept = towards_client(sent, shared=shared)
    assert kept == named(([] if shared else ONLY_TO_ITS_OWNER) + ALWAYS_CLIENT)


def captured(path: Path) -> Headers:
    recorded: dict[str, Any] = json.loads(path.read_text())
    return [(name.lower().encode(), value.encode()) for name, value in recorded["headers"]]


ABSENT = pytest.param(
    ROOT,
    marks=pytest.mark.skip(
        reason="no recorded requests of real clients beside this checkout"
        " (../shared/reference/captures); the inline tables hold the same promise without them"
    ),
)


@pytest.mark.parametrize("path", CAPTURES or [ABSENT], ids=lambda path: path.stem)
def test_what_real_clients_send_passes_but_for_the_connection_and_the_key(path: Path) -> None:
    sent = captured(path)
    denied = {name.encode() for name in NEVER_UPSTREAM} | CREDENTIALS
    kept = towards_upstream(sent, own_credential=False)
    assert kept == [field for field in sent if field[0] not in denied]
    assert {name for name, _ in kept}.isdisjoint(HOP_BY_HOP)
    own = towards_upstream(sent, own_credential=True)
    assert {n for n, _ in own} - {n for n, _ in kept} <= CREDENTIALS


@pytest.mark.parametrize(
    "connection",
    [[b"x-secret"], [b"close, X-Secret"], [b"keep-alive", b"x-other,\tx-secret "]],
)
def test_a_field_that_connection_names_ends_here(connection: list[bytes]) -> None:
    headers: Headers = [(b"accept", b"a"), (b"x-secret", b"1")]
    headers += [(b"connection", value) for value in connection]
    for own in (False, True):
        assert towards_upstream(headers, own_credential=own) == [(b"accept", b"a")]
        assert towards_client(headers, shared=own) == [(b"accept", b"a")]


FIELD = st.tuples(
    st.sampled_from([n.encode() for n in NEVER_UPSTREAM + ALWAYS_UPSTREAM + NEVER_CLIENT]),
    st.binary(max_size=8),
)


@given(st.lists(FIELD, max_size=12), st.booleans())
def test_what_passes_keeps_its_order_its_repeats_and_its_bytes(
    headers: Headers, flag: bool
) -> None:
    for kept in (
        towards_upstream(headers, own_credential=flag),
        towards_client(headers, shared=flag),
    ):
        left = iter(headers)
        assert all(any(field is other for other in left) for field in kept)
        assert {name for name, _ in kept}.isdisjoint(HOP_BY_HOP)
    if flag and not any(name == b"connection" for name, _ in headers):
        names = {n.encode() for n in ALWAYS_UPSTREAM}
        passed = towards_upstream(headers, own_credential=True)
        assert [h for h in headers if h[0] in names] == [h for h in passed if h[0] in names]


def test_the_first_of_repeated_fields_is_found() -> None:
    headers: Headers = [(b"a", b"1"), (b"a", b"\xe9"), (b"b", b"\xe9")]
    assert first(headers, b"a") == b"1"
    assert first(headers, b"c") == b""
    assert text(headers, b"b") == "é"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b"7", 7.0),
        (b"1.5", 1.5),
        (b" 3 ", 3.0),
        (b"-4", 0.0),
        (b"Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        (b"Friday, 20-Nov-26 12:00:30 GMT", 30.0),
        (b"Fri, 20 Nov 2026 14:00:30 +0200", 30.0),
        (b"Fri, 20 Nov 2026 12:00:30 -0000", 30.0),
        (b"Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        (b"", None),
        (b"nan", None),
        (b"inf", None),
        (b"-inf", None),
        (b"1e400", None),
        (b"soon", None),
        (b"\xff", None),
        (b"Fri, 99 Nov 2026 12:00:30 GMT", None),
        (b"Fri, 20 Nov 99999999999999999999 12:00:30 GMT", None),
    ],
)
def test_a_retry_after_of_every_form_is_understood(value: bytes, seconds: float | None) -> None:
    assert retry_after_s([(b"retry-after", value)], NOW) == seconds


@pytest.mark.parametrize(
    ("ms", "seconds"), [(b"1500", 1.5), (b"-1", 0.0), (b"nan", 9.0), (b"x", 9.0), (b"", 9.0)]
)
def test_milliseconds_win_where_they_make_sense(ms: bytes, seconds: float) -> None:
    headers: Headers = [(b"retry-after", b"9"), (b"retry-after-ms", ms)]
    assert retry_after_s(headers, NOW) == seconds


def test_no_retry_after_is_no_wish() -> None:
    assert retry_after_s([], NOW) is None


@given(st.integers(-(10**6), 10**6))
def test_a_date_means_the_seconds_until_then(seconds: int) -> None:
    value = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True).encode()
    assert retry_after_s([(b"retry-after", value)], NOW) == max(0, seconds)


PARTS = st.sampled_from(
    [
        "Fri, ",
        "20 ",
        "Nov ",
        "2026 ",
        "99999 ",
        "12:00:30 ",
        "GMT",
        "+9999",
        "-2400",
        ":",
        "0",
        ".",
        "é",
    ]
)


@given(st.binary(max_size=30) | st.lists(PARTS, max_size=9).map(lambda p: "".join(p).encode()))
def test_garbage_never_raises_and_never_asks_for_forever(value: bytes) -> None:
    for name in (b"retry-after", b"retry-after-ms"):
        seconds = retry_after_s([(name, value)], NOW)
        assert seconds is None or 0 <= seconds < 1e12 or value.strip().isdigit()


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        (b"req-1", True),
        (b"A" * 128, True),
        (b"a.b_c:d-e", True),
        (b"", False),
        (b"-a", False),
        (b"A" * 129, False),
        (b"a b", False),
        (b"a\n", False),
        (b"a\r\nx: 1", False),
        (b"\xe9", False),
    ],
)
def test_a_request_id_is_kept_only_if_it_can_be_printed_anywhere(
    value: bytes, valid: bool
) -> None:
    assert valid_request_id(value) == (value.decode("latin-1") if valid else "")
