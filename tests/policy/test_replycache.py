"""Equal meaning has an equal name, all else another; and what may be given again is little."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.replycache import (
    NAME_BYTES,
    Namer,
    asked,
    beside,
    credential,
    is_clear,
    scope_of,
)
from headgate.wire.call import NOBODY, Holder
from headgate.wire.envelope import Envelope
from headgate.wire.model import Fault

SECRET = bytes(range(32))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TEXT = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
MESSAGES = {"model": "m", "max_tokens": 9, "messages": [TEXT]}
CHAT = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "hi"}]}
RESPONSES = {"model": "m", "temperature": 0, "input": "hi"}


def opened(body: Any) -> Envelope:
    return Envelope(body if isinstance(body, bytes) else json.dumps(body).encode())


def name_of(body: Any, surface: str = "chat", scope: str = "key") -> bytes:
    found = asked(surface, opened(body), scope, SECRET)
    assert found is not None
    return found.name


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same with the members of its objects in another order."""
    if isinstance(value, dict):
        members = [(name, shuffled(it, dice)) for name, it in value.items()]
        dice.shuffle(members)
        return dict(members)
    return [shuffled(it, dice) for it in value] if isinstance(value, list) else value


# ---- names


@given(st.dictionaries(st.text(), VALUES, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_members_and_the_form_of_the_json_are_no_part_of_a_question(
    body: dict[str, Any], dice: random.Random
) -> None:
    other = json.dumps(shuffled(body, dice), indent=dice.choice([None, 1]), ensure_ascii=False)
    try:
        data = other.encode()
    except UnicodeEncodeError:
        return
    assert name_of(body) == name_of(data)


@pytest.mark.parametrize(
    "member",
    [
        {"stream": True},
        {"stream": False, "stream_options": {"include_usage": True}},
        {"user": "u-1"},
        {"safety_identifier": "s"},
        {"metadata": {"user_id": "u-1"}},
        {"client_metadata": {"a": "b"}},
        {"service_tier": "flex"},
        {"speed": "fast"},
        {"cache_control": {"type": "ephemeral"}},
        {"prompt_cache_key": "k"},
        {"prompt_cache_options": {"mode": "explicit"}},
        {"prompt_cache_retention": "24h"},
        {"diagnostics": {"previous_message_id": "msg_1"}},
    ],
)
def test_who_asks_and_how_it_travels_are_no_part_of_a_question(member: dict[str, Any]) -> None:
    for body in (MESSAGES, CHAT, RESPONSES):
        assert name_of({**body, **member}) == name_of(body)


@pytest.mark.parametrize(
    "member",
    [
        {"model": "m2"},
        {"temperature": 0.1},
        {"top_p": 1},
        {"top_k": 1},
        {"seed": 1},
        {"n": 2},
        {"max_tokens": 10},
        {"max_completion_tokens": 10},
        {"stop": ["x"]},
        {"stop_sequences": ["x"]},
        {"frequency_penalty": 0.5},
        {"logit_bias": {"1": 2}},
        {"system": "be brief"},
        {"instructions": "be brief"},
        {"tools": [{"name": "t"}]},
        {"tool_choice": "none"},
        {"parallel_tool_calls": False},
        {"thinking": {"type": "adaptive"}},
        {"reasoning_effort": "low"},
        {"reasoning": {"effort": "low"}},
        {"output_config": {"effort": "low"}},
        {"response_format": {"type": "json_object"}},
        {"store": True},
        {"inference_geo": "us"},
        {"never_heard_of": 1},
    ],
)
def test_everything_else_is_part_of_it(member: dict[str, Any]) -> None:
    for body in (MESSAGES, CHAT, RESPONSES):
        assert name_of({**body, **member}) != name_of(body)


@given(st.text(), st.text())
def test_other_words_are_another_question(one: str, other: str) -> None:
    names = [
        name_of({**CHAT, "messages": [{"role": "user", "content": it}]}) for it in (one, other)
    ]
    assert (names[0] == names[1]) == (one == other)


@given(
    st.lists(st.sampled_from("abc"), max_size=4), st.lists(st.sampled_from("abc"), max_size=4)
)
def test_the_order_of_tools_counts(one: list[str], other: list[str]) -> None:
    names = [name_of({**CHAT, "tools": [{"name": n} for n in it]}) for it in (one, other)]
    assert (names[0] == names[1]) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"), [("0", "0.0"), ("1", "1.0"), ("1", "1e0"), ("0", "-0.0"), ("0.5", "5e-1")]
)
def test_a_number_is_the_same_however_it_is_written(one: str, other: str) -> None:
    bodies = [
        b'{"temperature":%s,"deep":[{"a":%s}]}' % ((it.encode(),) * 2) for it in (one, other)
    ]
    assert name_of(bodies[0]) == name_of(bodies[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", '"1"'),
        ("1", "true"),
        ("0", "null"),
        ("0.1", "0.10000000000000002"),
        ("9007199254740993", "9007199254740992.0"),
        ("[]", "{}"),
        ('""', "null"),
    ],
)
def test_what_only_looks_alike_is_not_the_same(one: str, other: str) -> None:
    assert name_of(b'{"a":%s}' % one.encode()) != name_of(b'{"a":%s}' % other.encode())


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53))
def test_a_number_is_equal_to_itself_alone(one: float, other: int) -> None:
    names = [name_of(b'{"a":%s}' % repr(it).encode()) for it in (one, other)]
    assert (names[0] == names[1]) == (one == other)


MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
POINT = {"prompt_cache_breakpoint": {"mode": "explicit"}}


@pytest.mark.parametrize("mark", [MARK, POINT])
def test_marks_of_caches_are_no_part_of_a_question_wherever_they_may_stand(
    mark: dict[str, Any],
) -> None:
    def body(m: dict[str, Any]) -> dict[str, Any]:
        words = [{"type": "text", "text": "x", **m}]
        result = {"type": "tool_result", "tool_use_id": "t", "content": words, **m}
        return {
            "system": words,
            "tools": [{"name": "t", "input_schema": {"type": "object"}, **m}],
            "messages": [
                {"role": "user", "content": words},
                {"role": "user", "content": [result]},
            ],
            "input": [
                {"type": "message", "content": words},
                {"type": "o", "output": words, **m},
            ],
        }

    assert name_of(body(mark)) == name_of(body({}))


def test_what_a_tool_takes_may_be_called_like_a_mark() -> None:
    def body(**taken: Any) -> dict[str, Any]:
        use = {"type": "tool_use", "id": "t", "name": "n", "input": taken}
        return {"messages": [{"role": "assistant", "content": [use]}]}

    def offering(**properties: Any) -> dict[str, Any]:
        return {"tools": [{"name": "n", "input_schema": {"properties": properties}}]}

    assert name_of(body(cache_control="no-store")) != name_of(body())
    assert name_of(offering(cache_control={"type": "string"})) != name_of(offering())


def test_the_line_by_which_claude_code_tells_its_version_is_no_part_of_a_question() -> None:
    line = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=1"}
    words = {"type": "text", "text": "You are Claude"}
    assert name_of({"system": [line, words]}) == name_of({"system": [words]})
    assert name_of({"system": [words, words]}) != name_of({"system": [words]})
    empty = {"type": "text", "text": ""}
    assert name_of({"system": [empty, words]}) != name_of({"system": [words]})


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_scope_and_no_surface_shares_a_name_with_another(
    one: str, scope: str, other: str, elsewhere: str
) -> None:
    try:
        names = [name_of(CHAT, one, scope), name_of(CHAT, other, elsewhere)]
    except UnicodeEncodeError:
        return
    assert (names[0] == names[1]) == ((one, scope) == (other, elsewhere))


def test_without_the_installations_secret_nothing_is_known() -> None:
    ours, theirs = (asked("chat", opened(CHAT), "key", it) for it in (SECRET, bytes(32)))
    assert ours is not None
    assert theirs is not None
    assert len({ours.name, ours.key, theirs.name, theirs.key}) == 4
    assert len(ours.name) == len(ours.key) == NAME_BYTES == 32


@pytest.mark.parametrize(
    "body", [b'{"a":1e999}', b'{"a":"\xff"}', b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"]
)
def test_what_cannot_be_compared_has_no_name(body: bytes) -> None:
    try:
        envelope = opened(body)
    except Fault:
        return
    assert asked("chat", envelope, "key", SECRET) is None


@given(
    st.lists(st.sampled_from([CHAT, MESSAGES, RESPONSES, {**CHAT, "user": "u"}]), max_size=12)
)
def test_what_is_remembered_is_named_as_what_is_not(bodies: list[dict[str, Any]]) -> None:
    namer = Namer(SECRET, most=2)
    for body in bodies:
        envelope = opened(body)
        for scope in ("a", "b"):
            assert namer.asked("chat", envelope, scope) == asked(
                "chat", envelope, scope, SECRET
            )
    assert len(namer._known) <= 2


def test_that_a_question_has_no_name_is_remembered_too() -> None:
    namer = Namer(SECRET)
    envelope = opened(b'{"a":1e999}')
    assert namer.asked("chat", envelope, "s") is None
    assert namer.asked("chat", envelope, "s") is None


def test_a_question_that_two_readers_may_hear_differently_is_not_clear() -> None:
    assert is_clear(opened(CHAT))
    assert is_clear(opened(b'{"a":[{"b":1},{"b":1}],"c":{"a":{}}}'))
    twice = b'{"messages":[{"role":"user","content":"mine","content":"theirs"}]}'
    assert not is_clear(opened(twice))
    assert not is_clear(opened(b'{"a":1,"\\u0061":2}'))


# ---- what counts beside the body


def test_versions_betas_wishes_and_the_address_count_and_the_order_of_betas_does_not() -> None:
    plain = beside({}, b"")
    assert beside({b"user-agent": b"x", b"x-request-id": b"1"}, b"") == plain
    assert beside({b"anthropic-version": b"2026-10-21"}, b"") != plain
    assert beside({b"x-headgate-prefer": b"cost"}, b"") != plain
    assert beside({}, b"beta=true") != plain
    assert beside({}, b"a=1&b=2") == beside({}, b"b=2&a=1")
    one, other = ({b"anthropic-beta": it} for it in (b"a, b", b"b,a"))
    assert beside(one, b"") == beside(other, b"") != plain


HOLDER = Holder("k_1", "acme", "search")


def test_a_key_shares_with_nobody_unless_the_operator_says_so() -> None:
    colleague = HOLDER._replace(key_id="k_2")
    assert scope_of(HOLDER, "key") != scope_of(colleague, "key")
    assert scope_of(HOLDER, "team") == scope_of(colleague, "team")
    neighbour = colleague._replace(team="sales")
    assert scope_of(HOLDER, "team") != scope_of(neighbour, "team")
    assert scope_of(HOLDER, "organisation") == scope_of(neighbour, "organisation")


NAMES = st.sampled_from(["", "a", "b", "a\0b"])
HOLDERS = st.tuples(st.sampled_from(["k_1", "k_2"]), NAMES, NAMES).map(lambda it: Holder(*it))
WIDTHS = st.sampled_from(["key", "team", "organisation"])


@given(HOLDERS, HOLDERS, WIDTHS, st.binary(max_size=2), st.binary(max_size=2))
def test_nothing_is_shared_across_organisations_or_credentials(
    one: Holder, other: Holder, width: str, secret: bytes, another: bytes
) -> None:
    if scope_of(one, width, secret) == scope_of(other, width, another):
        assert one.organisation == other.organisation
        assert secret == another
        assert width != "key" or one.key_id == other.key_id
        assert width != "team" or one.team == other.team


def test_a_key_without_a_team_or_an_organisation_keeps_its_replies_to_itself() -> None:
    alone = [Holder(name, "acme" if width == "team" else "") for name in ("k_1", "k_2")
             for width in ("team",)]  # fmt: skip
    assert scope_of(alone[0], "team") != scope_of(alone[1], "team")
    bare = [Holder("k_1"), Holder("k_2")]
    assert scope_of(bare[0], "organisation") != scope_of(bare[1], "organisation")
    assert scope_of(NOBODY, "organisation") == scope_of(NOBODY, "key")


def test_a_credential_is_not_in_the_scope_it_makes() -> None:
    own = credential({b"x-api-key": b"sk-ant-secret"})
    assert own
    assert "secret" not in scope_of(HOLDER, "key", own)
    assert scope_of(HOLDER, "key", own) != scope_of(HOLDER, "key")
    assert credential({b"user-agent": b"x"}) == b""
    assert own != credential({b"authorization": b"sk-ant-secret"})
    assert own != credential({b"x-api-key": b"sk-ant-secret", b"openai-project": b"p"})
