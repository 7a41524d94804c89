"""A key is judged without sending it: damage stops us, an odd shape only makes us speak."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.providers import read_all
from headgate.providers.credential import Flaw, inspect

ALL = read_all()
WHOLE = "sk-ant-api03-" + "Ab1_" * 23 + "xyz"


def flaw(key: str, kind: str = "anthropic", base_url: str = "") -> Flaw | None:
    return inspect(key, "VAR", ALL[kind], base_url or ALL[kind].base_url)


@pytest.mark.parametrize(
    ("key", "kind", "what", "usable"),
    [
        ("", "anthropic", "is empty", False),
        ("  ", "openai", "is empty", False),
        (WHOLE + "\n", "anthropic", "contains a line break", False),
        (" " + WHOLE, "anthropic", "begins or ends with a space", False),
        (f'"{WHOLE}"', "anthropic", "has quotes around it", False),
        ("sk-ant-api03-ab cd", "anthropic", "contains a sign that no key has", False),
        ("sk-ant-api03-äöü", "anthropic", "contains a sign that no key has", False),
        ("your-api-key", "openai", "still holds a placeholder", False),
        ("sk-ant-xxxxxxxxxxxx", "anthropic", "still holds a placeholder", False),
        ("<key>", "mistral", "still holds a placeholder", False),
        ("$OPENAI_API_KEY", "openai", "still holds a placeholder", False),
        ("sk-ant-admin01-abc", "anthropic", "admin key", False),
        ("sk-ant-oat01-abc", "anthropic", "subscription token", False),
        (WHOLE[:40], "anthropic", "looks truncated or damaged: 40 characters", True),
        ("gsk_abc", "groq", "looks truncated or damaged: 7 characters", True),
        (WHOLE, "openai", "looks like a key of Anthropic", True),
        ("gsk_" + "a" * 52, "mistral", "looks like a key of Groq", True),
        ("a" * 52, "anthropic", "does not look like a key of Anthropic: 52 characters", True),
    ],
)
def test_each_flaw_is_named(key: str, kind: str, what: str, usable: bool) -> None:
    found = flaw(key, kind)
    assert found is not None
    assert what in found.what
    assert found.usable is usable
    assert found.remedy.startswith("export VAR=…")


def test_a_whole_key_has_no_flaw() -> None:
    assert flaw(WHOLE) is None
    assert flaw("sk-" + "a" * 48, "openai") is None
    assert flaw("sk-" + "a" * 32, "deepseek") is None


def test_another_server_may_take_any_text_as_its_key() -> None:
    assert flaw("test-key", base_url="http://127.0.0.1:9") is None
    assert flaw(WHOLE + "\n", base_url="http://127.0.0.1:9") is not None


@given(st.text(max_size=60), st.sampled_from(sorted(ALL)))
def test_no_message_repeats_the_key(key: str, kind: str) -> None:
    found = flaw(f"sk-ant-{key}hunter2", kind)
    assert found is None or "hunter2" not in found.what + found.remedy
