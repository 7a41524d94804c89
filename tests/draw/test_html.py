"""Parts of a page hold what they were given, whatever that is."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from headgate.draw.html import folded, items, page, plain, table


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def tags(text: str) -> list[str]:
    seen = Seen()
    seen.feed(text)
    return seen.tags


@given(st.text())
def test_what_callers_say_makes_no_tag_of_its_own(word: str) -> None:
    made = page(word, [table([word], [[word]], numbers=[0]), folded(word, ""), items([word])])
    usual = page("x", [table(["x"], [["x"]], numbers=[0]), folded("x", ""), items(["x"])])
    assert tags(made) == tags(usual)


def test_a_list_of_nothing_is_nothing() -> None:
    assert items([]) == ""


@given(st.text(), st.sampled_from("\u202e\u2066\u200f\x1b\0\x85"))
def test_nothing_that_is_said_turns_round_what_stands_beside_it(word: str, steers: str) -> None:
    assert steers not in plain(f"{word}{steers}")
    assert plain("def f():\n\treturn 'é العربية'\r\n").startswith("def f():\n\treturn")
    assert "العربية" in plain("é العربية")
