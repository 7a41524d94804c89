"""The text of a free-text tool call comes out as it was written, fragment by fragment."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import Tool
from headgate.wire.unwrap import Unwrapper, described, flat, whole, wrapped

TEXT = st.text(max_size=40)


@given(TEXT, st.lists(st.integers(0, 200), max_size=10), st.booleans())
def test_any_chunking_gives_the_text(text: str, cuts: list[int], plain: bool) -> None:
    written = json.dumps({"input": text}, ensure_ascii=not plain)
    at = sorted({0, len(written), *(cut % (len(written) + 1) for cut in cuts)})
    unwrapper = Unwrapper()
    said = [unwrapper.feed(written[a:b]) for a, b in itertools.pairwise(at)]
    assert "".join(said) + unwrapper.finish() == text


def test_text_is_passed_on_before_the_object_is_complete() -> None:
    unwrapper = Unwrapper()
    assert unwrapper.feed('{"input": "print(1)\\nprint(') == "print(1)\nprint("


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("", ""),
        ('{"code": 1, "input": "late"}', "late"),
        ('{"code": "x"}', '{"code": "x"}'),
        ("just text", "just text"),
        ('{"input": 5}', '{"input": 5}'),
        ('{"input": "a\\ud83d"}', "a\ufffd"),
        ('{"input": "bad \\x escape"}', "bad \ufffd escape"),
        ('{"input": "never closed', "never closed"),
    ],
)
def test_what_models_write_instead_is_not_lost(arguments: str, text: str) -> None:
    assert whole(arguments) == text


@given(st.text(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_nothing_a_model_writes_raises(written: str, cuts: list[int]) -> None:
    at = sorted({0, len(written), *(cut % (len(written) + 1) for cut in cuts)})
    unwrapper = Unwrapper()
    for a, b in itertools.pairwise(at):
        unwrapper.feed(written[a:b])
    unwrapper.finish()


@given(TEXT)
def test_what_is_wrapped_comes_out_again(text: str) -> None:
    assert whole(wrapped(text)) == text


LARK = {"type": "grammar", "syntax": "lark", "definition": "start: /a/"}


@pytest.mark.parametrize("grammar", [LARK, {"type": "grammar", "grammar": LARK}])
def test_a_grammar_that_cannot_be_enforced_is_told(grammar: dict[str, object]) -> None:
    assert flat(grammar) == LARK
    told = described(Tool("exec", "Runs.", custom=True, grammar=grammar))
    assert told == "Runs.\n\nThe input must follow this grammar (lark):\nstart: /a/"
    assert described(Tool("exec", custom=True, grammar=grammar)).startswith("The input")


@pytest.mark.parametrize("grammar", [None, {}, {"definition": 5}])
def test_without_a_grammar_the_description_stands_alone(
    grammar: dict[str, object] | None,
) -> None:
    assert described(Tool("exec", "Runs.", custom=True, grammar=grammar)) == "Runs."
