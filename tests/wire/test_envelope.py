"""A body passes as it came: only what we own is changed, and nothing breaks the opener."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headgate.wire.envelope import LARGEST_COUNT, Envelope
from headgate.wire.model import Fault, Kind

SPACE = st.sampled_from(["", "", " ", "\n", "\t \r\n"])
NUMBERS = st.sampled_from(["0", "-0", "1.0e2", "1E+2", "12345678901234567890", "0.10", "-7"])
STRINGS = st.sampled_from(
    ['"a"', '"\\u0041\\/"', '"}"', '"\\"model\\":1"', '"é🙂"', '"\\ud83d\\ude42"']
)
NAMES = st.sampled_from(
    ["model", "stream", "a", "b", "unknown", "", "é", 'q"', "back\\slash", "n\n"]
)


def spelled(name: str, how: int) -> str:
    """One of the ways to write a key: plain, or with an escape for its every character."""
    if how and name.isascii():
        return '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"'
    return json.dumps(name, ensure_ascii=False)


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    """JSON text with the spaces, escapes and number forms that clients write."""
    kind = draw(st.integers(0, 4 if depth else 2))
    if kind == 0:
        return draw(NUMBERS)
    if kind == 1:
        return draw(STRINGS)
    if kind == 2:
        return draw(st.sampled_from(["true", "false", "null"]))
    gap = draw(SPACE)
    inner = draw(st.lists(values(depth - 1), max_size=3))
    if kind == 3:
        return "[" + gap + f"{gap},{gap}".join(inner) + gap + "]"
    members = [f"{spelled(draw(NAMES), 0)}{gap}:{gap}{value}" for value in inner]
    return "{" + gap + f"{gap},{gap}".join(members) + gap + "}"


MEMBER = st.tuples(NAMES, st.integers(0, 1), values(), SPACE)


def body_of(members: list[tuple[str, int, str, str]], around: str) -> bytes:
    """An object of (name, how it is spelled, value, space) members."""
    parts = [
        f"{gap}{spelled(name, how)}{gap}:{gap}{value}{gap}" for name, how, value, gap in members
    ]
    return (around + "{" + ",".join(parts) + "}" + around).encode()


def edited(body: bytes, changes: dict[str, bytes]) -> bytes:
    return b"".join(Envelope(body).edit(changes))


CHANGES = st.dictionaries(
    st.sampled_from(["model", "stream", "stream_options", 'q"']),
    st.sampled_from([b'"claude"', b"true", b'{"include_usage":true}', b"1.50"]),
    max_size=3,
)


@given(st.lists(MEMBER, max_size=5), SPACE, CHANGES)
def test_an_edit_means_what_the_same_edit_of_the_parsed_body_means(
    members: list[tuple[str, int, str, str]], around: str, changes: dict[str, bytes]
) -> None:
    body = body_of(members, around)
    expected = json.loads(body) | {name: json.loads(raw) for name, raw in changes.items()}
    assert json.loads(edited(body, changes)) == expected


@given(st.lists(MEMBER, max_size=5, unique_by=lambda member: member[0]), SPACE, CHANGES)
def test_every_other_byte_is_the_callers(
    members: list[tuple[str, int, str, str]], around: str, changes: dict[str, bytes]
) -> None:
    """The expected bytes are put together from the parts the body was made of."""
    new = {name: raw.decode() for name, raw in changes.items()}
    parts = [
        f"{gap}{spelled(name, how)}{gap}:{gap}{new.get(name, raw)}{gap}"
        for name, how, raw, gap in members
    ]
    present = {name for name, *_ in members}
    added = [f"{json.dumps(name)}:{raw}" for name, raw in new.items() if name not in present]
    expected = around + "{" + ",".join(parts + added) + "}" + around
    assert edited(body_of(members, around), changes) == expected.encode()


@given(st.lists(MEMBER, max_size=4), SPACE)
def test_without_changes_and_repeats_the_very_bytes_pass(
    members: list[tuple[str, int, str, str]], around: str
) -> None:
    body = body_of(members, around)
    names = [name for name, *_ in members]
    if len(set(names)) == len(names):
        segments = Envelope(body).edit({})
        assert segments == [body]
        assert segments[0] is body or not members


def keys_of(body: bytes) -> list[str]:
    pairs: list[list[tuple[str, Any]]] = []

    def collect(found: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs.append(found)
        return dict(found)

    json.loads(body, object_pairs_hook=collect)
    return [name for name, _ in pairs[-1]]


@given(st.lists(MEMBER, max_size=6), SPACE, CHANGES)
def test_a_key_reaches_the_upstream_once_with_the_value_we_acted_on(
    members: list[tuple[str, int, str, str]], around: str, changes: dict[str, bytes]
) -> None:
    body = body_of(members, around)
    seen = Envelope(body).members
    out = edited(body, changes)
    assert len(keys_of(out)) == len(set(keys_of(out)))
    sent = msgspec.json.decode(out, type=dict[str, msgspec.Raw])
    for name, raw in seen.items():
        assert bytes(sent[name]) == changes.get(name, bytes(raw))


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","model":"b"}',
        b'{"model":"b","model":"b"}',
        b'{"model":"a","mod\\u0065l":"b"}',
        b'{"model":12,"model":1,"x":[1,2]}',
        b'{"model":1,"model":12}',
        b'{"model":{"model":1},"model":{}}',
        b'{"x":1,"model":"a","x":1.0e2,"model":"b"}',
    ],
)
def test_two_parsers_cannot_disagree_about_a_repeated_key(body: bytes) -> None:
    out = edited(body, {})
    assert keys_of(out) == list(dict.fromkeys(keys_of(body)))
    assert json.loads(out) == json.loads(body)


@contextlib.contextmanager
def only_invalid() -> Iterator[None]:
    """A fault may be raised, if it says that the client's bytes are invalid."""
    try:
        yield
    except Fault as fault:
        if fault.kind is not Kind.INVALID or not fault.message:
            raise


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
@example(b"\xef\xbb\xbf{}")
@example(b'{"\xff":1}')
@example(b'{"a":1}\x00')
@example(b'{"model":"\xff"}')
@example(b'{"\\ud800":1}')
def test_arbitrary_bytes_open_or_raise_that_they_are_invalid(body: bytes) -> None:
    with only_invalid():
        envelope = Envelope(body)
        envelope.edit({"model": b'"m"'})
        envelope.text("model")


@given(st.lists(st.sampled_from([*'{}[]",:\\u0d8x ae1.-', "true", '"model"']), max_size=30))
def test_bytes_that_are_nearly_json_open_or_raise_that_they_are_invalid(
    parts: list[str],
) -> None:
    with only_invalid():
        out = edited("".join(parts).encode(), {"model": b'"m"'})
        sent = msgspec.json.decode(out, type=dict[str, msgspec.Raw])
        assert bytes(sent["model"]) == b'"m"'


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":' + b"[" * 200_000,
    ],
    ids=["list", "object", "unclosed"],
)
def test_a_body_nested_beyond_reason_is_invalid(body: bytes) -> None:
    with pytest.raises(Fault, match="nested too deeply") as caught:
        Envelope(body)
    assert caught.value.kind is Kind.INVALID


def test_a_huge_body_is_edited_without_being_copied() -> None:
    body = b'{"messages":["' + b"x" * 8_000_000 + b'"],"model":"a"}'
    segments = Envelope(body).edit({"model": b'"bb"'})
    assert b"".join(segments) == body.replace(b'"a"}', b'"bb"}')
    assert all(isinstance(s, memoryview) and s.obj is body for s in segments if len(s) > 10)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[]", "must be a JSON object"),
        (b"", "is empty"),
        (b"{", "is not valid JSON"),
        (b'{"a":NaN}', "holds NaN, Infinity or half of a surrogate pair"),
        (b'{"a":"\\ud83d"}', "an emoji cut in two"),
        (b'{"\xff":1}', "is not valid UTF-8"),
    ],
)
def test_the_fault_names_the_mistake(body: bytes, words: str) -> None:
    with pytest.raises(Fault, match=re.escape(words)):
        Envelope(body)


def test_fields_are_read_in_their_types_and_absence_is_a_default() -> None:
    envelope = Envelope(b'{"model":"m\\u0041","stream":true,"n":null,"max":3}')
    assert envelope.text("model") == "mA"
    assert envelope.flag("stream") is True
    assert envelope.text("n", "d") == envelope.text("absent", "d") == "d"
    assert envelope.flag("n") is envelope.flag("absent") is False
    assert (envelope.count("max"), envelope.count("n"), envelope.count("absent")) == (3, 0, 0)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("text", "1", "x: must be a string"),
        ("text", '"\\ud800 then more"', "not valid JSON"),
        ("flag", '"yes"', "x: must be true or false"),
        ("flag", "[" * 500 + "]" * 500, "x: must be true or false"),
        ("count", "1.5", "x: must be a whole number"),
        ("count", "1e2", "x: must be a whole number"),
        ("count", "9" * 5000, "x: must be a whole number"),
        ("count", "-1", f"x: must be from 0 to {LARGEST_COUNT}"),
        ("count", str(2**70), f"x: must be from 0 to {LARGEST_COUNT}"),
    ],
)
def test_a_field_of_a_wrong_type_is_named(name: str, raw: str, message: str) -> None:
    with pytest.raises(Fault, match=re.escape(message)) as caught:
        getattr(Envelope(f'{{"x":{raw}}}'.encode()), name)("x")
    assert caught.value.kind is Kind.INVALID


def test_invalid_text_in_a_field_we_read_is_invalid_and_elsewhere_the_providers_to_judge() -> (
    None
):
    envelope = Envelope(b'{"model":"\xff","other":"\xff"}')
    with pytest.raises(Fault, match="model: must be a string"):
        envelope.text("model")
    assert b"".join(envelope.edit({"model": b'"m"'})) == b'{"model":"m","other":"\xff"}'
