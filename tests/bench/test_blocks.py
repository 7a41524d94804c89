"""Pieces of code come out of a reply as they went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.blocks import answer_of, blocks_of, fenced, indented, spoken

CODE = st.text(st.characters(exclude_characters="`~\r\"'"), min_size=1)


@given(CODE, st.sampled_from(["`", "~"]), st.integers(3, 6))
def test_whatever_was_fenced_comes_out_as_it_went_in(code: str, mark: str, length: int) -> None:
    fence = mark * length
    (block,) = fenced(f"{fence}python\n{code}\n{fence}\n")
    assert block.code == f"{code}\n"
    assert (block.word, block.is_closed) == ("python", True)


@given(st.lists(CODE, min_size=1, max_size=4))
def test_as_many_blocks_come_out_as_went_in(codes: list[str]) -> None:
    text = "\nprose\n".join(f"```\n{it}\n```" for it in codes)
    assert [it.code for it in fenced(text)] == [f"{it}\n" for it in codes]


def test_a_fence_within_a_longer_one_is_text() -> None:
    inner = 'x = """\n```\n"""\n'
    assert [it.code for it in fenced(f"````python\n{inner}````")] == [inner]


@pytest.mark.parametrize("mark", ["```", "````"])
def test_a_page_within_a_fence_is_read_for_its_blocks(mark: str) -> None:
    text = f"{mark}markdown\n# Answer\n```python\nx = 1\n```\n{mark}\nThat is all.\n"
    assert [(it.word, it.code) for it in blocks_of(text)] == [("python", "x = 1\n")]
    assert [it.is_closed for it in blocks_of(text)] == [True]


def test_what_is_thought_aloud_is_no_answer() -> None:
    assert answer_of("<think>a</think>b") == "b"
    assert answer_of("a\n</think>\nb") == "b"
    assert answer_of("<thinking>a") == ""
    assert answer_of("print('<think>')") == "print('<think>')"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('<pre><code class="language-go">a &amp;&amp; b\n</code></pre>', "go"),
        ('<pre class="lang-rust">a &amp;&amp; b\n</pre>', "rust"),
    ],
)
def test_html_is_read_as_a_browser_shows_it(text: str, word: str) -> None:
    assert blocks_of(text) == [(word, "a && b\n", True)]


def test_objects_bring_code_under_keys_that_mean_it() -> None:
    assert [it.code for it in blocks_of('{"result": {"code": "x"}}')] == ["x\n"]
    assert [it.code for it in blocks_of('{"code": "```python\\nx\\n```"}')] == ["x\n"]
    assert blocks_of('{"price": 3}') == []
    assert blocks_of("{not json") == []


def test_lines_that_are_four_blanks_deep_are_code() -> None:
    (block,) = indented("So:\n\n    a\n      b\n\nDone.")
    assert block.code == "a\n  b\n"
    assert indented("So:\n  a\n") == []


def test_prompts_and_marks_of_a_turn_go() -> None:
    assert spoken(">>> x = 1\n>>> x\n1\n") == "x = 1\nx\n"
    assert spoken("a<|im_end|>") == "a"
