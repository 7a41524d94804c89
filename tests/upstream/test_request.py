"""A request leaves as exactly the lines we mean, whatever the caller put into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.upstream.request import Lines, Request, Url, encode
from headgate.wire.model import Fault, Headers, Kind

URL = Url.parse("https://api.example.com/v1")


def ask(headers: Headers, *body: bytes, method: bytes = b"POST", target: bytes = b"/") -> bytes:
    return encode(Request(method, URL, target, headers, body))[0]


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "path", "authority"),
    [
        ("https://api.example.com", "https", "api.example.com", 443, "", b"api.example.com"),
        (
            "https://API.example.com/v1/",
            "https",
            "api.example.com",
            443,
            "/v1",
            b"api.example.com",
        ),
        ("http://localhost:11434/v1", "http", "localhost", 11434, "/v1", b"localhost:11434"),
        ("https://x.example:443", "https", "x.example", 443, "", b"x.example"),
        ("http://[::1]:8080/a/b", "http", "::1", 8080, "/a/b", b"[::1]:8080"),
        ("https://bücher.example", "https", "xn--bcher-kva.example", 443, "", None),
        ("http://my_box", "http", "my_box", 80, "", b"my_box"),
    ],
)
def test_an_address_is_taken_apart_once(
    text: str, scheme: str, host: str, port: int, path: str, authority: bytes | None
) -> None:
    url = Url.parse(text)
    assert (url.scheme, url.host, url.port, url.path) == (scheme, host, port, path)
    assert authority is None or url.authority == authority


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("api.example.com", "must begin with http:// or https://"),
        ("ftp://api.example.com", "must begin with http:// or https://"),
        ("https://", "names no host"),
        ("https://a b.example", "names no valid host"),
        ("https://a\r\nb.example", "control character"),
        ("https://x.example:99999", "names no valid port"),
        ("https://x.example:http", "names no valid port"),
        ("https://x.example:0", "names no valid port"),
        ("https://key@x.example", "give the key as api_key"),
        ("https://x.example/v1?key=1", "must end before any"),
    ],
)
def test_a_wrong_address_is_refused_with_its_mistake(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Url.parse(text)


def test_a_pool_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Url.parse("http://x.example", max_connections=0)


def test_different_trust_never_shares_connections() -> None:
    keys = {
        Url.parse("https://x.example").key,
        Url.parse("https://x.example/other/path").key,
        Url.parse("https://x.example", verify_tls=False).key,
        Url.parse("https://x.example", ca_file="ca.pem").key,
        Url.parse("https://x.example:444").key,
        Url.parse("http://x.example:443").key,
    }
    assert len(keys) == 5  # only the path makes no difference


def test_messages_name_host_and_port() -> None:
    assert Url.parse("http://[::1]").place == "[::1]:80"
    assert Url.parse("https://x.example").place == "x.example:443"


def test_a_head_is_the_request_line_host_fields_and_length() -> None:
    head = ask([(b"x-api-key", b"k"), (b"accept", b"*/*")], b"ab", b"cde", target=b"/v1?b=1")
    assert head == (
        b"POST /v1?b=1 HTTP/1.1\r\nhost: api.example.com\r\nx-api-key: k\r\naccept: */*\r\n"
        b"content-length: 5\r\n\r\n"
    )


def test_framing_and_hop_by_hop_fields_of_the_caller_are_left_out() -> None:
    fields = [
        (name, b"9")
        for name in (
            b"content-length",
            b"transfer-encoding",
            b"connection",
            b"keep-alive",
            b"te",
            b"trailer",
            b"upgrade",
            b"expect",
            b"proxy-connection",
        )
    ]
    assert ask(fields, b"ab") == (
        b"POST / HTTP/1.1\r\nhost: api.example.com\r\ncontent-length: 2\r\n\r\n"
    )


def test_a_host_given_by_the_caller_replaces_ours_and_is_sent_once() -> None:
    head = ask([(b"host", b"other.example")])
    assert head.count(b"host: ") == 1
    assert b"\r\nhost: other.example\r\n" in head


def test_only_requests_that_may_have_a_body_state_its_length() -> None:
    assert b"content-length" not in ask([], method=b"GET")
    assert b"content-length: 0\r\n" in ask([], method=b"POST")
    assert b"content-length: 1\r\n" in ask([], b"x", method=b"DELETE")


@pytest.mark.parametrize("method", [b"HEAD", b"CONNECT"])
def test_methods_whose_replies_have_other_framing_are_not_sent(method: bytes) -> None:
    with pytest.raises(Fault, match="not sent upstream") as caught:
        ask([], method=method)
    assert caught.value.kind is Kind.UNSUPPORTED


@pytest.mark.parametrize("mark", [b"\r", b"\n", b"\r\n", b"\0"])
def test_a_field_with_a_line_break_is_refused_by_name(mark: bytes) -> None:
    with pytest.raises(Fault, match="'x-trace' holds a line break") as caught:
        ask([(b"x-trace", b"1" + mark + b"evil: 2")])
    assert caught.value.kind is Kind.INVALID


@pytest.mark.parametrize("target", [b"/a b", b"/a\r\nx: y", b"/a\0", b"/\n"])
def test_a_target_that_would_break_the_request_line_is_refused(target: bytes) -> None:
    with pytest.raises(Fault, match="request line"):
        ask([], target=target)


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=8), st.binary(max_size=8)), max_size=5),
    st.binary(min_size=1, max_size=8),
)
def test_nothing_a_caller_sends_adds_a_line(headers: Headers, target: bytes) -> None:
    try:
        head = ask(headers, b"x", target=target)
    except Fault:
        return
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST " + target + b" HTTP/1.1"
    assert lines[-3:] == [b"content-length: 1", b"", b""]
    sent = [name + b": " + value for name, value in headers if name != b"host"]
    assert [line for line in lines[2:-3] if line not in sent] == []
    assert not any(b"\r" in line or b"\n" in line for line in lines)


@given(
    st.lists(st.tuples(st.sampled_from([b"a", b"b", b"host", b"te"]), st.just(b"v"))),
    st.lists(st.tuples(st.sampled_from([b"c", b"d"]), st.just(b"w"))),
)
def test_shared_lines_travel_as_if_each_request_had_brought_them(
    shared: Headers, own: Headers
) -> None:
    request = Request(b"POST", URL, b"/", own, [b"x"], lines=Lines(shared))
    assert encode(request)[0] == ask([*shared, *own], b"x")


def test_a_line_break_in_shared_lines_is_refused_by_its_name() -> None:
    request = Request(b"POST", URL, b"/", [], lines=Lines([(b"x-a", b"1\r\nx-b: 2")]))
    with pytest.raises(Fault, match="'x-a' holds a line break"):
        encode(request)
