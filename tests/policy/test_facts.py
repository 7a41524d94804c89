"""What decides the meaning of a text is found in it, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.facts import read


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,000 and 1000 and 1'000", ("1000", "1000", "1000")),
        ("1,234,567.5", ("1234567.5",)),
        ("3.10 is no 3.1, 2.0 is 2", ("3.10", "3.1", "2", "2")),
        ("1.000 as it is written", ("1.000",)),
        ("minus: -5, but COVID-19 and 5-10", ("-5", "19", "5", "10")),
        ("five, twenty-five, a hundred, 3 million", ("5", "25", "100", "3000000")),
        ("the 1st and the second", ("1.", "2.")),
        ("$5, 5 USD, 5 dollars", ("5$", "5$", "5$")),
        ("10s, 10 seconds, 10-minute", ("10s", "10s", "10min")),
        ("25 % and 25 percent", ("25%", "25%")),
        ("at 5:30 or 5 pm", ("5:30", "5pm")),
        ("ten by 2", ("10", "2")),
    ],
)
def test_numbers_are_found_with_their_units_in_order(
    text: str, numbers: tuple[str, ...]
) -> None:
    assert read(text).numbers == numbers


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("on May 1, 2024", ("2024-5-1",)),
        ("on the 1st of May 2024", ("2024-5-1",)),
        ("am 1. Mai 2024", ("2024-5-1",)),
        ("in 2024-05-01T10:00", ("2024-05-01 10:00",)),
        ("it may rain in March", ("-3-",)),
        ("version 3.11.2", ("3.11.2",)),
    ],
)
def test_dates_are_found_however_they_are_written(text: str, dates: tuple[str, ...]) -> None:
    assert read(text).dates == dates


@pytest.mark.parametrize(
    "name",
    [
        *("https://example.com/a?b=c", "anna.b@example.com", "@anna", "/etc/hosts", "a/b.py"),
        *("max_tokens", "asyncio.gather", "std::move", "parseInt", "HttpSink", "run()", "utf8"),
        *("--force", "gpt4-turbo", "~/.config/x"),
    ],
)
def test_what_names_one_thing_is_taken_as_it_is(name: str) -> None:
    assert read(f"what about {name}, then?").references == (name,)


def test_code_keeps_its_indentation_and_loses_what_stands_around_it() -> None:
    one = read("look:\n```py\n  if a:\n      b\n```")
    other = read("look:\n\n~~~PY\nif a:\n    b   \n\n~~~\n")
    assert one.code == other.code == ("py\nif a:\n    b",)
    assert read("a `x  y` b").code == ("x y",)


@pytest.mark.parametrize(
    "text", ['say "a b"', "say “a  b”", "say 'a b'", "say „a b“", "say «a b»"]
)
def test_quotes_are_the_same_whichever_marks_they_have(text: str) -> None:
    assert read(text).quotes == ("a b",)


def test_an_apostrophe_quotes_nothing() -> None:
    facts = read("It's Anna's, and the dogs' too, isn't it?")
    assert facts.quotes == ()
    assert " ".join(word.low for word in facts.words) == "it is anna and the dogs too is not it"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of France?", "en"),
        ("Was ist die Hauptstadt von Frankreich?", "de"),
        ("Quelle est la capitale de la France ?", "fr"),
        ("¿Cuál es la capital de Francia?", "es"),
        ("Paris", ""),
        ("Что это?", ""),
    ],
)
def test_a_language_is_told_by_its_small_words_or_not_at_all(text: str, language: str) -> None:
    assert read(text).language == language


def test_scripts_are_told_apart() -> None:
    assert read("a \u0436 中").scripts == {"LATIN", "CYRILLIC", "CJK"}


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert read(text) == read(text)
