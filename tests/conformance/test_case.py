"""What is seen of a case is judged by what the client suffers: complaints, in words."""

from __future__ import annotations

import json

import pytest

from headgate.conformance.case import (
    CROSSINGS,
    PAIRS,
    SURFACES,
    Case,
    Got,
    Heard,
    Seat,
    Seen,
    Sending,
    asks,
    everywhere,
    headers_of,
)
from headgate.conformance.talk import Talk, said

TALK = Talk((said("hi"),))


def seen(got: Got, *heard: Heard) -> Seen:
    case = Case("a promise", "messages", "chat", asks("messages", TALK), lambda _: None, None)
    return Seen(case, Sending("/v1/messages"), got, list(heard))


def through(surface: str) -> Heard:
    return Heard(surface, "POST", "/x", b"", [(b"x-api-key", b"k")], b'{"messages":[]}')


def test_a_call_that_was_carried_out_has_no_complaint() -> None:
    it = seen(Got(200, body=b"{}"), through("chat"))
    assert it.served()
    assert it.complaints == []
    assert it.heard[0].header(b"x-api-key") == b"k"


@pytest.mark.parametrize(
    ("got", "heard", "why"),
    [
        (Got(500, body=b"oh"), [], "answered with 500: oh"),
        (Got(broke="a reset"), [], "the connection broke: a reset"),
        (Got(200), [], "the upstream was asked through nothing"),
        (Got(200), [through("responses")], "the upstream was asked through ['responses']"),
    ],
)
def test_a_call_that_was_not_says_why(got: Got, heard: list[Heard], why: str) -> None:
    it = seen(got, *heard)
    assert not it.served()
    assert why in it.complaints


def test_a_difference_is_told_with_both_sides_and_cut_short() -> None:
    it = seen(Got())
    it.want_equal("the text", "a" * 999, "b")
    assert it.complaints[0].startswith("the text: 'aaa")
    assert it.complaints[0].endswith("…, not 'b'")
    assert len(it.complaints[0]) < 300
    assert not it.want_equal_status(200)


def test_a_refusal_is_one_that_blames_the_request() -> None:
    assert seen(Got(400)).refused
    assert not seen(Got(500)).refused
    assert Got(headers=[(b"Retry-After", b"7")]).header(b"retry-after") == "7"


@pytest.mark.parametrize("surface", SURFACES)
def test_each_client_asks_in_its_own_way(surface: str) -> None:
    sending = asks(surface, TALK)(Seat("hgc-0123456789", "m", "sk-1"))
    assert json.loads(sending.body)["model"] == "m"
    assert sending.path.endswith("?beta=true") == (surface == "messages")
    keys = [value for name, value in headers_of(surface, "sk-1") if b"sk-1" in value]
    assert keys == [b"sk-1" if surface == "messages" else b"Bearer sk-1"]


def test_a_promise_is_made_to_every_client_it_names() -> None:
    cases = list(everywhere("a promise", TALK, None, lambda _: None, CROSSINGS))
    assert {(case.caller, case.upstream) for case in cases} == set(CROSSINGS)
    assert len(PAIRS) - len(CROSSINGS) == len(SURFACES)
    assert cases[0].client == "Claude Code"


def test_nothing_heard_is_an_empty_conversation() -> None:
    assert seen(Got()).talk == Talk(())
    assert seen(Got(200, body=b'{"error":{"message":"x"}}')).verdict.ending == "error"
