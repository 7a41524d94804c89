"""What a browser keeps: read back as it was written, of its own kind, until its end."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.admin.session import Begun, Seal, Session

KEY = bytes(range(32))
SESSION = Session("sub-1", "ana@example.com", {"groups": ["ops"]}, "csrf", 100)
BEGUN = Begun("state", "nonce", "verifier", "/", 100)


def seal(at: int = 0, key: bytes = KEY) -> Seal:
    return Seal(key, lambda: at)


@given(claims=st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=5), max_size=2)))
def test_a_record_is_read_back_as_it_was_written(claims: dict[str, list[str]]) -> None:
    record = Session("sub", "é", claims, "c", 1)
    assert seal().read(Session, seal().write(record)) == record


def test_it_ends_when_it_says_so() -> None:
    text = seal().write(SESSION)
    assert seal(99).read(Session, text) == SESSION
    assert seal(100).read(Session, text) is None


def test_one_kind_of_record_never_passes_for_another() -> None:
    assert seal().read(Session, seal().write(BEGUN)) is None
    assert seal().read(Begun, seal().write(SESSION)) is None


def test_what_another_gateway_signed_is_not_believed() -> None:
    assert seal(key=bytes(32)).read(Session, seal().write(SESSION)) is None


@given(at=st.integers(0, 200), character=st.sampled_from("aB3-_.é="))
def test_one_changed_character_is_enough_to_refuse_it(at: int, character: str) -> None:
    text = seal().write(SESSION)
    at = at % len(text)
    changed = text[:at] + character + text[at + 1 :]
    assert changed == text or seal().read(Session, changed) is None


@given(st.text(max_size=40))
def test_anything_else_is_no_record(text: str) -> None:
    assert seal().read(Session, text) is None
    assert seal().read(Session, "x" * 5000 + text) is None


def test_a_signed_record_of_another_shape_is_none() -> None:
    text = base64.urlsafe_b64encode(b'{"x": 1}').decode()
    signed = f"{text}.{seal()._signed(Session, text)}"
    assert seal().read(Session, signed) is None
