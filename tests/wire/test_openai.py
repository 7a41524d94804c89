"""What both of OpenAI's surfaces share: input taken apart once, faults by code or by word."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.model import Fault, Kind, Terms, Usage
from headgate.wire.openai import (
    Count,
    Error,
    cache_key,
    classify,
    closed,
    count,
    data_url,
    error_body,
    parameters,
    stream_fault,
    terms,
)
from headgate.wire.reading import Reading
from headgate.wire.walk import Node

TOKENS = st.integers(0, 10**6)


@given(TOKENS, TOKENS, TOKENS, TOKENS, TOKENS)
def test_the_classes_add_up_to_the_input_that_was_told(
    fresh: int, cached: int, short: int, long: int, out: int
) -> None:
    reading = Reading()
    total = fresh + cached + short + long
    count(reading, Count(total, cached, short, long, out, out // 2, total + out))
    assert reading.usage.input_total == total
    assert reading.usage == Usage(
        input_fresh=fresh,
        cache_read=cached,
        cache_write_30m=short,
        cache_write_12h=long,
        output=out,
        reasoning_of_output=out // 2,
    )
    assert reading.warnings == []


@given(TOKENS, st.integers(1, 10**6))
def test_more_cached_than_sent_is_named_and_the_named_part_stands(sent: int, more: int) -> None:
    reading = Reading()
    count(reading, Count(sent, sent + more, 0, 0, 5, 0, sent + 5))
    assert reading.warnings == ["impossible_usage"]
    assert reading.usage == Usage(cache_read=sent + more, output=5)


def test_reasoning_that_only_the_total_holds_is_output() -> None:
    """xAI's own example: 10120 sent, 1499 answered, 2809 thought, 14428 in all."""
    reading = Reading()
    count(reading, Count(10120, 128, 0, 0, 1499, 2809, 14428))
    assert reading.usage.output == 1499 + 2809
    assert reading.usage.input_total + reading.usage.output == 14428


def test_a_total_that_is_missing_or_smaller_changes_nothing() -> None:
    for total in (None, 0, 9):
        reading = Reading()
        count(reading, Count(8, 0, 0, 0, 4, 0, total))
        assert reading.usage == Usage(input_fresh=8, output=4)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Error("m", "server_error", None), Kind.UPSTREAM),
        (Error("m", None, "rate_limit_exceeded"), Kind.UPSTREAM_LIMITED),
        (Error("m", "insufficient_quota", "insufficient_quota"), Kind.UPSTREAM_LIMITED),
        (Error("m", None, "server_is_overloaded"), Kind.OVERLOADED),
        (Error("m", "slow_down", None), Kind.OVERLOADED),
        (Error("m", "invalid_request_error", "invalid_api_key"), Kind.UPSTREAM_AUTH),
        (Error("m", "invalid_request_error", None), Kind.UPSTREAM_INVALID),
        (Error("m", None, "context_length_exceeded"), Kind.UPSTREAM_INVALID),
        (Error("m", None, 401), Kind.UPSTREAM_AUTH),
        (Error("m", None, 408), Kind.TIMEOUT),
        (Error("m", None, "429"), Kind.UPSTREAM_LIMITED),
        (Error("m", None, 502), Kind.UPSTREAM),
        (Error("m", None, 503), Kind.OVERLOADED),
        (Error("m", None, 77), Kind.UPSTREAM),
        ("m", Kind.UPSTREAM),
        (None, Kind.UPSTREAM),
    ],
)
def test_an_error_inside_a_stream_is_a_fault_by_its_code_or_word(
    error: Error | str | None, kind: Kind
) -> None:
    fault = stream_fault(error)
    assert fault.kind is kind
    assert fault.message == ("m" if error else "the upstream reported an error")


def test_no_waiting_fills_an_empty_purse() -> None:
    assert stream_fault(Error(code="insufficient_quota")).retry_after == float("inf")
    assert stream_fault(Error(code="rate_limit_exceeded")).retry_after is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":{"message":"m","type":"t","code":"c"}}', ("c", "m")),
        (b'{"error":{"message":"m","type":"t","code":null}}', ("t", "m")),
        (b'{"error":{"code":429}}', ("429", "")),
        (b'{"error":"m"}', ("error", "m")),
        (b'{"error":{}}', ("error", "")),
        (b'{"detail":"m"}', ("", "m")),
        (b'{"detail":[{"loc":["body"],"msg":"m"},{"msg":"n"},7]}', ("", "m; n")),
        (b'{"detail":[]}', ("", "")),
        (b'{"object":"error","message":"m","type":"BadRequestError","code":400}', ("", "m")),
        (b'{"object":"list","message":"m"}', ("", "")),
        (b"<html>", ("", "")),
        (b'{"error":{"message":"\xff"}}', ("", "")),
    ],
)
def test_an_error_body_is_told_apart_from_what_is_none(
    body: bytes, said: tuple[str, str]
) -> None:
    assert classify(400, body) == said


def test_our_error_bodies_have_all_four_fields() -> None:
    body = json.loads(error_body(Fault(Kind.BUDGET, "spent"), "id-1"))
    assert body == {
        "error": {
            "message": "spent",
            "type": "insufficient_quota",
            "param": None,
            "code": "insufficient_quota",
        }
    }


def test_a_path_that_is_not_there_is_no_model_that_is_not_there() -> None:
    codes = [
        json.loads(error_body(Fault(kind, "m"), "id-1"))["error"]["code"]
        for kind in (Kind.NOT_FOUND, Kind.NO_SUCH_PATH)
    ]
    assert codes == ["model_not_found", None]


@pytest.mark.parametrize("tier", [None, "", "default", "auto", "standard"])
def test_the_standard_tier_has_no_name(tier: str | None) -> None:
    assert terms(tier, Terms("flex")) == Terms("flex")
    assert terms("priority", Terms("flex")) == Terms("priority")


@pytest.mark.parametrize("schema", [None, {}])
def test_a_function_without_arguments_can_be_strict(schema: dict[str, object] | None) -> None:
    assert closed(parameters(schema, closed=True))
    assert parameters(schema) == {"type": "object", "properties": {}}


def test_the_properties_of_an_object_are_named_even_where_there_are_none() -> None:
    assert parameters({"type": "object"}) == {"type": "object", "properties": {}}
    assert parameters({"type": "string"}) == {"type": "string"}
    some: dict[str, object] = {"properties": {"a": {}}}
    assert parameters(some) == {"type": "object", **some}
    assert parameters({"$ref": "#/$defs/a"})["type"] == "object"


def test_a_conversations_name_is_shortened_only_where_it_is_too_long() -> None:
    assert cache_key("s" * 64) == "s" * 64
    assert len(cache_key("s" * 65)) == 64


def test_a_data_url_is_taken_apart_and_a_broken_one_is_named() -> None:
    node = Node({}, "input[0]")
    assert data_url("data:Image/PNG;base64,AA", node, "image_url") == ("image/png", "AA")
    for wrong in ("data:AAAA", "data:image/png,AA", "data:;base64,AA"):
        with pytest.raises(Fault, match=r"input\[0\]\.image_url: must be a data: URL"):
            data_url(wrong, node, "image_url")
