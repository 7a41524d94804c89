"""The little language of scripts: what it means, and how it refuses."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.faults import HEAD, ORDINARY, WORDS, Script, ScriptError, merge, parse, split
from headgate.wire.model import Usage


def test_an_empty_text_is_an_ordinary_reply() -> None:
    assert merge(parse("")) == ORDINARY == Script()


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("429;retry-after=2", Script(status=429, retry_after=2.0)),
        ("status=529", Script(status=529)),
        ("silence", Script(silence=HEAD)),
        ("silence=4 ; silence-for=20s", Script(silence=4, silence_for=20.0)),
        ("reset=head", Script(reset=HEAD)),
        ("reset=900", Script(reset=900)),
        ("EVENTS=50;pace=0.02;output=250", Script(events=50, pace=0.02, output=(250, 250))),
        ("output=40-400", Script(output=(40, 400))),
        ("overload", Script(overload=True)),
        ("wrong-length=-5", Script(wrong_length=-5)),
        ('text="one; two"', Script(text="one; two")),
        (
            'tool=Bash;tool-input={"command":"a; b \\" c; d"}',
            Script(tool="Bash", tool_inputs=('{"command":"a; b \\" c; d"}',)),
        ),
        (
            "usage=input:777,read:55,write5m:5,output:2",
            Script(
                usage=Usage(input_fresh=777, cache_read=55, cache_write_5m=5, output=2),
            ),
        ),
    ],
)
def test_a_text_means(text: str, script: Script) -> None:
    assert merge(parse(text)) == script


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("paec=1", "did you mean 'pace'"),
        ("200", "expected 400 to 599"),
        ("pace", "needs a value"),
        ("overload=3", "stands alone"),
        ("pace=quick", "seconds between content events"),
        ("pace=-1", "0 to 86400"),
        ("output=9-3", "smaller number first"),
        ("bad-usage=odd", "missing, zero, negative"),
        ("usage=fresh:3", "NAME:TOKENS"),
        ("usage=input", "NAME:TOKENS"),
        ("tool-input=[1]", "a JSON object"),
        ("wrong-length=0", "other than 0"),
        ("should-retry=maybe", "true or false"),
        ("jitter=2", "share from 0 to 1"),
        ("text=", "something after"),
        ("events=-4", "whole number"),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(text: str, part: str) -> None:
    with pytest.raises(ScriptError, match=part):
        parse(text)


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=60))
def test_any_text_is_either_a_script_or_refused_with_words(text: str) -> None:
    with contextlib.suppress(ScriptError):
        assert isinstance(merge(parse(text)), Script)


@given(st.lists(st.sampled_from(["overload", "empty", "html", "429", "cut=3"]), max_size=6))
def test_order_and_spaces_between_words_do_not_matter(words: list[str]) -> None:
    assert parse(";".join(words)) == parse(" ; ".join(reversed(words)))


@given(st.lists(st.text(alphabet="ab;=\\ ", max_size=8), max_size=5))
def test_a_semicolon_in_quotes_never_cuts(texts: list[str]) -> None:
    quoted = ['"' + text.replace("\\", "") + '"' for text in texts]
    assert split(";".join(quoted)) == quoted


def test_later_settings_win_field_by_field() -> None:
    assert merge(parse("pace=1;events=3"), parse("pace=2")) == Script(pace=2.0, events=3)


def test_every_word_sets_a_field_of_a_script_and_says_what_it_does() -> None:
    for name, word in WORDS.items():
        assert hasattr(ORDINARY, word.sets), name
        assert word.about
