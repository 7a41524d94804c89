"""A conversation in words of no dialect can be searched by speaker, by part and in order."""

from __future__ import annotations

from headgate.conformance.talk import (
    NONCE,
    Result,
    Talk,
    Turn,
    Use,
    Words,
    plain,
    replied,
    said,
)

TALK = Talk((
    said("hi"),
    replied(Words("yes"), Use("c1", "now", {})),
    Turn("user", (Result("c1", (Words("no"), Words("on"))), Words("go"))),
))  # fmt: skip


def test_parts_keep_their_order_and_their_speakers() -> None:
    kinds = [(role, type(part).__name__) for role, part in TALK.flat()]
    assert kinds == [("user", "Words"), ("assistant", "Words"), ("assistant", "Use"),
                     ("user", "Result"), ("user", "Words")]  # fmt: skip


def test_words_are_found_by_who_said_them() -> None:
    assert TALK.words("user") == "hi\ngo"
    assert TALK.words() == "hi\nyes\ngo"


def test_parts_are_found_by_their_kind() -> None:
    assert [use.name for use in TALK.parts(Use)] == ["now"]
    assert TALK.parts(Result)[0].text == "noon"


def test_a_case_is_known_by_its_mark_and_read_without_it() -> None:
    text = "hgc-0123456789 what is it?"
    found = NONCE.search(text)
    assert found is not None
    assert found[0].strip() == "hgc-0123456789"
    assert plain(text) == "what is it?"
